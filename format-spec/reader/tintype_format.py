"""The format, whole: everything about bytes is here. Decodes, opens and refuses; touches no file and no screen.

The other files are the program around it: they list folders, judge, and write what is restored. Hashes and ciphers are
in primitives/, and their meaning nowhere but here. Each part names its chapter of the specification (the folder above).

Reading order: limits and `Refused`; `Reader`, the encoding of values; names and tintype.json; ids and Padme; header,
trailer and `take_apart`; `Keys` and seals, recovery codes; packs: `directory`, `open_record`; trees, from `entry` to
`DECODERS`; then a file of each kind: `open_manifest`, `open_needs`, `open_segment`, `open_notice`, `open_slot`.

What breaks a rule raises `Refused` with the code and the stage of limits.md. Integers are read in their one right
length and everything else has one form only, so what was decoded would encode again to the same bytes.
"""
import datetime
import json
import re
import unicodedata
from collections import namedtuple
from itertools import accumulate

from primitives import PrimitiveError, aes256_gcm_open, argon2id, blake3, blake3_derive_key, blake3_keyed, zstd_decompress

# limits.md -----------------------------------------------------------------------------------------------------
OBJECT_MAX = RECORD_MAX = WINDOW_MAX = 16 << 20
STORED_MAX = 32 << 20
PACK_MAX = 1 << 30
RECORDS_MAX = 1 << 20
DIRECTORY_MAX = 64 << 20
SMALL_FILE_MAX = 16 << 20
SEGMENT_MAX = 256 << 20
TEXT_MAX = 4096
PATH_MAX = 1 << 20
DEPTH_MAX = 512
SLOTS_TRIED, SLOTS_READ = 32, 1024
STAGES = {
    "file-short": "trailer", "trailer-mismatch": "trailer", "header-magic": "header", "format-too-new": "header",
    "wrong-kind": "header", "wrong-repository": "header", "header-not-zero": "header", "not-decodable": "decode",
    "not-canonical": "decode", "tail-not-zero": "decode", "over-limit": "value", "not-allowed": "value",
    "wrong-key": "key", "wrong-password": "key", "key-derivation": "key", "not-authentic": "seal",
    "record-not-decodable": "codec", "hash-mismatch": "hash", "tombstone-false": "hash", "instead-false": "hash",
    "wrong-recovery-code": "code"}

class Refused(Exception):
    """A file or object breaks a rule; `code` and `stage` as in limits.md."""

    def __init__(self, code, what="", stage=None):
        super().__init__(f"{what} ({code})" if what else code)
        self.code, self.what, self.stage = code, what, stage or STAGES[code]

    def __reduce__(self):                       # so that it passes from a worker process to the main one
        return Refused, (self.code, self.what, self.stage)

def need(condition, code, what="", stage=None):
    if not condition:
        raise Refused(code, what, stage)

# README.md, "Encoding of values" -------------------------------------------------------------------------------
class Reader:
    """Takes values off the front of some bytes."""

    def __init__(self, data):
        self.data, self.at = bytes(data), 0

    def fixed(self, count):
        need(count <= len(self.data) - self.at, "not-decodable", "the bytes end before the value does")
        self.at += count
        return self.data[self.at - count:self.at]

    def u8(self):
        return self.fixed(1)[0]

    def u64(self, widest=8):
        first = self.u8()
        if first <= 250:
            return first
        width = {251: 2, 252: 4, 253: 8}.get(first, 16)
        need(width <= widest, "not-decodable", "an integer wider than its type")
        value = int.from_bytes(self.fixed(width), "little")
        need(value > {2: 250, 4: 0xFFFF, 8: 0xFFFFFFFF}[width], "not-canonical", "an integer longer than needed")
        return value

    def u32(self):
        return self.u64(4)

    def i64(self):
        value = self.u64()
        return -(value + 1 >> 1) if value & 1 else value >> 1

    def count(self, limit=None, what=""):
        """The length of what follows; every item has a byte at least."""
        count = self.u64()
        need(count <= len(self.data) - self.at, "not-decodable", "a length larger than what is left")
        need(limit is None or count <= limit, "over-limit", what)
        return count

    def bytes(self, limit=None, what=""):
        return self.fixed(self.count(limit, what))

    def string(self, limit=None, what=""):
        try:
            return self.bytes(limit, what).decode("utf-8")
        except UnicodeDecodeError:
            raise Refused("not-decodable", "a string that is not UTF-8") from None

    def hash(self):
        return self.fixed(32)

    def list(self, item, limit=None, what=""):
        return [item(self) for _ in range(self.count(limit, what))]

    def option(self, item):
        tag = self.u8()
        need(tag <= 1, "not-decodable", "an option that is neither 0 nor 1")
        return item(self) if tag else None

    def end(self, padded=False):
        rest = self.data[self.at:]
        need(not rest or padded and not rest.strip(b"\0"), "tail-not-zero", "bytes after the value")

