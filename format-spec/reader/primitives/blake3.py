"""BLAKE3 in plain Python, after the BLAKE3 paper (O'Connor, Aumasson, Neves, Wilcox-O'Hearn).

Python's integers have any length, so one of them can hold the same 32-bit word of many chunks: a *lane* is a field of
40 bits, and the eight bits above each word take the carries. One addition of two such integers adds all lanes. Carries
are cleared where words are rotated; a word that is not rotated sees at most 28 additions in one compression, whose
carries need five bits, so they never reach the next lane.
"""

IV = (0x6A09E667, 0xBB67AE85, 0x3C6EF372, 0xA54FF53A, 0x510E527F, 0x9B05688C, 0x1F83D9AB, 0x5BE0CD19)
PERMUTATION = (2, 6, 3, 10, 7, 0, 4, 13, 1, 11, 12, 5, 9, 14, 15, 8)
CHUNK_START, CHUNK_END, PARENT, ROOT, KEYED_HASH, DERIVE_KEY_CONTEXT, DERIVE_KEY_MATERIAL = 1, 2, 4, 8, 16, 32, 64
CHUNK = 1024
BLOCK = 64
WORD = 0xFFFFFFFF
LANE_BYTES = 5
LANES = 1024  # chunks hashed side by side; more no longer fit the processor's cache
KEPT = 32  # values of subtrees that one full batch leaves for later, so that small levels are not hashed alone

# Which words each step of a round mixes: four columns, then four diagonals.
STEPS = (
    (0, 4, 8, 12), (1, 5, 9, 13), (2, 6, 10, 14), (3, 7, 11, 15),
    (0, 5, 10, 15), (1, 6, 11, 12), (2, 7, 8, 13), (3, 4, 9, 14),
)


def _schedule():
    """The order of the message words in each of the seven rounds."""
    order = list(range(16))
    rounds = []
    for _ in range(7):
        rounds.append(tuple(order))
        order = [order[k] for k in PERMUTATION]
    return tuple(rounds)


SCHEDULE = _schedule()


class _Masks:
    """Constants for a number of lanes: one in each lane, the lane's number, and the bit masks of the rotations."""

    def __init__(self, lanes):
        self.ones = int.from_bytes((b"\1" + bytes(LANE_BYTES - 1)) * lanes, "little")
        self.word = self.ones * WORD
        self.low = tuple(self.ones * ((1 << n) - 1) for n in (16, 12, 8, 7))
        self.high = tuple(self.word ^ low for low in self.low)
        self.numbers = int.from_bytes(b"".join(n.to_bytes(LANE_BYTES, "little") for n in range(lanes)), "little")


_masks_made = {}


def _masks(lanes):
    masks = _masks_made.get(lanes)
    if masks is None:
        if len(_masks_made) > 64:
            _masks_made.clear()
        masks = _masks_made[lanes] = _Masks(lanes)
    return masks


def _mix(v, words, masks):
    """The seven rounds over the sixteen state words `v`, each holding all lanes; carries may be left above each word."""
    l16, l12, l8, l7 = masks.low
    h16, h12, h8, h7 = masks.high
    for order in SCHEDULE:
        at = 0
        for i, j, k, l in STEPS:
            a, b, c, d = v[i], v[j], v[k], v[l]
            a = a + b + words[order[at]]
            d ^= a
            d = (d & h16) >> 16 | (d & l16) << 16
            c += d
            b ^= c
            b = (b & h12) >> 12 | (b & l12) << 20
            a = a + b + words[order[at + 1]]
            d ^= a
            d = (d & h8) >> 8 | (d & l8) << 24
            c += d
            b ^= c
            v[j] = (b & h7) >> 7 | (b & l7) << 25
            v[i] = a
            v[k] = c
            v[l] = d
            at += 2
    return v


def _compress(chain, words, counter_low, counter_high, length, flags, masks):
    """One compression in every lane; gives the eight words of the next chaining value."""
    ones = masks.ones
    v = list(chain)
    v += [IV[0] * ones, IV[1] * ones, IV[2] * ones, IV[3] * ones]
    v += [counter_low, counter_high, length * ones, flags * ones]
    _mix(v, words, masks)
    mask = masks.word
    return [(v[i] ^ v[i + 8]) & mask for i in range(8)]


def _words(data, start, stride, lanes):
    """The sixteen words of one block in every lane; lane n's block begins at start + n * stride."""
    words = []
    stop = start + stride * (lanes - 1) + 1
    field = bytearray(LANE_BYTES * lanes)
    for at in range(0, BLOCK, 4):
        for byte in range(4):
            field[byte::LANE_BYTES] = data[start + at + byte:stop + at + byte:stride]
        words.append(int.from_bytes(field, "little"))
    return words


def _values(chain, lanes):
    """The chaining values of all lanes, 32 bytes each, one after another."""
    out = bytearray(32 * lanes)
    for n, word in enumerate(chain):
        field = word.to_bytes(LANE_BYTES * lanes, "little")
        for byte in range(4):
            out[4 * n + byte::32] = field[byte::LANE_BYTES]
    return bytes(out)


