"""Schema registries: where the schemas are that records name.

:func:`connect` gives the client that an :class:`Access` asks for. Every client finds schemas by
name; only those that speak Confluent's API take new ones.
"""

from federation.schemas.registry.access import Access, connect, connect_target
from federation.schemas.registry.base import NotAvro, RegisteredVersion, SchemaRegistry
from federation.schemas.registry.confluent import ConfluentRegistry, Referred

__all__ = [
    "Access",
    "ConfluentRegistry",
    "NotAvro",
    "Referred",
    "RegisteredVersion",
    "SchemaRegistry",
    "connect",
    "connect_target",
]
