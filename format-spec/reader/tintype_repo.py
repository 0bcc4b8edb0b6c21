"""A repository as it lies on a disk: opens it, and says what is here, whole, buried, needed, and where objects lie.

Owns: the listing of names, tintype.json and its second copy, keys and slots, notices, manifests, needs, index
segments, and the reading of packs. It reads first or second copies and notes which; it never writes. What it
finds wrong on the way stands in `Repository.problems`; what stops it is raised as `Stop` with the exit code.
"""
import os
import time
from collections import OrderedDict, namedtuple

from primitives import blake3

import tintype_format as f
from tintype_format import Refused, need, whole


class Stop(Exception):
    """The thing asked for cannot be done: exit code, stable code, words, what to do."""
    def __init__(self, exit_code, code, text, advice=""):
        super().__init__(text)
        self.exit_code, self.code, self.text, self.advice = exit_code, code, text, advice

Problem = namedtuple("Problem", "code exit message path")

def shown(path):
    """A path as it may stand on a screen: control and bidi characters, and what is not UTF-8, are escaped."""
    text = os.fsencode(path).decode("utf-8", "backslashreplace")
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)

# packs.md ------------------------------------------------------------------------------------------------------
Pack = namedtuple("Pack", "name kind salt")     # name: 64 digits
Place = namedtuple("Place", "pack ordinal offset stored raw codec start length")

class Packs:
    """Reads objects by their places; one in each process. Keeps a few open files and opened records."""
    def __init__(self, root, keys):
        self.root, self.keys, self.files, self.records, self.used_second = root, keys, OrderedDict(), OrderedDict(), set()

    def read(self, name, second, offset, length):
        key = name, second
        if key not in self.files:
            if len(self.files) >= 16:
                self.files.popitem(last=False)[1].close()
            self.files[key] = open(os.path.join(self.root, f.pack_path(name, second)), "rb", buffering=0)
        file = self.files[key]
        file.seek(offset)
        data = file.read(length)
        while len(data) < length:
            more = file.read(length - len(data))
            need(more, "file-short", "the pack ends early")
            data += more
        return data

    def is_short(self, name, second):
        """Whether a pack from which something was just read has no trailer, whatever its length (files.md)."""
        size = os.fstat(self.files[name, second].fileno()).st_size
        return size < 192 or not f.has_trailer(self.read(name, second, size - 64, 64), size)

    def record(self, place, second):
        pack, key = place.pack, (place.pack.name, place.ordinal, place.offset, second)
        if key not in self.records:
            stored = self.read(pack.name, second, place.offset, place.stored)
            self.records[key] = f.open_record(self.keys, pack.kind, pack.salt, place.ordinal, place.codec, place.raw, stored)
            while len(self.records) > 1 and sum(map(len, self.records.values())) > 24 << 20:
                self.records.popitem(last=False)
        return self.records[key]

    def object(self, identity, kind, places):
        """The bytes of an object from the first place where they are right."""
        worst = None
        for place in places:
            for second in (False, True):        # also of a data pack: it may lie in another's place
                try:
                    data = self.record(place, second)[place.start:place.start + place.length]
                    need(f.object_id(kind, data) == identity, "hash-mismatch", "an object is not its id")
                    if second:
                        self.used_second.add(place.pack.name)
                    return data
                except FileNotFoundError:
                    pass
                except Refused as error:
                    if self.is_short(place.pack.name, second):     # its bytes are not here (yet): not damaged, missing
                        worst = worst or Refused("file-short", "its pack is short")
                    else:
                        worst = Refused("record-not-decodable", error.what) if error.code == "file-short" else error
                except OSError as error:
                    code = "pack-denied" if isinstance(error, PermissionError) else "not-authentic"
                    worst = Refused(code, f"cannot be read: {error.strerror}", "seal")
        raise worst or KeyError(identity)

# repository.md, reading.md: the folder -------------------------------------------------------------------------
Stored = namedtuple("Stored", "path size elsewhere")
Snapshot = namedtuple("Snapshot", "name path public sealed only_second")

def is_placeholder(stat):
    """A file of a sync tool whose bytes are not here (macOS: SF_DATALESS; Windows: offline, recall on access)."""
    return bool(getattr(stat, "st_flags", 0) & 0x40000000 or getattr(stat, "st_file_attributes", 0) & 0x441000)

