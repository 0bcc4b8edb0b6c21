"""AES-256-GCM, opening only, in plain Python, after FIPS 197 and NIST SP 800-38D.

Many counter blocks are encrypted side by side. A row of the AES state is one string of bytes: the row's first column of
all blocks, then its second, third and fourth. SubBytes is one `bytes.translate`, ShiftRows cuts the string in two, and
MixColumns and the round keys are a few operations on the string as one long integer. The hash has the same two forms:
tables for one block after the other, and for long texts `LANES` blocks side by side.
"""

import functools
import hmac
import struct

from .errors import PrimitiveError

BATCH = 1024  # counter blocks encrypted at once
LANES = 1024  # blocks hashed side by side
ROUNDS = 14


def _substitution():
    """The S-box of FIPS 197, 5.1.1: the inverse in GF(2^8), then an affine map."""
    box = bytearray(256)
    value = inverse = 1
    while True:
        value ^= (value << 1 ^ (0x11B if value & 0x80 else 0)) & 0x1FF  # times 3, which generates the whole group
        inverse ^= inverse << 1  # divided by 3
        inverse ^= inverse << 2
        inverse ^= inverse << 4
        inverse &= 0xFF
        if inverse & 0x80:
            inverse ^= 0x09
        turned = inverse | inverse << 8
        box[value] = (turned ^ turned >> 4 ^ turned >> 5 ^ turned >> 6 ^ turned >> 7) & 0xFF ^ 0x63
        if value == 1:
            break
    box[0] = 0x63
    return bytes(box)


BOX = _substitution()


def _round_keys(key):
    """FIPS 197, 5.2, for keys of 32 bytes: 15 round keys of 16 bytes."""
    words = [key[i:i + 4] for i in range(0, 32, 4)]
    constant = 1
    while len(words) < 4 * (ROUNDS + 1):
        word = words[-1]
        if len(words) % 8 == 0:
            word = (word[1:] + word[:1]).translate(BOX)
            word = bytes([word[0] ^ constant]) + word[1:]
            constant <<= 1
        elif len(words) % 8 == 4:
            word = word.translate(BOX)
        words.append(bytes(a ^ b for a, b in zip(words[-8], word)))
    return [b"".join(words[i:i + 4]) for i in range(0, len(words), 4)]


def _double(row, tops):
    """Each byte of a row times x in GF(2^8)."""
    top = row & tops
    return (row ^ top) << 1 ^ (top >> 7) * 0x1B


class _Cipher:
    """AES-256 over a number of blocks side by side."""

    def __init__(self, round_keys, blocks):
        self.blocks = blocks
        size = 4 * blocks
        self.tops = int.from_bytes(b"\x80" * size, "little")
        self.keys = [
            [int.from_bytes(b"".join(key[4 * c + r:4 * c + r + 1] * blocks for c in range(4)), "little")
             for r in range(4)]
            for key in round_keys]

    def encrypt(self, columns):
        """`columns`: for each of the 16 byte positions the bytes of all blocks. The encrypted blocks one by one."""
        n = self.blocks
        size = 4 * n
        tops = self.tops
        keys = self.keys
        load = int.from_bytes
        rows = [load(b"".join(columns[r::4]), "little") ^ keys[0][r] for r in range(4)]
        for number in range(1, ROUNDS + 1):
            turned = []
            for r in range(4):
                row = rows[r].to_bytes(size, "little").translate(BOX)
                turned.append(load(row[r * n:] + row[:r * n], "little"))
            key = keys[number]
            if number < ROUNDS:
                a, b, c, d = turned
                every = a ^ b ^ c ^ d
                rows = [
                    a ^ every ^ _double(a ^ b, tops) ^ key[0],
                    b ^ every ^ _double(b ^ c, tops) ^ key[1],
                    c ^ every ^ _double(c ^ d, tops) ^ key[2],
                    d ^ every ^ _double(d ^ a, tops) ^ key[3]]
            else:
                rows = [turned[r] ^ key[r] for r in range(4)]
        out = bytearray(16 * n)
        for r in range(4):
            row = rows[r].to_bytes(size, "little")
            for c in range(4):
                out[4 * c + r::16] = row[c * n:(c + 1) * n]
        return out

    def counters(self, nonce, first):
        """The encrypted counter blocks from `first` on."""
        n = self.blocks
        counter = struct.pack(">%dI" % n, *range(first, first + n))
        columns = [nonce[i:i + 1] * n for i in range(12)] + [counter[i::4] for i in range(4)]
        return self.encrypt(columns)


def _times_x(value):
    """SP 800-38D, 6.3: the highest bit of a block is the coefficient of x^0."""
    return value >> 1 ^ (0xE1 << 120 if value & 1 else 0)


def _product(x, y):
    total = 0
    for bit in range(127, -1, -1):
        if x >> bit & 1:
            total ^= y
        y = _times_x(y)
    return total


