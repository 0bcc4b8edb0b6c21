"""Zstandard decompression in plain Python, after RFC 8878.

`frame_blocks` walks over a frame's header and block headers. Every implementation, native ones too, is asked only for
frames that passed it, so all refuse the same forms: skippable frames, several frames, dictionaries, wide windows,
another content size, bytes before or after. Inside of a block plain Python is as strict as the RFC. Versions of libzstd
differ there: some do not look whether a Huffman stream ends where it should. Who needs more than the stated length to be
right has the frame's checksum or a hash of what comes out.
"""

import struct

from .errors import PrimitiveError

MAGIC = b"\x28\xb5\x2f\xfd"
BLOCK_MAX = 128 * 1024
RAW, RLE, COMPRESSED = 0, 1, 2
MASKS = tuple((1 << n) - 1 for n in range(65))


def frame_blocks(data, raw_length, window_max):
    """What stands in the one frame that `data` must be (RFC 8878, 3.1.1).

    The blocks as (type, start, size), where the checksum stands or None, and the window. A frame that is a single
    segment has its content size as its window.
    """
    if len(data) < 6 or bytes(data[:4]) != MAGIC:
        raise PrimitiveError("not a zstd frame")
    descriptor = data[4]
    if descriptor & 0x08:
        raise PrimitiveError("zstd: reserved bit in the frame header")
    single = descriptor >> 5 & 1
    dictionary_bytes = (0, 1, 2, 4)[descriptor & 3]
    size_bytes = (single, 2, 4, 8)[descriptor >> 6]
    at = 5
    end = at + (1 - single) + dictionary_bytes + size_bytes
    if len(data) < end:
        raise PrimitiveError("zstd: frame header cut short")
    window = 0
    if not single:
        base = 1 << 10 + (data[at] >> 3)
        window = base + (base >> 3) * (data[at] & 7)
        at += 1
    if any(data[at:at + dictionary_bytes]):
        raise PrimitiveError("zstd: frame wants a dictionary")
    at += dictionary_bytes
    if size_bytes:
        content = int.from_bytes(data[at:at + size_bytes], "little") + (256 if size_bytes == 2 else 0)
        if content != raw_length:
            raise PrimitiveError("zstd: content size %d instead of %d" % (content, raw_length))
        if single:
            window = content
    if window > window_max:
        raise PrimitiveError("zstd: window of %d bytes, at most %d are read" % (window, window_max))
    at = end
    block_max = min(BLOCK_MAX, window)
    blocks = []
    least = most = 0  # bytes that the blocks can give
    last = 0
    while not last:
        if at + 3 > len(data):
            raise PrimitiveError("zstd: frame cut short")
        header = int.from_bytes(data[at:at + 3], "little")
        at += 3
        last = header & 1
        kind = header >> 1 & 3
        size = header >> 3
        if kind > COMPRESSED or size > block_max:
            raise PrimitiveError("zstd: block header not valid")
        stored = 1 if kind == RLE else size
        blocks.append((kind, at, size))
        least += 0 if kind == COMPRESSED else size
        most += block_max if kind == COMPRESSED else size
        at += stored
        if at > len(data):
            raise PrimitiveError("zstd: frame cut short")
    checksum = None
    if descriptor & 0x04:
        checksum = at
        at += 4
    if at != len(data):
        raise PrimitiveError("zstd: frame cut short, or bytes after it")
    if not least <= raw_length <= most:
        raise PrimitiveError("zstd: frame cannot give %d bytes" % raw_length)
    return blocks, checksum, window


# --- entropy tables -------------------------------------------------------------------------------------------------

def _fse_counts(data, at, end, log_max, symbols_max):
    """The normalised counts of an FSE table (RFC 8878, 4.1.1): (counts, accuracy log, where they end)."""
    bits = int.from_bytes(data[at:min(end, at + 256)], "little")
    log = (bits & 15) + 5
    if log > log_max:
        raise PrimitiveError("zstd: FSE table too large")
    position = 4
    remaining = (1 << log) + 1
    counts = []
    while remaining > 1:
        # Values need `width` bits, the small ones one less.
        width = remaining.bit_length()
        value = bits >> position & MASKS[width]
        small = (1 << width) - 1 - remaining
        if value & MASKS[width - 1] < small:
            value &= MASKS[width - 1]
            position += width - 1
        else:
            if value > MASKS[width - 1]:
                value -= small
            position += width
        count = value - 1
        remaining -= abs(count)
        counts.append(count)
        if count == 0:
            while True:
                repeat = bits >> position & 3
                position += 2
                counts += [0] * repeat
                if repeat < 3:
                    break
                if len(counts) > symbols_max:
                    break
        if len(counts) > symbols_max:
            raise PrimitiveError("zstd: FSE table has too many symbols")
    if remaining != 1:
        raise PrimitiveError("zstd: FSE table does not add up")
    at += (position + 7) // 8
    if at > end:
        raise PrimitiveError("zstd: FSE table cut short")
    return counts, log, at


