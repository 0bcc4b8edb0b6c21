"""Restores a snapshot, or a part of it, into a new or empty folder (reading.md, "Restoring").

Owns: the walk over the trees, what is told to the workers, the order in which things appear (folders, files, hard
links, symbolic links, facts of folders), and the list of what was left out. Nothing here writes but through `Target`.
"""
import collections
import os
import secrets

import tintype_format as f
import tintype_work as work
from tintype_format import Refused
from tintype_repo import Stop, shown

LeftOut = collections.namedtuple("LeftOut", "path code why")
BATCH_BYTES, BATCH_FILES = 8 << 20, 100
EXITS = {"file-damaged": 5, "folder-damaged": 5, "pack-denied": 5, "tree-damaged": 5, "object-missing": 6}
NOT_HELD = (1, 3, 5, 6)                         # of a report: unreadable, cloud only, lost, absent
QUIET = ("birth time", "special bit", "owner without the privilege")      # counted, and no 3


def prepare(target, repository):
    """The target's path as bytes; it must be absent or an empty folder outside the repository."""
    target, inside = os.path.realpath(target), os.path.realpath(repository)
    try:
        if os.path.commonpath([target, inside]) == inside:
            raise Stop(2, "usage", f"cannot restore into {target}: it lies in the repository", "choose another folder")
    except ValueError:
        pass                                    # on another drive
    try:
        os.makedirs(target, exist_ok=True)
        if os.listdir(target):
            raise Stop(2, "target-not-empty", f"cannot restore into {target}: it is not empty", "choose a new folder")
    except (FileExistsError, NotADirectoryError):
        raise Stop(2, "target-not-empty", f"cannot restore into {target}: it is a file", "choose a new folder") from None
    except OSError as error:
        raise Stop(1, "target-failed", f"cannot restore into {target}: {error.strerror}") from None
    return ("\\\\?\\" + target).encode() if work.WINDOWS else os.fsencode(target)


