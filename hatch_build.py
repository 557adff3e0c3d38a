"""Puts the built Java operators and the example configurations into the wheel.

So an installed gateway compiles nothing and can show itself. An editable install skips this: a
checkout builds its operators on first use and has its examples.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class OperatorsHook(BuildHookInterface[Any]):
    """Hatchling's custom build hook."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build the operators' jar and add it as package data.

        Args:
            version: ``standard`` or ``editable``.
            build_data: what hatchling lets a hook add to.
        """
        if version == "editable":
            return
        sys.path.insert(0, self.root)  # the package builds itself, before it is installed
        from federation.flink import build  # noqa: PLC0415 - found only through the line above

        build_data["force_include"][str(build.operators_jar())] = "federation/flink/operators.jar"
        configs = Path(self.root, "configs")
        for file in (*configs.glob("*.*"), *configs.glob("schemas/*")):
            inside = Path("federation/configs", file.relative_to(configs))
            build_data["force_include"][str(file)] = str(inside)