def whole(data, item, padded=False):
    """Decodes one value that takes up all of `data` (in padded places zeros may follow)."""
    reader = Reader(data)
    value = item(reader)
    reader.end(padded)
    return value

def rising(keys, what):
    need(all(a < b for a, b in zip(keys, keys[1:])), "not-allowed", what + " that are not sorted, or stand twice")

Time = namedtuple("Time", "seconds nanoseconds")

def time(r):
    moment = Time(r.i64(), r.u32())
    need(moment.nanoseconds < 10**9, "not-allowed", "a second has fewer nanoseconds")
    return moment

Needed = namedtuple("Needed", "name length kind")

def pack_kind(r):
    kind = r.u8()
    need(kind in (1, 2), "not-decodable", "a kind of packs that is not known")
    return kind

def pack_length(r):
    length = r.u64()
    need(length <= PACK_MAX, "over-limit", "a pack of over 1 GiB")
    return length

def needed(r):
    return Needed(r.hash(), pack_length(r), pack_kind(r))

def sorted_packs(r, limit, what):
    packs = r.list(needed, limit, what)
    rising([pack.name for pack in packs], "packs")
    return packs

# repository.md: names, tintype.json ----------------------------------------------------------------------------
KINDS = {"packs": (1, 2), "index": (3,), "snapshots": (4,), "keys": (5,), "needs": (16, 17), "tombstones": (18,),
         "instead": (19,)}
FOLDER_OF = {kind: folder for folder, kinds in KINDS.items() for kind in kinds}
ENDINGS = {"packs": "pack", "index": "index", "needs": "needs", "keys": "key", "tombstones": "tombstone",
           "instead": "instead"}
HEX = "[0-9a-f]{64}"
SNAPSHOT_NAME = re.compile(rf"(\d{{4}})-(\d\d)/((\d{{4}})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z)-({HEX})\.snapshot", re.A)

def name_of(path):
    """(what, hash or text, whether second) of a name in a repository; what is "foreign" if it is none of ours."""
    second = path.startswith("second/")
    top, _, rest = (path[7:] if second else path).partition("/")
    if path.rsplit("/", 1)[-1].startswith("tmp-"):
        return "temporary", "", second
    if top == "tintype.json" and not rest:
        return "repository-file", "", second
    if top in ENDINGS and not (second and top in ("index", "instead")):
        form = rf"([0-9a-f]{{2}}/)?({HEX})\.{ENDINGS[top]}"
        match = re.fullmatch(form, rest)
        if match and (match[1] == match[2][:2] + "/" if top in ("packs", "index", "needs") else not match[1]):
            return top, match[2], second
    match = SNAPSHOT_NAME.fullmatch(rest) if top == "snapshots" else None
    if match:
        year, month, *parts = (int(text) for text in match.group(4, 5, 6, 7, 8, 9))
        try:
            datetime.datetime(year, month, *parts)
        except ValueError:
            return "foreign", "", second
        if match.group(1, 2) == match.group(4, 5):
            return top, match[10], second
    if not second:
        if top == "rules" and re.fullmatch(r"[a-z0-9-]+\.(write|read|delete|check)", rest):
            return "rule", rest, False
        if path == "README.txt" or top in ("spec", "reader") and rest:
            return "guide", "", False
    return "foreign", "", second

def stamp(moment):
    """The time as it stands in a manifest's name."""
    if moment.seconds < 0:
        return "19700101T000000Z"
    if moment.seconds > 253402300799:
        return "99991231T235959Z"
    when = datetime.datetime(1970, 1, 1) + datetime.timedelta(seconds=moment.seconds)
    return f"{when.year:04}{when:%m%dT%H%M%S}Z"