def _tables(factor):
    """For each of the 16 bytes of a block and each value of it: its product with `factor`."""
    tables = []
    for _ in range(16):
        table = [0] * 256
        bit = 128
        while bit:
            table[bit] = factor
            factor = _times_x(factor)
            bit >>= 1
        for value in range(1, 256):
            low = value & -value
            if low != value:
                table[value] = table[value ^ low] ^ table[low]
        tables.append(table)
    return tables


class _Key:
    """What is made once for a key."""

    def __init__(self, key):
        self.round_keys = _round_keys(key)
        zero = bytes(_Cipher(self.round_keys, 1).encrypt([b"\0"] * 16))
        self.factor = int.from_bytes(zero, "big")
        self.tables = _tables(self.factor)
        self._maps = None
        self._ciphers = {}

    def cipher(self, blocks):
        cipher = self._ciphers.get(blocks)
        if cipher is None:
            cipher = _Cipher(self.round_keys, blocks)
            if blocks == BATCH or blocks == 1:
                self._ciphers[blocks] = cipher
        return cipher

    def maps(self):
        """The product with the LANES-th power of the factor, as tables from one byte of a block to another."""
        if self._maps is None:
            power = self.factor
            n = 1
            while n < LANES:
                power = _product(power, power)
                n *= 2
            rows = []
            for table in _tables(power):
                joined = b"".join(value.to_bytes(16, "big") for value in table)
                rows.append([joined[i::16] for i in range(16)])
            self._maps = [[rows[i][j] for i in range(16)] for j in range(16)]
        return self._maps

    def hash(self, data):
        """GHASH (SP 800-38D, 6.4) of whole blocks."""
        if len(data) >= 16 * LANES * 4:
            # Zero blocks in front change nothing, and make the number of blocks a multiple of the lanes.
            data = bytes(-len(data) % (16 * LANES)) + data
            data = self._fold(data)
        (t0, t1, t2, t3, t4, t5, t6, t7, t8, t9, t10, t11, t12, t13, t14, t15) = self.tables
        total = 0
        load = int.from_bytes
        for at in range(0, len(data), 16):
            b = (total ^ load(data[at:at + 16], "big")).to_bytes(16, "big")
            total = (t0[b[0]] ^ t1[b[1]] ^ t2[b[2]] ^ t3[b[3]] ^ t4[b[4]] ^ t5[b[5]] ^ t6[b[6]] ^ t7[b[7]]
                     ^ t8[b[8]] ^ t9[b[9]] ^ t10[b[10]] ^ t11[b[11]] ^ t12[b[12]] ^ t13[b[13]] ^ t14[b[14]]
                     ^ t15[b[15]])
        return total

    def _fold(self, data):
        """LANES blocks with the same hash: each lane is the sum of every LANES-th block times powers of the factor."""
        maps = self.maps()
        load = int.from_bytes
        step = 16 * LANES
        columns = [data[i:step:16] for i in range(16)]
        for start in range(step, len(data), step):
            stop = start + step
            following = []
            for i in range(16):
                total = load(data[start + i:stop:16], "little")
                for column, table in zip(columns, maps[i]):
                    total ^= load(column.translate(table), "little")
                following.append(total.to_bytes(LANES, "little"))
            columns = following
        out = bytearray(step)
        for i in range(16):
            out[i::16] = columns[i]
        return bytes(out)


_key = functools.lru_cache(maxsize=4)(_Key)  # a repository's files have few keys, each used for many records


def open_sealed(key, nonce, aad, sealed):
    """The text of `sealed`, which is ciphertext and 16 bytes of tag (SP 800-38D, 7.2)."""
    if len(key) != 32 or len(nonce) != 12:
        raise PrimitiveError("AES-256-GCM takes a key of 32 bytes and a nonce of 12")
    if len(sealed) < 16:
        raise PrimitiveError("sealed bytes shorter than their tag")
    made = _key(bytes(key))
    nonce = bytes(nonce)
    aad = bytes(aad)
    text = bytes(sealed[:-16])
    lengths = struct.pack(">QQ", 8 * len(aad), 8 * len(text))
    total = made.hash(b"".join((aad, bytes(-len(aad) % 16), text, bytes(-len(text) % 16), lengths)))
    tag = total ^ int.from_bytes(made.cipher(1).counters(nonce, 1), "big")
    if not hmac.compare_digest(tag.to_bytes(16, "big"), bytes(sealed[-16:])):
        raise PrimitiveError("not authentic: wrong key, or changed bytes")
    out = []
    blocks = -(-len(text) // 16)
    for first in range(0, blocks, BATCH):
        n = min(BATCH, blocks - first)
        part = text[16 * first:16 * (first + n)]
        stream = made.cipher(n).counters(nonce, 2 + first)[:len(part)]
        opened = int.from_bytes(part, "little") ^ int.from_bytes(stream, "little")
        out.append(opened.to_bytes(len(part), "little"))
    return b"".join(out)
