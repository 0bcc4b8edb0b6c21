"""Looks for native implementations of the primitives: installed modules, then shared libraries through ctypes.

Nothing here is needed: where nothing is found, the plain Python forms do. What is found answers a known question first,
and is not used if it answers wrong.
"""

import hashlib
import importlib
import os
import sys

try:
    import ctypes
    import ctypes.util
except ImportError:  # a Python that was built without it
    ctypes = None

from . import known
# Imported here and not when first needed: the package's function `blake3` then takes the place of its file's name.
from .blake3 import DERIVE_KEY_CONTEXT, DERIVE_KEY_MATERIAL, KEYED_HASH, Blake3
from .errors import PrimitiveError
from .zstd import frame_blocks


class Unusable(Exception):
    """An implementation that is not there."""


def _module(name):
    """An installed module. Imports are absolute, so this package's files of the same names are never meant."""
    try:
        return importlib.import_module(name)
    except Exception:  # a broken installation may raise anything
        raise Unusable(name) from None


def _library_names(name, versions):
    """Where the library may lie. Versioned names only: macOS ends a process that loads its unversioned libcrypto."""
    if sys.platform == "win32":
        folders = [os.path.join(sys.base_prefix, "DLLs"), sys.base_prefix, os.path.dirname(sys.executable)]
        files = {
            "crypto": ["libcrypto-3-x64.dll", "libcrypto-3-arm64.dll", "libcrypto-3.dll", "libcrypto-1_1-x64.dll",
                       "libcrypto-1_1.dll"],
        }.get(name, ["lib%s.dll" % name, "%s.dll" % name])
        for folder in folders:
            for file in files:
                path = os.path.join(folder, file)
                if os.path.exists(path):
                    yield path
        for file in files:
            yield file
    elif sys.platform == "darwin":
        folders = [os.path.join(sys.base_prefix, "lib")]
        folders += ["/opt/homebrew/opt/openssl@3/lib", "/usr/local/opt/openssl@3/lib"] if name == "crypto" else []
        folders += ["/opt/homebrew/lib", "/usr/local/lib", "/opt/local/lib"]
        for folder in folders:
            for version in versions:
                path = os.path.join(folder, "lib%s.%s.dylib" % (name, version))
                if os.path.exists(path):
                    yield path
    else:
        for version in versions:
            yield "lib%s.so.%s" % (name, version)
        found = ctypes.util.find_library(name)
        if found:
            yield found


def _library(name, versions, *functions):
    """The first library that loads and has all the functions."""
    if ctypes is None:
        raise Unusable("ctypes")
    for path in _library_names(name, versions):
        try:
            library = ctypes.CDLL(path)
            for function in functions:
                getattr(library, function)
            return library
        except (OSError, AttributeError):
            continue
    raise Unusable(name)


def _declare(library, name, result, *arguments):
    function = getattr(library, name)
    function.restype = result
    function.argtypes = arguments
    return function


# --- BLAKE3: classes with update(data) and digest(length), made with a key, a context, or neither ---------------------

def _blake3_module():
    make = _module("blake3").blake3

    class ModuleBlake3:
        def __init__(self, key=None, context=None):
            self._hasher = make(key=key) if key is not None else (
                make(derive_key_context=context) if context is not None else make())

        def update(self, data):
            self._hasher.update(data)

        def digest(self, length=32):
            return self._hasher.digest(length=length)

    return ModuleBlake3


def _blake3_library():
    library = _library("blake3", ("0", "1"), "blake3_hasher_init_derive_key_raw")
    pointer, size = ctypes.c_void_p, ctypes.c_size_t
    init = _declare(library, "blake3_hasher_init", None, pointer)
    init_keyed = _declare(library, "blake3_hasher_init_keyed", None, pointer, ctypes.c_char_p)
    init_derive = _declare(library, "blake3_hasher_init_derive_key_raw", None, pointer, ctypes.c_char_p, size)
    more = _declare(library, "blake3_hasher_update", None, pointer, ctypes.c_char_p, size)
    finish = _declare(library, "blake3_hasher_finalize", None, pointer, pointer, size)

    class LibraryBlake3:
        def __init__(self, key=None, context=None):
            self._state = ctypes.create_string_buffer(8192)  # the library's own takes 1912 bytes
            if key is not None:
                init_keyed(self._state, bytes(key))
            elif context is not None:
                context = context.encode("utf-8")
                init_derive(self._state, context, len(context))
            else:
                init(self._state)

        def update(self, data):
            data = bytes(data)
            more(self._state, data, len(data))

        def digest(self, length=32):
            out = ctypes.create_string_buffer(max(length, 1))
            finish(self._state, out, length)
            return out.raw[:length]

    return LibraryBlake3