def snapshot_path(moment, name):
    text = stamp(moment)
    return f"snapshots/{text[:4]}-{text[4:6]}/{text}-{name}.snapshot"

def pack_path(name, second=False):
    return "second/" * second + f"packs/{name[:2]}/{name}.pack"

RepositoryFile = namedtuple("RepositoryFile", "id encrypted key_check")

def repository_file(data):
    need(len(data) <= 4096, "over-limit", "tintype.json is longer than any")
    try:
        pairs = json.loads(data.decode("utf-8"), object_pairs_hook=tuple)
        members = dict(pairs if isinstance(pairs, tuple) else None)
    except (ValueError, TypeError, RecursionError):
        raise Refused("not-decodable", "tintype.json is no JSON object") from None
    need(len(members) == len(pairs), "not-decodable", "a member stands twice")
    need(members.get("format") == "tintype repository", "header-magic", "another program's file")
    version = members.get("version")
    need(type(version) is int and version >= 0, "not-decodable", "the version is no number")
    need(version <= 1, "format-too-new", "tintype.json was made by a newer version")
    need(version == 1, "not-allowed", "versions begin at 1")
    known = {"format", "version", "repository", "encryption", "key_check"}
    need(set(members) <= known and {"repository", "encryption"} <= set(members), "not-decodable", "other members")
    need(members["encryption"] in ("none", "aes-256-gcm"), "not-decodable", "an encryption that is not known")
    encrypted = members["encryption"] != "none"
    identity, check = members["repository"], members.get("key_check")
    need(isinstance(identity, str) and re.fullmatch("[0-9a-f]{32}", identity), "not-allowed", "the id")
    need((check is not None) == encrypted, "not-allowed", "a key check only and always if encrypted")
    need(check is None or isinstance(check, str) and re.fullmatch(HEX, check), "not-allowed", "the key check")
    lines = [f'  "{key}": {json.dumps(members[key])}' for key in ("format", "version", "repository", "encryption")]
    lines += [f'  "key_check": "{check}"'] if encrypted else []
    need(data == ("{\n" + ",\n".join(lines) + "\n}\n").encode(), "not-canonical", "another spelling")
    return RepositoryFile(bytes.fromhex(identity), encrypted, bytes.fromhex(check or ""))

# README.md: ids, Padme ------------------------------------------------------------------------------------------
OBJECTS = {2: "folder", 3: "page", 4: "piece list", 5: "list of piece lists", 6: "report", 7: "report page"}
HASH_OF_NOTHING = bytes.fromhex("af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262")

def object_id(kind, data):
    return blake3(data) if kind == 1 else blake3_derive_key("tintype 2026 object " + OBJECTS[kind], data)

def padme(length):
    """To what length a writer pads; readers take any."""
    if length < 2:
        return length
    exponent = length.bit_length() - 1
    mask = (1 << max(exponent - max(exponent.bit_length(), 1), 0)) - 1
    return (length + mask) & ~mask

# files.md: header, trailer, taking a file apart ----------------------------------------------------------------
MAGIC = b"\x89TINTYPE"

Header = namedtuple("Header", "kind repository salt key_check raw")

Trailer = namedtuple("Trailer", "kind sealed_length file_length sealed_offset salt")

Parts = namedtuple("Parts", "header trailer middle sealed")

def header(data):
    need(len(data) == 128, "file-short", "a header has 128 bytes")
    need(data[:8] == MAGIC, "header-magic", "not one of our files")
    need(data[10] != 0, "not-allowed", "reader versions begin at 1")
    need(data[10] == 1, "format-too-new", "needs a newer reader")
    need(data[8] in FOLDER_OF and data[11:16] == bytes(5), "format-too-new", "an unknown kind, key mode or epoch")
    need(not any(data[96:]), "header-not-zero", "bytes that must be zero")
    need(data[8] > 2 or data[9] == 1, "not-allowed", "a pack of another writer's version")
    need(data[8] < 16 or not any(data[32:96]), "header-not-zero", "a public kind with salt or key check")
    return Header(data[8], data[16:32], data[32:64], data[64:96], bytes(data))