def _hash_chunks(data, lanes, counter, key, flags):
    """The values of whole chunks, hashed side by side; `counter` is the first one's number."""
    masks = _masks(lanes)
    ones = masks.ones
    if (counter & WORD) + lanes > 1 << 32:  # the low half of the counter would carry: hash up to there first
        first = (1 << 32) - (counter & WORD)
        return (_hash_chunks(data[:first * CHUNK], first, counter, key, flags)
                + _hash_chunks(data[first * CHUNK:], lanes - first, counter + first, key, flags))
    low = (counter & WORD) * ones + masks.numbers
    high = (counter >> 32) * ones
    chain = [word * ones for word in key]
    for start in range(0, CHUNK, BLOCK):
        flag = flags | (CHUNK_START if start == 0 else CHUNK_END if start == CHUNK - BLOCK else 0)
        chain = _compress(chain, _words(data, start, CHUNK, lanes), low, high, BLOCK, flag, masks)
    return _values(chain, lanes)


def _hash_parents(values, key, flags):
    """One level up: each two neighbouring values give one; an odd last one goes up as it is."""
    lanes = len(values) // 64
    out = []
    for first in range(0, lanes, LANES):
        n = min(LANES, lanes - first)
        masks = _masks(n)
        chain = [word * masks.ones for word in key]
        words = _words(values, first * 64, 64, n)
        out.append(_values(_compress(chain, words, 0, 0, BLOCK, flags | PARENT, masks), n))
    out.append(values[lanes * 64:])
    return b"".join(out)


def _root(chain, words, length, flags, wanted):
    """The extended output: the last compression again and again with the counter of the output block."""
    out = []
    blocks = -(-wanted // BLOCK)
    for first in range(0, blocks, LANES):
        n = min(LANES, blocks - first)
        masks = _masks(n)
        ones = masks.ones
        v = [word * ones for word in chain]
        v += [IV[0] * ones, IV[1] * ones, IV[2] * ones, IV[3] * ones]
        v += [(first & WORD) * ones + masks.numbers, (first >> 32) * ones, length * ones, (flags | ROOT) * ones]
        _mix(v, [word * ones for word in words], masks)
        part = bytearray(BLOCK * n)
        for i in range(16):
            word = v[i] ^ (v[i + 8] if i < 8 else chain[i - 8] * ones)
            field = (word & masks.word).to_bytes(LANE_BYTES * n, "little")
            for byte in range(4):
                part[4 * i + byte::BLOCK] = field[byte::LANE_BYTES]
        out.append(part)
    return b"".join(out)[:wanted]


def _little_words(data):
    return tuple(int.from_bytes(data[i:i + 4], "little") for i in range(0, len(data), 4))


class Blake3:
    """The hash of bytes that come piece by piece. `key` is 32 bytes; `flags` says in which mode it is used."""

    def __init__(self, key=None, flags=0):
        self._key = IV if key is None else _little_words(key)
        self._flags = flags
        self._pending = []  # bytes that are not hashed yet; never empty once bytes came, as the last chunk is special
        self._pending_length = 0
        self._chunks = 0
        self._subtrees = []  # values of subtrees of LANES / KEPT chunks each

    def update(self, data):
        view = memoryview(data).cast("B")
        batch = LANES * CHUNK
        at = 0
        while self._pending_length + len(view) - at > batch:
            take = batch - self._pending_length
            self._pending.append(view[at:at + take])
            at += take
            whole = self._pending[0] if len(self._pending) == 1 else b"".join(self._pending)
            self._subtrees.append(self._subtree_values(bytes(whole)))
            self._pending = []
            self._pending_length = 0
        if at < len(view):
            self._pending.append(bytes(view[at:]))
            self._pending_length += len(view) - at
            if len(self._pending) > 4096:
                self._pending = [b"".join(self._pending)]
        return self

    def _subtree_values(self, data):
        values = _hash_chunks(data, LANES, self._chunks, self._key, self._flags)
        self._chunks += LANES
        while len(values) > 32 * KEPT:
            values = _hash_parents(values, self._key, self._flags)
        return values

    def digest(self, length=32):
        """The digest so far; more bytes may follow."""
        key, flags = self._key, self._flags
        data = b"".join(self._pending)
        whole = max(len(data) - 1, 0) // CHUNK  # the last chunk, full or not, is hashed alone
        last = data[whole * CHUNK:]
        counter = self._chunks + whole
        chain = key
        blocks = max(1, -(-len(last) // BLOCK))
        masks = _masks(1)
        for n in range(blocks):
            block = last[n * BLOCK:(n + 1) * BLOCK]
            words = _little_words(block + bytes(BLOCK - len(block)))
            flag = flags | (CHUNK_START if n == 0 else 0) | (CHUNK_END if n == blocks - 1 else 0)
            if n == blocks - 1 and counter == 0:
                return _root(chain, words, len(block), flag, length)
            chain = _compress(chain, words, counter & WORD, counter >> 32, len(block), flag, masks)
        last = _values(chain, 1)

        # A level is hashed in one go: pairs count from the left, and an odd last value goes up as it is. That is the
        # paper's tree, in which every left subtree is full. First the rest is brought to the level of the kept values.
        rest = last
        if whole:
            rest = _hash_chunks(data[:whole * CHUNK], whole, self._chunks, key, flags) + rest
        if self._subtrees:
            size = 1
            while size < LANES // KEPT:
                rest = _hash_parents(rest, key, flags)
                size *= 2
        values = b"".join(self._subtrees) + rest
        while len(values) > 64:
            values = _hash_parents(values, key, flags)
        return _root(key, _little_words(values), BLOCK, flags | PARENT, length)
