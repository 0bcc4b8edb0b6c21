#!/usr/bin/env python3
"""Tests of the Python reader: all vectors of the specification, refusals of decoding, and a restore.

Run: python3 test_reader.py   (a folder of vectors as TINTYPE_VECTORS; default: ../vectors)
     python3 test_reader.py --verdicts   for comparing with another reader: standard input holds vectors (vectors.md), each
     after its length as four bytes, little endian; for each a line: `ok`, `ok VALUE`, `CODE STAGE`, or `crash TYPE`
The restore needs a tiny repository: TINTYPE_TEST_REPO (folder), and if it is encrypted TINTYPE_TEST_CODE
(recovery code); TINTYPE_TEST_SOURCE, the folder that was snapped, is compared if given.
"""
import collections
import filecmp
import functools
import json
import multiprocessing
import os
import subprocess
import sys
import tempfile
import time
import unittest

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import test_layout
import tintype_format as f                                                           # noqa: E402
from primitives import blake3                                                        # noqa: E402

REPOSITORY = bytes.fromhex("101112131415161718191a1b1c1d1e1f")


def cuts(data, table):
    """cutting.md; nothing in the reader needs it."""
    lengths = []
    while data:
        size = min(len(data), 4194304)
        length = size
        even = size & ~1
        centre = min(1048576, even)
        value = 0
        if len(data) > 262144:
            for place in range(262144, even):
                value = ((value << 1) + table[data[place]]) & 0xFFFFFFFFFFFFFFFF
                if not value & (0x0000D93767537000 if place < centre else 0x0000D90707537000):
                    length = place
                    break
        lengths.append(length)
        data = data[length:]
    return lengths


@functools.lru_cache(64)
def keys_from(code):
    return f.Keys(REPOSITORY, code is not None, code and f.master_key(f.recovery_code(code)))


def keys_of(lines):
    return keys_from(lines.get("key"))


def show_code(code):
    """A recovery code as it is shown: also a test of the groups' checks."""
    number, groups = int.from_bytes(code, "big"), []
    for group in range(8):
        four = "".join(f.ALPHABET[number >> 160 - 20 * group - 5 * n & 31] for n in range(1, 5))
        for check in f.ALPHABET:
            try:
                f.code_group(four + check, group)
                groups.append(four + check)
            except f.Refused:
                pass
    return "-".join(groups)


def read_pack(data, lines):
    keys = keys_of(lines)
    read = f.pack_directory(keys, lambda at, n: data[at:at + n], len(data), ({"data": 1, "meta": 2}[lines["pack"]],))
    kind, salt, records = read
    offset = 128
    for ordinal, record in enumerate(records):
        f.check_record(keys, kind, salt, ordinal, record, data[offset:offset + record.stored])
        offset += record.stored


def named(data, lines):
    if "name" in lines:
        f.need(blake3(data).hex() == lines["name"], "hash-mismatch", "the name", "name")
    return data


def name_value(data):
    what, name, second = f.name_of(data.decode("utf-8", "replace"))
    return what + (" " + name if name else "") + (" second" if second and what != "foreign" else "")


def slot(data, lines):
    master, label = f.open_slot(data, REPOSITORY, lines["password"].encode())
    f.need(master == keys_of(lines).master, "wrong-password")
    return label


def quoted(text):
    """In double quotes, on one line."""
    return '"' + "".join(c if c.isprintable() and c not in '"\\' else c.encode("unicode_escape").decode() if c not in '"'
                         else '\\"' for c in text) + '"'


def cut_lengths(data, lines):
    with open(os.path.join(os.path.dirname(VECTORS), "cutting-table.md"), encoding="utf-8") as file:
        table = [int(word, 16) for word in file.read().split("```")[1].split()]
    length = int(data)
    assert length <= 64 << 20
    content = blake3(lines["seed"].encode(), length) if "seed" in lines else bytes(length)
    return " ".join(map(str, cuts(content, table)))


def value(item, padded=False, show=None):
    return lambda data, lines: (show or (lambda v: None))(f.whole(data, item, padded))


READ = {
    "u32": value(f.Reader.u32, show=str), "u64": value(f.Reader.u64, show=str), "i64": value(f.Reader.i64, show=str),
    "bytes": value(f.Reader.bytes, show=lambda v: str(list(v))),
    "string": value(f.Reader.string, show=quoted),
    "option": value(lambda r: r.option(f.Reader.u64), show=lambda v: "None" if v is None else f"Some({v})"),
    "padme": lambda data, _: str(f.padme(int(data))),
    "name": lambda data, _: name_value(data),
    "object-id": lambda data, lines: f.object_id(int(lines["object"]), data).hex(),
    "page-end": lambda data, _: str(int.from_bytes(blake3(data)[:8], "little") % 64 == 0).lower(),
    "needs-page-end": lambda data, _: str(
        int.from_bytes(bytes.fromhex(data.decode().strip())[-8:], "little") % 512 == 0).lower(),
    "cuts": cut_lengths,
    "layout": lambda data, _: test_layout.layout(data),
    "recovery-code": lambda data, _: show_code(f.recovery_code(data.decode("utf-8", "replace"))),
    "key-check": lambda data, _: f.key_check(f.master_key(f.recovery_code(data.decode("utf-8", "replace")))).hex(),
    "header": lambda data, _: f.header(data) and None,
    "trailer": lambda data, lines: f.trailer(data, int(lines["file-bytes"])) and None,
    "repository-file": lambda data, _: f.repository_file(data) and None,
    "pack": lambda data, lines: read_pack(named(data, lines), lines),
    "directory": lambda data, lines: value(
        lambda r: f.directory(r, {"data": 1, "meta": 2}[lines["pack"]], int(lines["records-end"])), True)(data, lines),
    "folder": value(f.folder), "page": value(f.page), "piece-list": value(f.piece_list),
    "list-of-piece-lists": value(f.list_of_piece_lists), "report": value(f.report),
    "report-page": value(f.report_page), "manifest-public": value(f.manifest_public),
    "manifest-sealed": value(f.manifest_sealed, True),
    "manifest": lambda data, lines: f.open_manifest(named(data, lines), keys_of(lines)) and None,
    "needs-page": value(f.needs_page), "announcement": value(f.announcement),
    "needs-file": lambda data, lines: f.open_needs(named(data, lines), 16, REPOSITORY) and None,
    "announcement-file": lambda data, lines: f.open_needs(named(data, lines), 17, REPOSITORY) and None,
    "index-body": value(f.index_body, True),
    "index": lambda data, lines: f.open_segment(named(data, lines), keys_of(lines)) and None,
    "tombstone": lambda data, lines: f.open_notice(data, "tombstones", keys_of(lines)) and None,
    "instead": lambda data, lines: f.open_notice(data, "instead", keys_of(lines)) and None,
    "slot-public": value(f.slot_public), "slot-sealed": value(f.slot_sealed, True), "key-slot": slot,
}