def made_header(kind, repository, salt, key_check):
    """A pack's header, made anew from what an index segment says (index.md)."""
    return MAGIC + bytes([kind, 1, 1, 0]) + bytes(4) + repository + salt + key_check + bytes(32)

def has_trailer(data, file_length):
    """Of a file's last bytes. A file without one is short, whatever its length."""
    return file_length >= 192 and data[-64:-56] == MAGIC[::-1]

def trailer(data, file_length):
    need(len(data) == 64 and has_trailer(data, file_length), "file-short", "no trailer")
    need(data[8] in FOLDER_OF, "trailer-mismatch", "a kind of files that is not known")
    t = Trailer(data[8], *(int.from_bytes(data[a:b], "little") for a, b in ((12, 16), (16, 24), (24, 32))), data[32:64])
    need(not any(data[9:12]), "trailer-mismatch", "bytes that must be zero")
    need(t.file_length == file_length, "trailer-mismatch", f"{t.file_length} bytes stated, {file_length} found")
    need(t.sealed_offset >= 128 and t.sealed_offset + t.sealed_length + 64 == file_length, "trailer-mismatch",
         "the sealed body does not fill its place")
    return t

def both_ends(first, last, file_length, kinds, repository):
    """Header and trailer, out of a file's first 128 and last 64 bytes: steps 1 to 6 of "Taking a file apart"."""
    need(has_trailer(last, file_length), "file-short", "no trailer")
    head = header(first)
    need(last[8] == head.kind, "trailer-mismatch", "header and trailer differ in kind")
    tail = trailer(last, file_length)
    need(head.kind in kinds, "wrong-kind", "another kind of file")
    need(repository is None or head.repository == repository, "wrong-repository", "another repository's file")
    need(tail.salt == head.salt, "trailer-mismatch", "header and trailer differ in salt")
    return head, tail

def take_apart(data, kinds, repository):
    most = {1: PACK_MAX, 2: PACK_MAX, 3: SEGMENT_MAX}.get(kinds[0], SMALL_FILE_MAX)
    need(len(data) <= most, "over-limit", "longer than any such file")
    head, tail = both_ends(data[:128], data[-64:], len(data), kinds, repository)
    return Parts(head, tail, data[128:tail.sealed_offset], data[tail.sealed_offset:-64])

# keys.md: recovery code, keys, seals -------------------------------------------------------------------------------
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

def code_group(text, group):
    """The 20 bits of a group of five characters, whose last is a check in GF(32)."""
    def times(a, b):
        product = a * (b & 1) ^ (a << 1) * (b >> 1 & 1) ^ (a << 2) * (b >> 2)
        for bit in (6, 5):
            product ^= 0b100101 << bit - 5 if product >> bit & 1 else 0
        return product
    *values, check = (ALPHABET.index(c) for c in text)
    right, bits = group + 1, 0
    for weight, value in zip((2, 3, 4, 5), values):
        right, bits = right ^ times(value, weight), bits << 5 | value
    need(check == right, "wrong-recovery-code", f"group {group + 1} is mistyped")
    return bits

def recovery_code(text):
    """The 20 bytes of a recovery code as typed (keys.md)."""
    blanks = {c for c in text if c.isspace() and not "\x1c" <= c <= "\x1f"}    # these four are white space to Python alone
    digits = "".join(c for c in text if not (c in blanks or c == "-" or "\u2010" <= c <= "\u2015"))
    need(digits.isascii(), "wrong-recovery-code", "a character that no code has")
    digits = digits.upper().translate(str.maketrans("OIL", "011"))
    need(len(digits) == 40, "wrong-recovery-code", f"{len(digits)} characters where 40 are expected")
    need(all(c in ALPHABET for c in digits), "wrong-recovery-code", "a character that no code has")
    bits = 0
    for group in range(8):
        bits = bits << 20 | code_group(digits[5 * group:5 * group + 5], group)
    return bits.to_bytes(20, "big")

CONTEXTS = {1: "data pack", 2: "meta pack", 3: "index", 4: "manifest", 5: "key slot"}

def master_key(code):
    return blake3_derive_key("tintype 2026 master key", code)

