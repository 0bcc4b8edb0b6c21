"""Where pictures and films begin and end in a file, as media.md says: a second program beside the one that cuts files.

No reader of a repository needs this: it is here so that the vectors of kind `layout` are read twice.
"""

import struct


class NoLayout(Exception):
    """The file is cut as any other."""


class Bytes:
    """A file of which no byte behind the end is read in silence."""

    def __init__(self, data):
        self.data, self.length = data, len(data)

    def take(self, at, count):
        if at + count > self.length:
            raise NoLayout("it ends too early")
        return self.data[at:at + count]

    def number(self, at, count, order="big"):
        return int.from_bytes(self.take(at, count), order)


# A part: [offset, length, role]. -----------------------------------------------------------------------------------
def keep_large(parts, least):
    kept = None
    for role in ("picture", "film"):
        of_role = [part for part in parts if part[2] == role]
        if of_role:
            largest = max(part[1] for part in of_role)
            kept = [part for part in of_role if part[1] == largest][-1]
            break
    return [part for part in parts if part[1] >= least or part is kept]


def settle(parts, length):
    parts = [[offset, min(size, max(length - offset, 0)), role] for offset, size, role in parts]
    parts.sort(key=lambda part: (part[0], -part[1]))
    settled = []
    for offset, size, role in parts:
        end = offset + size
        begin = max(offset, settled[-1][0] + settled[-1][1]) if settled else offset
        if begin >= end:
            continue
        if settled and settled[-1][0] + settled[-1][1] == begin and settled[-1][2] == role:
            settled[-1][1] += end - begin
        else:
            settled.append([begin, end - begin, role])
    settled = keep_large(settled, 4096)
    if len(settled) > 31:
        settled = sorted(sorted(settled, key=lambda part: -part[1])[:31], key=lambda part: part[0])
    return settled


# JPEG --------------------------------------------------------------------------------------------------------------
def next_marker(file, at):
    while True:
        at = file.data.find(b"\xff", at)
        if at < 0:
            raise NoLayout("it ends too early")
        code = file.number(at + 1, 1)
        if code == 0 or 0xD0 <= code <= 0xD7:
            at += 2
        elif code == 0xFF:
            at += 1
        else:
            return at, code


def behind_segment(file, marker):
    length = file.number(marker + 2, 2)
    if length < 2 or marker + 2 + length > file.length:
        raise NoLayout("a segment's length")
    return marker + 2 + length


def jpeg_picture(file, start, litter):
    """Where the picture begins, behind its end (or None), behind its Exif."""
    at, exif_end, first = start + 2, 0, None
    while True:
        try:
            if file.number(at, 1) != 0xFF and not litter and first is None:
                raise NoLayout("no marker")
            marker, code = next_marker(file, at)
        except NoLayout:
            if first is None:
                raise
            break
        if 0xE0 <= code <= 0xEF or code == 0xFE:
            at, first = behind_segment(file, marker), None
            if code == 0xE1 and file.data[marker + 4:marker + 10] == b"Exif\0\0":
                exif_end = at
        elif code == 0xD9:
            if first is None:
                raise NoLayout("no picture")
            break
        elif code == 0xDA:
            first = marker if first is None else first
            break
        else:
            first = marker if first is None else first
            if code in (0xD8, 0x01):
                at = marker + 2
                continue
            try:
                at = behind_segment(file, marker)
            except NoLayout:
                break
    at = first
    try:
        while True:
            marker, code = next_marker(file, at)
            if code == 0xD9:
                return first, marker + 2, exif_end
            at = marker + 2 if code in (0xD8, 0x01) else behind_segment(file, marker)
    except NoLayout:
        return first, None, exif_end


