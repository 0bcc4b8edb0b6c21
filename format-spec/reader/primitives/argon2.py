"""Argon2id, version 0x13, in plain Python, after RFC 9106.

A block of 128 words of 64 bits is one long integer with fields of 72 bits: the upper eight take carries. Each step of
the permutation works on 32 words at once, the four quarters (a, b, c, d) of a block. Only the products of BlaMka are
made word by word, as an integer cannot multiply its fields by another's.
"""

import hashlib
import operator
import struct

from .errors import PrimitiveError

VERSION = 0x13
TYPE_ID = 2
FIELD = 9  # bytes
QUARTER = 32 * FIELD
BLOCK = 4 * QUARTER
SLICES = 4
WORD = (1 << 64) - 1

ONES_32 = int.from_bytes((b"\1" + bytes(FIELD - 1)) * 32, "little")
LOW_32 = ONES_32 * 0xFFFFFFFF
HIGH_32 = LOW_32 << 32
LOW_24 = ONES_32 * 0xFFFFFF
HIGH_40 = ONES_32 * (WORD ^ 0xFFFFFF)
LOW_16 = ONES_32 * 0xFFFF
HIGH_48 = ONES_32 * (WORD ^ 0xFFFF)
LOW_63 = ONES_32 * (WORD >> 1)
HIGH_1 = ONES_32 << 63
ALL_128 = int.from_bytes((b"\xff" * 8 + b"\0") * 128, "little")

LOW_HALVES = struct.Struct("<" + "I5x" * 32)
WORDS = struct.Struct("<" + "Qx" * 32)


def _lanes(chosen):
    """A mask of the chosen fields of a quarter."""
    return sum(((1 << 8 * FIELD) - 1) << 8 * FIELD * n for n in chosen)


def _mix(a, b, c, d):
    """The function GB of RFC 9106, 3.6, on 32 words at once: a + b + 2 * low(a) * low(b), xor, turn, four times.

    Carries stay in a and c; a turn masks them away. They grow to at most 25 times a word, which five bits hold.
    """
    load = int.from_bytes
    unpack = LOW_HALVES.unpack
    pack = WORDS.pack
    times = operator.mul
    halves_b = unpack(b.to_bytes(QUARTER, "little"))
    product = load(pack(*map(times, unpack(a.to_bytes(QUARTER, "little")), halves_b)), "little")
    a += b + product + product
    d ^= a
    d = (d & LOW_32) << 32 | (d & HIGH_32) >> 32
    halves_d = unpack(d.to_bytes(QUARTER, "little"))
    product = load(pack(*map(times, unpack(c.to_bytes(QUARTER, "little")), halves_d)), "little")
    c += d + product + product
    b ^= c
    b = (b & LOW_24) << 40 | (b & HIGH_40) >> 24
    halves_b = unpack(b.to_bytes(QUARTER, "little"))
    product = load(pack(*map(times, unpack(a.to_bytes(QUARTER, "little")), halves_b)), "little")
    a += b + product + product
    d ^= a
    d = (d & LOW_16) << 48 | (d & HIGH_48) >> 16
    halves_d = unpack(d.to_bytes(QUARTER, "little"))
    product = load(pack(*map(times, unpack(c.to_bytes(QUARTER, "little")), halves_d)), "little")
    c += d + product + product
    b ^= c
    b = (b & LOW_63) << 1 | (b & HIGH_1) >> 63
    return a, b, c, d


