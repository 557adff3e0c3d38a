"""Finding a transform's function: beside the configuration, or among what is installed."""

from __future__ import annotations

import importlib
import inspect
import sys
import traceback
import typing
from dataclasses import dataclass
from importlib.machinery import PathFinder
from importlib.util import module_from_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from federation.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType


@dataclass(frozen=True, slots=True)
class Function:
    """A transform's function.

    Attributes:
        name: ``module:function``.
        call: the function.
        batches: whether it takes Arrow batches; else records.
    """

    name: str
    call: Callable[[Any], Any]
    batches: bool


def load(name: str, folder: Path) -> Function:
    """Import a function; its module is sought in ``folder`` first.

    Raises:
        ConfigError: there is no such module or function, or it does not take one record or batch.
    """
    module_name, _, function_name = name.partition(":")
    module = _module(module_name, folder)
    found = getattr(module, function_name, None)
    if found is None:
        names = sorted(n for n, one in vars(module).items() if inspect.isfunction(one))
        raise ConfigError(
            f"module `{module_name}` has no function `{function_name}`",
            hint=f"it has: {', '.join(names)}" if names else f"it is {_file(module)}",
        )
    if not callable(found) or inspect.isclass(found):
        raise ConfigError(f"`{name}` is no function", hint="name a function of one argument")
    if inspect.iscoroutinefunction(found) or inspect.isgeneratorfunction(found):
        hint = "write it with def and return"
        raise ConfigError(
            f"`{name}` does not return its record but a coroutine or generator", hint=hint
        )
    return Function(name, found, batches=_takes_batches(name, found))


def _module(name: str, folder: Path) -> ModuleType:
    place = str(folder.resolve())
    if place not in sys.path:
        sys.path.append(place)  # last: a file beside the configuration hides nothing installed
    top = name.partition(".")[0]
    try:
        _beside(top, place)
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        missing = error.name or name
        if name != missing and not name.startswith(f"{missing}."):
            what = f"module `{name}` cannot be imported: it needs `{missing}`, which is not there"
            raise ConfigError(what, hint=f"install it into {sys.prefix}") from None
        hint = f"it is sought beside the configuration, in {place}, and among what is installed"
        raise ConfigError(f"there is no module `{name}`", hint=hint) from None
    except (Exception, SystemExit) as error:  # noqa: BLE001 - foreign code may raise anything
        raise ConfigError(
            f"module `{name}` cannot be imported: {said(error)}", hint=f"raised at {_line(error)}"
        ) from None


def _beside(top: str, place: str) -> None:
    """Import a module or package of the folder, unless it is just that which is imported."""
    spec = PathFinder.find_spec(top, [place])
    if spec is None or spec.loader is None:
        return
    if top in sys.stdlib_module_names or top == "federation":
        what = f"a module `{top}` beside the configuration would hide Python's own"
        raise ConfigError(what, hint="give it another name")
    known = sys.modules.get(top)
    if known is not None and getattr(known.__spec__, "origin", None) == spec.origin:
        return
    for one in [n for n in sys.modules if n == top or n.startswith(f"{top}.")]:
        del sys.modules[one]
    module = sys.modules[top] = module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except BaseException:
        sys.modules.pop(top, None)
        raise


def _takes_batches(name: str, found: Callable[[Any], Any]) -> bool:
    try:
        signature = inspect.signature(found)
        signature.bind(object())
    except TypeError:
        what = f"`{name}` cannot be called with one argument"
        raise ConfigError(what, hint=f"its parameters are {inspect.signature(found)}") from None
    except ValueError:  # written in C: it does not say what it takes
        return False
    parameter = next(iter(signature.parameters.values()))
    hint = parameter.annotation
    if isinstance(hint, str):
        try:
            hint = typing.get_type_hints(found).get(parameter.name, hint)
        except Exception as error:  # noqa: BLE001 - an annotation is code
            what = f"`{name}`: the annotation {hint} cannot be read: {said(error)}"
            raise ConfigError(what, hint="import what it names at the module's top") from None
    module, kind = getattr(hint, "__module__", ""), getattr(hint, "__name__", "")
    if module.partition(".")[0] == "pyarrow":
        if kind != "RecordBatch":
            what = f"`{name}` takes a pyarrow.{kind}"
            raise ConfigError(what, hint="take a pyarrow.RecordBatch and return one, or a dict")
        return True
    return False


def said(error: BaseException) -> str:
    """An exception in one line: its type and what it says."""
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def _line(error: BaseException) -> str:
    """Where in the person's own code an exception came from."""
    if isinstance(error, SyntaxError) and error.filename:
        return f"{error.filename}:{error.lineno}"
    frames = traceback.extract_tb(error.__traceback__)
    own = [one for one in frames if not one.filename.startswith("<")]
    return f"{own[-1].filename}:{own[-1].lineno}"


def _file(module: ModuleType) -> str:
    return str(Path(getattr(module, "__file__", None) or module.__name__))