def jpeg(file):
    begin, end, exif_end = jpeg_picture(file, 0, True)
    parts = [[0, exif_end, "metadata"], [begin, (end or file.length) - begin, "picture"]]
    for _ in range(16):
        found = None
        if end is not None:
            window = file.data[end:end + 65536]
            for place in range(len(window) - 7):
                if window[place:place + 3] == b"\xff\xd8\xff":
                    found = "picture"
                elif window[place:place + 2] == b"\0\0" and window[place + 4:place + 8] == b"ftyp":
                    found = "film"
                if found:
                    break
        if not found:
            break
        at = end + place
        try:
            if found == "picture":
                begin, end, _ = jpeg_picture(file, at, False)
                parts.append([begin, (end or file.length) - begin, "auxiliary"])
            else:
                films = film_parts(file, at, file.length)
                parts += films
                end = max(part[0] + part[1] for part in films) if films else None
        except NoLayout:
            if found == "picture":
                break
            end = None
    return "jpeg", parts


# PNG, WebP, JPEG XL ------------------------------------------------------------------------------------------------
def png(file):
    at, begin, end = 8, None, 0
    for _ in range(1_000_000):
        try:
            length, name = file.number(at, 4), file.take(at + 4, 4)
        except NoLayout:
            if begin is None:
                raise
            end = file.length
            break
        if name in (b"IDAT", b"fdAT"):
            begin, end = at if begin is None else begin, at + 12 + length
        elif name == b"IEND":
            break
        at += 12 + length
    if begin is None:
        raise NoLayout("no picture")
    return "png", [[begin, min(end, file.length) - begin, "picture"]]


def webp(file):
    at, begin, end = 12, None, 0
    for _ in range(1_000_000):
        try:
            name, length = file.take(at, 4), file.number(at + 4, 4, "little")
        except NoLayout:
            break
        behind = at + 8 + length + length % 2
        if name in (b"VP8 ", b"VP8L", b"ALPH", b"ANIM", b"ANMF"):
            begin, end = at if begin is None else begin, behind
        at = behind
    if begin is None:
        raise NoLayout("no picture")
    return "webp", [[begin, min(end, file.length) - begin, "picture"]]


def jxl(file):
    if file.data[:2] == b"\xff\x0a":
        return "jxl", [[0, file.length, "picture"]]
    parts, at = [], 0
    try:
        for _ in range(65536):
            found = next_box(file, at, file.length)
            if not found:
                break
            name, begin, at = found
            if name in (b"jxlc", b"jxlp"):
                begin = min(begin + 4, at) if name == b"jxlp" else begin
                parts.append([begin, at - begin, "picture"])
    except NoLayout:
        if not parts:
            raise
    if not parts:
        raise NoLayout("no codestream")
    return "jxl", parts