def key_check(master):
    """`key_check` of tintype.json."""
    return blake3_derive_key("tintype 2026 key check", master)

def file_keys(kind, secret, salt):
    """File key and key check."""
    both = blake3_derive_key("tintype 2026 " + CONTEXTS[kind], secret + salt, 64)
    return both[:32], both[32:]

def unseal(key, nonce, aad, sealed):
    try:
        return aes256_gcm_open(key, nonce, aad, sealed)
    except PrimitiveError:
        raise Refused("not-authentic", "the seal does not open") from None

class Keys:
    """What opens the files of one repository; `master` is None where it is plain, or where no key was given."""

    def __init__(self, repository, encrypted, master=None):
        self.repository, self.encrypted, self.master, self.known = repository, encrypted, master, {}
        self.locked = encrypted and master is None

    def of(self, kind, salt):
        if not self.encrypted:
            return None, bytes(32)
        if (kind, salt) not in self.known:
            self.known[kind, salt] = file_keys(kind, self.master, salt)
        return self.known[kind, salt]

    def compare(self, head):
        need(head.key_check == self.of(head.kind, head.salt)[1], "wrong-key", "the key check differs")

    def open(self, kind, salt, nonce, aad, sealed):
        return unseal(self.of(kind, salt)[0], nonce, aad, sealed) if self.encrypted else sealed

    def open_file(self, parts):
        """The sealed body of a manifest or an index segment."""
        self.compare(parts.header)
        return self.open(parts.header.kind, parts.header.salt, bytes(12), parts.header.raw + parts.middle, parts.sealed)

# packs.md -------------------------------------------------------------------------------------------
# objects: of (id, kind, length)
Record = namedtuple("Record", "codec stored raw objects")

def record(r):
    codec, stored, raw = r.u8(), r.u32(), r.u32()
    objects = r.list(lambda r: (r.hash(), r.u8(), r.u32()))
    need(raw <= RECORD_MAX, "over-limit", "a record of over 16 MiB")
    need(stored <= STORED_MAX, "over-limit", "a record of over 32 MiB as it is stored")
    need(objects or codec == 0, "not-allowed", "a padding record with a codec")
    need(all(1 <= kind <= 7 for _, kind, _ in objects), "not-decodable", "a kind of objects that is not known")
    need(all(length for _, _, length in objects), "not-allowed", "an object of no bytes")
    need(not objects or sum(o[2] for o in objects) == raw, "not-allowed", "objects do not fill their record")
    return Record(codec, stored, raw, objects)

def directory(r, kind, records_end):
    records = r.list(record, RECORDS_MAX, "too many records")
    need(all((o[1] == 1) == (kind == 1) for rec in records for o in rec.objects), "not-allowed",
         "an object in the wrong kind of pack")
    need(128 + sum(rec.stored for rec in records) == records_end, "not-allowed", "the records do not fill the pack")
    return records

def pack_directory(keys, read, size, kinds=(1, 2), salvage=False):
    """(kind, salt, records) of a pack of `size` bytes; `read(offset, length)` gives its bytes.
    `salvage`: a header that is wrong costs nothing if the directory opens under the one that belongs there."""
    need(size <= PACK_MAX, "over-limit", "a pack of over 1 GiB")
    need(size >= 192, "file-short", "no trailer")
    first, last = read(0, 128), read(size - 64, 64)
    try:
        head, tail = both_ends(first, last, size, kinds, keys.repository)
        keys.compare(head)
    except Refused as error:
        if not salvage:
            raise
        try:                                    # the trailer repeats kind and salt, and the key gives the rest
            tail = trailer(last, size)
            need(tail.kind in kinds, "wrong-kind", "another kind of file")
            made = made_header(tail.kind, keys.repository, tail.salt, keys.of(tail.kind, tail.salt)[1])
            return pack_directory(keys, lambda at, n: read(at, n) if at else made, size, kinds)
        except Refused:
            raise error from None
    need(tail.sealed_length <= DIRECTORY_MAX, "over-limit", "a directory of over 64 MiB")
    body = keys.open(head.kind, head.salt, bytes(11) + b"\x80", head.raw, read(tail.sealed_offset, tail.sealed_length))
    return head.kind, head.salt, whole(body, lambda r: directory(r, head.kind, tail.sealed_offset), padded=True)

