#!/usr/bin/env python3
"""Tests of the Python reader: all vectors of the specification, refusals of decoding, and a restore.

Run: python3 test_reader.py   (a folder of vectors as TINTYPE_VECTORS; default: ../vectors)
The restore needs a tiny repository: TINTYPE_TEST_REPO (folder), and if it is encrypted TINTYPE_TEST_CODE
(recovery code); TINTYPE_TEST_SOURCE, the folder that was snapped, is compared if given.
"""
import ast
import collections
import filecmp
import os
import subprocess
import sys
import tempfile
import unicodedata
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import tintype_format as f                                                           # noqa: E402
import tintype_repo as repo                                                          # noqa: E402
from primitives import blake3, blake3_derive_key                                     # noqa: E402

REPOSITORY = bytes.fromhex("101112131415161718191a1b1c1d1e1f")


def padme(length):
    if length < 2:
        return length
    exponent = length.bit_length() - 1
    bits = exponent.bit_length() if exponent else 1
    mask = (1 << max(exponent - bits, 0)) - 1
    return (length + mask) & ~mask


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


def keys_of(lines):
    if "key" not in lines:
        return repo.Keys(REPOSITORY, False)
    return repo.Keys(REPOSITORY, True, repo.master_key(f.recovery_code(lines["key"])))


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
    kind = {"data": 1, "meta": 2}[lines["pack"]]
    if "name" in lines:
        f.need(blake3(data).hex() == lines["name"], "hash-mismatch", "the name", "name")
    keys = keys_of(lines)
    if len(data) >= 192:
        f.agree(f.header(data[:128]), f.trailer(data[-64:], len(data)), (kind,), REPOSITORY)
    found, salt, records, at = repo.pack_directory(keys, lambda at, n: data[at:at + n], len(data))
    offset = 128
    for ordinal, record in enumerate(records):
        repo.check_record(keys, found, salt, ordinal, record, data[offset:offset + record.stored])
        offset += record.stored


def named(data, lines):
    if "name" in lines:
        f.need(blake3(data).hex() == lines["name"], "hash-mismatch", "the name", "name")
    return data


def name_value(data):
    what, name, second = f.name_of(data.decode("utf-8"))
    return what + (" " + name if name else "") + (" second" if second and what != "foreign" else "")


def slot(data, lines):
    master, label = repo.open_slot(data, REPOSITORY, lines["password"].encode())
    f.need(master == repo.master_key(f.recovery_code(lines["key"])), "wrong-password")
    return label


def key_check(data, _):
    master = repo.master_key(f.recovery_code(data.decode()))
    return blake3_derive_key("tintype 2026 key check", master).hex()


def cut_lengths(data, lines):
    with open(os.path.join(os.path.dirname(VECTORS), "cutting-table.md"), encoding="utf-8") as file:
        table = [int(word, 16) for word in file.read().split("```")[1].split()]
    length = int(data)
    content = blake3(lines["seed"].encode(), length) if "seed" in lines else bytes(length)
    return " ".join(map(str, cuts(content, table)))


def value(item, padded=False, show=None):
    return lambda data, lines: (show or (lambda v: None))(f.whole(data, item, padded))


READ = {
    "u32": value(f.Reader.u32, show=str), "u64": value(f.Reader.u64, show=str), "i64": value(f.Reader.i64, show=str),
    "bytes": value(f.Reader.bytes, show=lambda v: str(list(v))),
    "string": value(f.Reader.string, show=lambda v: f'"{v}"'),
    "option": value(lambda r: r.option(f.Reader.u64), show=lambda v: "None" if v is None else f"Some({v})"),
    "padme": lambda data, _: str(padme(int(data))),
    "name": lambda data, _: name_value(data),
    "object-id": lambda data, lines: f.object_id(int(lines["object"]), data).hex(),
    "page-end": lambda data, _: str(int.from_bytes(blake3(data)[:8], "little") % 64 == 0).lower(),
    "needs-page-end": lambda data, _: str(
        int.from_bytes(bytes.fromhex(data.decode().strip())[-8:], "little") % 512 == 0).lower(),
    "cuts": cut_lengths,
    "recovery-code": lambda data, _: show_code(f.recovery_code(data.decode())),
    "key-check": key_check,
    "header": lambda data, _: f.header(data) and None,
    "trailer": lambda data, lines: f.trailer(data, int(lines["file-bytes"])) and None,
    "repository-file": lambda data, _: f.repository_file(data) and None,
    "pack": read_pack,
    "directory": lambda data, lines: value(
        lambda r: f.directory(r, {"data": 1, "meta": 2}[lines["pack"]], int(lines["records-end"])), True)(data, lines),
    "folder": value(f.folder), "page": value(f.page), "piece-list": value(f.piece_list),
    "list-of-piece-lists": value(f.list_of_piece_lists), "report": value(f.report),
    "report-page": value(f.report_page), "manifest-public": value(f.manifest_public),
    "manifest-sealed": value(f.manifest_sealed, True),
    "manifest": lambda data, lines: repo.open_manifest(named(data, lines), keys_of(lines)) and None,
    "needs-page": value(f.needs_page), "announcement": value(f.announcement),
    "needs-file": lambda data, lines: repo.open_public(named(data, lines), 16, REPOSITORY) and None,
    "announcement-file": lambda data, lines: repo.open_public(named(data, lines), 17, REPOSITORY) and None,
    "index-body": value(f.index_body, True),
    "index": lambda data, lines: repo.open_segment(named(data, lines), keys_of(lines)) and None,
    "tombstone": lambda data, lines: repo.open_notice(data, "tombstones", keys_of(lines)) and None,
    "instead": lambda data, lines: repo.open_notice(data, "instead", keys_of(lines)) and None,
    "slot-public": value(f.slot_public), "slot-sealed": value(f.slot_sealed, True), "key-slot": slot,
}


def parse(path):
    with open(path, "rb") as file:
        head, data = file.read().split(b"\n\n", 1)
    return dict(line.split(": ", 1) for line in head.decode().split("\n")), data


def run_vector(path):
    """(expected, found), each a text."""
    lines, data = parse(path)
    expected = lines["expect"] + ("" if lines["expect"] == "ok" else " at " + lines["stage"])
    try:
        shown = READ[lines["kind"]](data, lines)
        found = "ok"
        if "value" in lines:
            expected, found = f"ok: {lines['value']}", f"ok: {shown}"
    except f.Refused as error:
        found = f"{error.code} at {error.stage}"
    except Exception as error:                  # a fault of the reader, never of the bytes
        found = f"{type(error).__name__}: {error}"
    return expected, found


VECTORS = os.path.abspath(os.environ.get("TINTYPE_VECTORS") or os.path.join(HERE, "..", "vectors"))


def run_vectors(folder):
    global VECTORS
    VECTORS = os.path.abspath(folder)
    counts, wrong = collections.Counter(), []
    for kind in sorted(os.listdir(VECTORS)):
        for name in sorted(os.listdir(os.path.join(VECTORS, kind))):
            expected, found = run_vector(os.path.join(VECTORS, kind, name))
            counts[expected == found, expected == "ok" or expected.startswith("ok:")] += 1
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


if __name__ == "__main__":
    unittest.main()