def _blake3_pure():
    class PureBlake3(Blake3):
        def __init__(self, key=None, context=None):
            if key is not None:
                super().__init__(key, KEYED_HASH)
            elif context is not None:
                name = Blake3(None, DERIVE_KEY_CONTEXT).update(context.encode("utf-8")).digest()
                super().__init__(name, DERIVE_KEY_MATERIAL)
            else:
                super().__init__()

    return PureBlake3


def _check_blake3(made):
    plain = made()
    plain.update(b"abc" * 700)
    key = made(key=bytes(range(32)))
    key.update(b"abc")
    derived = made(context="tintype \u00e9")
    derived.update(b"abc")
    return plain.digest(40) + key.digest() + derived.digest() == known.BLAKE3


# --- zstd: functions of (frame, raw length, window at most); `frame_blocks` was asked before ---------------------------

def _zstd_standard(name):
    module = _module(name)
    error = module.ZstdError
    limit = module.DecompressionParameter.window_log_max
    bounds = limit.bounds()

    def decompress(data, raw_length, window_max):
        log = min(max(max(window_max, raw_length, 1).bit_length(), bounds[0]), bounds[1])
        try:
            decoder = module.ZstdDecompressor(options={limit: log})
            out = decoder.decompress(data, max_length=raw_length + 1)
            while not decoder.eof and not decoder.needs_input and len(out) <= raw_length:
                more = decoder.decompress(b"", max_length=raw_length + 1 - len(out))
                if not more and not decoder.eof:
                    break
                out += more
        except error as reason:
            raise PrimitiveError("zstd: %s" % reason) from None
        if not decoder.eof or decoder.unused_data:
            raise PrimitiveError("zstd: frame does not end where it should")
        return out

    return decompress


def _zstd_module():
    module = _module("zstandard")
    error = module.ZstdError

    def decompress(data, raw_length, window_max):
        window = min(max(window_max, raw_length, 1024), 1 << 31)
        try:
            reader = module.ZstdDecompressor(max_window_size=window).stream_reader(data)
            parts = []
            left = raw_length + 1  # one more than there should be: so the frame's end and checksum are read, too
            while left:
                part = reader.read(left)
                if not part:
                    break
                parts.append(part)
                left -= len(part)
        except error as reason:
            raise PrimitiveError("zstd: %s" % reason) from None
        return b"".join(parts)

    return decompress


def _zstd_library():
    library = _library("zstd", ("1",), "ZSTD_decompress", "ZSTD_isError")
    pointer, size = ctypes.c_void_p, ctypes.c_size_t
    run = _declare(library, "ZSTD_decompress", size, pointer, size, ctypes.c_char_p, size)
    wrong = _declare(library, "ZSTD_isError", ctypes.c_uint, size)

    def decompress(data, raw_length, window_max):
        out = ctypes.create_string_buffer(max(raw_length, 1))
        length = run(out, raw_length, data, len(data))
        if wrong(length):
            raise PrimitiveError("zstd: frame not valid")
        return ctypes.string_at(out, length)

    return decompress


def _zstd_strict(decompress):
    """The same rules for every native implementation: see `frame_blocks`."""
    def strict(data, raw_length, window_max):
        data = bytes(data)
        frame_blocks(data, raw_length, window_max)
        out = decompress(data, raw_length, window_max)
        if len(out) != raw_length:
            raise PrimitiveError("zstd: %d bytes instead of %d" % (len(out), raw_length))
        return out

    return strict


def _zstd_pure():
    from . import zstd
    return zstd.decompress


def _check_zstd(decompress):
    frame = known.zstd_frame()
    if hashlib.sha256(decompress(frame, known.ZSTD_RAW_LENGTH, 1 << 20)).hexdigest() != known.ZSTD_RAW_SHA256:
        return False
    try:
        decompress(frame[:-1] + bytes([frame[-1] ^ 1]), known.ZSTD_RAW_LENGTH, 1 << 20)
    except PrimitiveError:
        return True
    return False  # a wrong checksum was not noticed


# --- AES-256-GCM: functions of (key, nonce, additional data, sealed) ---------------------------------------------------

def _lengths(key, nonce, sealed):
    if len(key) != 32 or len(nonce) != 12:
        raise PrimitiveError("AES-256-GCM takes a key of 32 bytes and a nonce of 12")
    if len(sealed) < 16:
        raise PrimitiveError("sealed bytes shorter than their tag")


