#!/usr/bin/env python3
"""What it costs to store photos again whose captions, keywords, places, dates or ratings were edited, beside restic and borg.

    python3 benches/edits.py [--tintype BIN] [--photos DIR]... [--work DIR] [--no-peers]

Needs exiftool; restic and borg are measured where they are installed. Photos are copied and never written to. Each file gets each edit by
itself. A kind of which no photo of 1 MB was found is made here, and marked: its payload is noise, and its structure is that of a camera's.
Shares are of the edited files' bytes: what their packs take, and beside it what they hold before it is compressed, on average and of the
worst file. What trees, lists and manifests take besides, with their second copies, is printed apart. Limits are for the packs.
"""

import argparse, json, os, random, shutil, struct, subprocess, sys, tempfile, zlib
from pathlib import Path

LARGE = 1_000_000
PER_KIND = 8
LIMITS = {"jpeg": 0.6, "heif": 0.7, "avif": 0.1, "mov": 0.2, "mp4": 0.2, "png": 0.25, "tiff": 1.0}
EDITS = {
    "caption": ["-XMP-dc:Description=A day at the lake", "-EXIF:ImageDescription=A day at the lake", "-IPTC:Caption-Abstract=A day at the lake"],
    "keywords": ["-XMP-dc:Subject=lake", "-XMP-dc:Subject=family", "-IPTC:Keywords=lake", "-IPTC:Keywords=family"],
    "gps": ["-GPSLatitude=47.05", "-GPSLatitudeRef=N", "-GPSLongitude=8.31", "-GPSLongitudeRef=E", "-XMP-exif:GPSLatitude=47.05", "-XMP-exif:GPSLongitude=8.31"],
    "dates": ["-AllDates=2021:06:01 12:00:00", "-XMP-photoshop:DateCreated=2021:06:01 12:00:00"],
    "rating": ["-XMP-xmp:Rating=4"],
}


def chunk(name, body):
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def box(name, *bodies):
    body = b"".join(bodies)
    return struct.pack(">I", len(body) + 8) + name + body


def made_png(noise):
    rows = b"".join(b"\0" + noise[row * 3000:(row + 1) * 3000] for row in range(700))
    data = zlib.compress(rows, 1)
    parts = [chunk(b"IDAT", data[at:at + 8192]) for at in range(0, len(data), 8192)]
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 1000, 700, 8, 2, 0, 0, 0)) + b"".join(parts) + chunk(b"IEND", b"")


def made_avif(noise):
    def full(name, version, *bodies):
        return box(name, bytes([version, 0, 0, 0]), *bodies)

    def meta(offset):
        properties = box(b"ipco", full(b"ispe", 0, struct.pack(">II", 4000, 3000)), full(b"pixi", 0, bytes([3, 8, 8, 8])), box(b"av1C", b"\x81\x04\x0c\0"))
        return full(
            b"meta", 0,
            full(b"hdlr", 0, bytes(4), b"pict", bytes(13)),
            full(b"pitm", 0, struct.pack(">H", 1)),
            full(b"iloc", 0, b"\x44\0", struct.pack(">HHHHII", 1, 1, 0, 1, offset, len(noise))),
            full(b"iinf", 0, struct.pack(">H", 1), full(b"infe", 2, struct.pack(">HH", 1, 0), b"av01", b"Color\0")),
            full(b"iref", 0, box(b"thmb", struct.pack(">HHH", 1, 1, 1))),
            box(b"iprp", properties, full(b"ipma", 0, struct.pack(">IHBBBB", 1, 1, 3, 1, 2, 0x83))),
        )

    head = box(b"ftyp", b"avif", bytes(4), b"avifmif1miaf")
    return head + meta(len(head) + len(meta(0)) + 8) + box(b"mdat", noise)


