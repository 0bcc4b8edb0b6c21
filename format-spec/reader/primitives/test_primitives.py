"""Tests of the primitives: `python3 -m unittest primitives.test_primitives` beside the folder, or this file as a script.

Every implementation that is found here is tested, not only the chosen one; the plain Python one always.
"""

import hashlib
import os
import random
import sys
import time
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
# As a script this file's folder is searched first, and its `blake3.py` would hide the installed module of that name.
sys.path[:] = [folder for folder in sys.path if os.path.abspath(folder or os.getcwd()) != HERE]
sys.path.insert(0, os.path.dirname(HERE))

import primitives  # noqa: E402
from primitives import PrimitiveError, aes_gcm, argon2, native, test_vectors as vectors, zstd  # noqa: E402

WINDOW = 1 << 27


def pattern(length):
    return (bytes(range(251)) * (length // 251 + 1))[:length]


def found(primitive):
    """All implementations, plain Python last."""
    made = list(native.candidates(primitive))
    assert made[-1][0] == native.PURE
    return made


def libzstd_compress():
    """Compression, for tests only: an installed module, or libzstd; else None."""
    try:
        module = native._module("zstandard")
        return lambda data, level, checksum: module.ZstdCompressor(
            level=level, write_checksum=checksum, write_content_size=level % 2 == 1).compress(data)
    except native.Unusable:
        pass
    try:
        import ctypes
        library = native._library("zstd", ("1",), "ZSTD_compress")
        size = ctypes.c_size_t
        run = native._declare(library, "ZSTD_compress", size, ctypes.c_void_p, size, ctypes.c_char_p, size,
                              ctypes.c_int)
    except native.Unusable:
        return None

    def compress(data, level, checksum):
        out = ctypes.create_string_buffer(len(data) + len(data) // 100 + 1000)
        length = run(out, len(out), data, len(data), level)
        return out.raw[:length]

    return compress


def structured(chance):
    """Bytes of some random structure."""
    length = chance.choice([0, 1, 2, 7, 60, 300, 1200, 5000, 20000, 70000, 150000])
    kind = chance.randrange(7)
    if kind == 0:
        return chance.getrandbits(8 * length or 1).to_bytes(length + 1, "little")
    if kind == 1:
        return bytes([chance.randrange(256)]) * length
    if kind == 2:
        return bytes(chance.choices(b"etaoin shrdlu", k=length))
    if kind == 3:
        words = [bytes(chance.choices(range(256), k=chance.randrange(1, 12))) for _ in range(40)]
        return b"".join(chance.choices(words, k=length // 6))
    if kind == 4:
        piece = bytes(chance.choices(range(256), k=chance.randrange(1, 90)))
        return (piece * (length // len(piece) + 1))[:length]
    if kind == 5:
        return bytes(min(255, int(chance.expovariate(0.05))) for _ in range(length))
    return b"".join(bytes(chance.choices(range(256), k=3)) + bytes([n % 7]) * chance.randrange(300)
                    for n in range(length // 150))


class Blake3(unittest.TestCase):
    def test_vectors(self):
        for name, made in found("blake3"):
            extended = hashlib.sha256()
            for length, answers in vectors.BLAKE3.items():
                modes = ({}, {"key": vectors.BLAKE3_KEY}, {"context": vectors.BLAKE3_CONTEXT})
                for mode, answer in zip(modes, answers):
                    hasher = made(**mode)
                    hasher.update(pattern(length))
                    self.assertEqual(hasher.digest().hex(), answer, (name, length, mode))
                    extended.update(hasher.digest(131))
            self.assertEqual(extended.hexdigest(), vectors.BLAKE3_EXTENDED, name)

    def test_interface(self):
        data = pattern(1025)
        plain, key, derived = vectors.BLAKE3[1025]
        self.assertEqual(primitives.blake3(data).hex(), plain)
        self.assertEqual(primitives.blake3(memoryview(bytearray(data))).hex(), plain)
        self.assertEqual(primitives.blake3_keyed(vectors.BLAKE3_KEY, data).hex(), key)
        self.assertEqual(primitives.blake3_derive_key(vectors.BLAKE3_CONTEXT, data).hex(), derived)
        self.assertEqual(primitives.blake3(data, 7).hex(), plain[:14])
        self.assertEqual(primitives.Blake3().update(data[:1000]).update(data[1000:]).digest().hex(), plain)
        with self.assertRaises(PrimitiveError):
            primitives.blake3_keyed(b"short", data)

    def test_long_and_piece_by_piece(self):
        """Plain Python against native, around the borders of its batches, and with pieces of any length."""
        made = found("blake3")
        if len(made) == 1:
            self.skipTest("no native BLAKE3 here")
        native_one, pure = made[0][1], made[-1][1]
        chance = random.Random(5)
        mebi = 1 << 20
        for length in (mebi - 1, mebi, mebi + 1, mebi + 1024, 2 * mebi, 3 * mebi + 32769, 5 * mebi - 1023):
            data = hashlib.sha256(b"%d" % length).digest() * (length // 32 + 1)
            whole, pieces = native_one(), pure()
            whole.update(data[:length])
            at = 0
            while at < length:
                step = chance.choice([1, 63, 1024, 5000, 300000, 1500000])
                pieces.update(data[at:min(at + step, length)])
                at += step
                if chance.random() < 0.05:
                    pieces.digest()
            self.assertEqual(pieces.digest(100), whole.digest(100), length)
        a, b = native_one(), pure()
        self.assertEqual(a.digest(200001), b.digest(200001))

    def test_counter_carries(self):
        """Chunk numbers beyond 2^32 are cut where their low half begins anew."""
        from primitives.blake3 import IV, _hash_chunks
        data = pattern(4096)
        apart = b"".join(_hash_chunks(data[n * 1024:n * 1024 + 1024], 1, (1 << 32) - 2 + n, IV, 0) for n in range(4))
        self.assertEqual(_hash_chunks(data, 4, (1 << 32) - 2, IV, 0), apart)


class Zstd(unittest.TestCase):
    def test_vectors(self):
        for name, decompress in found("zstd"):
            for what, raw, frame in vectors.ZSTD:
                self.assertEqual(decompress(frame, len(raw), WINDOW), raw, (name, what))
                self.assertEqual(decompress(memoryview(bytearray(frame)), len(raw), WINDOW), raw, (name, what))

    def refused(self, what, frame, raw_length, window=WINDOW):
        for name, decompress in found("zstd"):
            with self.assertRaises(PrimitiveError, msg="%s: %s" % (name, what)):
                decompress(frame, raw_length, window)

    def test_refused_forms(self):
        for what, raw, frame in vectors.ZSTD:
            length = len(raw)
            for other in (length + 1, length - 1, 2 * length + 5, 0 if length else 9):
                if other >= 0:
                    self.refused(what + ", another length", frame, other)
            self.refused(what + ", byte after", frame + b"\0", length)
            self.refused(what + ", two frames", frame + frame, 2 * length)
            self.refused(what + ", frame after", frame + vectors.ZSTD[0][2], length)
            skippable = b"\x50\x2a\x4d\x18\x03\0\0\0abc"
            self.refused(what + ", skippable before", skippable + frame, length)
            self.refused(what + ", skippable after", frame + skippable, length)
            for cut in sorted({1, 2, 3, 4, 5, len(frame) // 2, len(frame) - 5}):
                if 0 < cut < len(frame):
                    self.refused(what + ", cut short", frame[:-cut], length)
        self.refused("empty", b"", 0)

    def test_header(self):
        body = b"\x01\x00\x00"  # a last raw block without bytes
        magic = zstd.MAGIC
        for name, decompress in found("zstd"):
            self.assertEqual(decompress(magic + b"\x00\x00" + body, 0, 1024), b"", name)
            self.assertEqual(decompress(magic + b"\x01\x00\x00" + body, 0, 1024), b"", name)  # dictionary 0: none
        self.refused("window", magic + b"\x00\x08" + body, 0, 1024)
        self.refused("widest window", magic + b"\x00\xff" + body, 0)
        self.refused("dictionary", magic + b"\x01\x00\x07" + body, 0)
        self.refused("reserved bit", magic + b"\x08\x00" + body, 0)
        self.refused("reserved block", magic + b"\x00\x00\x07\x00\x00", 0)
        self.refused("no end", magic + b"\x00\x00\x00\x00\x00", 0)
        self.refused("single segment wider than the window", magic + b"\xa0" + (5000).to_bytes(4, "little")
                     + b"\x43\x9c\x00x", 5000, 4999)
        single = magic + b"\xa0" + (5000).to_bytes(4, "little") + b"\x43\x9c\x00x"
        for name, decompress in found("zstd"):
            self.assertEqual(decompress(single, 5000, 5000), b"x" * 5000, name)

    def test_checksum(self):
        for what, raw, frame in vectors.ZSTD:
            if frame[4] & 4:
                for bit in (0, 13, 31):
                    changed = bytearray(frame)
                    changed[-4 + bit // 8] ^= 1 << bit % 8
                    self.refused(what, bytes(changed), len(raw))
        self.assertEqual(zstd._xxh64(b""), 0xEF46DB3751D8E999)
        self.assertEqual(zstd._xxh64(b"abc"), 0x44BC2CF5AD770999)

    def test_random_against_native(self):
        compress = libzstd_compress()
        if compress is None:
            self.skipTest("nothing here compresses zstd")
        chance = random.Random(11)
        made = found("zstd")
        until = time.time() + 25
        for number in range(300):
            raw = structured(chance)
            frame = compress(raw, chance.choice([-3, 1, 2, 3, 6, 9, 15, 19, 22]), chance.random() < 0.5)
            for name, decompress in made:
                self.assertEqual(decompress(frame, len(raw), WINDOW), raw, (name, number))
            if time.time() > until and number > 60:
                break

    def test_flipped(self):
        """Changed frames are refused or give the right number of bytes, in bounded time, whatever was changed."""
        chance = random.Random(3)
        made = found("zstd")
        for what, raw, frame in vectors.ZSTD:
            for _ in range(60):
                changed = bytearray(frame)
                for _ in range(chance.choice([1, 1, 1, 2, 8])):
                    changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
                answers = []
                for _, decompress in made:
                    try:
                        out = decompress(bytes(changed), len(raw), WINDOW)
                        self.assertEqual(len(out), len(raw))
                    except PrimitiveError:
                        out = None
                    answers.append(out)
                # libzstd does not always look whether a Huffman stream ends where it should, and then gives any bytes
                # (one version others than another). Plain Python refuses those. What it accepts all accept alike.
                if answers[-1] is not None:
                    self.assertEqual(answers.count(answers[-1]), len(answers), what)

    def test_offset_beyond_the_window(self):
        """Decoders that keep only the window could not carry it out."""
        for what, raw, frame in vectors.ZSTD:
            if what == "many small blocks":
                with self.assertRaises(PrimitiveError):
                    zstd.decompress(frame[:5] + b"\0" + frame[6:], len(raw), WINDOW)

    def test_noise_as_block(self):
        """Random bytes as a compressed block."""
        chance = random.Random(4)
        pure = found("zstd")[-1][1]
        for _ in range(1500):
            size = chance.randrange(2, 200)
            body = bytearray(chance.choices(range(256), k=size))
            body[0] = body[0] & 0xF8 | chance.choice([0, 1, 2, 2, 3])
            frame = zstd.MAGIC + b"\x00\x38" + (size << 3 | 5).to_bytes(3, "little") + bytes(body)
            try:
                pure(frame, 5000, WINDOW)
            except PrimitiveError:
                pass


class AesGcm(unittest.TestCase):
    def test_cipher(self):
        """FIPS 197, appendix C.3."""
        cipher = aes_gcm._Cipher(aes_gcm._round_keys(bytes(range(32))), 3)
        block = bytes.fromhex("00112233445566778899aabbccddeeff")
        out = cipher.encrypt([bytes([byte]) * 3 for byte in block])
        self.assertEqual(out.hex(), "8ea2b7ca516745bfeafc49904b496089" * 3)

    def test_vectors(self):
        for name, opened in found("aes-256-gcm"):
            for key, nonce, aad, text, cipher, tag in vectors.GCM:
                self.assertEqual(opened(key, nonce, aad, cipher + tag), text, name)
                self.assertEqual(opened(bytearray(key), nonce, memoryview(aad), memoryview(cipher + tag)), text, name)

    def test_refused(self):
        key, nonce, aad, text, cipher, tag = vectors.GCM[3]
        sealed = cipher + tag
        changed = [(key, nonce, aad[:-1], sealed), (key, nonce, b"", sealed), (key, bytes(12), aad, sealed),
                   (bytes(32), nonce, aad, sealed), (key, nonce, aad, sealed[:-1]), (key, nonce, aad, sealed + b"\0"),
                   (key, nonce, aad, b""), (key, nonce, aad, tag[:15]), (key, nonce, aad, tag),
                   (key[:16], nonce, aad, sealed), (key, nonce + b"\0", aad, sealed)]
        for at in range(len(sealed)):
            flipped = bytearray(sealed)
            flipped[at] ^= 0x10
            changed.append((key, nonce, aad, bytes(flipped)))
        for name, opened in found("aes-256-gcm"):
            for case in changed:
                with self.assertRaises(PrimitiveError, msg=name):
                    opened(*case)

    def test_lengths_against_itself(self):
        """The two forms of the hash agree, and the measuring answer is right in each implementation."""
        sealed = bytes(primitives.known.GCM_ZEROS) + primitives.known.GCM_ZEROS_TAG
        texts = {opened(bytes(32), bytes(12), b"", sealed) for _, opened in found("aes-256-gcm")}
        self.assertEqual(len(texts), 1)
        key = aes_gcm._Key(bytes(range(32)))
        data = pattern(16 * (4 * aes_gcm.LANES + 3))
        total = 0
        for at in range(0, len(data), 16):
            total = aes_gcm._product(total ^ int.from_bytes(data[at:at + 16], "big"), key.factor)
        self.assertEqual(key.hash(data), total)

    def test_against_native(self):
        try:
            seal = native._module("cryptography.hazmat.primitives.ciphers.aead").AESGCM
        except native.Unusable:
            self.skipTest("no module cryptography here")
        for length in (0, 1, 15, 16, 17, 1000, 16383, 16384, 16385, 65520, 65536, 65537, 100001, 300000):
            key, nonce, aad = os.urandom(32), os.urandom(12), os.urandom(length % 50)
            text = os.urandom(length)
            sealed = seal(key).encrypt(nonce, text, aad)
            for name, opened in found("aes-256-gcm"):
                self.assertEqual(opened(key, nonce, aad, sealed), text, (name, length))


class Argon2(unittest.TestCase):
    def test_rfc_9106(self):
        """RFC 9106, 5.3."""
        made = argon2.argon2id(b"\1" * 32, b"\2" * 16, 32, 3, 4, 32, b"\3" * 8, b"\4" * 12)
        self.assertEqual(made.hex(), "0d640df58d78766c08c037a34a8b53c9d01ef0452d75b65eb52520e96b01e659")

    def test_vectors(self):
        for name, derive in found("argon2id"):
            for password, salt, memory, passes, lanes, answer in vectors.ARGON2:
                made = derive(password, salt, memory, passes, lanes, len(answer) // 2)
                self.assertEqual(made.hex(), answer, (name, memory, passes, lanes))

    def test_settings(self):
        for name, derive in found("argon2id"):
            for salt, memory, passes, lanes, length in (
                    (b"short", 64, 1, 1, 32), (b"longenough", 7, 1, 1, 32), (b"longenough", 15, 1, 2, 32),
                    (b"longenough", 64, 0, 1, 32), (b"longenough", 64, 1, 0, 32), (b"longenough", 64, 1, 1, 3)):
                with self.assertRaises(PrimitiveError, msg=name):
                    derive(b"password", salt, memory, passes, lanes, length)


class Choice(unittest.TestCase):
    def test_implementations(self):
        for primitive, name, number in primitives.implementations():
            self.assertIn(primitive, native.FOUND)
            self.assertTrue(name)
            self.assertGreater(number, 0)

    def test_pure(self):
        before = os.environ.get("TINTYPE_READER_PURE")
        os.environ["TINTYPE_READER_PURE"] = "1"
        try:
            for primitive in native.FOUND:
                self.assertEqual([name for name, _ in native.candidates(primitive)], [native.PURE])
        finally:
            if before is None:
                del os.environ["TINTYPE_READER_PURE"]
            else:
                os.environ["TINTYPE_READER_PURE"] = before

    def test_wrong_answers_are_not_used(self):
        check, wrap, entries = native.FOUND["argon2id"]
        wrong = ("wrong", lambda: lambda *arguments: b"x" * 32)
        broken = ("broken", lambda: 1 // 0)
        native.FOUND["argon2id"] = check, wrap, (wrong, broken) + entries[-1:]
        try:
            self.assertEqual([name for name, _ in native.candidates("argon2id")], [native.PURE])
        finally:
            native.FOUND["argon2id"] = check, wrap, entries


if __name__ == "__main__":
    print(*["%s: %s" % (primitive, ", ".join(name for name, _ in native.candidates(primitive)))
            for primitive in native.FOUND], sep="\n")
    unittest.main()