def open_record(keys, kind, salt, ordinal, codec, raw, stored):
    if keys.encrypted:
        head = made_header(kind, keys.repository, salt, keys.of(kind, salt)[1])
        stored = keys.open(kind, salt, ordinal.to_bytes(12, "little"), head + ordinal.to_bytes(4, "little"), stored)
    need(codec <= 2, "format-too-new", "a codec that version 1 does not know", "codec")
    if codec == 2:
        need(stored and 1 <= stored[0] <= 16, "record-not-decodable", "differences without a distance of 1 to 16")
        distance, stored = stored[0], stored[1:]
    if codec:
        try:
            stored = zstd_decompress(stored, raw, WINDOW_MAX)
        except PrimitiveError as error:
            raise Refused("record-not-decodable", str(error)) from None
    need(len(stored) == raw, "record-not-decodable", "a record of another length")
    if codec == 2:
        stored = bytearray(stored)
        for lane in range(min(distance, raw)):
            stored[lane::distance] = bytes(accumulate(stored[lane::distance], lambda before, byte: before + byte & 255))
        stored = bytes(stored)
    return stored

def check_record(keys, kind, salt, ordinal, record, stored):
    """Opens a record and hashes every object in it; of padding, sees that it is zeros."""
    data, at = open_record(keys, kind, salt, ordinal, record.codec, record.raw, stored), 0
    need(record.objects or not data.strip(b"\0"), "tail-not-zero", "padding that is not zeros")
    for identity, object_kind, length in record.objects:
        need(object_id(object_kind, data[at:at + length]) == identity, "hash-mismatch", "an object is not its id")
        at += length

# trees.md ------------------------------------------------------------------------------------------------------
# kind: "file", "folder", "link"; content: File, id of a folder, target of a link
Entry = namedtuple("Entry", "name kind content facts sections")

# form: 0 empty, 1 one, 2 inline, 3 list, 4 lists; pieces: forms 0 to 2: list of (id, length); else an object's id
File = namedtuple("File", "length hash form pieces picture link_group")

# owner: (uid, gid, user, group); attributes: of (name, bytes or list of pieces)
Facts = namedtuple("Facts", "mode owner modified born attributes")

def legal_name(name):
    need(len(name) <= 1024, "over-limit", "a name of over 1,024 bytes")
    need(name not in (b"", b".", b"..") and b"/" not in name and b"\0" not in name, "not-allowed", "a forbidden name")
    return name

def piece(r):
    identity, length = r.hash(), r.u32()
    need(length, "not-allowed", "a piece of no bytes")
    need(length <= OBJECT_MAX, "over-limit", "a piece of over 16 MiB")
    return identity, length

def file(r):
    length, digest, form = r.u64(), r.hash(), r.u32()
    need(form <= 4, "not-decodable", "a form of pieces that is not known")
    pieces = []
    if form == 0:
        need(length == 0 and digest == HASH_OF_NOTHING, "not-allowed", "no pieces, and not the empty file")
    elif form == 1:
        need(length, "not-allowed", "a piece of no bytes")
        need(length <= OBJECT_MAX, "over-limit", "a piece of over 16 MiB")
        pieces = [(digest, length)]
    elif form == 2:
        pieces = r.list(piece, 64, "too many pieces in an entry")
        need(len(pieces) >= 2, "not-allowed", "a list in an entry has two pieces at least")
        need(sum(p[1] for p in pieces) == length, "not-allowed", "the pieces do not add up")
    else:
        pieces = r.hash()
    picture = r.list(lambda r: (r.u32(), r.u32()), 64, "too many runs of a picture")
    return File(length, digest, form, pieces, picture, r.option(Reader.hash))

def owner(r):
    return r.u32(), r.u32(), r.string(TEXT_MAX, "an owner's name"), r.string(TEXT_MAX, "a group's name")

def attribute(r):
    name, choice = r.bytes(1024, "an attribute's name"), r.u32()
    need(choice <= 1, "not-decodable", "a form of attributes that is not known")
    return name, (r.list(piece, 64, "an attribute's pieces") if choice else r.bytes(1024, "an attribute's value"))