def _fse_table(counts, log):
    """The decoding table (RFC 8878, 4.1.1): for each state (symbol, bits to read, base of the next state)."""
    size = 1 << log
    symbols = [0] * size
    high = size - 1
    for symbol, count in enumerate(counts):
        if count == -1:
            symbols[high] = symbol
            high -= 1
    step = (size >> 1) + (size >> 3) + 3
    position = 0
    for symbol, count in enumerate(counts):
        for _ in range(count):
            symbols[position] = symbol
            position = position + step & size - 1
            while position > high:
                position = position + step & size - 1
    if position:
        raise PrimitiveError("zstd: FSE table does not fill up")
    following = [abs(count) for count in counts]
    table = []
    for symbol in symbols:
        state = following[symbol]
        following[symbol] = state + 1
        width = log + 1 - state.bit_length()
        table.append((symbol, width, (state << width) - size))
    return table


def _open_bits(data, start, end):
    """The number of bits of a stream that is read backwards; its last byte's highest set bit ends it."""
    if end <= start or not data[end - 1]:
        raise PrimitiveError("zstd: bit stream without its end mark")
    return (end - start) * 8 - 9 + data[end - 1].bit_length()


class _Huffman:
    """A Huffman code, and tables that give several symbols for one look at the stream."""

    def __init__(self, weights):
        if not weights or max(weights) > 11:
            raise PrimitiveError("zstd: Huffman weights not valid")
        total = sum(1 << w >> 1 for w in weights)
        bits = total.bit_length()
        left = (1 << bits) - total
        if not total or bits > 11 or left & left - 1:
            raise PrimitiveError("zstd: Huffman weights do not add up")
        weights = weights + [left.bit_length()]
        ones = weights.count(1)
        if ones < 2 or ones & 1:
            raise PrimitiveError("zstd: Huffman weights not valid")
        self.bits = bits
        # The longest codes come first, and symbols of one length in their order.
        self.codes = [(bytes([symbol]), bits + 1 - w)
                      for w in range(1, bits + 1) for symbol, weight in enumerate(weights) if weight == w]
        self._tables = {}
        symbols, lengths = [], []
        for symbol, length in self.codes:
            symbols += [symbol] * (1 << bits - length)
            lengths += [length] * (1 << bits - length)
        self.single = symbols, lengths

    def table(self, width):
        """For each value of the next `width` bits: all symbols that lie wholly in them, and how many bits those take."""
        made = self._tables.get(width)
        if made is None:
            symbols, lengths = [], []
            for symbol, length in self.codes:
                if length <= width:
                    rest, rest_lengths = self.table(width - length)
                    symbols += [symbol + more for more in rest]
                    lengths += [length + more for more in rest_lengths]
            missing = (1 << width) - len(symbols)  # codes longer than `width`: they are the first ones
            made = self._tables[width] = [b""] * missing + symbols, [0] * missing + lengths
        return made

    def decode(self, data, start, end, count):
        """Exactly `count` symbols, which must use up the stream."""
        position = _open_bits(data, start, end)
        single, single_lengths = self.single
        # A wide table costs time to make, and gives more symbols at once.
        width = 13 if count > 8192 or 13 in self._tables else self.bits if count < 512 else 11
        width = max(width, self.bits)
        symbols, lengths = self.table(width) if width > self.bits or count >= 512 else self.single
        mask = MASKS[width]
        pieces = []
        append = pieces.append
        low = end
        bits = 0
        shift = -width  # bits in hand that are not used, less `width`
        high = position - 8 * (end - start)
        while True:
            size = min(48, low - start)
            if not size:
                break
            low -= size
            bits = (bits & MASKS[width]) << 8 * size | int.from_bytes(data[low:low + size], "little")
            shift += 8 * size + high
            high = 0
            while shift >= 0:
                index = bits >> shift & mask
                append(symbols[index])
                shift -= lengths[index]
            # At most width - 1 bits are left, and the mask above keeps them.
        left = shift + width
        mask = MASKS[self.bits]
        bits <<= self.bits
        while left > 0:
            index = bits >> left & mask
            append(single[index])
            left -= single_lengths[index]
        out = b"".join(pieces)
        if left or len(out) != count:
            raise PrimitiveError("zstd: Huffman stream does not end where it should")
        return out


