"""The two Murmur hashes of the gateway: Kafka's partitioner and the deduplication fingerprint."""

from __future__ import annotations

_32 = 0xFFFFFFFF
_64 = 0xFFFFFFFFFFFFFFFF
_C1 = 0x87C37B91114253D5
_C2 = 0x4CF5AD432745937F


def murmur2(data: bytes) -> int:
    """MurmurHash2 (32 bits, unsigned) with the seed of Kafka's Java client."""
    m = 0x5BD1E995
    size = len(data)
    h = 0x9747B28C ^ size
    whole = size & ~3
    for at in range(0, whole, 4):
        k = int.from_bytes(data[at : at + 4], "little") * m & _32
        k = (k ^ k >> 24) * m & _32
        h = h * m & _32 ^ k
    if size > whole:
        h = (h ^ int.from_bytes(data[whole:], "little")) * m & _32
    h = (h ^ h >> 13) * m & _32
    return h ^ h >> 15


def murmur3(data: bytes) -> bytes:
    """MurmurHash3 x64 128, seed 0: h1 then h2, each little-endian."""
    h1 = h2 = 0
    size = len(data)
    whole = size & ~15
    for at in range(0, whole, 16):
        h1 ^= _mix1(int.from_bytes(data[at : at + 8], "little"))
        h1 = (_rotate(h1, 27) + h2) * 5 + 0x52DCE729 & _64
        h2 ^= _mix2(int.from_bytes(data[at + 8 : at + 16], "little"))
        h2 = (_rotate(h2, 31) + h1) * 5 + 0x38495AB5 & _64
    # a tail of no bytes mixes to 0
    h1 ^= _mix1(int.from_bytes(data[whole : whole + 8], "little")) ^ size
    h2 ^= _mix2(int.from_bytes(data[whole + 8 :], "little")) ^ size
    h1 = h1 + h2 & _64
    h2 = h2 + h1 & _64
    h1, h2 = _finish(h1), _finish(h2)
    h1 = h1 + h2 & _64
    h2 = h2 + h1 & _64
    return h1.to_bytes(8, "little") + h2.to_bytes(8, "little")


def _rotate(value: int, by: int) -> int:
    return (value << by | value >> 64 - by) & _64


def _mix1(k: int) -> int:
    return _rotate(k * _C1 & _64, 31) * _C2 & _64


def _mix2(k: int) -> int:
    return _rotate(k * _C2 & _64, 33) * _C1 & _64


def _finish(k: int) -> int:
    k = (k ^ k >> 33) * 0xFF51AFD7ED558CCD & _64
    k = (k ^ k >> 33) * 0xC4CEB9FE1A85EC53 & _64
    return k ^ k >> 33
