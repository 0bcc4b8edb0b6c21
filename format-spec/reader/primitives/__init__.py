"""BLAKE3, zstd, AES-256-GCM and Argon2id for a reader that needs nothing but Python.

Each is looked for when it is first used: an installed module, a shared library, and else plain Python, which gives the
same bytes and refuses the same. With TINTYPE_READER_PURE=1 in the environment all are plain Python.
"""

import time

from . import known, native
from .errors import PrimitiveError

__all__ = ["Blake3", "PrimitiveError", "aes256_gcm_open", "argon2id", "blake3", "blake3_derive_key", "blake3_keyed",
           "implementations", "zstd_decompress"]


class Blake3:
    """BLAKE3 of bytes that come piece by piece."""

    def __init__(self):
        self._hasher = native.choose("blake3")[1]()

    def update(self, data):
        self._hasher.update(data)
        return self

    def digest(self, length=32):
        return self._hasher.digest(length)


def _hash(data, length, **mode):
    hasher = native.choose("blake3")[1](**mode)
    hasher.update(data)
    return hasher.digest(length)


def blake3(data, length=32):
    """BLAKE3 of `data`; more than 32 bytes are its extended output."""
    return _hash(data, length)


def blake3_keyed(key32, data):
    """BLAKE3 in keyed mode, 32 bytes."""
    if len(key32) != 32:
        raise PrimitiveError("BLAKE3 takes a key of 32 bytes")
    return _hash(data, 32, key=bytes(key32))


def blake3_derive_key(context, material, length=32):
    """BLAKE3 in key derivation mode; `context` is text."""
    return _hash(material, length, context=context)


def zstd_decompress(data, raw_length, window_max):
    """Exactly `raw_length` bytes out of exactly one frame; `PrimitiveError` for anything else."""
    return native.choose("zstd")[1](data, raw_length, window_max)


def aes256_gcm_open(key32, nonce12, aad, sealed):
    """The text of `sealed`, which is ciphertext and 16 bytes of tag; `PrimitiveError` if it is not authentic."""
    return native.choose("aes-256-gcm")[1](key32, nonce12, aad, sealed)


def argon2id(password, salt, memory_kib, passes, lanes, length=32):
    """Argon2id, version 0x13, without secret and associated data."""
    return native.choose("argon2id")[1](password, salt, memory_kib, passes, lanes, length)


def _rate(call, length, seconds=0.03):
    """MB/s of calls that each work on `length` bytes; the first call, which may make tables, does not count."""
    begin = time.perf_counter()
    call()
    if time.perf_counter() - begin > seconds:  # so slow that once must do
        return length / (time.perf_counter() - begin) / 1e6
    calls = 0
    begin = time.perf_counter()
    while True:
        call()
        calls += 1
        spent = time.perf_counter() - begin
        if spent > seconds:
            return calls * length / spent / 1e6


def _measure(primitive, made):
    """MB/s; of Argon2id the seconds that 64 MiB in 3 passes will take."""
    if primitive == "blake3":
        data = bytes(1 << 20)

        def call():
            hasher = made()
            hasher.update(data)
            hasher.digest()

        return _rate(call, len(data))
    if primitive == "zstd":
        frame = known.zstd_frame()
        return _rate(lambda: made(frame, known.ZSTD_RAW_LENGTH, 1 << 20), known.ZSTD_RAW_LENGTH)
    if primitive == "aes-256-gcm":
        sealed = bytes(known.GCM_ZEROS) + known.GCM_ZEROS_TAG
        return _rate(lambda: made(bytes(32), bytes(12), b"", sealed), len(sealed))
    rate = _rate(lambda: made(b"password", b"somesalt", 128, 1, 1, 32), 128 * 1024, 0.01)
    return 3 * (64 << 20) / 1e6 / rate


def implementations():
    """What is used, for the words on screen: (primitive, name, MB/s). Of argon2id the number is an estimate in seconds
    for 64 MiB in 3 passes."""
    return [(primitive, native.choose(primitive)[0], _measure(primitive, native.choose(primitive)[1]))
            for primitive in native.FOUND]