def parse(vector):
    head, data = vector.split(b"\n\n", 1)
    return dict(line.split(": ", 1) for line in head.decode().split("\n")), data


def load(path):
    with open(path, "rb") as file:
        return parse(file.read())


def verdict(vector):
    """What reading a vector comes to, as one line; of its own lines `expect`, `stage` and `value` are not looked at."""
    try:
        lines, data = parse(vector)
        shown = READ[lines["kind"]](data, lines)
        return "ok" if shown is None else f"ok {shown}"
    except f.Refused as error:
        return f"{error.code} {error.stage}"
    except Exception as error:                  # a fault of the reader, never of the bytes
        return f"crash {type(error).__name__}"


def verdicts_of(vectors):
    return [verdict(vector) for vector in vectors]


def vector_stream(stream, many=200):
    """Lists of vectors, each after its length."""
    batch = []
    for length in iter(lambda: stream.read(4), b""):
        batch.append(stream.read(int.from_bytes(length, "little")))
        if len(batch) == many:
            yield batch
            batch = []
    yield batch


def print_verdicts():
    with multiprocessing.Pool() as pool:
        for lines in pool.imap(verdicts_of, vector_stream(sys.stdin.buffer)):
            sys.stdout.buffer.write("".join(line + "\n" for line in lines).encode("utf-8", "backslashreplace"))
    sys.stdout.flush()


def run_vector(path):
    """(expected, found), each a text."""
    with open(path, "rb") as file:
        vector = file.read()
    lines, found = parse(vector)[0], verdict(vector)
    if lines["expect"] != "ok":
        return f"{lines['expect']} {lines['stage']}", found
    return ("ok " + lines["value"], found) if "value" in lines else ("ok", found.split(" ")[0] if found[:3] == "ok " else found)


VECTORS = os.path.abspath(os.environ.get("TINTYPE_VECTORS") or os.path.join(HERE, "..", "vectors"))


def run_vectors(folder):
    global VECTORS
    VECTORS = os.path.abspath(folder)
    counts, wrong = collections.Counter(), []
    for kind in sorted(os.listdir(VECTORS)):
        for name in sorted(os.listdir(os.path.join(VECTORS, kind))):
            expected, found = run_vector(os.path.join(VECTORS, kind, name))
            counts[expected == found, expected.split(" ")[0] == "ok"] += 1
            if expected != found:
                wrong.append(f"{kind}/{name}: expected {expected}, found {found}")
    return counts, wrong


class Vectors(unittest.TestCase):
    def test_all(self):
        counts, wrong = run_vectors(VECTORS)
        print(f"\n{sum(counts.values())} vectors: {counts[True, True]} read, {counts[True, False]} refused as they "
              f"say, {len(wrong)} not", file=sys.stderr)
        self.assertEqual(wrong, [])
        self.assertGreaterEqual(sum(counts.values()), 350)



# A writer of plain repositories, as small as can be: for what the program does not write, and for what is forbidden.
def u(number):
    for top, mark, width in ((250, b"", 1), (0xFFFF, b"\xfb", 2), (0xFFFFFFFF, b"\xfc", 4), (1 << 64, b"\xfd", 8)):
        if number <= top:
            return mark + number.to_bytes(width, "little")


def i(number):
    return u(2 * number if number >= 0 else -2 * number - 1)


def b(data):
    return u(len(data)) + data


def many(items):
    return u(len(items)) + b"".join(items)


def opt(data):
    return b"\0" if data is None else b"\1" + data