# The diagonals of the 4 x 4 words of a row or column: each quarter is turned by one, two or three places. Rows have
# their four words in neighbouring fields. Columns have theirs in the fields 0, 1, 4, 5 or 2, 3, 6, 7 of eight.
F = 8 * FIELD
ROW_1 = _lanes(n for n in range(32) if n % 4 < 3)  # where fields 1, 2, 3 land when all move down by one
ROW_3 = _lanes(range(3, 32, 4))
ROW_2 = _lanes(n for n in range(32) if n % 4 < 2)
ROW_22 = _lanes(n for n in range(32) if n % 4 > 1)
ROW_0 = _lanes(range(0, 32, 4))
ROW_123 = _lanes(n for n in range(32) if n % 4)
COLUMN_EVEN = _lanes(range(0, 32, 2))
COLUMN_1 = _lanes(n for n in range(32) if n % 8 in (1, 3))
COLUMN_5 = _lanes(n for n in range(32) if n % 8 in (5, 7))
COLUMN_ODD = _lanes(range(1, 32, 2))
COLUMN_4 = _lanes(n for n in range(32) if n % 8 in (4, 6))
COLUMN_0 = _lanes(n for n in range(32) if n % 8 in (0, 2))
COLUMN_LOW = _lanes(n for n in range(32) if n % 8 < 4)
COLUMN_HIGH = _lanes(n for n in range(32) if n % 8 > 3)


def _row_1(x):
    return x >> F & ROW_1 | x << 3 * F & ROW_3


def _row_2(x):
    return x >> 2 * F & ROW_2 | x << 2 * F & ROW_22


def _row_3(x):
    return x << F & ROW_123 | x >> 3 * F & ROW_0


def _column_1(x):
    return x >> F & COLUMN_EVEN | x >> 3 * F & COLUMN_1 | x << 5 * F & COLUMN_5


def _column_2(x):
    return x >> 4 * F & COLUMN_LOW | x << 4 * F & COLUMN_HIGH


def _column_3(x):
    return x << F & COLUMN_ODD | x << 3 * F & COLUMN_4 | x >> 5 * F & COLUMN_0


def _turn_table(data):
    """Exchanges the order (quarter, row pair) and (row pair, quarter) of the 16 parts of a block."""
    e = QUARTER // 4
    part = [data[i:i + e] for i in range(0, BLOCK, e)]
    return (b"".join(part[0::4]), b"".join(part[1::4]), b"".join(part[2::4]), b"".join(part[3::4]))


def _permute(block):
    """The permutation of RFC 9106, 3.5: P on the eight rows of a block, then on its eight columns.

    A block's fields are ordered by place in a row of 16 (its quarter), then by row, then by place in the quarter.
    """
    load = int.from_bytes
    data = block.to_bytes(BLOCK, "little")
    a = load(data[:QUARTER], "little")
    b = load(data[QUARTER:2 * QUARTER], "little")
    c = load(data[2 * QUARTER:3 * QUARTER], "little")
    d = load(data[3 * QUARTER:], "little")
    a, b, c, d = _mix(a, b, c, d)
    a, b, c, d = _mix(a, _row_1(b), _row_2(c), _row_3(d))
    data = b"".join((
        a.to_bytes(QUARTER, "little"), _row_3(b).to_bytes(QUARTER, "little"),
        _row_2(c).to_bytes(QUARTER, "little"), _row_1(d).to_bytes(QUARTER, "little")))
    a, b, c, d = [load(part, "little") for part in _turn_table(data)]
    a, b, c, d = _mix(a, b, c, d)
    a, b, c, d = _mix(a, _column_1(b), _column_2(c), _column_3(d))
    data = b"".join((
        a.to_bytes(QUARTER, "little"), _column_3(b).to_bytes(QUARTER, "little"),
        _column_2(c).to_bytes(QUARTER, "little"), _column_1(d).to_bytes(QUARTER, "little")))
    return load(b"".join(_turn_table(data)), "little") & ALL_128


def _compress(x, y):
    """The function G of RFC 9106, 3.5."""
    block = x ^ y
    return block ^ _permute(block)


def _order():
    """The word of a block that stands in each field."""
    return [16 * row + 4 * quarter + place for quarter in range(4) for row in range(8) for place in range(4)]


ORDER = _order()
PLACE = [ORDER.index(n) for n in range(128)]
BLOCK_WORDS = struct.Struct("<128Q")
BLOCK_FIELDS = struct.Struct("<" + "Qx" * 128)


def _from_words(words):
    return int.from_bytes(BLOCK_FIELDS.pack(*[words[n] for n in ORDER]), "little")


