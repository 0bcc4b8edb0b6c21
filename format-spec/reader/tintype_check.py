"""Judges a repository and its snapshots: complete, incomplete, damaged (reading.md, "States", "Checking").

Owns: the verdict of each snapshot, by its packs alone without the key, by its objects with it; what else is wrong
here (second copies, index, slots, notices). If every byte was to be read, tintype_data.py has done that before.
It has no memory of former runs: what is absent or short counts as incomplete.
"""
from collections import namedtuple

import tintype_format as f
import tintype_repo as repo
from tintype_format import Refused

# What a folder and all below it come to. packs: bits of the packs that hold its objects; either: alternatives where
# an object lies in several; hit: files that miss something, and one of them; lost, wrong: objects that are not to be had;
# broken: objects whose bytes are right and say what they may not; height: folders within folders, itself the first.
Tree = namedtuple("Tree", "files folders links bytes packs either hit example lost wrong broken height")
NOTHING = Tree(0, 0, 0, 0, 0, frozenset(), 0, b"", 0, 0, 0, 0)
WORST = (5, 6, 4, 3, 0)


def add(a, b, folder=b""):
    example = a.example or b.example and folder + b.example
    return Tree(*(x + y for x, y in zip(a[:4], b[:4])), a.packs | b.packs, a.either | b.either, a.hit + b.hit,
                example, a.lost + b.lost, a.wrong + b.wrong, a.broken + b.broken, max(a.height, b.height))


