"""From the configuration's registry to a client of it."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from federation.plan.model import RegistryAccess
from federation.schemas.registry import Registry

if TYPE_CHECKING:
    from collections.abc import Iterator

    from federation.config import models


def access(declared: models.Registry) -> RegistryAccess:
    """The registry's address and credentials as plain values."""
    return RegistryAccess(
        url=declared.url,
        username=declared.username,
        password=declared.password.get_secret_value() if declared.password else None,
        token=declared.token.get_secret_value() if declared.token else None,
        ca=str(declared.ca) if declared.ca else None,
    )


@contextmanager
def client(reached: RegistryAccess, deadline: float = 30.0) -> Iterator[Registry]:
    """A client of a registry, closed at the end; ``deadline`` in seconds for one question."""
    with Registry(
        reached.url,
        username=reached.username,
        password=reached.password,
        token=reached.token,
        ca=reached.ca,
        deadline=deadline,
    ) as registry:
        yield registry