class Restore:
    def __init__(self, repository, snapshot, path, target, jobs, progress):
        self.repo, self.snapshot, self.root, self.jobs, self.progress = repository, snapshot, target, jobs, progress
        self.target, self.token = work.Target(target), secrets.token_hex(4)
        self.left_out, self.missing, self.carried = [], collections.Counter(), collections.Counter()
        self.stopped, self.parts = False, []
        self.files = self.bytes = self.links = self.budget = self.byte_budget = self.merged = 0
        self.folders, self.symlinks, self.groups, self.twins, self.failed = [], [], {}, [], []
        self.starts = list(self.choose(path))
        self.waiting = {}                       # files that workers have in hand

    def choose(self, path):
        """(place below the target, entry) of each thing to restore. A part keeps its path."""
        sources, parts = self.snapshot.sealed.sources, tuple(p for p in os.fsencode(path or "").split(b"/") if p)
        several = self.several = len(sources) > 1
        for source in sources:
            at, entry = (source.label.encode(),) if several else (), source.root
            files, folders, links, size = source.counts[:4]
            if entry.kind != "folder":          # its name here is the label
                at = (source.label.encode(),)
                entry = entry._replace(name=at[0])
            if at and parts and parts[0] != at[0]:
                continue
            below, rest = entry, parts[len(at):]
            entry = self.down(below, rest, path)
            if not entry and not at and rest[0] == source.label.encode():       # the label may stand in front
                rest = rest[1:]
                entry = self.down(below, rest, path)
            at += rest
            if entry:
                self.budget += files + folders + links
                self.byte_budget += size
                self.parts.append((source, rest))
                yield at, entry
        if not self.budget and parts:
            raise Stop(2, "no-such-path", f"there is no {path} in snapshot {self.snapshot.name[:8]}")

    def down(self, entry, parts, path):
        """The entry at the end of a way; None if there is none."""
        for part in parts:
            try:
                entry = next((e for e in self.repo.entries(entry.content) if e.name == part), None) \
                    if entry and entry.kind == "folder" else None
            except (Refused, KeyError) as error:
                missing = getattr(error, "code", "") == "file-short" or isinstance(error, KeyError) and self.absent(error) == "object-missing"
                raise Stop(*(6, "object-missing") if missing else (5, "object-damaged"),
                           f"cannot read the way to {path}: {error}") from None
        return entry

    def absent(self, error, damaged="file-damaged"):
        """The code of what is in no pack. What nothing lists may lie in a pack whose directory is wrong (reading.md)."""
        listed = any((error.args[0], kind) in self.repo.places for kind in f.OBJECTS)
        return damaged if self.repo.unread and not listed else "object-missing"

    def say_not_held(self):
        """Says what of each part could not be read when the snapshot was taken, with nothing kept of it."""
        for source, parts in self.parts:
            within, missing = b"".join(part + b"/" for part in parts), []
            try:
                for page in self.repo.object(source.report, 6) if source.report else ():
                    missing += [path for path, what, _, carried_from in self.repo.object(page, 7)
                                if what in NOT_HELD and carried_from is None and (path + b"/").startswith(within)]
            except (Refused, KeyError):         # what stands in the tree is whole all the same
                continue
            named, count = ", ".join(map(shown, missing[:3])), len(missing)
            named = (f"{count} files and folders: " if count > 1 else "") + named + (f" and {count - 3} more" if count > 3 else "")
            if missing:
                self.repo.say("not-in-snapshot", 0, f"snapshot {self.snapshot.name[:8]} does not hold what could not be read "
                              f"when it was taken: {named}", self.snapshot.name)

    def leave_out(self, path, code, why):
        self.left_out.append(LeftOut(b"/".join(path), code, why))

    def run(self):
        arguments = self.repo.root, self.repo.keys, self.root, self.token
        try:
            self.take(work.run(self.jobs, arguments, self.batches(self.tasks())))
            again, self.failed = self.failed, None
            if again:                           # what the packs say themselves, and every other pack that is here
                self.take(work.run(self.jobs, arguments, self.batches(self.task(p, e, True) for p, e in again)))
        except BaseException:
            self.clean()
            raise
        gone = {item.path: item.code for item in self.left_out}
        for path, entry, first in self.twins:
            self.link_twin(path, entry, first, arguments, gone.get(b"/".join(first)))
        for path, entry in self.symlinks:
            try:
                self.target.symlink(path, entry.content)
                self.count_missing(self.target.facts(path, entry.facts, entry.facts.attributes, kind="link"))
                self.links += 1
            except (OSError, NotImplementedError, work.TargetRefused) as error:
                self.not_written(path, error)
        for path, entry in reversed(self.folders):
            try:
                values = [(n, v if isinstance(v, bytes) else self.attribute(v)) for n, v in entry.facts.attributes]
                self.count_missing(self.target.facts(path, entry.facts, [v for v in values if v[1] is not None], kind="folder"))
            except (OSError, work.TargetRefused) as error:
                self.not_written(path, error)
        self.target.close()
        self.say_not_held()
        self.repo.say_used_second()

    def attribute(self, pieces):
        try:
            return b"".join(self.repo.packs.object(i, 1, self.repo.find(i, 1)) for i, n in pieces)
        except (Refused, KeyError):
            self.missing["attribute"] += 1
            return None

    def not_written(self, path, error):
        error = error if isinstance(error, work.TargetRefused) else work.target_error(error) \
            if isinstance(error, OSError) else work.TargetRefused("target-cannot-hold", str(error))
        self.leave_out(path, error.code, error.why)

    def count_missing(self, facts):
        root = getattr(os, "geteuid", lambda: 1)() == 0
        self.missing.update("owner without the privilege" if fact == "owner" and not root else fact for fact in facts)

    def clean(self):
        """After an interruption: removes the unfinished files of this run."""
        mark = b".tintype-" + self.token.encode()
        for path in [()] + [path for path, _ in self.folders]:
            try:
                prefix, at = self.target.folder(path)
                for name in os.listdir(at.get("dir_fd", prefix)):
                    name = os.fsencode(name)
                    if name.startswith(mark):
                        self.target.remove(path, name)
            except (OSError, work.TargetRefused):
                pass

    def tasks(self):
        """Makes the folders and yields a task for each file."""
        stack = [(at, entry) for at, entry in reversed(self.starts)]
        for at, entry in self.starts:
            for length in range(1, len(at)):    # the folders on the way to a part
                self.target.make_folder(at[:length])
        while stack and not self.stopped:
            path, entry = stack.pop()
            yield from self.visit(path, entry)
            if self.stopped:
                break
            if entry.kind == "folder" and (not path or self.make(path, entry)):
                if not path:
                    self.folders.append((path, entry))
                below = []
                try:
                    if len(path) - self.several >= f.DEPTH_MAX:      # the root is the first
                        raise Refused("over-limit", "folders deeper than 512")
                    for child in self.repo.entries(entry.content):
                        if child.kind == "folder":
                            below.append((path + (child.name,), child))
                        elif not self.stopped:
                            yield from self.visit(path + (child.name,), child)
                except KeyError as error:
                    self.leave_out(path, self.absent(error, "folder-damaged"), "the listing of this folder lies in no pack that is here")
                except Refused as error:
                    code = {"hash-mismatch": "folder-damaged", "not-authentic": "folder-damaged", "file-short": "object-missing",
                            "record-not-decodable": "folder-damaged"}.get(error.code, "tree-damaged")
                    self.leave_out(path, code, str(error))
                stack += reversed(below)

    def make(self, path, entry):
        try:
            self.merged += not self.target.make_folder(path)
            self.folders.append((path, entry))
            return True
        except (OSError, work.TargetRefused, Refused) as error:
            self.not_written(path, error)
            return False

    def visit(self, path, entry):
        self.budget -= 1
        self.byte_budget -= entry.content.length if entry.kind == "file" else 0
        if self.budget < 0 or self.byte_budget < 0:
            if not self.stopped:
                self.leave_out(path, "tree-damaged", "the snapshot has more in it than it states: stopped here")
            self.stopped = True
            return
        origin = f.carried(entry.sections)
        if origin:
            self.carried[origin[0].hex()[:8], origin[1]] += 1
        if entry.kind == "link":
            self.symlinks.append((path, entry))
        elif entry.kind == "file":
            group = entry.content.link_group
            if group:
                same = entry.content[:5] + (entry.facts,)
                first = self.groups.setdefault((path[:1] if len(self.starts) > 1 else b"", group), (same, path))
                if first[1] != path and first[0] == same:
                    self.twins.append((path, entry, first[1]))
                    return
            task = self.task(path, entry)
            if task:
                yield task

    def task(self, path, entry, everywhere=False):
        file = entry.content
        try:
            find = self.repo.find
            pieces = [(i, n, find(i, 1, everywhere)) for i, n in self.repo.pieces(file)]
            attributes = [(name, v if isinstance(v, bytes) else [(i, n, find(i, 1, everywhere)) for i, n in v])
                          for name, v in entry.facts.attributes]
            facts = entry.facts._replace(attributes=None)
            done = work.FileTask(path[:-1], path[-1], file.length, file.hash, facts, attributes, pieces)
            self.waiting[path] = entry
            return done
        except KeyError as error:
            self.leave_out(path, self.absent(error), "its list of pieces lies in no pack that is here")
        except Refused as error:
            self.leave_out(path, "object-missing" if error.code == "file-short" else "file-damaged", str(error))
        return None

    def batches(self, tasks):
        batch, size = [], 0
        for task in tasks:
            if task is None:
                continue
            batch.append(task)
            size += task.length
            if size >= BATCH_BYTES or len(batch) >= BATCH_FILES:
                yield "restore", batch
                batch, size = [], 0
        if batch:
            yield "restore", batch

    def take(self, results):
        for result in results:
            for done in result:
                path = done.folder + (done.name,)
                entry = self.waiting.pop(path)
                self.repo.packs.used_second |= done.second
                if not done.code:
                    self.files += 1
                    self.bytes += done.length
                    self.count_missing(done.facts)
                elif done.code in ("file-damaged", "object-missing", "pack-denied") and self.failed is not None:
                    self.failed.append((path, entry))
                else:
                    unlisted = [i for i, _ in self.repo.pieces(entry.content) if not self.repo.find(i, 1)] \
                        if done.code == "object-missing" else ()
                    code = self.absent(KeyError(unlisted[0])) if unlisted else done.code
                    self.leave_out(path, code, done.why)
            self.progress(self.files, self.bytes)

    def link_twin(self, path, entry, first, arguments, gone):
        """A further name of a file: a hard link, or written again where links are not to be had."""
        if gone:
            return self.leave_out(path, gone, "it is the same file as " + os.fsdecode(b"/".join(first)))
        try:
            self.target.hard_link(first, path)
            self.files += 1
            self.bytes += entry.content.length
        except work.TargetRefused as error:
            self.leave_out(path, error.code, error.why)
        except (OSError, NotImplementedError) as error:
            if isinstance(error, FileExistsError):
                return self.leave_out(path, "target-exists", "the target takes two names for one")
            self.missing["hard link"] += 1
            task = self.task(path, entry)
            if task:
                self.take(work.run(1, arguments, [("restore", [task])]))

    def exit_codes(self):
        yield from (EXITS.get(item.code, 3) for item in self.left_out)
        yield from (3 for fact in self.missing if fact not in QUIET)
        yield from (3,) * bool(self.merged)
        yield from (problem.exit for problem in self.repo.problems)