class Check:
    def __init__(self, repository, data):
        self.repo, self.data = repository, data
        self.locked = repository.keys.locked
        self.trees, self.bits, self.good = {}, {}, {}
        self.searched = False                   # whether every pack was asked which objects lie in it
        self.judged, self.needed, self.counted, self.replaced = [], {}, set(), set()

    def run(self, names=None, read_data=False):
        everything, found = names is None, self.repo.files
        if everything:
            names = self.repo.snapshot_names(True)[::-1]
        if read_data:
            self.data.read_all(None if everything else names)
        for name in names if everything else ():                # lengths of packs, whichever snapshot states them
            try:
                self.need(self.repo.needs(self.repo.snapshot(name, used=False))[0])
            except Refused:
                pass
        for name in names:
            self.judge(name)
        self.repo.say_used_second()
        if everything:
            self.bookkeeping()
        if self.locked and names and all(("snapshots", name) in self.repo.unproved for name in names):
            self.say("snapshots-forgotten", 3, "tombstones that cannot be verified without the key name every snapshot")
        return found

    def say(self, code, exit_code, message, path=""):
        self.repo.say(code, exit_code, message, path)

    def need(self, packs):
        """Takes down what is stated of packs: a directory of another length is not theirs."""
        self.needed.update((p.name.hex(), p) for p in packs)
        self.repo.lengths.update((p.name.hex(), p.length) for p in packs)

    # one snapshot ----------------------------------------------------------------------------------------------
    def judge(self, name):
        forgotten, short = ("snapshots", name) in self.repo.unproved, name[:8]
        verdict = {"id": name, "state": "complete", "time": None, "packs": 0, "forgotten": forgotten,
                   "second_only": name not in self.repo.files["snapshots", False]}
        self.judged.append(verdict)
        worst = self.judge_manifest(name, short, verdict, forgotten)
        verdict["state"] = {5: "damaged", 6: "incomplete", 7: "newer"}.get(worst, "complete")

    def judge_manifest(self, name, short, verdict, forgotten):
        """The exit code of the snapshot's own state."""
        try:
            snapshot = self.repo.snapshot(name)
        except Refused as error:
            if error.code == "format-too-new":
                self.say("manifest-too-new", 3, f"snapshot {short} was made by a newer version, and was not judged")
                return 7
            if error.stage == "name" and error.code == "file-short":
                elsewhere = "elsewhere" in self.repo.states["snapshots", name]
                self.say("elsewhere" if elsewhere else "manifest-incomplete", 6, f"snapshot {short}: {error.what}")
                return 6
            self.say("manifest-damaged", 5, f"snapshot {short}: {error.what or error}")
            return 5
        verdict["time"] = snapshot.public.time
        if not snapshot.only_second:
            self.second_copy("snapshots", name, f"the manifest of {short}")
        for path in [snapshot.path] + [s.path for s in self.repo.more_names.get((name, snapshot.only_second), ())]:
            if path != "second/" * snapshot.only_second + f.snapshot_path(snapshot.public.time, name):
                self.say("time-contradicts-name", 3, f"snapshot {short} states {f.stamp(snapshot.public.time)} inside", path)
        try:
            packs, lost_pages = self.repo.needs(snapshot)
        except Refused as error:
            self.say("needs-contradictory", 5, f"snapshot {short}: its list of packs contradicts itself: {error.what}")
            return 5
        for page in snapshot.public.pages:
            self.second_copy("needs", page.hex(), f"a needs page of {short}")
        verdict["packs"] = len(packs)
        gone = self.judge_packs(packs, forgotten)
        said, copies = list(self.repo.problems), ("copy-damaged", "copy-missing", "previous-missing")
        self.counted |= set() if snapshot.only_second else {p.name.hex() for p in packs}
        self.repo.say_segments(snapshot, packs)
        states = [0]
        walked = None if self.locked else self.walk(snapshot, packs, gone, lost_pages, short)
        if walked and self.lies_outside(walked, snapshot) and not self.searched:
            # An object may lie in more packs than those that were indexed when another snapshot met it first.
            self.searched = True
            self.repo.index_everything()
            self.trees.clear()
            walked = self.walk(snapshot, packs, gone, lost_pages, short)
        if walked:                              # whole by length, and nothing says what lies in them
            known = {name for _, _, name in gone}
            gone += [(5, "pack-damaged", name) for name in (p.name.hex() for p in packs)
                     if name in self.repo.unread and name not in known]
        for exit_code, code, pack in gone:
            if walked is not None and not walked.lost + walked.wrong:
                self.say("pack-lost-objects-elsewhere", 4,
                         f"pack {pack[:8]}… is lost; all in it that is used lies in other packs", f"packs/{pack}")
            else:
                states.append(0 if forgotten else exit_code)
                if not forgotten:
                    word = {"elsewhere": "is a placeholder of a sync tool", "pack-denied": "may not be read by this user",
                            "pack-incomplete": "is absent or short"}.get(code, "is wrong")
                    hit = f": {walked.hit} files, e.g. {repo.shown(walked.example)}" if walked and walked.hit else ""
                    self.say(code, exit_code, f"pack {pack[:8]}… {word}{hit}; snapshot {short} needs it", f"packs/{pack}")
        if lost_pages and (walked is None or walked.lost + walked.wrong):
            wrong = any("wrong" in page_states for _, page_states in lost_pages)
            states.append(6)
            self.say("needs-missing", 6,
                     f"snapshot {short}: {len(lost_pages)} needs pages are {'wrong' if wrong else 'lost'} in both places")
        elif lost_pages:
            self.say("needs-missing", 4, f"snapshot {short}: {len(lost_pages)} needs pages are lost; every object was found")
        if walked:
            states.append(self.judge_tree(walked, snapshot, gone, lost_pages, short))
        worst = min(states, key=WORST.index)
        if snapshot.only_second:                # no snapshot: of all that it lacks this alone is said
            self.repo.problems[:] = [p for p in self.repo.problems if p in said or p.code in copies]
            self.say("manifest-only-second", 6 if worst in (5, 6) else 4,
                     f"manifest {short} lies in second/ alone: it is no snapshot", snapshot.path)
        return worst

    def second_copy(self, folder, name, what):
        """Says that one of two copies is wrong or absent while the other is good."""
        states = self.repo.states.get((folder, name)) or self.repo.fetch(folder, name)[1]
        for state, place in zip(states, (folder, "second/" + folder)):
            if state != "whole" and "whole" in states:
                code = "copy-missing" if state == "absent" else "copy-damaged"
                self.say(code, 4, f"{what} in {place}/ is {state}; the other copy is good", f"{place}/{name}")
        return "whole" in states

    def judge_packs(self, packs, forgotten):
        """(exit code, code, name) of each needed pack that is not here."""
        gone = []
        self.need(packs)
        for pack in packs:
            name = pack.name.hex()
            states = self.repo.pack_states(pack)
            if name in self.repo.buried["packs"]:
                self.say("needed-pack-forgotten", 3, f"pack {name[:8]}… is needed, and a tombstone names it", f"packs/{name}")
            if "whole" in states:
                for state, place in zip(states, ("packs", "second/packs")):
                    if state != "whole":
                        self.say("copy-missing" if state == "absent" else "copy-damaged", 4,
                                 f"meta pack {name[:8]}… in {place}/ is {state}; the other copy is good", f"{place}/{name}")
            elif self.repo.here(pack):
                self.replaced.add(name)
            elif "elsewhere" in states:
                gone.append((6, "elsewhere", name))
            else:
                code = "pack-denied" if "denied" in states else "pack-damaged" if "wrong" in states else "pack-incomplete"
                gone.append((6 if code == "pack-incomplete" else 5, code, name))
        return gone

    # with the key: every object that the snapshot reaches -------------------------------------------------------
    def pack_is_good(self, name):
        """Whether objects may be counted on in this pack: one copy is whole, of the length that is stated where it is needed."""
        if name in self.needed:
            return "whole" in self.repo.pack_states(self.needed[name])
        if name not in self.good:
            states = [self.repo.pack_state(f.Needed(bytes.fromhex(name), stored.size, kind), stored)
                      for second in (False, True) for kind in (1, 2) for stored in [self.repo.files["packs", second].get(name)]
                      if stored]
            self.good[name] = "whole" in states
        return self.good[name]

    def states_of(self, name, stored):
        """States of a copy of a pack, by what is stated of it, or by its own trailer: as a data or as a meta pack."""
        packs = [self.needed[name]] if name in self.needed else [f.Needed(b"", stored.size, kind) for kind in (1, 2)]
        return {self.repo.pack_state(pack, stored) for pack in packs}

    def may_lie_unread(self):
        """Whether an object that nothing lists may lie in a pack that is whole by length and has no readable directory."""
        return any(self.pack_is_good(name) for name in self.repo.unread)

    def bit(self, name):
        return self.bits.setdefault(name, 1 << len(self.bits))

    def lies(self, identity, kind, length=None):
        """What one object adds to a tree."""
        def good(places):
            return {p.pack.name for p in places if p not in self.repo.cut and (p.pack.name, p.ordinal) not in self.data.bad_records
                    and self.pack_is_good(p.pack.name) and length in (None, p.length)}
        packs = good(self.repo.find(identity, kind)) or good(self.repo.find(identity, kind, True))
        if not packs:
            whole = any(self.pack_is_good(p.pack.name) for p in self.repo.find(identity, kind) if p not in self.repo.cut) or \
                not self.repo.find(identity, kind) and self.may_lie_unread()
            return NOTHING._replace(wrong=1) if whole else NOTHING._replace(lost=1)
        if len(packs) == 1:
            return NOTHING._replace(packs=self.bit(packs.pop()))
        return NOTHING._replace(either=frozenset([sum(self.bit(name) for name in packs)]))

    def get(self, identity, kind):
        """(decoded object or None, what it adds)"""
        found = self.lies(identity, kind)
        try:
            return self.repo.object(identity, kind), found
        except KeyError:
            return None, found if found.lost + found.wrong else NOTHING._replace(lost=1)
        except Refused as error:
            if error.code in ("not-allowed", "over-limit", "not-decodable", "not-canonical", "tail-not-zero"):
                self.say("tree-damaged", 5, f"object {identity.hex()[:8]}…: {error}")
                return None, NOTHING._replace(broken=1)
            return None, found if found.lost else NOTHING._replace(wrong=1)     # a short pack is not damaged: it is not here

    def entry(self, entry, depth):
        if entry.kind == "folder":
            return self.folder(entry.content, depth + 1)
        total = NOTHING._replace(links=1)
        if entry.kind == "file":
            total = NOTHING._replace(files=1, bytes=entry.content.length)
            pieces = ()
            try:
                if entry.content.form >= 3:
                    total = add(total, self.lies(entry.content.pieces, entry.content.form + 1))
                    if entry.content.form == 4:
                        for identity, _ in self.get(entry.content.pieces, 5)[0] or ():
                            total = add(total, self.lies(identity, 4))
                pieces = self.repo.pieces(entry.content)
            except KeyError:
                total = add(total, NOTHING._replace(lost=1))
            except Refused as error:
                self.say("tree-damaged" if error.stage == "value" else "object-damaged", 5,
                         f"the pieces of {repo.shown(entry.name)}: {error}")
                total = add(total, NOTHING._replace(broken=1))
            for identity, length in pieces:
                total = add(total, self.lies(identity, 1, length))
        for _, value in entry.facts.attributes:
            for identity, length in value if isinstance(value, list) else ():
                total = add(total, self.lies(identity, 1, length))
        return total._replace(hit=1, example=entry.name) if total.lost + total.wrong + total.broken else total

    def folder(self, identity, depth):
        """A folder and all below it. Each is walked once, however many snapshots hold it."""
        known = self.trees.get(identity)
        if depth + (known.height - 1 if known else 0) > f.DEPTH_MAX:
            self.say("tree-damaged", 5, "folders deeper than 512")
            return NOTHING._replace(folders=1, broken=1)
        if known:
            return known
        total = NOTHING._replace(folders=1)
        pages, found = self.get(identity, 2)
        total, last = add(total, found), None
        for page, first, count in pages or ():
            entries, found = self.get(page, 3)
            total = add(total, found)
            if entries and (entries[0].name != first or len(entries) != count or last is not None and last >= first):
                self.say("tree-damaged", 5, f"page {page.hex()[:8]}… is not as its folder says")
                total = total._replace(broken=total.broken + 1)
            for entry in entries or ():
                total = add(total, self.entry(entry, depth), entry.name + b"/" if entry.kind == "folder" else b"")
            last = entries[-1].name if entries else last
        self.trees[identity] = total._replace(height=total.height + 1)
        return self.trees[identity]

    def walk(self, snapshot, packs, gone, lost_pages, short):
        self.repo.index(snapshot, packs)
        total = NOTHING
        for source in snapshot.sealed.sources:
            found = self.entry(source.root, 0)
            if source.report:
                pages, lies = self.get(source.report, 6)
                for page in pages or ():
                    lies = add(lies, self.get(page, 7)[1])
                found = add(found, lies)
            total = add(total, found)
            if not found.lost + found.wrong + found.broken and tuple(found[:4]) != source.counts[:4]:
                self.say("tree-damaged", 5,
                         f"snapshot {short}, {source.label}: {source.counts[:4]} files, folders, links, bytes stated, "
                         f"{tuple(found[:4])} found")
                total = total._replace(broken=total.broken + 1)
            for previous in (name.hex() for name in source.previous):
                known = any(previous in self.repo.files["snapshots", second] for second in (False, True))
                if not known and previous not in self.repo.buried["snapshots"]:
                    self.say("previous-missing", 6,
                             f"snapshot {short} names a previous one, {previous[:8]}, that is neither here nor forgotten")
        return total

    def judge_tree(self, walked, snapshot, gone, lost_pages, short):
        if walked.wrong:
            self.say("object-damaged", 5,
                     f"snapshot {short}: {walked.wrong} objects are wrong wherever they lie, {walked.hit} files, "
                     f"e.g. {repo.shown(walked.example)}")
        if walked.lost and not gone:
            self.say("object-missing", 6 if lost_pages else 5,
                     f"snapshot {short}: {walked.lost} objects lie in no pack that is here, {walked.hit} files, "
                     f"e.g. {repo.shown(walked.example)}")
        if walked.wrong or walked.lost or walked.broken:
            return 5 if walked.wrong or walked.broken else 0 if gone else 6 if lost_pages else 5
        if self.lies_outside(walked, snapshot) and not gone and not lost_pages:
            self.say("needs-wrong", 4, f"snapshot {short} uses objects that lie in none of the packs that it says it needs")
        return 0

    def lies_outside(self, walked, snapshot):
        """Whether something that was reached lies in none of the needed packs."""
        allowed = sum(self.bit(name) for name in self.needed_by(snapshot))
        return walked.packs & ~allowed or any(not mask & allowed for mask in walked.either)

    def needed_by(self, snapshot):
        """Names of the needed packs, and of those that stand for one."""
        packs = list(self.repo.needs(snapshot)[0])
        seen = {p.name for p in packs}
        while packs:
            for instead in self.repo.instead.get(packs.pop().name, ()):
                packs += [p for p in instead if p.name not in seen]
                seen |= {p.name for p in instead}
        return {name.hex() for name in seen}

    # the repository itself ---------------------------------------------------------------------------------------
    def bookkeeping(self):
        files = self.repo.files
        if files["snapshots", False] and not self.repo.reader_here:
            self.say("guide-missing", 3, "reader/, the program that reads this repository, is absent")
        names = sorted((set(files["keys", False]) | set(files["keys", True])) - self.repo.buried["keys"])
        good = 0
        for name in names:
            if self.second_copy("keys", name, f"key slot {name[:8]}…"):
                good += 1
            else:
                self.say("key-slot-damaged", 4, f"key slot {name[:8]}… is wrong in both places", f"keys/{name}")
        if self.repo.facts.encrypted and not good:
            self.say("key-slots-missing", 4, "no key slot is good: only the recovery code opens this repository")
        for name in set(files["tombstones", False]) | set(files["tombstones", True]):
            self.second_copy("tombstones", name, f"tombstone {name[:8]}…")
        if self.repo.false:
            self.say("tombstone-false", 3, f"{self.repo.false} tombstones or `instead` files carry a wrong hash: nobody obeys them")
        for name in sorted((set(files["packs", False]) | set(files["packs", True])) - self.counted):
            states = {state for second in (False, True) for stored in [files["packs", second].get(name)] if stored
                      for state in self.states_of(name, stored)}
            if "wrong" in states and "whole" not in states or name in self.repo.unread:
                self.say("unneeded-damaged", 3, f"pack {name[:8]}… is wrong; no snapshot needs it", f"packs/{name}")
        packs = [p for name, p in self.needed.items() if name in self.counted]
        for name in sorted(files["index", False]):
            if self.repo.segment(name) != "good":
                self.repo.say_segment(name, packs)
        for path in self.repo.bad:
            folder = path.replace("second/", "", 1).split("/")[0]
            if folder in ("index", "needs") and not any(
                    problem.path and problem.path.split("/")[-1] in path for problem in self.repo.problems):
                self.say("unneeded-damaged", 3, f"{path} is wrong; no snapshot needs it", path)