def _gcm_module():
    module = _module("cryptography.hazmat.primitives.ciphers.aead")
    invalid = _module("cryptography.exceptions").InvalidTag

    def opened(key, nonce, aad, sealed):
        _lengths(key, nonce, sealed)
        try:
            return module.AESGCM(bytes(key)).decrypt(bytes(nonce), bytes(sealed), bytes(aad))
        except invalid:
            raise PrimitiveError("not authentic: wrong key, or changed bytes") from None

    return opened


def _gcm_library():
    library = _library("crypto", ("3", "1.1"), "EVP_aes_256_gcm", "EVP_CIPHER_CTX_new", "EVP_DecryptFinal_ex")
    pointer, number = ctypes.c_void_p, ctypes.c_int
    new = _declare(library, "EVP_CIPHER_CTX_new", pointer)
    free = _declare(library, "EVP_CIPHER_CTX_free", None, pointer)
    cipher = _declare(library, "EVP_aes_256_gcm", pointer)
    init = _declare(library, "EVP_DecryptInit_ex", number, pointer, pointer, pointer, ctypes.c_char_p, ctypes.c_char_p)
    control = _declare(library, "EVP_CIPHER_CTX_ctrl", number, pointer, number, number, pointer)
    update = _declare(library, "EVP_DecryptUpdate", number, pointer, pointer, ctypes.POINTER(number), pointer, number)
    finish = _declare(library, "EVP_DecryptFinal_ex", number, pointer, pointer, ctypes.POINTER(number))
    set_nonce_length, set_tag = 0x9, 0x11
    part = 1 << 30  # lengths are C ints

    def opened(key, nonce, aad, sealed):
        _lengths(key, nonce, sealed)
        sealed = bytes(sealed)
        aad = bytes(aad)
        length = len(sealed) - 16
        out = ctypes.create_string_buffer(length + 16)
        source = ctypes.cast(ctypes.c_char_p(sealed), pointer).value
        target = ctypes.addressof(out)
        tag = ctypes.create_string_buffer(sealed[length:], 16)
        done = number(0)
        context = new()
        if not context:
            raise MemoryError
        try:
            good = init(context, cipher(), None, None, None) == 1
            good = good and control(context, set_nonce_length, 12, None) == 1
            good = good and init(context, None, None, bytes(key), bytes(nonce)) == 1
            if aad:
                good = good and update(context, None, ctypes.byref(done), aad, len(aad)) == 1
            for at in range(0, length, part):
                good = good and update(context, target + at, ctypes.byref(done), source + at,
                                       min(part, length - at)) == 1
            good = good and control(context, set_tag, 16, ctypes.cast(tag, pointer)) == 1
            good = good and finish(context, target + length, ctypes.byref(done)) == 1
        finally:
            free(context)
        if not good:
            raise PrimitiveError("not authentic: wrong key, or changed bytes")
        return ctypes.string_at(out, length)

    return opened


def _gcm_pure():
    from . import aes_gcm
    return aes_gcm.open_sealed


def _check_gcm(opened):
    key, nonce, aad, sealed, text = known.GCM
    if opened(key, nonce, aad, sealed) != text:
        return False
    try:
        opened(key, nonce, aad, sealed[:-1] + bytes([sealed[-1] ^ 1]))
    except PrimitiveError:
        return True
    return False


# --- Argon2id: functions of (password, salt, KiB, passes, lanes, length) -----------------------------------------------

def _argon2_module():
    module = _module("argon2.low_level")

    def derive(password, salt, memory_kib, passes, lanes, length=32):
        try:
            return module.hash_secret_raw(password, salt, passes, memory_kib, lanes, length, module.Type.ID, 0x13)
        except Exception as reason:
            raise PrimitiveError("Argon2id: %s" % reason) from None

    return derive


def _argon2_library():
    library = _library("argon2", ("1", "0"), "argon2id_hash_raw")
    number, size = ctypes.c_uint32, ctypes.c_size_t
    run = _declare(library, "argon2id_hash_raw", ctypes.c_int, number, number, number, ctypes.c_char_p, size,
                   ctypes.c_char_p, size, ctypes.c_void_p, size)

    def derive(password, salt, memory_kib, passes, lanes, length=32):
        out = ctypes.create_string_buffer(length)
        code = run(passes, memory_kib, lanes, password, len(password), salt, len(salt), out, length)
        if code:
            raise PrimitiveError("Argon2id: settings refused (%d)" % code)
        return out.raw

    return derive


def _argon2_cryptography():
    module = _module("cryptography.hazmat.primitives.kdf.argon2")

    def derive(password, salt, memory_kib, passes, lanes, length=32):
        try:
            return module.Argon2id(salt=salt, length=length, iterations=passes, lanes=lanes,
                                   memory_cost=memory_kib).derive(password)
        except ValueError as reason:
            raise PrimitiveError("Argon2id: %s" % reason) from None

    return derive


