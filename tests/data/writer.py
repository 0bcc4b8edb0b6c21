"""Writes a plain repository with one snapshot, made from the written format alone: `writer.py READER-FOLDER REPO`.

Owns: a second way to write, as simple as may be. Every chunk of a file has a pack of its own, so that there are enough packs for
needs pages. Prints the snapshot's id and its tree as expected.json words trees. Hashes are the reader's own primitives.
"""
import base64
import datetime
import json
import os
import struct
import sys

sys.path.insert(0, sys.argv[1])
from primitives import blake3, blake3_derive_key                                     # noqa: E402

DATA, META, INDEX, MANIFEST, NEEDS = 1, 2, 3, 4, 16
CHUNK, FOLDER, PAGE, PIECE_LIST = 1, 2, 3, 4
CONTEXTS = {FOLDER: "folder", PAGE: "page", PIECE_LIST: "piece list"}
REPOSITORY_ID = blake3(b"a second writer")[:16]
REPOSITORY_FILE = f"""{{
  "format": "tintype repository",
  "version": 1,
  "repository": "{REPOSITORY_ID.hex()}",
  "encryption": "none"
}}
""".encode()
WHEN = datetime.datetime(2026, 3, 4, 5, 6, 7, tzinfo=datetime.timezone.utc)
MAGIC = b"\x89TINTYPE"


# values ----------------------------------------------------------------------------------------------------------
def number(n):
    if n <= 250:
        return bytes([n])
    for mark, form, most in ((0xfb, "<H", 0xffff), (0xfc, "<I", 0xffffffff), (0xfd, "<Q", 2**64 - 1)):
        if n <= most:
            return bytes([mark]) + struct.pack(form, n)
    raise ValueError(n)


def signed(n):
    return number(2 * n if n >= 0 else -2 * n - 1)


def text(value):
    return number(len(value)) + value


def several(items):
    return number(len(items)) + b"".join(items)


def maybe(value):
    return b"\0" if value is None else b"\1" + value


def moment(seconds, nanoseconds):
    return signed(seconds) + number(nanoseconds)


# files -----------------------------------------------------------------------------------------------------------
class Writer:
    def __init__(self, root):
        self.root, self.files, self.packs = root, 0, []
        for name in ("tintype.json", "second/tintype.json"):
            self.write(name, REPOSITORY_FILE)

    def write(self, name, data):
        os.makedirs(os.path.dirname(os.path.join(self.root, name)), exist_ok=True)
        with open(os.path.join(self.root, name), "xb") as file:
            file.write(data)

    def stored(self, kind, middle, body, name, twice):
        """Header, middle, body and trailer; gives the file's hash, length and salt."""
        self.files += 1
        salt = bytes(32) if kind >= NEEDS else blake3(b"salt %d" % self.files)
        header = MAGIC + bytes([kind, 1, 1, 0]) + bytes(4) + REPOSITORY_ID + salt + bytes(64)
        offset = len(header) + len(middle)
        length = offset + len(body) + 64
        trailer = MAGIC[::-1] + bytes([kind]) + bytes(3) + struct.pack("<IQQ", len(body), length, offset) + salt
        data = header + middle + body + trailer
        digest = blake3(data)
        name = name.format(ab=digest.hex()[:2], hash=digest.hex())
        for place in ("", "second/") if twice else ("",):
            self.write(place + name, data)
        return digest, length, salt

    def pack(self, kind, records):
        """`records`: lists of (kind, bytes), each stored as one record."""
        middle, directory = b"", []
        for objects in records:
            raw = b"".join(data for _, data in objects)
            codec, packed = 0, raw
            if len(raw) == 200 and len(set(raw)) == 1:      # a frame of one repeated byte, by hand
                codec, packed = 1, b"\x28\xb5\x2f\xfd\x20\xc8" + (3 | 200 << 3).to_bytes(3, "little") + raw[:1]
            ids = [identity(of, data) + bytes([of]) + number(len(data)) for of, data in objects]
            directory.append(bytes([codec]) + number(len(packed)) + number(len(raw)) + several(ids))
            middle += packed
        name, length, salt = self.stored(kind, middle, several(directory), "packs/{ab}/{hash}.pack", kind == META)
        self.packs.append((name, length, kind, salt, 128 + len(middle), several(directory)))

    def segment(self):
        body = several([name + number(length) + bytes([kind]) + salt + number(end) + directory
                        for name, length, kind, salt, end, directory in sorted(self.packs)])
        return self.stored(INDEX, b"", body, "index/{ab}/{hash}.index", False)[0]

    def pages(self):
        """The canonical cut of all packs; the names of the pages."""
        names, page, needed = [], [], sorted(self.packs)
        for pack in needed:
            page.append(pack[0] + number(pack[1]) + bytes([pack[2]]))
            ends = len(page) >= 128 and int.from_bytes(pack[0][-8:], "little") % 512 == 0
            if ends or len(page) == 2048 or pack == needed[-1]:
                names.append(self.stored(NEEDS, several(page), b"", "needs/{ab}/{hash}.needs", True)[0])
                page = []
        return names

    def manifest(self, root, counts):
        pages = self.pages()
        public = moment(int(WHEN.timestamp()), 89) + blake3(REPOSITORY_FILE) + several(pages) + several([])
        public += number(len(self.packs)) + number(sum(pack[1] for pack in self.packs)) + several([self.segment()])
        source = blake3(b"source")[:16] + text(b"photos") + text(b"/home/ada/photos") + blake3(b"machine")[:16] + text(b"ada")
        source += maybe(None) + root + b"".join(number(n) for n in counts + [0] * 6) + maybe(None) + several([])
        body = text(REPOSITORY_FILE) + text(b"writer.py") + text(b"") + several([source]) + several([]) * 3
        stamp = WHEN.strftime("snapshots/%Y-%m/%Y%m%dT%H%M%SZ-")
        return self.stored(MANIFEST, public, body, stamp + "{hash}.snapshot", True)[0]