def _huffman(data, at, end):
    """A Huffman tree description (RFC 8878, 4.2.1): the code, and where the description ends."""
    if at >= end:
        raise PrimitiveError("zstd: literals cut short")
    header = data[at]
    at += 1
    if header >= 128:
        count = header - 127
        stop = at + (count + 1) // 2
        if stop > end:
            raise PrimitiveError("zstd: Huffman weights cut short")
        weights = []
        for byte in data[at:stop]:
            weights += (byte >> 4, byte & 15)
        return _Huffman(weights[:count]), stop
    stop = at + header
    if stop > end:
        raise PrimitiveError("zstd: Huffman weights cut short")
    counts, log, at = _fse_counts(data, at, stop, 6, 255)
    table = _fse_table(counts, log)
    left = _open_bits(data, at, stop) - 2 * log
    bits = int.from_bytes(data[at:stop], "little")
    if left < 0:
        raise PrimitiveError("zstd: Huffman weights cut short")
    state = bits >> left + log & MASKS[log]
    other = bits >> left & MASKS[log]
    weights = []
    while len(weights) < 254:
        symbol, width, base = table[state]
        weights.append(symbol)
        left -= width
        if left < 0:
            weights.append(table[other][0])
            return _Huffman(weights), stop
        state, other = other, base + (bits >> left & MASKS[width])
    raise PrimitiveError("zstd: too many Huffman weights")


# --- sequences ------------------------------------------------------------------------------------------------------

LITERAL_BITS = (0,) * 16 + (1, 1, 1, 1, 2, 2, 3, 3, 4, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16)
MATCH_BITS = (0,) * 32 + (1, 1, 1, 1, 2, 2, 3, 3, 4, 4, 5, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16)


def _lengths(bits, first):
    """(base, further bits) of each length code: a code begins where the one before it ends."""
    codes = []
    for width in bits:
        codes.append((first, width))
        first += 1 << width
    return tuple(codes)


# What the codes of each kind mean, the largest accuracy of their tables, and the predefined counts (RFC 8878, 3.1.1.3.2).
LITERAL_LENGTHS = (
    _lengths(LITERAL_BITS, 0), 9,
    (6, [4, 3] + [2] * 11 + [1] * 3 + [2] * 9 + [3, 2] + [1] * 5 + [-1] * 4))
OFFSETS = (
    tuple((1 << n, n) for n in range(32)), 8,
    (5, [1] * 6 + [2] * 3 + [1] * 15 + [-1] * 5))
MATCH_LENGTHS = (
    _lengths(MATCH_BITS, 3), 9,
    (6, [1, 4, 3] + [2] * 6 + [1] * 37 + [-1] * 7))


def _sequence_table(kind, counts, log):
    """For each state: base and further bits of the value, bits and base of the next state. And the accuracy log."""
    meaning = kind[0]
    return [meaning[symbol] + (width, base) for symbol, width, base in _fse_table(counts, log)], log


_predefined = {}