def sections(r):
    found = r.list(lambda r: (r.u32(), r.bytes()), 64, "too many sections")
    rising([tag for tag, _ in found], "sections")
    need(all(tag % 4 < 2 for tag, _ in found), "format-too-new", "a section that must be known", "value")
    return found

def entry(r):
    name, choice = legal_name(r.bytes()), r.u32()
    need(choice <= 2, "not-decodable", "an entry that is no file, folder or link")
    content = (file, Reader.hash, lambda r: r.bytes(65536, "a link's target"))[choice](r)
    if choice == 2:
        need(content and b"\0" not in content, "not-allowed", "a link's target")
    facts = Facts(r.option(Reader.u32), r.option(owner), r.option(time), r.option(time),
                  r.list(attribute, 1024, "too many attributes"))
    need(facts.mode is None or facts.mode <= 0o7777, "not-allowed", "a mode of over 12 bits")
    rising([name for name, _ in facts.attributes], "attributes")
    return Entry(name, ("file", "folder", "link")[choice], content, facts, sections(r))

def page(r):
    entries = r.list(entry)
    need(entries, "not-allowed", "a page of no entries")
    rising([e.name for e in entries], "names")
    return entries

def folder(r):
    """list of (id of a page, its first name, its number of entries)"""
    pages = r.list(lambda r: (r.hash(), legal_name(r.bytes()), r.u32()))
    need(all(count for _, _, count in pages), "not-allowed", "a page of no entries")
    rising([first for _, first, _ in pages], "pages")
    return pages

def piece_list(r):
    return r.list(piece, 65536, "too many pieces in a list")

def list_of_piece_lists(r):
    return r.list(lambda r: (r.hash(), r.u64()), 65536, "too many lists")

def report(r):
    return r.list(Reader.hash)

def report_page(r):
    def item(r):
        line = r.bytes(PATH_MAX, "a path"), r.u32(), r.string(TEXT_MAX, "a reason"), r.option(Reader.hash)
        need(line[1] <= 6, "not-decodable", "a matter that is not known")
        return line
    items = r.list(item)
    rising([line[:2] for line in items], "lines")
    return items

def carried(entry_sections):
    """(manifest, why) of the section "carried", or None."""
    for tag, data in entry_sections:
        if tag == 8:
            try:
                return whole(data, lambda r: (r.hash(), r.string()))
            except Refused:
                pass
    return None

DECODERS = {2: folder, 3: page, 4: piece_list, 5: list_of_piece_lists, 6: report, 7: report_page}

# manifest.md -------------------------------------------------------------------------------------------------------
Public = namedtuple("Public", "time repository_file pages tail count bytes segments")

def manifest_public(r):
    public = Public(time(r), r.hash(), r.list(Reader.hash), sorted_packs(r, 128, "too long a tail"), r.u64(), r.u64(),
                    r.list(Reader.hash))
    if not public.pages:
        need((public.count, public.bytes) == (len(public.tail), sum(p.length for p in public.tail)), "not-allowed",
             "count or bytes are not those of the packs")
    return public

# counts: files, folders, symlinks, bytes, skipped, unreadable, ...
Source = namedtuple("Source", "id label path machine host volume root counts report previous")

Sealed = namedtuple("Sealed", "repository_file tool note sources keep other_heads sections")

def source(r):
    return Source(r.fixed(16), legal_name(r.string().encode()).decode(), r.bytes(PATH_MAX, "a path"), r.fixed(16),
                  r.string(TEXT_MAX, "a host"), r.option(Reader.string), entry(r),
                  tuple(r.u64() for _ in range(10)), r.option(Reader.hash), r.list(Reader.hash))

def manifest_sealed(r):
    sealed = Sealed(r.bytes(), r.string(TEXT_MAX, "the tool"), r.string(TEXT_MAX, "the note"),
                    r.list(source, 1024, "too many sources"), r.list(lambda r: (r.hash(), r.string(TEXT_MAX, "a reason"))),
                    r.list(lambda r: (r.fixed(16), r.hash(), time(r)), 32, "too many heads"), sections(r))
    repository_file(sealed.repository_file)
    need(sealed.sources, "not-allowed", "a snapshot of nothing")
    need(all(s.root.kind != "link" for s in sealed.sources), "not-allowed", "a root that is a link")
    rising([s.label.encode() for s in sealed.sources], "labels")
    return sealed

