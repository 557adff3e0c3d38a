"""Schema registries: where the schemas are that records name.

:func:`connect` gives the client that an :class:`Access` asks for. Every client finds schemas by
name; only those that speak Confluent's API take new ones.
"""

from federation.schemas.registry.access import Access, OAuth
from federation.schemas.registry.base import NotAvro, RegisteredVersion, SchemaRegistry
from federation.schemas.registry.confluent import ConfluentRegistry, Referred
from federation.schemas.registry.connect import connect, connect_target

__all__ = [
    "Access",
    "ConfluentRegistry",
    "NotAvro",
    "OAuth",
    "Referred",
    "RegisteredVersion",
    "SchemaRegistry",
    "connect",
    "connect_target",
]