# Boxes -------------------------------------------------------------------------------------------------------------
FIRST = (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot")
HEIF = b"heic heix hevc hevx heim heis hevm hevs mif1 mif2 mif3 msf1 miaf avci avcs jpeg jpgs j2ki j2is".split()


def next_box(file, begin, end):
    """Name, where the body begins, where it ends; None where no box has room."""
    room = end - begin
    if room < 8:
        return None
    size, name = file.number(begin, 4), file.take(begin + 4, 4)
    head = 16 if size == 1 else 8
    size = room if size == 0 else file.number(begin + 8, 8) if size == 1 else size
    if size < head or size > room:
        raise NoLayout("a box's length")
    return name, begin + head, begin + size


def kind_of_brands(body):
    words = [body[at:at + 4] for at in range(0, min(len(body), 256) // 4 * 4, 4)]
    if not words:
        return "mov"
    if words[0] in (b"qt  ", b"crx "):
        return "mov" if words[0] == b"qt  " else "cr3"
    brands = {words[0], *words[2:]}
    return "avif" if brands & {b"avif", b"avis"} else "heif" if brands & set(HEIF) else "mp4"


def walk(file, at, end):
    top = {"kind": None, "bodies": [], "meta": None, "film": None, "moving": False, "defect": False}
    for _ in range(65536):
        try:
            found = next_box(file, at, end)
        except NoLayout:
            top["defect"] = True
            return top
        if not found:
            return top
        name, begin, at = found
        if name == b"ftyp" and top["kind"] is None:
            top["kind"] = kind_of_brands(file.data[begin:at])
        elif name == b"mdat":
            top["bodies"].append((begin, at))
        elif name == b"meta" and top["meta"] is None:
            top["meta"] = (begin, at)
        elif name == b"mpvd" and top["film"] is None:
            top["film"] = (begin, at)
        elif name == b"moov":
            top["moving"] = True
    top["defect"] = True
    return top


def bodies(top, role):
    return [[begin, end - begin, role] for begin, end in top["bodies"]]


def film_parts(file, begin, end):
    first = next_box(file, begin, end)
    if not first or first[0] not in FIRST:
        raise NoLayout("no film")
    top = walk(file, begin, end)
    if top["defect"] and not top["bodies"]:
        raise NoLayout("no film")
    return bodies(top, "film")


def boxes(file):
    top = walk(file, 0, file.length)
    kind = top["kind"] or "mov"
    if kind in ("heif", "avif"):
        parts = None
        if top["meta"] and not top["moving"]:
            try:
                parts = items(file, *top["meta"])
            except NoLayout:
                pass
        parts = bodies(top, "picture") if parts is None else parts
    else:
        parts = bodies(top, "picture" if kind == "cr3" else "film")
    if top["film"]:
        try:
            parts = parts + film_parts(file, *top["film"])
        except NoLayout:
            pass
    if top["defect"] and not parts:
        raise NoLayout("a box's length")
    return kind, parts


class Table:
    """A run of a file that is read from its beginning on; all tables together have an end."""

    def __init__(self, file, begin, end, left):
        self.file, self.at, self.end, self.left = file, begin, end, left

    def count(self):
        if self.left[0] == 0:
            raise NoLayout("too many entries")
        self.left[0] -= 1

    def number(self, size):
        if self.at + size > self.end:
            raise NoLayout("a table is cut off")
        self.at += size
        return self.file.number(self.at - size, size)

    def version(self):
        return self.number(4) >> 24

    def boxes(self):
        while True:
            self.count()
            found = next_box(self.file, self.at, self.end)
            if not found:
                return
            name, begin, end = found
            yield name, Table(self.file, begin, end, self.left)
            self.at = end


def items(file, begin, end):
    meta = Table(file, begin, end, [131072])
    meta.version()
    primary, kinds, places, made_of, properties = None, {}, [], {}, None
    for name, table in meta.boxes():
        if name == b"pitm":
            primary = table.number(2 if table.version() == 0 else 4)
        elif name == b"iinf":
            table.number(2 if table.version() == 0 else 4)
            for name, entry in table.boxes():
                if name == b"infe" and entry.at < entry.end:
                    size = {2: 2, 3: 4}.get(entry.version())
                    if size:
                        item = entry.number(size)
                        entry.number(2)
                        kinds[item] = entry.number(4).to_bytes(4, "big")
        elif name == b"iloc":
            read_places(table, places)
        elif name == b"iref":
            size = 2 if table.version() == 0 else 4
            for name, entry in table.boxes():
                if name == b"dimg":
                    item = entry.number(size)
                    for _ in range(entry.number(2)):
                        entry.count()
                        made_of.setdefault(item, []).append(entry.number(size))
        elif name == b"iprp":
            properties = [table.at, table.end - table.at, "metadata"]
    of_picture, left = set(), [] if primary is None else [primary]
    while left:
        item = left.pop()
        if item not in of_picture:
            of_picture.add(item)
            left += made_of.get(item, [])
    parts = []
    for item, at, stop in places:
        is_here = at < stop <= file.length and (stop <= begin or at >= end)
        if is_here and kinds.get(item, b"Exif") not in (b"Exif", b"mime", b"uri "):
            parts.append([at, stop - at, "picture" if not of_picture or item in of_picture else "auxiliary"])
    if not parts:
        raise NoLayout("no item has a place")
    parts.sort(key=lambda part: part[2] != "picture")
    return parts + ([properties] if properties else [])


def read_places(table, places):
    version = table.version()
    sizes = table.number(2)
    offset_size, length_size, base_size = sizes >> 12, sizes >> 8 & 15, sizes >> 4 & 15
    index_size = sizes & 15 if version else 0
    if version > 2 or not {offset_size, length_size, base_size, index_size} <= {0, 4, 8} or not length_size:
        raise NoLayout("sizes of places")
    wide = 2 if version < 2 else 4
    for _ in range(table.number(wide)):
        table.count()
        item = table.number(wide)
        method = table.number(2) & 15 if version else 0
        elsewhere = table.number(2)
        base = table.number(base_size)
        for _ in range(table.number(2)):
            table.count()
            table.number(index_size)
            at = base + table.number(offset_size)
            stop = at + table.number(length_size)
            if stop < 1 << 64 and method == 0 and not elsewhere:
                places.append((item, at, stop))


# TIFF and RAF ------------------------------------------------------------------------------------------------------
class Tiff:
    def __init__(self, file):
        self.file, self.left, self.flaw = file, 1_000_000, None
        head = file.take(0, 8)
        self.order = "little" if head[:2] == b"II" else "big"
        magic = int.from_bytes(head[2:4], self.order)
        self.wide, self.panasonic = magic == 43, magic == 0x55
        if magic not in (42, 43, 0x4F52, 0x5352, 0x55):
            raise NoLayout("no TIFF")
        if self.wide and (int.from_bytes(head[4:6], self.order), int.from_bytes(head[6:8], self.order)) != (8, 0):
            raise NoLayout("a BigTIFF of another width")
        self.first = self.number(8, 8) if self.wide else self.number(4, 4)

    def number(self, at, size):
        return self.file.number(at, size, self.order)

    def directory(self, at):
        count = self.number(at, 8 if self.wide else 2)
        at += 8 if self.wide else 2
        size, offset_size = (20, 8) if self.wide else (12, 4)
        if count == 0 or at + count * size > self.file.length:
            raise NoLayout("a directory")
        fields = {}
        for index in range(min(count, 4096)):
            entry = self.file.take(at + index * size, size)
            head = 12 if self.wide else 8
            number = lambda a, b: int.from_bytes(entry[a:b], self.order)
            fields.setdefault(number(0, 2), (number(2, 4), number(4, head), entry[head:]))
        end = at + count * size
        return fields, self.number(end, offset_size) if end + offset_size <= self.file.length else 0

    def values(self, fields, tag):
        kind, count, inline = fields.get(tag, (0, 0, b""))
        size = {3: 2, 4: 4, 13: 4, 16: 8, 18: 8}.get(kind)
        if size is None:
            return []
        total = count * size
        if total >= 1 << 64:
            raise NoLayout("a count")
        if total <= len(inline):
            return [int.from_bytes(inline[at:at + size], self.order) for at in range(0, total, size)]
        at = int.from_bytes(inline, self.order)
        if at + total > self.file.length:
            raise NoLayout("values behind the end")
        if count > self.left:
            raise NoLayout("too many values")
        self.left -= count
        return [self.number(at + index * size, size) for index in range(count)]

    def run(self, offset, size):
        end = min(offset + size, self.file.length)
        return [offset, end] if 0 < offset < end else None

    def try_to(self, action):
        try:
            return action()
        except NoLayout as flaw:
            self.flaw = self.flaw or flaw
            return None

    def picture(self, fields):
        runs = []
        for offsets, lengths in ((0x111, 0x117), (0x144, 0x145), (0x201, 0x202)):
            offsets, lengths = self.values(fields, offsets), self.values(fields, lengths)
            for offset, size in zip(offsets, lengths):
                run = self.run(offset, size)
                if run:
                    runs.append(run)
                elif size > 0:
                    self.flaw = self.flaw or NoLayout("a strip behind the end")
        if self.panasonic:
            begins = self.values(fields, 0x118)
            run = self.run(begins[0], self.file.length) if begins else None
            runs += [run] if run else []
        merged = []
        for begin, end in sorted(runs):
            if merged and begin <= merged[-1][1] + 64:
                merged[-1][1] = max(merged[-1][1], end)
            else:
                merged.append([begin, end])
        first = [(self.values(fields, tag) or [None])[0] for tag in (0xFE, 0x100, 0x101, 0x103)]
        return merged, first

    def embedded(self, fields, found):
        of = lambda tag: [(int.from_bytes(field[2], self.order), field[1]) for field in [fields.get(tag)] if field and field[0] == 7]
        for offset, size in of(0xC68C):
            run = self.run(offset, size)
            found += [run] if run else []
        if self.panasonic:
            for offset, size in of(0x2E):
                run = self.run(offset, size)
                payload = jpeg_payload(self.file, *run) if run else None
                found += [payload] if payload else []


def jpeg_payload(file, begin, end):
    if file.data[begin:begin + 2] != b"\xff\xd8":
        return None
    at = begin + 2
    for _ in range(64):
        segment = file.data[at:at + 4]
        if len(segment) < 4 or at >= end or segment[0] != 0xFF:
            return None
        if segment[1] == 0xFF:
            at += 1
        elif 0xE0 <= segment[1] <= 0xEF or segment[1] == 0xFE:
            length = int.from_bytes(segment[2:], "big")
            if length < 2:
                return None
            at += 2 + length
        else:
            return [at, end]
    return None


def large_enough(runs, file):
    least = 16384 if file.length > 262144 else 4096
    return keep_large([[begin, end - begin, role] for (begin, end), role in runs], least)


def tiff(file):
    walk = Tiff(file)
    waiting, seen, pictures, embedded = [(walk.first, 0)], set(), [], []
    while waiting:
        offset, depth = waiting.pop(0)
        if offset == 0 or offset in seen:
            continue
        seen.add(offset)
        if len(seen) > 64:
            break
        found = walk.try_to(lambda: walk.directory(offset))
        if not found:
            continue
        fields, following = found
        if depth == 0:
            waiting.append((following, 0))
        if depth < 2:
            waiting += [(below, depth + 1) for below in (walk.try_to(lambda: walk.values(fields, 0x14A)) or [])[:64]]
        picture = walk.try_to(lambda: walk.picture(fields))
        if picture:
            pictures.append(picture)
            walk.try_to(lambda: walk.embedded(fields, embedded))
    if walk.flaw and not embedded and not any(runs for runs, _ in pictures):
        raise walk.flaw
    parts = [(run, "auxiliary") for run in embedded]
    if pictures:
        sizes = [sum(end - begin for begin, end in runs) for runs, _ in pictures]
        best = sizes.index(max(sizes))
        for index, (runs, first) in enumerate(pictures):
            subfile, *form = first
            beside = subfile in (0, 2) if subfile is not None else form[0] is not None and form == pictures[best][1][1:]
            parts += [(run, "picture" if index == best or beside else "auxiliary") for run in runs]
    return "tiff", large_enough(parts, file)


def raf(file):
    numbers = struct.unpack(">6I", file.take(84, 24))
    (jpeg_at, jpeg_size), (at, size) = numbers[:2], numbers[4:]
    if not at or not size or at >= file.length:
        raise NoLayout("no sensor's data")
    parts = [([at, min(at + size, file.length)], "picture")]
    if jpeg_at and min(jpeg_at + jpeg_size, file.length) > jpeg_at:
        payload = jpeg_payload(file, jpeg_at, min(jpeg_at + jpeg_size, file.length))
        parts += [(payload, "auxiliary")] if payload else []
    return "raf", large_enough(parts, file)


TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+", b"IIRO", b"IIRS", b"MMOR", b"IIU\0")


def finder(data):
    if data[:3] == b"\xff\xd8\xff":
        return jpeg
    if data[:8] == b"\x89PNG\r\n\x1a\n":
        return png
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return webp
    if data[:2] == b"\xff\x0a" or data[4:12] == b"JXL \r\n\x87\n":
        return jxl
    if data[:15] == b"FUJIFILMCCD-RAW":
        return raf
    if data[:4] in TIFF:
        return tiff
    return boxes if data[4:8] in FIRST else None


def layout(data):
    """The kind of a file and its parts, as in the vectors."""
    find = finder(data)
    try:
        if not find:
            return "none"
        kind, parts = find(Bytes(data))
    except NoLayout:
        return "none"
    return "; ".join([kind] + ["%s %d %d" % (role, offset, size) for offset, size, role in settle(parts, len(data))])