def identity(kind, data):
    return blake3(data) if kind == CHUNK else blake3_derive_key("tintype 2026 object " + CONTEXTS[kind], data)


# a tree ----------------------------------------------------------------------------------------------------------
class Tree:
    def __init__(self):
        self.meta, self.told, self.counts = [], [], [0, 0, 0, 0]    # counts: files, folders, links, bytes

    def entry(self, path, content, mode, mtime, **told):
        facts = maybe(number(mode)) + maybe(None) + maybe(moment(*mtime)) + maybe(None) + several([])
        if path:
            self.told.append({"path": repr(path), "path_base64": base64.b64encode(path).decode(), "mode": f"{mode:04o}",
                              "mtime": f"{mtime[0]}+{mtime[1]:09}", **told})
        return text(path.rpartition(b"/")[2] or b"photos") + content + facts + several([])

    def file(self, path, pieces, mode=0o644, mtime=(1_600_000_000, 1), linked=None):
        data = b"".join(pieces)
        listed = several([blake3(piece) + number(len(piece)) for piece in pieces])
        form = b"\0" if not data else b"\1" if len(pieces) == 1 else b"\2" + listed
        if len(pieces) > 64:
            self.meta.append((PIECE_LIST, listed))
            form = b"\3" + identity(PIECE_LIST, listed)
        self.counts[0] += 1
        self.counts[3] += len(data)
        told = {"kind": "file", "length": len(data), "blake3": blake3(data).hex(), **({"linked": 1} if linked else {})}
        content = b"\0" + number(len(data)) + blake3(data) + form + maybe(None) + maybe(linked and blake3(linked))
        return self.entry(path, content, mode, mtime, **told)

    def link(self, path, target):
        self.counts[2] += 1
        told = {"kind": "symlink", "target_base64": base64.b64encode(target).decode()}
        return self.entry(path, b"\2" + text(target), 0o777, (-5, 500_000_000), **told)

    def folder(self, path, entries, mode=0o755, mtime=(1_500_000_000, 999_999_999)):
        """`entries`: by name, encoded. At most 40 in a page."""
        names, listed = sorted(entries), []
        for at in range(0, len(names), 40):
            some = names[at:at + 40]
            page = several([entries[name] for name in some])
            self.meta.append((PAGE, page))
            listed.append(identity(PAGE, page) + text(some[0]) + number(len(some)))
        self.meta.append((FOLDER, several(listed)))
        self.counts[1] += 1
        return self.entry(path, b"\1" + identity(FOLDER, several(listed)), mode, mtime, kind="folder")


def main():
    writer = Writer(sys.argv[2])
    tree = Tree()
    film = [b"frame %03d of a film\n" % n for n in range(70)]
    photos = [b"photo %03d\n" % n * 9 for n in range(60)]
    for chunk in film + photos:
        writer.pack(DATA, [[(CHUNK, chunk)]])
    note, blank, two = [b"a note\n"], [b"x" * 200], [b"one half, ", b"the other"]
    writer.pack(DATA, [[(CHUNK, chunk) for chunk in note + two], [(CHUNK, blank[0])]])
    album = {b"IMG_%04d.JPG" % n: tree.file(b"album/IMG_%04d.JPG" % n, [photo]) for n, photo in enumerate(photos)}
    odd = {name: tree.file(b"odd/" + name, note) for name in
           (b"\xff", b"-rf", b"CON", b"dot.", b"space ", b"line\n\x1b", "\u00e9".encode(), "e\u0301".encode(), b"y" * 255)}
    top = {b"film.mov": tree.file(b"film.mov", film, 0o600, (-86_400, 7), b"film.mov"),
           b"same.mov": tree.file(b"same.mov", film, 0o600, (-86_400, 7), b"film.mov"),
           b"empty": tree.file(b"empty", []), b"blank": tree.file(b"blank", blank, 0o400), b"two": tree.file(b"two", two, 0o755),
           b"newest": tree.link(b"newest", b"album/IMG_0059.JPG"), b"nothing": tree.folder(b"nothing", {}, 0o700),
           b"album": tree.folder(b"album", album), b"odd": tree.folder(b"odd", odd)}
    root = tree.folder(b"", top)
    meta = [[one] for one in dict.fromkeys(tree.meta)]
    writer.pack(META, meta[:2])
    writer.pack(META, [[one for record in meta[2:] for one in record]])
    print(json.dumps({"id": writer.manifest(root, tree.counts).hex(), "tree": tree.told, "packs": len(writer.packs)}))


main()
