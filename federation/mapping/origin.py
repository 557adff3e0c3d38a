"""The provenance header ``fed.origin``: where a record comes from and which clusters it crossed.

Version 1: 1 byte version (0x01); 6 bytes, the first of SHA-256 of the cluster id; 4 bytes, the
first of SHA-256 of the topic; partition and offset as unsigned varints; then 6 bytes per hop, the
clusters crossed after the first, oldest first. 13 to 25 bytes without hops.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace

HEADER = "fed.origin"
VERSION = 1
MAX_HOPS = 8
_CLUSTER = 6
_TOPIC = 4


@dataclass(frozen=True, slots=True)
class Origin:
    """A decoded header; clusters and the topic are fingerprints."""

    cluster: bytes
    topic: bytes
    partition: int
    offset: int
    hops: tuple[bytes, ...] = ()

    def crossed(self, cluster: bytes) -> bool:
        """Whether the record has been in that cluster before (a loop)."""
        return cluster == self.cluster or cluster in self.hops

    def via(self, cluster: bytes) -> Origin:
        """The same record after it crossed one more cluster.

        Raises:
            ValueError: it has crossed 8 already.
        """
        if len(self.hops) == MAX_HOPS:
            raise ValueError(f"a record may cross {MAX_HOPS} clusters")
        return replace(self, hops=(*self.hops, cluster))


def cluster_fingerprint(cluster_id: str) -> bytes:
    """6 bytes that stand for a broker's ``cluster.id``."""
    return hashlib.sha256(cluster_id.encode()).digest()[:_CLUSTER]


def topic_fingerprint(topic: str) -> bytes:
    """4 bytes that stand for a topic name."""
    return hashlib.sha256(topic.encode()).digest()[:_TOPIC]


def origin(cluster_id: str, topic: str, partition: int, offset: int) -> Origin:
    """The origin of a record that is read for the first time."""
    return Origin(cluster_fingerprint(cluster_id), topic_fingerprint(topic), partition, offset)


def encode(one: Origin) -> bytes:
    """The header's bytes.

    Raises:
        ValueError: over 8 hops, or parts of another size.
    """
    if len(one.hops) > MAX_HOPS:
        raise ValueError(f"a record may cross {MAX_HOPS} clusters")
    if len(one.topic) != _TOPIC or any(len(c) != _CLUSTER for c in (one.cluster, *one.hops)):
        raise ValueError("a cluster's fingerprint has 6 bytes, a topic's 4")
    head = bytes([VERSION]) + one.cluster + one.topic
    return head + _varint(one.partition) + _varint(one.offset) + b"".join(one.hops)


def decode(data: bytes) -> Origin:
    """Read a header.

    Raises:
        ValueError: not version 1, cut short, a varint that is too long, or over 8 hops.
    """
    if data[:1] != bytes([VERSION]):
        raise ValueError("not a provenance header of version 1")
    at = 1 + _CLUSTER + _TOPIC
    partition, at = _read_varint(data, at, 31)
    offset, at = _read_varint(data, at, 63)
    hops, rest = divmod(len(data) - at, _CLUSTER)
    if rest or hops > MAX_HOPS:
        raise ValueError(f"{len(data) - at} bytes of hops; at most {MAX_HOPS}, of {_CLUSTER} each")
    return Origin(
        data[1 : 1 + _CLUSTER],
        data[1 + _CLUSTER : 1 + _CLUSTER + _TOPIC],
        partition,
        offset,
        tuple(data[n : n + _CLUSTER] for n in range(at, len(data), _CLUSTER)),
    )


def _varint(value: int) -> bytes:
    if value < 0:
        raise ValueError(f"{value} is negative")
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def _read_varint(data: bytes, at: int, bits: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, bits, 7):
        if at >= len(data):
            raise ValueError("the header is cut short")
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            if (not byte and shift) or value >> bits:
                break
            return value, at
    raise ValueError("a number that is too large or not in its shortest form")
