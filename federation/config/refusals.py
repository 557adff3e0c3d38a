"""Client properties that a configuration may not set, since they would break what is promised."""

from __future__ import annotations

import re

# the property as people write it, pattern of its name, pattern of its value, why it is refused
REFUSALS: tuple[tuple[str, str, str, str], ...] = (
    (
        "`sasl.jaas.config` with `JndiLoginModule` or `LdapLoginModule`",
        r"(.*\.)?sasl\.jaas\.config",
        r"(?s).*(?i:JndiLoginModule|LdapLoginModule).*",
        "this login module fetches and runs code from an address",
    ),
    (
        "`config.providers` and what begins with it",
        r"config\.providers(\..*)?",
        r"(?s).*",
        "write ${NAME} or ${file:path} instead",
    ),
    (
        "`interceptor.classes`, with any prefix",
        r"(.*\.)?interceptor\.classes",
        r"(?s).*",
        "records are not changed on their way",
    ),
    (
        "`key.serializer`, `value.deserializer` and the like",
        r"(key|value)\.(de)?serializer",
        r"(?s).*",
        "the gateway reads and writes bytes by schema itself",
    ),
    (
        "`enable.auto.commit`, `auto.commit.interval.ms`",
        r"(enable\.auto\.commit|auto\.commit\.interval\.ms)",
        r"(?s).*",
        "positions are kept in checkpoints",
    ),
    ("`auto.offset.reset`", r"auto\.offset\.reset", r"(?s).*", "say it with `start:` of a source"),
    ("`isolation.level`", r"isolation\.level", r"(?s).*", "sources are always read committed"),
    ("`group.id`", r"group\.id", r"(?s).*", "the gateway names its groups itself"),
    (
        "`transactional.id`, `transaction.timeout.ms`",
        r"(transactional\.id|transaction\.timeout\.ms)",
        r"(?s).*",
        "the gateway sets it from the plan",
    ),
    (
        "`acks`, `enable.idempotence`",
        r"(acks|enable\.idempotence)",
        r"(?s).*",
        "say it with `delivery:` of the target",
    ),
    (
        "`partitioner.class`",
        r"partitioner\.class",
        r"(?s).*",
        "one key must always reach the partition of its murmur2 hash",
    ),
)


def refusal(name: str, value: str) -> str:
    """Why a client property may not be set so; empty if it may."""
    for _, names, values, why in REFUSALS:
        if re.fullmatch(names, name) and re.fullmatch(values, value):
            return why
    return ""
