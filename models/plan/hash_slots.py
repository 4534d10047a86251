"""Where a key lives: CRC16, hash tags, slots and shards, as the Redis Cluster specification defines them.

Source: Redis Cluster specification (key distribution model, hash tags, appendix A: CRC16 reference
implementation), and `clusterManagerCommandCreate` in redis-cli.c for the ranges.
"""

SLOTS = 16_384

_POLYNOMIAL = 0x1021  # XMODEM: initial value 0, no reflection, no final xor


def _table_entry(byte: int) -> int:
    crc = byte << 8
    for _ in range(8):
        crc = (crc << 1) ^ _POLYNOMIAL if crc & 0x8000 else crc << 1
    return crc & 0xFFFF


_TABLE = tuple(_table_entry(byte) for byte in range(256))


def crc16(data: bytes) -> int:
    """Return the CRC16/XMODEM checksum of `data`."""
    crc = 0
    for byte in data:
        crc = ((crc << 8) & 0xFFFF) ^ _TABLE[(crc >> 8) ^ byte]
    return crc


def hashed_part(key: str) -> str:
    """Return what decides the slot of `key`: the text in its first {...}, or all of it if there is none.

    The tag starts after the first { and ends before the first } that follows; an empty
    one does not count.
    """
    _, opened, rest = key.partition("{")
    tag, closed, _ = rest.partition("}")
    return tag if opened and closed and tag else key


def slot_of(key: str) -> int:
    """Return the hash slot of `key` (text is hashed as UTF-8)."""
    return crc16(hashed_part(key).encode()) % SLOTS


def slot_ranges(shards: int) -> tuple[range, ...]:
    """Return the contiguous slots of each of `shards` shards, even as redis-cli --cluster create makes them.

    Shard k ends with slot round((k + 1) x 16384 / shards) - 1, halves rounded up. redis-cli sums
    this up in single precision: up to 77 shards the ranges are the same, beyond that a boundary of its
    may lie a slot off.
    """
    if not 1 <= shards <= SLOTS:
        raise ValueError(f"{shards} shards cannot share {SLOTS} slots")
    ends = [(2 * (k + 1) * SLOTS + shards) // (2 * shards) for k in range(shards)]
    return tuple(range(first, end) for first, end in zip([0, *ends], ends, strict=False))


def shard_of(slot: int, shards: int) -> int:
    """Return the number of the shard (from 0) that holds `slot`."""
    return next(k for k, slots in enumerate(slot_ranges(shards)) if slot in slots)