def _argon2_crypto():
    """OpenSSL from 3.2 on."""
    library = _library("crypto", ("3",), "EVP_KDF_fetch", "EVP_KDF_derive")
    pointer, number = ctypes.c_void_p, ctypes.c_uint32
    fetch = _declare(library, "EVP_KDF_fetch", pointer, pointer, ctypes.c_char_p, ctypes.c_char_p)
    new = _declare(library, "EVP_KDF_CTX_new", pointer, pointer)
    free = _declare(library, "EVP_KDF_CTX_free", None, pointer)
    run = _declare(library, "EVP_KDF_derive", ctypes.c_int, pointer, pointer, ctypes.c_size_t, pointer)
    function = fetch(None, b"ARGON2ID", None)
    if not function:
        raise Unusable("libcrypto before 3.2")
    unsigned, octets = 2, 5

    class Parameter(ctypes.Structure):
        """OSSL_PARAM."""
        _fields_ = [("key", ctypes.c_char_p), ("kind", ctypes.c_uint), ("data", pointer),
                    ("size", ctypes.c_size_t), ("returned", ctypes.c_size_t)]

    def derive(password, salt, memory_kib, passes, lanes, length=32):
        keep = []

        def text(key, value):
            buffer = ctypes.create_string_buffer(value, max(len(value), 1))
            keep.append(buffer)
            return Parameter(key, octets, ctypes.addressof(buffer), len(value), 0)

        def count(key, value):
            buffer = number(value)
            keep.append(buffer)
            return Parameter(key, unsigned, ctypes.addressof(buffer), 4, 0)

        end = Parameter(None, 0, None, 0, 0)
        parameters = (Parameter * 7)(
            text(b"pass", password), text(b"salt", salt), count(b"iter", passes), count(b"lanes", lanes),
            count(b"memcost", memory_kib), count(b"size", length), end)
        out = ctypes.create_string_buffer(length)
        context = new(function)
        if not context:
            raise MemoryError
        try:
            good = run(context, out, length, parameters) == 1
        finally:
            free(context)
        if not good:
            raise PrimitiveError("Argon2id: settings refused")
        return out.raw

    return derive


def _argon2_strict(derive):
    """The same settings for every implementation, as bytes and in the ranges of RFC 9106."""
    from .argon2 import check_settings

    def strict(password, salt, memory_kib, passes, lanes, length=32):
        check_settings(salt, memory_kib, passes, lanes, length)
        return derive(bytes(password), bytes(salt), memory_kib, passes, lanes, length)

    return strict


def _argon2_pure():
    from . import argon2
    return argon2.argon2id


def _check_argon2(derive):
    return derive(b"password", b"somesalt", 32, 2, 2, 24) == known.ARGON2


# --- the choice --------------------------------------------------------------------------------------------------------

PURE = "plain Python"
FOUND = {
    "blake3": (
        _check_blake3, lambda made: made,
        (("module blake3", _blake3_module), ("libblake3", _blake3_library), (PURE, _blake3_pure))),
    "zstd": (
        _check_zstd, _zstd_strict,
        (("module compression.zstd", lambda: _zstd_standard("compression.zstd")),
         ("module zstandard", _zstd_module), ("libzstd", _zstd_library), (PURE, _zstd_pure))),
    "aes-256-gcm": (
        _check_gcm, lambda opened: opened,
        (("module cryptography", _gcm_module), ("libcrypto", _gcm_library), (PURE, _gcm_pure))),
    "argon2id": (
        _check_argon2, _argon2_strict,
        (("module argon2", _argon2_module), ("libargon2", _argon2_library),
         ("module cryptography", _argon2_cryptography), ("libcrypto", _argon2_crypto), (PURE, _argon2_pure))),
}


def candidates(primitive):
    """All implementations that are there and answer right, the fastest first, as (name, implementation)."""
    check, wrap, entries = FOUND[primitive]
    for name, load in entries:
        if name == PURE:
            yield name, load()
            continue
        if os.environ.get("TINTYPE_READER_PURE") == "1":
            continue
        try:
            made = wrap(load())
            right = check(made)
        except Exception:  # whatever is wrong with it, the next one is asked
            continue
        if right:
            yield name, made


_chosen = {}


def choose(primitive):
    """(name, implementation); looked for once."""
    if primitive not in _chosen:
        _chosen[primitive] = next(candidates(primitive))
    return _chosen[primitive]