class Builder:
    def __init__(self, root):
        self.root, self.needs, self.objects = root, [], []
        self.json = ('{\n  "format": "tintype repository",\n  "version": 1,\n  "repository": "%s",\n'
                     '  "encryption": "none"\n}\n' % REPOSITORY.hex()).encode()
        self.put("reader/tintype_reader.py", b"")
        self.put("tintype.json", self.json)
        self.put("second/tintype.json", self.json)

    def put(self, path, data):
        path = os.path.join(self.root, path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(data)

    def file(self, kind, middle, sealed=b""):
        salt = bytes(32) if kind >= 16 else b"\x5a" * 32
        size = 128 + len(middle) + len(sealed) + 64
        tail = f.MAGIC[::-1] + bytes([kind, 0, 0, 0]) + len(sealed).to_bytes(4, "little") + size.to_bytes(8, "little")
        return f.made_header(kind, REPOSITORY, salt, bytes(32)) + middle + sealed + \
            tail + (128 + len(middle)).to_bytes(8, "little") + salt

    def object(self, kind, data):
        self.objects.append((f.object_id(kind, data), kind, data))
        return self.objects[-1][0]

    def pack(self, kind, write=True, needed=True):
        """A pack of the objects of this kind that wait."""
        mine = [o for o in self.objects if (o[1] == 1) == (kind == 1)]
        self.objects = [o for o in self.objects if o not in mine]
        records = [b"\0" + u(len(d)) + u(len(d)) + many([n + bytes([k]) + u(len(d))]) for n, k, d in mine]
        data = self.file(kind, b"".join(d for _, _, d in mine), many(records))
        name = blake3(data)
        path = f"packs/{name.hex()[:2]}/{name.hex()}.pack"
        if write:
            self.put(path, data)
            if kind == 2:
                self.put("second/" + path, data)
        found = name + u(len(data)) + bytes([kind])
        self.needs += [(name, len(data), found)] if needed else []
        return found

    def notice(self, folder, ending, kind, middle):
        data = self.file(kind, middle)
        self.put(f"{folder}/{blake3(data).hex()}.{ending}", data)

    def manifest(self, root, counts, seconds=1_700_000_000, previous=(), label="photos", pages=(), more=(), report=None):
        needs, every = sorted(self.needs), [*self.needs, *more]
        public = i(seconds) + u(5) + blake3(self.json) + many(list(pages)) + many([n[2] for n in needs]) + \
            u(len(every)) + u(sum(n[1] for n in every)) + u(0)
        source = b"\x51" * 16 + b(label.encode()) + b(b"/p") + b"\x4d" * 16 + b(b"host") + opt(None) + root + \
            b"".join(u(n) for n in (*counts, *[0] * (10 - len(counts)))) + opt(report) + many(list(previous))
        sealed = b(self.json) + b(b"test") + b(b"") + many([source]) + u(0) + u(0) + u(0)
        data = self.file(4, public, sealed)
        name, stamp = blake3(data), f.stamp(f.Time(seconds, 5))
        for place in ("", "second/"):
            self.put(f"{place}snapshots/{stamp[:4]}-{stamp[4:6]}/{stamp}-{name.hex()}.snapshot", data)
        return name

    def entry(self, name, content, mode=0o644, modified=(1_000_000_000, 123_456_789), attributes=(), sections=()):
        return b(name) + content + opt(u(mode)) + opt(None) + opt(i(modified[0]) + u(modified[1])) + opt(None) + \
            many([b(n) + v for n, v in attributes]) + many([u(t) + b(d) for t, d in sections])

    def chunk_file(self, data, form=1, group=None, digest=None, size=3):
        """The content of a file of one piece, or of pieces of `size` bytes."""
        if form < 2:
            pieces = u(1)
            self.object(1, data)
        else:
            parts = [data[n:n + size] for n in range(0, len(data), size)]
            inline = [self.object(1, p) + u(len(p)) for p in parts]
            pieces = u(form) + many(inline)
            if form == 3:
                pieces = u(3) + self.object(4, many(inline))
            if form == 4:
                lists = [self.object(4, many([p])) + u(len(d)) for p, d in zip(inline, parts)]
                pieces = u(4) + self.object(5, many(lists))
        return u(0) + u(len(data)) + (digest or blake3(data)) + pieces + opt(None) + opt(group)

    def folder(self, entries):
        """The content of a folder of (name, entry)."""
        if not entries:
            return u(1) + self.object(2, u(0))
        entries = sorted(entries)
        page = self.object(3, many([e for _, e in entries]))
        return u(1) + self.object(2, many([page + b(entries[0][0]) + u(len(entries))]))


EMPTY = u(0) + u(0) + f.HASH_OF_NOTHING + u(0) + opt(None) + opt(None)


def reader(*arguments, check=None):
    """(exit code, report) of the reader."""
    done = subprocess.run([sys.executable, os.path.join(HERE, "tintype_reader.py"), "--json", "--jobs", "1", *arguments],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL,
                          env={k: v for k, v in os.environ.items() if k != "TINTYPE_PASSWORD"})
    assert b"Traceback" not in done.stderr, done.stderr.decode()
    return done.returncode, json.loads(done.stdout)


class Restores(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.root, self.out = os.path.join(self.folder.name, "r"), os.path.join(self.folder.name, "out")
        self.repo = Builder(self.root)

    def tearDown(self):
        self.folder.cleanup()

    def finish(self, entries, counts, **more):
        root = self.repo.entry(b"photos", self.repo.folder(entries), mode=0o755)
        self.packs = [self.repo.pack(kind) for kind in (1, 2) if any((o[1] == 1) == (kind == 1) for o in self.repo.objects)]
        return self.repo.manifest(root, counts, **more)

    def codes(self, report):
        return sorted({p["code"] for p in report["problems"]} | {p["code"] for p in report.get("left_out", ())})

    def verdict(self, *more):
        code, report = reader("check", self.root, *more)
        return code, self.codes(report)

    def read(self, *path):
        with open(os.path.join(self.out, *path), "rb") as file:
            return file.read()

    def test_everything_a_tree_may_hold(self):
        r = self.repo
        group = blake3(b"a")
        linked = r.chunk_file(b"one two three", 2, group)
        value = u(1) + many([r.object(1, b"val") + u(3), r.object(1, b"ue") + u(2)])
        attributes = [(b"user.inline", u(0) + b(b"here")), (b"user.pieces", value)]
        names = [(b"a", r.entry(b"a", linked)), (b"b", r.entry(b"b", linked)),
                 (b"c", r.entry(b"c", linked, mode=0o600)),            # other facts: a file of its own
                 (b"d", r.entry(b"d", r.chunk_file(b"by a list of pieces", 3), modified=(-5, 7))),
                 (b"e", r.entry(b"e", r.chunk_file(b"by lists of lists", 4), attributes=attributes)),
                 (b"empty", r.entry(b"empty", EMPTY, sections=[(8, bytes(32) + b(b"permission denied"))])),
                 (b"folder", r.entry(b"folder", r.folder([]), mode=0o555)),
                 (b"link", r.entry(b"link", u(2) + b(b"../../outside"))),
                 (b"raw\xff", r.entry(b"raw\xff", r.chunk_file(b"raw")))]
        self.finish(names, (7, 2, 1, 13 * 3 + 19 + 17 + 3))
        self.assertEqual(reader("check", self.root, "--read-data")[1]["problems"], [])
        code, report = reader("restore", self.root, "--target", self.out)
        self.assertEqual((report["files"], report["left_out"]), (7, []))
        self.assertEqual((self.read("d"), self.read("e")), (b"by a list of pieces", b"by lists of lists"))
        if os.name != "nt":
            stat = {name: os.lstat(os.path.join(self.out, name)) for name in os.listdir(self.out)}
            self.assertEqual(code, 3 if report["not_set"].get("attribute") else 0)
            self.assertEqual(stat["a"].st_ino, stat["b"].st_ino)
            self.assertNotEqual(stat["a"].st_ino, stat["c"].st_ino)
            self.assertEqual(stat["a"].st_mtime_ns, 1_000_000_000_123_456_789)
            self.assertEqual(stat["d"].st_mtime_ns, -5 * 10**9 + 7)
            self.assertEqual(stat["folder"].st_mode & 0o777, 0o555)
            self.assertEqual(os.lstat(self.out).st_mtime_ns, 1_000_000_000_123_456_789)
            self.assertEqual(os.readlink(os.path.join(self.out, "link")), "../../outside")
            self.assertEqual(stat["link"].st_mtime_ns, 1_000_000_000_123_456_789)
            if hasattr(os, "getxattr") and "attribute" not in report["not_set"]:
                self.assertEqual(os.getxattr(os.path.join(self.out, "e"), "user.pieces"), b"value")

    def test_forbidden_names_write_nothing(self):
        for name in (b"..", b"../x", b"/x", b"a\0b"):
            with self.subTest(name=name):
                self.tearDown()
                self.setUp()
                r = self.repo
                self.finish([(b"good", r.entry(b"good", r.chunk_file(b"good"))),
                             (b"in", r.entry(b"in", r.folder([(name, r.entry(name, r.chunk_file(b"evil")))])))], (2, 2, 0, 8))
                code, report = reader("restore", self.root, "--target", self.out)
                self.assertEqual((code, self.codes(report)), (5, ["tree-damaged"]))
                self.assertEqual(self.read("good"), b"good")
                self.assertEqual(sorted(os.listdir(self.folder.name)), ["out", "r"])
                self.assertEqual(os.listdir(os.path.join(self.out, "in")), [])

    def test_a_wrong_whole_file_hash_gets_no_name(self):
        r = self.repo
        self.finish([(b"bad", r.entry(b"bad", r.chunk_file(b"abcdef", 2, digest=bytes(32)))),
                     (b"good", r.entry(b"good", r.chunk_file(b"good")))], (2, 1, 0, 10))
        code, report = reader("restore", self.root, "--target", self.out)
        self.assertEqual((code, self.codes(report), os.listdir(self.out)), (5, ["file-damaged"], ["good"]))
        self.assertEqual(self.codes(reader("check", self.root, "--read-data")[1]), [])     # a restore compares it

    def test_a_tree_of_more_than_is_stated_stops(self):
        r = self.repo
        content = r.folder([(b"x", r.entry(b"x", EMPTY))])
        for _ in range(40):                     # two to the power of 40 files, in 40 small objects
            content = r.folder([(name, r.entry(name, content)) for name in (b"a", b"b")])
        self.finish([(b"a", r.entry(b"a", content))], (5, 50, 0, 0))
        code, report = reader("restore", self.root, "--target", self.out)
        self.assertEqual((code, self.codes(report)), (5, ["tree-damaged"]))
        code, report = reader("check", self.root)
        self.assertEqual((code, self.codes(report)), (5, ["tree-damaged"]))

    def test_instead_and_circles(self):
        r = self.repo
        chunk = r.chunk_file(b"picture")
        gone = r.pack(1, write=False)
        self.finish([(b"x", r.entry(b"x", chunk))], (1, 1, 0, 7))
        self.assertEqual(reader("check", self.root)[0], 6)
        r.notice("instead", "instead", 19, gone[:32] + many([gone]))
        self.assertEqual(reader("check", self.root)[0], 6)
        r.object(1, b"picture")
        r.object(1, b"more")
        other = r.pack(1, needed=False)
        r.notice("instead", "instead", 19, gone[:32] + many([other]))
        code, report = reader("check", self.root)
        self.assertEqual((code, report["replaced_packs"], report["problems"]), (0, 1, []))
        self.assertEqual(reader("restore", self.root, "--target", self.out)[0], 0)

    def test_a_lost_pack_whose_objects_lie_elsewhere(self):
        r = self.repo
        chunk = r.chunk_file(b"picture")
        r.pack(1, write=False)
        r.object(1, b"more")
        r.object(1, b"picture")
        r.pack(1, needed=False)
        self.finish([(b"x", r.entry(b"x", chunk))], (1, 1, 0, 7))
        code, report = reader("check", self.root)
        self.assertEqual((code, self.codes(report)), (4, ["pack-lost-objects-elsewhere"]))
        self.assertEqual(reader("restore", self.root, "--target", self.out)[0], 0)

    def test_an_object_in_two_packs_and_two_snapshots(self):
        r = self.repo
        chunk = r.chunk_file(b"picture")
        r.pack(1)
        for extra in (b"more", b"others"):
            r.object(1, b"picture")
            r.object(1, extra)
            r.pack(1)
        one, two, three = r.needs
        root = r.entry(b"photos", r.folder([(b"x", r.entry(b"x", chunk))]))
        r.pack(2)
        trees = r.needs[3]
        r.needs = [one, trees]
        r.manifest(root, (1, 1, 0, 7))
        r.needs = [two, trees]
        r.manifest(root, (1, 1, 0, 7), seconds=1_700_000_060)
        for more in ((), ("--read-data",)):
            self.assertEqual(self.verdict(*more), (0, []))
        # The directory of one of the packs in a segment as well, and a snapshot that is judged before it is needed.
        record = b"\0" + u(7) + u(7) + many([blake3(b"picture") + bytes([1]) + u(7)])
        segment = r.file(3, b"", many([one[0] + u(one[1]) + bytes([1]) + b"\x5a" * 32 + u(135) + many([record])]))
        r.put(f"index/{blake3(segment).hex()[:2]}/{blake3(segment).hex()}.index", segment)
        r.needs = [three, trees]
        r.manifest(root, (1, 1, 0, 7), seconds=1_600_000_000)
        self.assertEqual(self.verdict(), (0, []))
        r.needs = [trees]                       # and one that names none of the three
        r.manifest(root, (1, 1, 0, 7), seconds=1_700_000_120)
        self.assertEqual(self.verdict(), (4, ["needs-wrong"]))

    def test_a_pack_whose_directory_cannot_be_read(self):
        r = self.repo
        chunk = r.chunk_file(b"picture")
        r.pack(1)
        name = r.needs[0][0].hex()
        self.finish([(b"x", r.entry(b"x", chunk))], (1, 1, 0, 7))
        path = os.path.join(self.root, "packs", name[:2], name + ".pack")
        for number, at in enumerate((17, 0, 8, 10, 40, 70, 100)):
            with open(path, "r+b") as file:     # in the header: made anew to read, and damage all the same
                file.seek(at)
                byte = file.read(1)
                file.seek(at)
                file.write(bytes([byte[0] ^ 1]))
            self.assertEqual(reader("restore", self.root, "--target", f"{self.out} {number}")[0], 0)
            if at == 17:
                self.assertEqual(self.verdict(), (5, ["object-damaged", "pack-damaged"]))
            with open(path, "r+b") as file:
                file.seek(at)
                file.write(byte)
        with open(path, "r+b") as file:         # in the number of its directory's records
            file.seek(os.path.getsize(path) - 40)
            file.seek(int.from_bytes(file.read(8), "little"))
            file.write(b"\xff")
        self.assertEqual(self.verdict(), (5, ["object-damaged", "pack-damaged"]))
        code, report = reader("restore", self.root, "--target", self.out)
        self.assertEqual((code, self.codes(report)), (5, ["file-damaged"]))
        r.object(1, b"picture")
        r.object(1, b"more")
        r.pack(1, needed=False)                 # another pack holds it: not `needs-wrong`
        self.assertEqual(self.verdict(), (4, ["pack-lost-objects-elsewhere"]))
        self.assertEqual(reader("restore", self.root, "--target", self.out + "2")[0], 0)

    def test_a_pack_without_trailer_is_missing_not_damaged(self):
        r = self.repo
        chunk = r.chunk_file(b"picture", 3)
        root = r.entry(b"photos", r.folder([(b"in", r.entry(b"in", r.folder([(b"x", r.entry(b"x", chunk))])))]))
        data, meta = r.pack(1), r.pack(2)
        r.manifest(root, (1, 2, 0, 7))
        # A segment says where everything lies.
        packs = []
        for pack, kind in sorted([(data, 1), (meta, 2)]):
            with open(os.path.join(self.root, "packs", pack[:1].hex(), pack[:32].hex() + ".pack"), "rb") as file:
                whole = file.read()
            end = int.from_bytes(whole[-40:-32], "little")
            packs.append(pack + b"\x5a" * 32 + u(end) + whole[end:-64])
        segment = r.file(3, b"", many(packs))
        r.put(f"index/{blake3(segment).hex()[:2]}/{blake3(segment).hex()}.index", segment)
        files = {(place, kind): os.path.join(self.root, place, "packs", pack[:1].hex(), pack[:32].hex() + ".pack")
                 for place, kind, pack in (("", 1, data), ("", 2, meta), ("second", 2, meta))}
        good = {}
        for key, path in files.items():
            with open(path, "rb") as file:
                good[key] = file.read()
        zeros = {key: bytes(len(whole)) for key, whole in good.items()}
        wrong = {key: good[key][:128] + zeros[key][128:-64] + good[key][-64:] for key in good}
        cases = [({("", 1): zeros}, "latest", 6, "object-missing"),
                 ({("", 1): wrong}, "latest", 5, "file-damaged"),
                 ({("", 2): zeros, ("second", 2): zeros}, "latest", 6, "object-missing"),
                 ({("", 2): zeros, ("second", 2): zeros}, "latest:in", 6, "object-missing"),
                 ({("", 2): zeros, ("second", 2): wrong}, "latest", 5, "folder-damaged"),
                 ({("", 2): wrong, ("second", 2): zeros}, "latest", 5, "folder-damaged"),
                 ({("", 2): zeros}, "latest", 4, "copy-damaged")]
        for number, (damages, what, exit_code, said) in enumerate(cases):
            with self.subTest(number=number):
                for key, path in files.items():
                    with open(path, "wb") as file:
                        file.write(damages.get(key, good)[key])
                code, report = reader("restore", self.root, what, "--target", self.out + str(number))
                self.assertEqual((code, self.codes(report)), (exit_code, [said]))

    def test_each_copy_that_is_absent_or_in_anothers_place(self):
        r = self.repo
        entries = []
        for name in (b"one", b"other"):
            entries.append((name, r.entry(name, r.chunk_file(name))))
            r.pack(1)
        packs = [n[0].hex() for n in r.needs]
        one, other = (os.path.join(self.root, "packs", name[:2], name + ".pack") for name in packs)
        manifest = self.finish(entries, (2, 1, 0, 8)).hex()
        segments = []
        for path, needed in zip((one, other), r.needs):
            with open(path, "rb") as file:
                whole = file.read()
            end = int.from_bytes(whole[-40:-32], "little")
            segments.append(needed[2] + b"\x5a" * 32 + u(end) + whole[end:-64])
        segment = r.file(3, b"", many(sorted(segments)))
        segment_path = f"index/{blake3(segment).hex()[:2]}/{blake3(segment).hex()}.index"
        r.put(segment_path, segment)
        count = iter(range(99))

        def restored():
            code, report = reader("restore", self.root, "--target", self.out + str(next(count)))
            return code, self.codes(report), report["files"]
        for path in ("tintype.json", "packs/" + r.needs[2][0].hex()[:2] + "/" + r.needs[2][0].hex() + ".pack"):
            with open(os.path.join(self.root, path), "rb") as file:
                good = file.read()
            os.remove(os.path.join(self.root, path))
            self.assertEqual((restored(), self.verdict()), ((4, ["copy-missing"], 2), (4, ["copy-missing"])))
            r.put(path, good)
        self.assertEqual((restored(), self.verdict()), ((0, [], 2), (0, [])))
        os.rename(one, self.out + "x")          # each in the place of the other: a restore finds them all the same
        os.rename(other, one)
        os.rename(self.out + "x", other)
        self.assertEqual((restored(), self.verdict()), ((0, [], 2), (5, ["pack-damaged"])))
        r.put(segment_path, segment[:-1] + b"?")                # no manifest names it
        self.assertEqual(self.verdict(), (5, ["index-damaged", "pack-damaged"]))
        r.put(segment_path, segment)
        with open(one, "r+b") as file:          # nothing gives its directory; the other is absent, and a segment lists it
            file.write(b"?")
            file.seek(-40, 2)
            end = int.from_bytes(file.read(8), "little")
            file.seek(end)
            file.write(b"\xff")
        os.remove(other)
        self.assertEqual((restored(), self.verdict()), ((5, ["file-damaged", "object-missing"], 0), (5, ["pack-damaged", "pack-incomplete"])))
        os.remove(os.path.join(self.root, *f.snapshot_path(f.Time(1_700_000_000, 5), manifest).split("/")))
        self.assertEqual(self.verdict(), (6, ["manifest-only-second", "unneeded-damaged"]))

    def test_what_is_wrong_with_other_manifests_is_for_check(self):
        r = self.repo
        first = self.finish([(b"x", r.entry(b"x", EMPTY))], (1, 1, 0, 0))
        second = self.finish([(b"y", r.entry(b"y", EMPTY))], (1, 1, 0, 0), seconds=1_700_000_060, previous=[first])
        for name, newest in ((first, 0), (second, 4)):
            path, = (path for path in self.snapshot_files() if name.hex() in path)
            with open(path, "rb") as file:
                good = file.read()
            with open(path, "wb") as file:
                file.write(good[:-1] + b"?")
            said = ["copy-damaged"] if newest else []
            code, report = reader("restore", self.root, "--target", self.out + str(newest))
            self.assertEqual((code, self.codes(report)), (newest, said))
            self.assertEqual(self.verdict("latest"), (newest, said))
            self.assertEqual(reader("restore", self.root, "latest~1", "--target", self.out + "~" + str(newest))[0], 4 - newest)
            self.assertEqual((self.verdict(), reader("list", self.root)[0]), ((4, ["copy-damaged"]), 4))
            with open(path, "wb") as file:
                file.write(good)

    def test_what_a_snapshot_never_held_is_said_of_the_part(self):
        r = self.repo
        items = [(b"2019/a", 1, None), (b"2019/b", 3, None), (b"2019/c", 2, None), (b"2019/d", 1, bytes(32)),
                 (b"2020", 6, None), (b"2020x", 5, None), (b"left", 0, None), (b"new", 4, None), (b"x", 1, None)]
        page = r.object(7, many([b(path) + u(what) + b(b"why") + opt(origin) for path, what, origin in items]))
        years = [(name, r.entry(name, r.folder([(b"k", r.entry(b"k", EMPTY))]))) for name in (b"2018", b"2019", b"2020")]
        self.finish(years, (3, 4, 0, 0), report=r.object(6, many([page])))
        for path, said in (("", "5 files and folders: 2019/a, 2019/b, 2020 and 2 more"), (":2019", "2 files and folders: 2019/a, 2019/b"),
                           (":photos/2020", "taken: 2020"), (":2018", "")):
            code, report = reader("restore", self.root, "latest" + path, "--target", self.out + path[-2:])
            self.assertEqual((code, self.codes(report)), (0, ["not-in-snapshot"] if said else []))
            self.assertTrue(not said or report["problems"][0]["message"].endswith(said), report["problems"])
        self.assertEqual((self.verdict(), reader("list", self.root)[1]["problems"]), ((0, []), []))

    def test_tombstones(self):
        r = self.repo
        first = self.finish([(b"x", r.entry(b"x", EMPTY))], (1, 1, 0, 0))
        second = self.finish([(b"y", r.entry(b"y", EMPTY))], (1, 1, 0, 0), seconds=1_700_000_060, previous=[first])
        r.notice("tombstones", "tombstone", 18, u(1) + second)
        self.assertEqual([s["id"] for s in reader("list", self.root)[1]["snapshots"]], [first.hex()])
        self.assertEqual(reader("restore", self.root, second.hex()[:8], "--target", self.out)[0], 2)
        self.assertEqual(reader("restore", self.root, "--target", self.out)[0], 0)
        self.assertEqual(os.listdir(self.out), ["x"])
        r.notice("tombstones", "tombstone", 18, u(0) + self.packs[-1][:32])
        self.assertEqual(reader("check", self.root)[0], 4)     # tombstones without a second copy, only that

    def test_needs_pages(self):
        r = self.repo
        content = r.chunk_file(b"picture")
        r.pack(1)
        page = r.file(16, many([n[2] for n in sorted(r.needs)]))
        name, first, r.needs = blake3(page), list(r.needs), []
        path = f"needs/{name.hex()[:2]}/{name.hex()}.needs"
        r.put(path, page)
        r.put("second/" + path, page)
        root = r.entry(b"photos", r.folder([(b"x", r.entry(b"x", content))]))
        r.pack(2)
        r.manifest(root, (1, 1, 0, 7), pages=[name], more=first)
        self.assertEqual(reader("check", self.root)[0], 0)
        os.remove(os.path.join(self.root, path))
        self.assertEqual(self.codes(reader("check", self.root)[1]), ["copy-missing"])
        os.remove(os.path.join(self.root, "second", path))
        code, report = reader("check", self.root)
        self.assertEqual((code, self.codes(report)), (4, ["needs-missing"]))
        self.assertEqual(reader("restore", self.root, "--target", self.out)[0], 0)
        wrong = r.file(16, many([n[2] for n in r.needs]))      # a page that repeats the tail
        r.put(f"needs/{blake3(wrong).hex()[:2]}/{blake3(wrong).hex()}.needs", wrong)
        r.manifest(root, (1, 1, 0, 7), pages=[blake3(wrong)], more=first, seconds=1_700_000_090)
        self.assertIn("needs-contradictory", self.codes(reader("check", self.root)[1]))

    def test_counts_that_do_not_agree(self):
        r = self.repo
        self.finish([(b"x", r.entry(b"x", EMPTY))], (2, 1, 0, 0))
        self.assertEqual(self.codes(reader("check", self.root)[1]), ["tree-damaged"])

    def snapshot_files(self, place=""):
        top = os.path.join(self.root, place, "snapshots")
        return [os.path.join(top, month, name) for month in os.listdir(top) for name in os.listdir(os.path.join(top, month))]

    def test_parts_and_labels(self):
        r = self.repo
        self.finish([(b"in", r.entry(b"in", r.folder([(b"x", r.entry(b"x", r.chunk_file(b"abc")))])))], (1, 2, 0, 3))
        for number, part in enumerate(("in", "in/x", "photos/in")):
            self.assertEqual(reader("restore", self.root, "latest:" + part, "--target", self.out + str(number))[0], 0)
            with open(os.path.join(self.out + str(number), "in", "x"), "rb") as file:
                self.assertEqual(file.read(), b"abc")
        single = r.entry(b"other.jpg", r.chunk_file(b"one file"))
        r.pack(1)
        r.manifest(single, (1, 0, 0, 8), seconds=1_700_000_060, label="single")
        self.assertEqual(reader("restore", self.root, "latest", "--target", self.out)[0], 0)
        self.assertEqual(self.read("single"), b"one file")
        self.assertEqual(reader("restore", self.root, "@photos", "--target", self.out + "3")[0], 0)
        self.assertEqual(os.listdir(self.out + "3"), ["in"])
        minute = time.strftime("%Y-%m-%dT%H:%M", time.localtime(1_700_000_000))
        self.assertEqual(reader("restore", self.root, minute, "--target", self.out + "4")[0], 0)
        self.assertEqual(os.listdir(self.out + "4"), ["in"])

    def test_a_manifest_in_second_alone_and_under_two_stamps(self):
        r = self.repo
        name = self.finish([(b"x", r.entry(b"x", EMPTY))], (1, 1, 0, 0)).hex()
        path, = self.snapshot_files()
        other = os.path.join(self.root, "snapshots", "2020-01", f"20200101T000000Z-{name}.snapshot")
        os.mkdir(os.path.dirname(other))
        os.rename(path, other)
        self.assertEqual(self.codes(reader("check", self.root)[1]), ["time-contradicts-name"])
        with open(other, "rb") as file, open(path, "wb") as again:
            again.write(file.read())
        code, report = reader("check", self.root)
        self.assertEqual((code, self.codes(report), len(report["snapshots"])), (3, ["time-contradicts-name"], 1))
        os.remove(path)
        os.remove(other)
        for command in ("list", "check"):
            code, report = reader(command, self.root)
            self.assertEqual((code, self.codes(report)), (4, ["manifest-only-second"]))
        for number, snapshot in enumerate((name[:8], "latest")):
            code, report = reader("restore", self.root, snapshot, "--target", self.out + str(number))
            self.assertEqual((code, self.codes(report)), (4, ["manifest-only-second"]))
            self.assertEqual(os.listdir(self.out + str(number)), ["x"])

    def test_tintype_json(self):
        r = self.repo
        self.finish([(b"x", r.entry(b"x", EMPTY))], (1, 1, 0, 0))
        newer, other = r.json.replace(b'"version": 1', b'"version": 2'), r.json.replace(b"10111213", b"00000000")
        for first, second, found in ((newer, r.json, (4, ["copy-damaged"])), (b"x", b"x", (4, ["copy-damaged"])),
                                     (other, r.json, (4, ["copy-damaged"])), (r.json, other, (0, [])),
                                     (newer, b"x", (4, ["copy-damaged"])), (newer, newer, (2, ["format-too-new"])),
                                     (newer, None, (2, ["format-too-new"]))):
            r.put("tintype.json", first)
            r.put("second/tintype.json", second or b"")
            if second is None:
                os.remove(os.path.join(self.root, "second/tintype.json"))
            code, report = reader("list", self.root)
            self.assertEqual((code, self.codes(report)), found)
        for place in ("", "second"):
            os.remove(self.snapshot_files(place)[0])
        r.put("tintype.json", newer)
        r.put("second/tintype.json", b"x")
        self.assertEqual(self.codes(reader("list", self.root)[1]), ["format-too-new"])
        r.put("tintype.json", r.json)
        r.put("second/tintype.json", other)
        self.assertEqual(self.codes(reader("list", self.root)[1]), ["repository-file-damaged"])
        for version, found in ((b"0", "not-allowed"), (b"-1", "not-decodable"), (b'"1"', "not-decodable"),
                               (b"1.0", "not-decodable"), (b"true", "not-decodable")):
            with self.assertRaises(f.Refused) as caught:
                f.repository_file(r.json.replace(b'"version": 1', b'"version": ' + version))
            self.assertEqual(caught.exception.code, found)

    def test_guides_notices_foreign_files_keys(self):
        r = self.repo
        self.finish([(b"x", r.entry(b"x", EMPTY))], (1, 1, 0, 0), seconds=int(time.time()) + 200_000)
        self.assertEqual(self.codes(reader("check", self.root)[1]), ["time-ahead"])
        r.put("parity/a/b", b"")
        r.put("parity/c", b"")
        r.put("index/.DS_Store", b"")
        code, report = reader("check", self.root)
        self.assertEqual((code, report["foreign"]), (0, 3))
        r.put("tombstones/" + "a" * 64 + ".tombstone", b"cut off")
        os.remove(os.path.join(self.root, "reader", "tintype_reader.py"))
        code, report = reader("check", self.root)
        self.assertEqual((code, self.codes(report)), (3, ["guide-missing", "notice-damaged", "time-ahead"]))
        password = os.path.join(self.folder.name, "password")
        with open(password, "wb") as file:
            file.write(b"\xef\xbb\xbfsecret\r\n")
        self.assertEqual(self.codes(reader("list", self.root, "--password-file", password)[1]), ["key-for-plain"])
        import tintype_reader
        self.assertEqual(tintype_reader.first_line(password, "password"), b"secret")

    def test_folders_512_deep(self):
        r = self.repo
        for depth, found in ((511, []), (512, ["tree-damaged"])):
            self.tearDown()
            self.setUp()
            r, content = self.repo, self.repo.folder([])
            for _ in range(depth - 1):
                content = r.folder([(b"d", r.entry(b"d", content))])
            self.finish([(b"d", r.entry(b"d", content))], (0, depth + 1, 0, 0))
            self.assertEqual(self.codes(reader("check", self.root)[1]), found)

    def test_refusals(self):
        r = self.repo
        self.finish([(b"x", r.entry(b"x", EMPTY))], (1, 1, 0, 0))
        os.mkdir(self.out)
        open(os.path.join(self.out, "mine"), "w").close()
        self.assertEqual(self.codes(reader("restore", self.root, "--target", self.out)[1]), ["target-not-empty"])
        self.assertEqual(reader("restore", self.root, "--target", os.path.join(self.root, "in"))[0], 2)
        self.assertEqual(reader("restore", self.root, "latest:nothing", "--target", self.out + "2")[0], 2)
        self.assertEqual(reader("restore", self.root, "latest~1", "--target", self.out + "2")[0], 2)
        self.assertEqual(reader("list", os.path.join(self.root, "packs"))[0], 2)
        r.put("rules/new-2.read", b"x\n")
        self.assertEqual(self.codes(reader("list", self.root)[1]), ["newer-rules"])

    def test_a_repository_that_the_program_made(self):
        place = os.environ.get("TINTYPE_TEST_REPO")
        if not place:
            self.skipTest("TINTYPE_TEST_REPO names no repository")
        options = []
        if os.environ.get("TINTYPE_TEST_CODE"):
            path = os.path.join(self.folder.name, "code")
            with open(path, "w") as file:
                file.write(os.environ["TINTYPE_TEST_CODE"])
            options = ["--recovery-code-file", path]
        self.assertEqual(reader(*options, "check", place, "--read-data")[0], 0)
        code, report = reader(*options, "restore", place, "--target", self.out)
        self.assertIn(code, (0, 3))
        self.assertEqual(report["left_out"], [])
        source = os.environ.get("TINTYPE_TEST_SOURCE")
        if source:
            compared = filecmp.dircmp(source, self.out, ignore=[])
            stack = [compared]
            while stack:
                one = stack.pop()
                self.assertEqual((one.left_only, one.right_only), ([], []))
                wrong = filecmp.cmpfiles(one.left, one.right, one.common_files, shallow=False)[1:]
                self.assertEqual(wrong, ([], []))
                stack += one.subdirs.values()


class Decoding(unittest.TestCase):
    def test_verdicts(self):
        vectors = []
        for name in sorted(os.listdir(os.path.join(VECTORS, "trailer"))):
            with open(os.path.join(VECTORS, "trailer", name), "rb") as file:
                vectors.append(file.read())
        stream = b"".join(len(v).to_bytes(4, "little") + v for v in [*vectors, b"kind: nothing\n\n"])
        done = subprocess.run([sys.executable, os.path.abspath(__file__), "--verdicts"], input=stream, stdout=subprocess.PIPE)
        self.assertEqual(done.stdout.decode().split("\n"), [verdict(v) for v in vectors] + ["crash KeyError", ""])

    def test_beginnings_of_values_are_refused(self):
        """Every beginning of every good object is refused, and nothing but Refused is raised."""
        for kind, item in (("page", f.page), ("folder", f.folder), ("manifest-public", f.manifest_public)):
            for name in os.listdir(os.path.join(VECTORS, kind)):
                lines, data = load(os.path.join(VECTORS, kind, name))
                for length in range(min(len(data), 600)):
                    if lines["expect"] == "ok":
                        with self.assertRaises(f.Refused):
                            f.whole(data[:length], item)

    def test_flipped_bytes_raise_nothing_else(self):
        for kind, item, padded in (("page", f.page, False), ("manifest-sealed", f.manifest_sealed, True),
                                   ("index-body", f.index_body, True), ("report-page", f.report_page, False)):
            for name in os.listdir(os.path.join(VECTORS, kind)):
                data = bytearray(load(os.path.join(VECTORS, kind, name))[1])
                for at in range(min(len(data), 500)):
                    for flip in (1, 0x80, 0xFF):
                        data[at] ^= flip
                        try:
                            f.whole(data, item, padded)
                        except f.Refused:
                            pass
                        data[at] ^= flip


if __name__ == "__main__":
    print_verdicts() if "--verdicts" in sys.argv else unittest.main()