def _to_words(block):
    fields = BLOCK_FIELDS.unpack(block.to_bytes(BLOCK, "little"))
    return [fields[n] for n in PLACE]


def _long_hash(data, length):
    """The function H' of RFC 9106, 3.3."""
    data = struct.pack("<I", length) + data
    if length <= 64:
        return hashlib.blake2b(data, digest_size=length).digest()
    value = hashlib.blake2b(data).digest()
    out = [value[:32]]
    length -= 32
    while length > 64:
        value = hashlib.blake2b(value).digest()
        out.append(value[:32])
        length -= 32
    out.append(hashlib.blake2b(value, digest_size=length).digest())
    return b"".join(out)


def check_settings(salt, memory_kib, passes, lanes, length):
    """The ranges of RFC 9106, 3.1."""
    if lanes < 1 or passes < 1 or length < 4 or len(salt) < 8 or memory_kib < 8 * lanes:
        raise PrimitiveError("Argon2id: settings out of range")
    if max(memory_kib, passes, length) >> 32 or lanes >> 24:
        raise PrimitiveError("Argon2id: settings out of range")


def argon2id(password, salt, memory_kib, passes, lanes, length=32, secret=b"", associated=b""):
    """RFC 9106, 3.2."""
    check_settings(salt, memory_kib, passes, lanes, length)
    password = bytes(password)
    salt = bytes(salt)
    start = hashlib.blake2b(b"".join((
        struct.pack("<6I", lanes, length, memory_kib, passes, VERSION, TYPE_ID),
        struct.pack("<I", len(password)), password, struct.pack("<I", len(salt)), salt,
        struct.pack("<I", len(secret)), secret, struct.pack("<I", len(associated)), associated))).digest()
    segment = memory_kib // (SLICES * lanes)
    columns = SLICES * segment
    memory = []
    for lane in range(lanes):
        line = [0] * columns
        for n in range(2):
            line[n] = _from_words(BLOCK_WORDS.unpack(_long_hash(start + struct.pack("<2I", n, lane), 1024)))
        memory.append(line)
    for number in range(passes):
        for slice_number in range(SLICES):
            for lane in range(lanes):
                _fill(memory, number, slice_number, lane, segment, passes)
    last = 0
    for line in memory:
        last ^= line[-1]
    return _long_hash(BLOCK_WORDS.pack(*_to_words(last)), length)


def _fill(memory, number, slice_number, lane, segment, passes):
    """One segment of one lane (RFC 9106, 3.4)."""
    lanes = len(memory)
    line = memory[lane]
    columns = len(line)
    first = 2 if number == 0 and slice_number == 0 else 0
    # The first half of the first pass takes its places from a counter, so that they do not depend on the password.
    independent = number == 0 and slice_number < 2
    head = [number, lane, slice_number, lanes * columns, passes, TYPE_ID]
    addresses = []
    base = slice_number * segment
    for n in range(first, segment):
        at = base + n
        previous = line[at - 1]
        if independent:
            if n % 128 == 0 or not addresses:
                words = head + [n // 128 + 1] + [0] * 121
                addresses = _to_words(_compress(0, _compress(0, _from_words(words))))
            chosen = addresses[n % 128]
        else:
            chosen = previous & WORD
        other = lane if number == 0 and slice_number == 0 else (chosen >> 32) % lanes
        # How many blocks may be chosen from: finished slices, and of the own lane also this segment's blocks so far.
        area = slice_number * segment if number == 0 else 3 * segment
        if other == lane:
            area += n - 1
        elif n == 0:
            area -= 1
        j = chosen & 0xFFFFFFFF
        place = area - 1 - (area * (j * j >> 32) >> 32)
        oldest = 0 if number == 0 else (slice_number + 1) % SLICES * segment
        block = previous ^ memory[other][(oldest + place) % columns]
        if number:
            line[at] ^= block ^ _permute(block)
        else:
            line[at] = block ^ _permute(block)