class Repository:
    def __init__(self, root):
        self.root, self.problems, self.bad, self.foreign, self.temporary, self.rules = root, [], set(), 0, 0, []
        self.files = {(folder, second): {} for folder in f.KINDS for second in (False, True)}
        self.states, self.places, self.indexed, self.owned, self.covered, self.unread = {}, {}, {}, set(), set(), set()
        self.lengths, self.cut, self.stage, self.segments, self.more_names, self.reader_here = {}, set(), 0, {}, {}, False
        try:
            self.scan("")
        except OSError as error:
            code = (2, "repository-not-found") if isinstance(error, (FileNotFoundError, NotADirectoryError)) else (1, "read-error")
            raise Stop(*code, f"cannot list {root}: {error.strerror or error}", "give the folder that holds tintype.json") from None

    def scan(self, below):
        with os.scandir(os.path.join(self.root, below)) as entries:
            for item in entries:
                path = below + item.name
                ours = path.split("/")[path.startswith("second/")] in (*f.KINDS, "rules", "second", "spec", "reader")
                if item.is_dir(follow_symlinks=ours and path.count("/") < 3):
                    try:
                        self.scan(path + "/")
                    except OSError:
                        self.say("read-error", 5, f"cannot list {shown(path)}", path)
                    continue
                what, name, second = f.name_of(path)
                if what in f.KINDS:
                    stat = item.stat()
                    stored = Stored(path, stat.st_size, is_placeholder(stat))
                    if self.files[what, second].setdefault(name, stored) is not stored:     # under two time stamps
                        self.more_names.setdefault((name, second), []).append(stored)
                self.foreign += what == "foreign"
                self.temporary += what == "temporary"
                self.rules += [name] if what == "rule" else []
                self.reader_here |= path.startswith("reader/")

    def say(self, code, exit_code, message, path=""):
        problem = Problem(code, exit_code, message, path)
        if problem not in self.problems:
            self.problems.append(problem)

    def raw(self, path):
        """The bytes of a small file; None if it is absent."""
        try:
            with open(os.path.join(self.root, path), "rb") as file:
                return file.read(f.SEGMENT_MAX + 1)
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            return None
        except OSError as error:
            if path.endswith("tintype.json"):
                raise Stop(1, "place-gone", f"cannot read {os.path.join(self.root, path)}: {error.strerror}") from None
            self.raw("tintype.json")            # a read error: if this fails too, the place is gone
            return b""

    def fetch(self, folder, name):
        """(bytes of the first copy that hashes to its name, or None; states of the two copies)"""
        data, states = None, []
        for second in (False, True):
            found, state = self.fetch_one(name, self.files[folder, second].get(name))
            for stored in self.more_names.get((name, second), ()) if state != "whole" else ():
                found, state = self.fetch_one(name, stored)
            data = data or found
            states.append(state)
        self.states[folder, name] = states
        return data, states

    def fetch_one(self, name, stored):
        """(bytes or None, state) of one copy."""
        if stored is None or stored.elsewhere:
            return None, "elsewhere" if stored else "absent"
        for _ in range(2):                      # damaged: read twice
            found = self.raw(stored.path)
            if found is None:
                return None, "absent"
            if blake3(found).hex() == name:
                return found, "whole"
        unread = not found and stored.size      # a file that cannot be read counts as damaged
        return None, "wrong" if unread or f.has_trailer(found, len(found)) else "short"

    def pack_states(self, pack):
        """States of the two copies of a needed pack, by length and trailer: whole, short, wrong, absent, elsewhere."""
        key = "packs", pack
        if key not in self.states:
            self.states[key] = [self.pack_state(pack, self.files["packs", second].get(pack.name.hex()))
                                for second in (False, True)[:pack.kind]]
        return self.states[key]

    def pack_state(self, pack, stored):
        if stored is None or stored.elsewhere:
            return "elsewhere" if stored else "absent"
        try:
            with open(os.path.join(self.root, stored.path), "rb") as file:
                file.seek(max(stored.size - 64, 0))
                tail = f.trailer(file.read(64), stored.size)
            right = (tail.kind, tail.file_length) == (pack.kind, pack.length) and stored.path not in self.bad
            return "whole" if right else "wrong"
        except FileNotFoundError:
            return "absent"
        except PermissionError:
            return "denied"
        except (Refused, OSError) as error:
            return "short" if getattr(error, "code", "") == "file-short" else "wrong"

    # reading.md, "Opening"
    def open(self, password=None, code=None, verb="read"):
        self.verb = verb
        self.find_repository_file(code)
        for rule in self.rules:
            if rule.endswith("." + verb) or rule.endswith(".read"):
                raise Stop(2, "newer-rules", f"the rule {rule} was made by a newer version of tintype", "use that version")
        if not self.facts.encrypted and (password or code):
            raise Stop(2, "key-for-plain", "this repository is not encrypted: it has no password", "leave the password away")
        self.keys = f.Keys(self.facts.id, self.facts.encrypted)
        if code:
            self.keys = self.unlocked(f.master_key(code))
            if not self.keys:
                raise Stop(2, "wrong-recovery-code", "the recovery code is that of another repository")
        self.read_notices()
        if password:
            self.open_by_password(password)
        self.packs = Packs(self.root, self.keys)

    def unlocked(self, master):
        """Keys of a master key that is this repository's."""
        right = f.key_check(master) == self.facts.key_check
        return f.Keys(self.facts.id, True, master) if right else None

    def find_repository_file(self, code):
        texts, good, newer = [self.raw("tintype.json"), self.raw("second/tintype.json")], {}, []
        for text in texts:
            try:
                good.update({text: f.repository_file(text)} if text is not None else {})
            except Refused as error:
                newer += [error] if error.code == "format-too-new" else []
        too_new = Stop(2, "format-too-new", "a newer version of tintype made this repository", "use that version")
        if not good and newer and len(newer) == 2 - texts.count(None):
            raise too_new
        if texts == [None, None]:
            ours = any(self.files.values())
            raise Stop(2, "repository-file-missing" if ours else "repository-not-found",
                       f"no tintype.json in {self.root}" + (": the copy may still be arriving" if ours else ""))
        if len(good) != 1:                      # the manifests say which; or give it back
            for _, name in sorted(((s.path.split("/")[-1], n) for second in (True, False)
                                  for n, s in self.files["snapshots", second].items()), reverse=True):
                try:
                    parts = f.take_apart(self.fetch("snapshots", name)[0] or b"", (4,), None)
                    public = whole(parts.middle, f.manifest_public)
                    if not good:
                        keys = f.Keys(parts.header.repository, code is not None, code and f.master_key(code))
                        text = whole(keys.open_file(parts), f.manifest_sealed, True).repository_file
                        facts = f.repository_file(text)
                        need(facts.id == keys.repository and facts.encrypted == keys.encrypted, "wrong-repository")
                        good = {text: facts}
                    good = {text: facts for text, facts in good.items() if blake3(text) == public.repository_file}
                    break
                except Refused:
                    continue
        if newer and not good:
            raise too_new
        if len(good) != 1:
            what = "they differ, and no snapshot says which is right" if good else "both copies of tintype.json are wrong"
            raise Stop(5, "repository-file-damaged", what,
                       "the recovery code reads it from a snapshot (`--recovery-code-file`)")
        (self.text, self.facts), = good.items()
        for path, text in zip(("tintype.json", "second/tintype.json"), texts):
            if text != self.text and (path == "tintype.json" or self.verb == "check"):
                self.say("copy-missing" if text is None else "copy-damaged", 4,
                         f"{path} is " + ("absent" if text is None else "wrong"), path)

    def open_by_password(self, password):
        names, opened = sorted(set(self.files["keys", False]) | set(self.files["keys", True])), 0
        for name in names[:f.SLOTS_READ]:
            if opened == f.SLOTS_TRIED:
                break
            try:
                keys = self.unlocked(f.open_slot(self.fetch("keys", name)[0] or b"", self.facts.id, password)[0])
                opened += 1
            except Refused as error:
                opened += error.code in ("wrong-password", "not-authentic", "key-derivation")
                continue
            if keys:
                self.keys = keys
                self.read_notices()
                if name not in self.buried["keys"]:
                    return
        self.keys = f.Keys(self.facts.id, True)
        if not opened:
            raise Stop(2, "no-key-slots", "no key slot can be read", "give the recovery code (`--recovery-code-file`)")
        raise Stop(2, "wrong-password", f"the password is wrong for all {opened} key slots",
                   "try another password, or the recovery code (`--recovery-code-file`)")

    # notices.md
    def read_notices(self):
        self.buried, self.unproved, self.false, self.instead = {k: set() for k in f.KINDS}, set(), 0, {}
        for folder in ("tombstones", "instead"):
            for name in sorted(set(self.files[folder, False]) | set(self.files[folder, True])):
                data, states = self.fetch(folder, name)
                try:
                    need(data, "file-short", "wrong or short in every place")
                    said = f.open_notice(data, folder, self.keys)
                except Refused as error:
                    self.false += error.code.endswith("-false")
                    if not error.code.endswith("-false") and self.verb == "check" and "elsewhere" not in states:
                        self.say("notice-damaged", 3, f"{folder}/{name[:8]}…: {error}; nobody obeys it", f"{folder}/{name}")
                    continue
                if folder == "instead":
                    self.instead.setdefault(said[0], []).append(said[1])
                elif self.keys.locked:
                    self.unproved.add((said[0], said[1].hex()))
                else:
                    self.buried[said[0]].add(said[1].hex())

    def here(self, pack):
        """Whether a pack is here, by the least fixed point: whole, or replaced by packs that are all here."""
        if "whole" in self.pack_states(pack):
            return True
        if not hasattr(self, "replaced"):
            self.replaced, before = set(), -1
            while before != len(self.replaced):
                before = len(self.replaced)
                self.replaced |= {name for name, lists in self.instead.items() if any(
                    all(p.name in self.replaced or "whole" in self.pack_states(p) for p in packs) for packs in lists)}
        return pack.name in self.replaced

    # manifest.md
    def snapshot_names(self, second_too=False):
        """Names and paths of manifests, the newest by name first; those that a believed tombstone names are left out."""
        found = dict(self.files["snapshots", True]) if second_too else {}
        found.update(self.files["snapshots", False])
        ordered = sorted(found.items(), key=lambda item: item[1].path.split("/")[-1], reverse=True)
        return [name for name, _ in ordered if name not in self.buried["snapshots"]]

    def snapshot(self, name, used=True):
        """Opens a manifest; raises Refused (file-short if it is absent or short in both places). What is wrong with it and
        can be done without is said if it is `used`, not if it is opened to find another one."""
        data, states = self.fetch("snapshots", name)
        need(data, "hash-mismatch" if "wrong" in states else "file-short", "the manifest is " + " and ".join(sorted(set(states))), "name")
        stored = self.files["snapshots", False].get(name)
        if used and stored and states[0] != "whole":
            self.say("copy-damaged", 4, f"the manifest of {name[:8]} is {states[0]}; its second copy is used", stored.path)
        public, sealed = f.open_manifest(data, self.keys)
        need(public.repository_file == blake3(self.text), "hash-mismatch", "the manifest names another tintype.json")
        if used and public.time.seconds > time.time() + 86400:
            self.say("time-ahead", 0, f"snapshot {name[:8]} states a time more than a day ahead of this machine's clock")
        return Snapshot(name, (stored or self.files["snapshots", True][name]).path, public, sealed, stored is None)

    # needs.md
    def needs(self, snapshot):
        """(needed packs, names of pages that are lost)"""
        public, packs, lost = snapshot.public, [], []
        for name in public.pages:
            data, states = self.fetch("needs", name.hex())
            if data is None:
                lost.append((name.hex(), states))
                continue
            packs += f.open_needs(data, 16, self.keys.repository)
        f.rising([p.name for p in packs], "the pages' packs")
        need(not {p.name for p in packs} & {p.name for p in public.tail}, "not-allowed", "a pack in a page and in the tail")
        packs += public.tail
        total = len(packs), sum(p.length for p in packs)
        need(lost or total == (public.count, public.bytes), "not-allowed", "count or bytes are not those of the packs")
        return packs, lost

    # index.md
    def add(self, name, length, kind, salt, records, short=False):
        """Takes a pack's directory into the index, if the pack is here with that length; or, if `short`, if it is not."""
        sizes = [s.size for s in (self.files["packs", second].get(name) for second in (False, True)) if s]
        right = length in sizes and self.lengths.get(name, length) == length
        if right if short else length in self.indexed.get(name, ()) or not right:
            return
        if not short:
            self.indexed.setdefault(name, set()).add(length)
        pack, offset = Pack(name, kind, salt), 128
        for ordinal, record in enumerate(records):
            start = 0
            for identity, object_kind, size in record.objects:
                place = Place(pack, ordinal, offset, record.stored, record.raw, record.codec, start, size)
                known = self.places.setdefault((identity, object_kind), [])
                known += [place] if not short or place not in known else []
                self.cut |= {place} if short else set()
                start += size
            offset += record.stored

    def segment(self, name):
        """Reads an index segment into the index: "good", "wrong", "short" or "absent"."""
        if name not in self.segments:
            data, (state, _) = self.fetch("index", name)
            try:
                for pack in f.open_segment(data, self.keys) if data and not self.keys.locked else ():
                    self.add(pack.name.hex(), *pack[1:])
                    self.covered.add(pack.name.hex())
                self.segments[name] = "good" if data else state
            except Refused:
                self.segments[name] = "wrong"
        return self.segments[name]

    def say_segments(self, snapshot, packs):
        """A bad segment is bookkeeping; where good ones list every needed pack nobody misses it (index.md)."""
        for name in (name.hex() for name in snapshot.public.segments):
            if self.segment(name) != "good":
                self.say_segment(name, packs, snapshot.name)

    def say_segment(self, name, packs, snapshot=None):
        for other in self.files["index", False] if not self.keys.locked else ():     # any that lies here and opens
            self.segment(other)
        here = self.files["packs", False].keys() | self.files["packs", True].keys()
        missed, state = not here & {p.name.hex() for p in packs} <= self.covered, self.segment(name)
        exit_code = 4 if missed and not self.keys.locked or self.keys.locked and (
            state == "absent" or [snapshot] == self.snapshot_names()[:1]) else 3
        if exit_code == 4 or state != "absent":
            self.say("index-missing" if state == "absent" else "index-damaged", exit_code,
                     f"index segment {name[:8]}… is {state}; it can be made again from the packs", f"index/{name}")

    def own_directories(self, name):
        """The directories of both copies of a pack that open: (length, kind, salt, records).
        A pack that is whole by its trailer and whose directory does not open is noted in `unread`."""
        found = []
        for second in (False, True):
            stored = self.files["packs", second].get(name)
            try:
                if stored and not stored.elsewhere:
                    kind, salt, records = f.pack_directory(
                        self.keys, lambda at, n: self.packs.read(name, second, at, n), stored.size, salvage=self.verb != "check")
                    found.append((stored.size, kind, salt, records))
            except Refused as error:
                if error.code not in ("file-short", "format-too-new"):
                    self.unread.add(name)
            except OSError:
                continue
        return found

    def index(self, snapshot, packs):
        self.say_segments(snapshot, packs)
        for pack in packs:
            self.index_pack(pack.name.hex())

    def index_pack(self, name):
        for found in self.own_directories(name) if name not in self.indexed else ():
            self.owned.add(name)
            self.unread.discard(name)
            self.add(name, *found)

    def find(self, identity, kind, everywhere=False):
        """Where an object lies, in what was indexed so far; if nowhere, in any other segment and pack that is here.
        `everywhere`: no place so far was right, so what the packs themselves say is added as well."""
        known = self.places.get((identity, kind), [])
        for place in list(known) if everywhere else ():
            if place.pack.name not in self.owned:
                self.indexed.pop(place.pack.name, None)
                self.index_pack(place.pack.name)
        if everywhere or not known:
            self.index_everything()
        return self.places.get((identity, kind), known)

    def index_everything(self):
        """Takes in every segment and every pack that is here, once."""
        if self.stage:
            return
        self.stage = 1
        for name in self.files["index", False]:
            self.segment(name)
        for name in {**self.files["packs", False], **self.files["packs", True]}:
            self.index_pack(name)
        for name, state in list(self.segments.items()):          # packs that are cut off or gone: what is left of them
            for pack in f.open_segment(self.fetch("index", name)[0], self.keys) if state == "good" else ():
                self.add(pack.name.hex(), *pack[1:], short=True)

    def object(self, identity, kind):
        """A decoded object that is no chunk."""
        try:
            data = self.packs.object(identity, kind, self.find(identity, kind))
        except (Refused, KeyError):
            data = self.packs.object(identity, kind, self.find(identity, kind, True))
        return whole(data, f.DECODERS[kind])

    def say_used_second(self):
        """Says which meta packs were not good in packs/, so that their second copy was used."""
        for name in sorted(self.packs.used_second):
            if not any(problem.path == f"packs/{name}" for problem in self.problems):
                here = name in self.files["packs", False]
                self.say("copy-damaged" if here else "copy-missing", 4, f"pack {name[:8]}… is {'not good' if here else 'absent'} in "
                         "packs/: its second copy was used", f"packs/{name}")

    # trees.md
    def entries(self, identity):
        """The entries of a folder, checked against its list of pages."""
        pages, last = self.object(identity, 2), None
        for page, first, count in pages:
            found = self.object(page, 3)
            need(found[0].name == first and len(found) == count, "not-allowed", "a page is not as its folder says")
            need(last is None or last < first, "not-allowed", "pages that overlap")
            last = found[-1].name
            yield from found

    def pieces(self, file):
        """The (id, length) of a file's pieces, in order."""
        if file.form < 3:
            return list(file.pieces)
        lists = [(file.pieces, None)] if file.form == 3 else self.object(file.pieces, 5)
        pieces = []
        for identity, length in lists:
            found = self.object(identity, 4)
            need(length is None or sum(p[1] for p in found) == length, "not-allowed", "a list that does not add up")
            pieces += found
        need(sum(p[1] for p in pieces) == file.length, "not-allowed", "the pieces do not add up")
        return pieces