def open_manifest(data, keys):
    """(public part, sealed part or None without the key)"""
    parts = take_apart(data, (4,), keys.repository)
    public = whole(parts.middle, manifest_public)
    if keys.locked:
        return public, None
    sealed = whole(keys.open_file(parts), manifest_sealed, padded=True)
    need(blake3(sealed.repository_file) == public.repository_file, "hash-mismatch", "another tintype.json inside")
    return public, sealed

# needs.md, index.md ------------------------------------------------------------------------------------------------
def needs_page(r):
    packs = sorted_packs(r, 2048, "too many packs in a page")
    need(packs, "not-allowed", "a page of no packs")
    return packs

def announcement(r):
    return time(r), sorted_packs(r, 131072, "too many packs")

def open_needs(data, kind, repository):
    """The packs of a needs page, or an announcement."""
    parts = take_apart(data, (kind,), repository)
    need(not parts.sealed, "tail-not-zero", "a needs file has no sealed body")
    return whole(parts.middle, needs_page if kind == 16 else announcement)

Indexed = namedtuple("Indexed", "name length kind salt records")

def index_body(r):
    def pack(r):
        name, length, kind, salt, end = r.hash(), pack_length(r), pack_kind(r), r.hash(), r.u64()
        need(end <= length, "not-allowed", "records that end after the pack")
        return Indexed(name, length, kind, salt, directory(r, kind, end))
    packs = r.list(pack)
    rising([p.name for p in packs], "packs")
    return packs

def open_segment(data, keys):
    parts = take_apart(data, (3,), keys.repository)
    need(not parts.middle, "tail-not-zero", "an index segment has no public part")
    return whole(keys.open_file(parts), index_body, padded=True)

# notices.md, keys.md -----------------------------------------------------------------------------------------------
def tombstone(r):
    """(folder of what is buried, its name)"""
    choice = r.u32()
    need(choice <= 2, "not-decodable", "a target that is not known")
    return ("packs", "snapshots", "keys")[choice], r.hash()

def instead(r):
    return r.hash(), sorted_packs(r, 4096, "too many packs")

def open_notice(data, folder, keys):
    """What a tombstone or an `instead` says; its keyed hash is compared where the key is known."""
    word, kind, decode = ("tombstone", 18, tombstone) if folder == "tombstones" else ("instead", 19, instead)
    parts = take_apart(data, (kind,), keys.repository)
    said, right = whole(parts.middle, decode), b""
    if keys.encrypted and not keys.locked:
        right = blake3_keyed(blake3_derive_key("tintype 2026 " + word, keys.master), parts.header.raw + parts.middle)
    need(keys.locked or parts.sealed == right, word + "-false", "the keyed hash is not right")
    return said

def slot_public(r):
    need(r.u8() == 0, "format-too-new", "a kind of slots that is not known")
    memory, passes, lanes = r.u32(), r.u32(), r.u32()
    need(memory <= 1 << 20 and passes <= 64 and lanes <= 64, "over-limit", "settings of a slot")
    need(passes and lanes and memory >= 8 * lanes, "not-allowed", "settings of a slot")
    return memory, passes, lanes

def slot_sealed(r):
    return r.hash(), r.string(TEXT_MAX, "a label")

def normal_password(password):
    """The bytes of a password that count: UTF-8 in normalisation form C, others as they are."""
    try:
        return unicodedata.normalize("NFC", password.decode("utf-8")).encode("utf-8")
    except UnicodeDecodeError:
        return password

def open_slot(data, repository, password):
    """(master key, label) of a key slot."""
    parts = take_apart(data, (5,), repository)
    memory, passes, lanes = whole(parts.middle, slot_public)
    salt = parts.header.salt
    try:
        secret = argon2id(normal_password(password), salt, memory, passes, lanes)
    except PrimitiveError as error:
        raise Refused("key-derivation", str(error)) from None
    key, check = file_keys(5, secret, salt)
    need(parts.header.key_check == check, "wrong-password", "the password is wrong")
    return whole(unseal(key, bytes(12), parts.header.raw + parts.middle, parts.sealed), slot_sealed, True)