class _Frame:
    """What lives from block to block: the output, the tables that later blocks may use again, the last three offsets."""

    def __init__(self, data, raw_length, window):
        self.data = data
        self.raw_length = raw_length
        self.window = window
        self.block_max = min(BLOCK_MAX, window)
        self.out = bytearray()
        self.huffman = None
        self.tables = [None, None, None]
        self.offsets = (1, 4, 8)

    def block(self, start, end):
        literals, at = self._literals(start, end)
        self._sequences(literals, at, end)

    def _literals(self, at, end):
        """RFC 8878, 3.1.1.3.1."""
        data = self.data
        head = int.from_bytes(data[at:min(end, at + 5)], "little")
        kind = head & 3
        form = head >> 2 & 3
        if kind < 2:
            header = (1, 2, 1, 3)[form]
            count = head >> (4 if form & 1 else 3) & MASKS[(5, 12, 5, 20)[form]]
            stored = 1 if kind == 1 else count
        else:
            header = (3, 3, 4, 5)[form]
            width = (10, 10, 14, 18)[form]
            count = head >> 4 & MASKS[width]
            stored = head >> 4 + width & MASKS[width]
        at += header
        stop = at + stored
        if stop > end or count > self.block_max:
            raise PrimitiveError("zstd: literals longer than their block")
        if kind == 0:
            return bytes(data[at:stop]), stop
        if kind == 1:
            return bytes(data[at:stop]) * count, stop
        if kind == 2:
            self.huffman, at = _huffman(data, at, stop)
        elif self.huffman is None:
            raise PrimitiveError("zstd: no Huffman table to use again")
        decode = self.huffman.decode
        if form == 0:
            return decode(data, at, stop, count), stop
        # Four streams; the sizes of the first three stand before them.
        first = at + 6
        each = (count + 3) // 4
        if first > stop or count < 6:
            raise PrimitiveError("zstd: literals cut short")
        parts = []
        for n in range(3):
            last = first + int.from_bytes(data[at + 2 * n:at + 2 * n + 2], "little")
            if last > stop:
                raise PrimitiveError("zstd: literals cut short")
            parts.append(decode(data, first, last, each))
            first = last
        parts.append(decode(data, first, stop, count - 3 * each))
        return b"".join(parts), stop

    def _table(self, number, kind, mode, at, end):
        """The table of one kind of code: predefined, one symbol only, described here, or the last one again."""
        data = self.data
        meaning, log_max, (log, counts) = kind
        if mode == 0:
            if number not in _predefined:
                _predefined[number] = _sequence_table(kind, counts, log)
            self.tables[number] = _predefined[number]
        elif mode == 1:
            if at >= end or data[at] >= len(meaning):
                raise PrimitiveError("zstd: sequence code not valid")
            self.tables[number] = [meaning[data[at]] + (0, 0)], 0
            at += 1
        elif mode == 2:
            counts, log, at = _fse_counts(data, at, end, log_max, len(meaning))
            self.tables[number] = _sequence_table(kind, counts, log)
        elif self.tables[number] is None:
            raise PrimitiveError("zstd: no sequence table to use again")
        return at

    def _sequences(self, literals, at, end):
        """RFC 8878, 3.1.1.3.2 to 3.1.1.5: decodes the sequences and carries them out."""
        data = self.data
        out = self.out
        if at >= end:
            raise PrimitiveError("zstd: block cut short")
        count = data[at]
        at += 1
        if count > 127:
            wide = 1 if count < 255 else 2
            more = data[at:at + wide]
            if at + wide > end:
                raise PrimitiveError("zstd: block cut short")
            count = (count - 128 << 8) + more[0] if wide == 1 else more[0] + (more[1] << 8) + 0x7F00
            at += wide
        room = min(self.raw_length, len(out) + self.block_max)
        if count == 0:
            if at != end:
                raise PrimitiveError("zstd: bytes after the sequences")
            out += literals
            if len(out) > room:
                raise PrimitiveError("zstd: more bytes than stated")
            return
        if at >= end or data[at] & 3:
            raise PrimitiveError("zstd: sequences not valid")
        modes = data[at]
        at += 1
        at = self._table(0, LITERAL_LENGTHS, modes >> 6, at, end)
        at = self._table(1, OFFSETS, modes >> 4 & 3, at, end)
        at = self._table(2, MATCH_LENGTHS, modes >> 2 & 3, at, end)
        (literal_table, literal_log), (offset_table, offset_log), (match_table, match_log) = self.tables

        masks = MASKS
        left = _open_bits(data, at, end)
        low = max(at, end - 48)
        bits = int.from_bytes(data[low:end], "little")
        left -= 8 * (low - at)  # from here on: the bits in hand that are not used yet
        left -= literal_log
        literal_state = bits >> left & masks[literal_log]
        left -= offset_log
        offset_state = bits >> left & masks[offset_log]
        left -= match_log
        match_state = bits >> left & masks[match_log]

        length = len(out)
        window = self.window
        used = 0
        last1, last2, last3 = self.offsets
        while True:
            if left < 128 and low > at:  # one sequence takes at most 89 bits
                more = min(40, low - at)
                low -= more
                bits = (bits & (1 << left) - 1) << 8 * more | int.from_bytes(data[low:low + more], "little")
                left += 8 * more
            literal, literal_bits, literal_width, literal_next = literal_table[literal_state]
            offset, offset_bits, offset_width, offset_next = offset_table[offset_state]
            match, match_bits, match_width, match_next = match_table[match_state]
            left -= offset_bits
            offset += bits >> left & masks[offset_bits]
            if match_bits:
                left -= match_bits
                match += bits >> left & masks[match_bits]
            if literal_bits:
                left -= literal_bits
                literal += bits >> left & masks[literal_bits]
            if offset > 3:
                last3 = last2
                last2 = last1
                last1 = offset - 3
            else:
                # 1, 2, 3: one of the last three offsets; without literals the next older one, then the last less one.
                if literal == 0:
                    offset += 1
                if offset == 2:
                    last1, last2 = last2, last1
                elif offset > 2:
                    last1, last2, last3 = last3 if offset == 3 else last1 - 1, last1, last2
            if literal:
                out += literals[used:used + literal]
                used += literal
                length += literal
            start = length - last1
            if start < 0 or not 0 < last1 <= window or length + match > room:
                raise PrimitiveError("zstd: sequence reaches out of its bounds")
            if match <= last1:
                out += out[start:start + match]
            else:
                out += (out[start:] * (match // last1 + 1))[:match]
            length += match
            count -= 1
            if not count:
                break
            left -= literal_width
            literal_state = literal_next + (bits >> left & masks[literal_width])
            left -= match_width
            match_state = match_next + (bits >> left & masks[match_width])
            left -= offset_width
            offset_state = offset_next + (bits >> left & masks[offset_width])
        if left or low != at or used > len(literals):
            raise PrimitiveError("zstd: sequences do not end where they should")
        out += literals[used:]
        if len(out) > room:
            raise PrimitiveError("zstd: more bytes than stated")
        self.offsets = (last1, last2, last3)


def _xxh64(data):
    """XXH64 with seed 0, which RFC 8878 names for the checksum."""
    mask = MASKS[64]
    p1, p2, p3 = 0x9E3779B185EBCA87, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9
    p4, p5 = 0x85EBCA77C2B2AE63, 0x27D4EB2F165667C5
    length = len(data)
    whole = length // 32 * 32
    if whole:
        v1, v2, v3, v4 = p1 + p2 & mask, p2, 0, -p1 & mask
        for a, b, c, d in struct.iter_unpack("<4Q", data[:whole]):
            v1 = v1 + a * p2 & mask
            v1 = (v1 << 31 | v1 >> 33) * p1 & mask
            v2 = v2 + b * p2 & mask
            v2 = (v2 << 31 | v2 >> 33) * p1 & mask
            v3 = v3 + c * p2 & mask
            v3 = (v3 << 31 | v3 >> 33) * p1 & mask
            v4 = v4 + d * p2 & mask
            v4 = (v4 << 31 | v4 >> 33) * p1 & mask
        lanes = v1, v2, v3, v4
        total = 0
        for value, turn in zip(lanes, (1, 7, 12, 18)):
            total += value << turn | value >> 64 - turn
        total &= mask
        for value in lanes:
            value = value * p2 & mask
            value = (value << 31 | value >> 33) * p1 & mask
            total = (total ^ value) * p1 + p4 & mask
    else:
        total = p5
    total = total + length & mask
    at = whole
    while at + 8 <= length:
        value = int.from_bytes(data[at:at + 8], "little") * p2 & mask
        total ^= (value << 31 | value >> 33) * p1 & mask
        total = (total << 27 | total >> 37) * p1 + p4 & mask
        at += 8
    if at + 4 <= length:
        total ^= int.from_bytes(data[at:at + 4], "little") * p1 & mask
        total = ((total << 23 | total >> 41) & mask) * p2 + p3 & mask
        at += 4
    while at < length:
        total ^= data[at] * p5 & mask
        total = (total << 11 | total >> 53) * p1 & mask
        at += 1
    total = (total ^ total >> 33) * p2 & mask
    total = (total ^ total >> 29) * p3 & mask
    return total ^ total >> 32


def decompress(data, raw_length, window_max):
    """Exactly `raw_length` bytes out of exactly one frame; `PrimitiveError` for anything else."""
    data = bytes(data)
    blocks, checksum, window = frame_blocks(data, raw_length, window_max)
    frame = _Frame(data, raw_length, window)
    out = frame.out
    for kind, start, size in blocks:
        if kind == COMPRESSED:
            try:
                frame.block(start, start + size)
            except PrimitiveError:
                raise
            except (ValueError, IndexError):  # a shift by less than nothing: the bits ran out
                raise PrimitiveError("zstd: block not valid") from None
        elif len(out) + size > raw_length:
            raise PrimitiveError("zstd: more bytes than stated")
        elif kind == RAW:
            out += data[start:start + size]
        else:
            out += data[start:start + 1] * size
    if len(out) != raw_length:
        raise PrimitiveError("zstd: %d bytes instead of %d" % (len(out), raw_length))
    out = bytes(out)
    if checksum is not None and int.from_bytes(data[checksum:], "little") != _xxh64(out) & 0xFFFFFFFF:
        raise PrimitiveError("zstd: checksum wrong")
    return out