def made_film(brand):
    def make(noise):
        times = struct.pack(">IIII", 3_700_000_000, 3_700_000_000, 600, 600)
        matrix = struct.pack(">9I", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
        mvhd = box(b"mvhd", bytes(4), times, struct.pack(">IH", 0x10000, 0x100), bytes(10), matrix, bytes(24), struct.pack(">I", 2))
        count = len(noise) // 20_000
        tkhd = box(b"tkhd", b"\0\0\0\7", times[:8], struct.pack(">III", 1, 0, 600), bytes(16), matrix, struct.pack(">II", 1920 << 16, 1080 << 16))
        mdhd = box(b"mdhd", bytes(4), times, struct.pack(">HH", 0x55C4, 0))
        head = box(b"ftyp", brand, bytes(4), brand)
        first = len(head) + 8
        stbl = box(
            b"stbl",
            box(b"stsd", bytes(4), struct.pack(">I", 1), box(b"avc1", bytes(6), b"\0\1", bytes(16), struct.pack(">HH", 1920, 1080), bytes(50))),
            box(b"stts", bytes(4), struct.pack(">III", 1, count, 20)),
            box(b"stsc", bytes(4), struct.pack(">IIII", 1, 1, 1, 1)),
            box(b"stsz", bytes(4), struct.pack(">II", 20_000, count)),
            box(b"stco", bytes(4), struct.pack(">I", count), *[struct.pack(">I", first + 20_000 * number) for number in range(count)]),
        )
        dinf = box(b"dinf", box(b"dref", bytes(4), struct.pack(">I", 1), box(b"url ", b"\0\0\0\1")))
        minf = box(b"minf", box(b"vmhd", b"\0\0\0\1", bytes(8)), dinf, stbl)
        mdia = box(b"mdia", mdhd, box(b"hdlr", bytes(8), b"vide", bytes(13)), minf)
        return head + box(b"mdat", noise[:count * 20_000]) + box(b"moov", mvhd, box(b"trak", tkhd, mdia))
    return make


def made_tiff(noise):
    rows = [noise[at:at + 30_000] for at in range(0, 2_100_000, 30_000)]
    offsets, data = [], b""
    for row in rows:
        offsets.append(8 + len(data))
        data += row
    entries = [(256, 4, [1000]), (257, 4, [700]), (258, 3, [8, 8, 8]), (259, 3, [1]), (262, 3, [2]), (273, 4, offsets), (277, 3, [3]), (278, 4, [10]),
               (279, 4, [len(row) for row in rows])]
    at = 8 + len(data)
    table, values = struct.pack("<H", len(entries)), b""
    behind = at + 2 + 12 * len(entries) + 4
    for tag, kind, numbers in entries:
        packed = struct.pack("<%d%s" % (len(numbers), "HI"[kind == 4]), *numbers)
        if len(packed) > 4:
            field, values = struct.pack("<I", behind + len(values)), values + packed
        else:
            field = packed.ljust(4, b"\0")
        table += struct.pack("<HHI", tag, kind, len(numbers)) + field
    return b"II*\0" + struct.pack("<I", at) + data + table + bytes(4) + values


MAKERS = {"png": (".png", made_png), "avif": (".avif", made_avif), "mov": (".mov", made_film(b"qt  ")), "mp4": (".mp4", made_film(b"isom")), "tiff": (".tif", made_tiff)}


def run(*words, **options):
    done = subprocess.run([str(word) for word in words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)
    if done.returncode not in (0, 3):
        sys.exit("%s: %s\n%s" % (words, done.returncode, done.stderr.decode(errors="replace")))
    return done.stdout


class Tintype:
    def __init__(self, program, work):
        self.environment = {**os.environ, "HOME": str(work / "home"), "XDG_CACHE_HOME": str(work / "cache"), "XDG_STATE_HOME": str(work / "state")}
        self.words = [program, "-r", str(work / "repo")]
        work.mkdir(exist_ok=True)
        run(*self.words, "init", "--no-encryption", env=self.environment)

    def snap(self, folder):
        return json.loads(run(*self.words, "snap", folder, "--json", env=self.environment))

    def inspect(self, path):
        return json.loads(run(*self.words, "inspect", path, "--json", env=self.environment))


def restic(work, folders):
    environment = {**os.environ, "RESTIC_PASSWORD": "x", "RESTIC_CACHE_DIR": str(work / "restic-cache")}
    run("restic", "-r", work / "restic", "init", env=environment)
    added = []
    for folder in folders:
        lines = run("restic", "-r", work / "restic", "backup", "--json", folder, env=environment).splitlines()
        added.append(json.loads(lines[-1])["data_added"])
    return added


def borg(work, folders):
    environment = {**os.environ, "BORG_BASE_DIR": str(work / "borg-base"), "BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK": "yes"}
    run("borg", "init", "-e", "none", work / "borg", env=environment)
    added = []
    for number, folder in enumerate(folders):
        told = json.loads(run("borg", "create", "--json", "%s::%d" % (work / "borg", number), folder, env=environment))
        added.append(told["archive"]["stats"]["deduplicated_size"])
    return added


def find(tintype, folders, work):
    """Photos to edit, by kind: `{kind: [(path, made)]}`, large ones and small ones."""
    large, small = {}, {}
    for folder in folders:
        for path in sorted(Path(folder).rglob("*")):
            if path.is_symlink() or not path.is_file() or "hostile" in path.parts or "truncated" in path.parts or path.stat().st_size < 20_000:
                continue
            kind = tintype.inspect(path).get("cut_as")
            if kind:
                (large if path.stat().st_size >= LARGE else small).setdefault(kind, []).append((path, False))
    noise = random.Random(1)
    for kind, (suffix, make) in MAKERS.items():
        if kind not in large:
            path = work / ("made" + suffix)
            path.write_bytes(make(noise.randbytes(2_100_000)))
            large[kind] = [(path, True)]
    some = lambda files: {kind: random.Random(2).sample(found, min(PER_KIND, len(found))) for kind, found in sorted(files.items())}
    return some(large), some(small)


def edit(files, into):
    """Makes the edited files. Gives `[(original, edited)]` of those that exiftool could edit."""
    into.mkdir(parents=True)
    edited = []
    for number, (path, _) in enumerate(files):
        for name, words in EDITS.items():
            target = into / ("%d-%s%s" % (number, name, path.suffix))
            shutil.copyfile(path, target)
            before = target.read_bytes()
            subprocess.run(["exiftool", "-q", "-q", "-m", "-overwrite_original", *words, str(target)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            if target.exists() and target.read_bytes() != before:
                edited.append((path, target))
            else:
                target.unlink(missing_ok=True)
    return edited


def new_bytes(report):
    return sum(piece["bytes"] for piece in report["pieces"] if not piece["there"] and not piece["repeated"])


def measure(tintype, kind, files, work, peers):
    originals, into = work / kind / "originals", work / kind / "edited"
    originals.mkdir(parents=True)
    for number, (path, _) in enumerate(files):
        shutil.copyfile(path, originals / ("%d%s" % (number, path.suffix)))
    edited = edit(files, into)
    if not edited:
        return None
    tintype.snap(originals)
    total, new, worst, pictures, around = 0, 0, 0.0, 0, 0
    for _, path in edited:
        report = tintype.inspect(path)
        fresh, size = new_bytes(report), path.stat().st_size
        total, new, worst = total + size, new + fresh, max(worst, fresh / size)
        pictures += sum(piece["bytes"] for piece in report["pieces"] if piece.get("part") in ("picture", "film") and not piece["there"])
        around += sum(piece["bytes"] for piece in report["pieces"] if piece.get("part") in (None, "metadata"))
    told = tintype.snap(into)
    result = {"files": len(files), "made": any(made for _, made in files), "edits": len(edited), "bytes": total, "new": new, "worst": worst,
              "pictures": pictures, "around": around, "packs": told["stored"]["pack_bytes"], "all": told["stored_bytes"]}
    for name, peer in peers:
        (work / kind / name).mkdir()
        result[name] = peer(work / kind / name, [originals, into])[1]
    return result


def rewritten(tintype, photos, work):
    """Files that other programs rewrote: `[(what, bytes, new bytes, new bytes of pictures and films)]`."""
    found = []
    for path in sorted(path for folder in photos for path in Path(folder).rglob("*") if path.is_file() and path.stat().st_size > 10_000):
        head = path.open("rb").read(12)
        if "hostile" in path.parts:
            continue
        if head[:2] == b"\xff\x0a":
            found.append(("a bare JPEG XL put into a container", path, None))
        elif head[4:12] in (b"ftypqt  ", b"widemdat"):
            found.append(("a MOV whose moov was moved in front", path, None))
        elif head[:3] == b"\xff\xd8\xff":
            pieces = tintype.inspect(path)["pieces"]
            film = [piece for piece in pieces if piece.get("part") == "film"]
            picture = [piece for piece in pieces if piece.get("part") == "picture"]
            if film and picture:
                found.append(("a JPEG whose film was cut off", path, picture[-1]["offset"] + picture[-1]["bytes"]))
    results = {}
    for number, (what, path, end) in enumerate(found):
        folder = work / ("rewritten-%d" % number)
        folder.mkdir()
        original, target = folder / ("original" + path.suffix), work / ("rewritten-%d%s" % (number, path.suffix))
        shutil.copyfile(path, original)
        shutil.copyfile(path, target)
        tintype.snap(folder)
        if end:
            target.write_bytes(target.read_bytes()[:end])
        else:
            subprocess.run(["exiftool", "-q", "-q", "-m", "-overwrite_original", "-XMP-xmp:Rating=4", str(target)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        data = target.read_bytes()
        if what.startswith("a MOV") and not 0 <= data.find(b"moov") < data.find(b"mdat"):
            continue
        report = tintype.inspect(target)
        pictures = sum(piece["bytes"] for piece in report["pieces"] if piece.get("part") in ("picture", "film") and not piece["there"])
        row = results.setdefault(what, [0, 0, 0, 0])
        for place, number in enumerate((1, len(data), new_bytes(report), pictures)):
            row[place] += number
    return results


def main():
    root = Path(__file__).resolve().parent.parent
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tintype", default=root / "target/release/tintype")
    parser.add_argument("--photos", action="append")
    parser.add_argument("--work", default=None)
    parser.add_argument("--no-peers", action="store_true")
    options = parser.parse_args()
    if not shutil.which("exiftool"):
        print("SKIP: exiftool is not installed")
        return 0
    peers = [] if options.no_peers else [(name, peer) for name, peer in (("restic", restic), ("borg", borg)) if shutil.which(name)]
    with tempfile.TemporaryDirectory(prefix="tintype-edits-", dir=options.work) as folder:
        work = Path(folder)
        tintype = Tintype(Path(options.tintype).resolve(), work)
        large, small = find(tintype, options.photos or [root.parent / "shared/corpus/photos"], work)
        over = False
        print("files of 1 MB and more: share of the edited bytes that is stored anew")
        print("%-6s %5s %5s %10s %8s %8s %8s %8s %8s %12s%s" % (
            "kind", "files", "edits", "bytes", "packs", "share", "limit", "raw", "worst", "trees and all", "".join("%9s" % name for name, _ in peers)))
        for kind, files in large.items():
            result = measure(tintype, kind, files, work / "large", peers)
            if not result:
                print("%-6s exiftool edits none of them" % kind)
                continue
            percent = lambda number: "%.3f%%" % (100 * number / result["bytes"])
            limit = LIMITS.get(kind)
            over |= limit is not None and 100 * result["packs"] / result["bytes"] > limit
            print("%-6s %5d %5d %10d %8d %8s %8s %8s %8s %12d%s%s" % (
                kind, result["files"], result["edits"], result["bytes"], result["packs"], percent(result["packs"]), "%.2f%%" % limit if limit else "",
                percent(result["new"]), "%.3f%%" % (100 * result["worst"]), result["all"] - result["packs"],
                "".join("%8.1f%%" % (100 * result[name] / result["bytes"]) for name, _ in peers), "  (made)" if result["made"] else ""))
        print("\nsmaller files: what is new is what stands around pictures, and no byte of a picture")
        print("%-6s %5s %5s %12s %10s %12s %14s" % ("kind", "files", "edits", "bytes", "new", "around it", "new in pictures"))
        for kind, files in small.items():
            result = measure(tintype, kind, files, work / "small", [])
            if result:
                over |= result["pictures"] > 0
                print("%-6s %5d %5d %12d %10d %12d %14d" % (kind, result["files"], result["edits"], result["bytes"], result["new"], result["around"], result["pictures"]))
        print("\nfiles that were rewritten")
        print("%-38s %5s %12s %10s %14s" % ("what", "files", "bytes", "new", "new in pictures"))
        for what, (files, total, new, pictures) in rewritten(Tintype(Path(options.tintype).resolve(), work / "rewritten"), options.photos or [root.parent / "shared/corpus/photos"], work).items():
            over |= pictures > 0
            print("%-38s %5d %12d %10d %14d" % (what, files, total, new, pictures))
    return 1 if over else 0


if __name__ == "__main__":
    sys.exit(main())
