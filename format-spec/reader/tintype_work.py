"""What worker processes do: write restored files, hash stored files, open records. And the pool that runs them.

Owns: `Target`, the one place that writes (always below the target, through no link), and the tasks of restore and
check. Tasks carry the places of their pieces, so a worker needs the key and the repository's folder, no index.
At most a few records of 16 MiB are in memory, never a whole long file.
"""
import concurrent.futures as futures
import concurrent.futures.process
import errno
import multiprocessing
import os
import signal
import stat
from collections import namedtuple

from primitives import Blake3

import tintype_format as f
import tintype_repo as repo
from tintype_format import Refused, need

FileTask = namedtuple("FileTask", "folder name length hash facts attributes pieces")    # pieces: (id, length, places)
Done = namedtuple("Done", "folder name code why facts second length")
HAS_DIR_FD = os.open in os.supports_dir_fd and hasattr(os, "O_NOFOLLOW") and hasattr(os, "O_DIRECTORY")
WINDOWS = os.name == "nt"
RESERVED = {"CON", "PRN", "AUX", "NUL", *(d + n for d in ("COM", "LPT") for n in "123456789\u00b9\u00b2\u00b3")}


class TargetRefused(Exception):
    def __init__(self, code, why):
        super().__init__(why)
        self.code, self.why = code, why


def target_error(error):
    code = {errno.ENOSPC: "disk-full", errno.EDQUOT if hasattr(errno, "EDQUOT") else -1: "disk-full",
            errno.EROFS: "target-read-only", errno.EACCES: "target-denied", errno.EPERM: "target-denied",
            errno.EILSEQ: "name-not-allowed", errno.ENAMETOOLONG: "name-not-allowed",
            errno.EEXIST: "target-exists", errno.ELOOP: "target-blocked", errno.ENOTDIR: "target-blocked"}
    return TargetRefused(code.get(error.errno, "target-failed"), error.strerror or str(error))


def usable(name):
    """The name as this system takes it; refuses what it would take for something else."""
    f.legal_name(name)                          # again: nothing is written outside, whatever a repository says
    if WINDOWS:
        try:
            text = name.decode("utf-8")
        except UnicodeDecodeError:
            raise TargetRefused("name-not-allowed", "Windows keeps no name that is not UTF-8") from None
        if any(c < " " or c in '\\:*?"<>|' for c in text) or text[-1] in ". " or \
                text.split(".")[0].rstrip(" ").upper() in RESERVED:
            raise TargetRefused("name-not-allowed", "Windows does not take this name")
    return name


class Target:
    """The folder that is restored into. Paths are tuples of names below it."""

    def __init__(self, root):
        self.root, self.last = root, None       # last: (parts, file descriptor or path)

    def folder(self, parts):
        """(prefix, arguments) for calls on names in a folder; goes down from the root, one folder after another."""
        if not self.last or self.last[0] != parts:
            self.close()
            where = os.open(self.root, os.O_RDONLY | os.O_DIRECTORY) if HAS_DIR_FD else self.root
            for part in parts:
                if HAS_DIR_FD:
                    try:
                        below = os.open(usable(part), os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=where)
                    finally:
                        os.close(where)
                    where = below
                else:
                    where = os.path.join(where, usable(part))
                    found = os.lstat(where)
                    if not stat.S_ISDIR(found.st_mode) or getattr(found, "st_file_attributes", 0) & 0x400:
                        raise TargetRefused("target-blocked", "a link or file stands in the way")
            self.last = parts, where
        where = self.last[1]
        return (b"", {"dir_fd": where}) if HAS_DIR_FD else (os.path.join(where, b""), {})

    def close(self):
        if self.last and HAS_DIR_FD:
            os.close(self.last[1])
        self.last = None

    def make_folder(self, parts):
        """True if the folder is new."""
        prefix, at = self.folder(parts[:-1])
        try:
            os.mkdir(prefix + usable(parts[-1]), 0o700, **at)
            return True
        except FileExistsError:
            self.folder(parts)                  # refuses what is no folder
            return False

    def create(self, folder, token):
        prefix, at = self.folder(folder)
        name = b".tintype-" + token.encode() + os.urandom(8).hex().encode()
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
        return name, os.open(prefix + name, flags, 0o600, **at)

    def publish(self, folder, temporary, name):
        """Gives a finished file its name; replaces nothing."""
        prefix, at = self.folder(folder)
        both = {"src_dir_fd": at["dir_fd"], "dst_dir_fd": at["dir_fd"]} if at else {}
        final = prefix + usable(name)
        try:
            os.lstat(final, **at)
        except FileNotFoundError:
            return os.rename(prefix + temporary, final, **both)
        raise TargetRefused("target-exists", "the target takes two names for one, or something is there already")

    def remove(self, folder, name):
        try:
            prefix, at = self.folder(folder)
            os.unlink(prefix + name, **at)
        except (OSError, TargetRefused):
            pass

    def hard_link(self, old, new):
        prefix, at = self.folder(old[:-1])
        source = os.dup(at["dir_fd"]) if at else None
        try:
            to, there = self.folder(new[:-1])
            both = {"src_dir_fd": source, "dst_dir_fd": there["dir_fd"]} if at else {}
            follow = {} if WINDOWS else {"follow_symlinks": False}
            os.link(prefix + old[-1], to + usable(new[-1]), **both, **follow)
        finally:
            if source is not None:
                os.close(source)

    def symlink(self, parts, target):
        prefix, at = self.folder(parts[:-1])
        os.symlink(target, prefix + usable(parts[-1]), **at)

    def facts(self, parts, facts, attributes, descriptor=None, kind="file"):
        """Sets attributes, owner, mode, then times; gives the names of those that the target does not hold."""
        opened = None
        if descriptor is None and kind == "folder" and HAS_DIR_FD:
            opened = descriptor = os.dup(self.folder(parts)[1]["dir_fd"])
        if descriptor is not None and HAS_DIR_FD:
            what, at = descriptor, {}
        else:
            prefix, at = self.folder(parts[:-1]) if parts else (b"", {})
            what, at = prefix + parts[-1] if parts else self.root, dict(at)
            at.update({} if WINDOWS else {"follow_symlinks": False})
        missing = []

        def attempt(fact, call):
            try:
                call()
            except (OSError, OverflowError, NotImplementedError, AttributeError, TypeError):
                missing.append(fact)
        for name, value in attributes if kind != "link" else ():
            attempt("attribute", lambda: os.setxattr(what, name, value))
        missing += ["attribute"] * (len(attributes) if kind == "link" else 0)
        if facts.owner:
            ids = facts.owner[:2]
            now = os.stat(what, **({} if isinstance(what, int) else at))
            if WINDOWS or (now.st_uid, now.st_gid) != ids:
                attempt("owner", lambda: os.chown(what, *ids, **at))
        if facts.mode is not None and kind != "link":
            missing += ["special bit"] if facts.mode & 0o7000 else []
            if WINDOWS:
                missing.append("mode")
            else:
                attempt("mode", lambda: os.chmod(what, facts.mode & 0o777, **({} if isinstance(what, int) else at)))
        if facts.modified and WINDOWS and kind == "link":
            missing.append("time")
        elif facts.modified:
            ns = facts.modified.seconds * 10**9 + facts.modified.nanoseconds
            attempt("time", lambda: os.utime(what, ns=(ns, ns), **at))
            now = os.stat(what, **({} if isinstance(what, int) else at)).st_mtime_ns
            missing += ["time"] if abs(now - ns) >= 2 * 10**9 and "time" not in missing else []
        missing += ["birth time"] if facts.born else []
        if opened is not None:
            os.close(opened)
        return missing


# Tasks: each is (function name, arguments) and runs in any process -------------------------------------------------
class Worker:
    def __init__(self, root, keys, target, token):
        self.root, self.packs, self.token = root, repo.Packs(root, keys), token
        self.target = Target(target) if target is not None else None

    def stream(self, pieces, length, digest, write):
        """Gives a file's bytes to `write`, piece after piece, and compares its length and hash at the end."""
        whole, total = Blake3() if [p[0] for p in pieces] != [digest] else None, 0
        for identity, size, places in pieces:
            data = self.packs.object(identity, 1, places)
            need(len(data) == size, "not-allowed", "a piece of another length")
            if whole:
                whole.update(data)
            write(data)
            total += size
        need(total == length, "not-allowed", "the pieces do not add up")
        need(whole is None or whole.digest() == digest, "hash-mismatch", "the file is not its hash")

    def restore(self, tasks):
        return [self.restore_one(task) for task in tasks]

    def restore_one(self, task):
        self.packs.used_second = set()
        temporary, code, why, missing = None, "", "", []
        try:
            usable(task.name)
            temporary, descriptor = self.target.create(task.folder, self.token)
            try:
                def write(data):
                    view = memoryview(data)
                    while view:
                        view = view[os.write(descriptor, view):]
                self.stream(task.pieces, task.length, task.hash, write)
                values = []
                for name, value in task.attributes:
                    if isinstance(value, list) and sum(p[1] for p in value) > f.OBJECT_MAX:
                        missing.append("attribute")
                        continue
                    if isinstance(value, list):
                        value = b"".join(self.packs.object(i, 1, places) for i, _, places in value)
                    values.append((name, value))
                if HAS_DIR_FD:
                    missing += self.target.facts(task.folder + (temporary,), task.facts, values, descriptor)
            finally:
                os.close(descriptor)
            if not HAS_DIR_FD:
                missing += self.target.facts(task.folder + (temporary,), task.facts, values)
            self.target.publish(task.folder, temporary, task.name)
            temporary = None
        except Refused as error:                # of a pack that is cut off the bytes are not here (yet)
            code = {"file-short": "object-missing", "pack-denied": "pack-denied"}.get(error.code, "file-damaged")
            why = error.what or error.code
        except KeyError:
            code, why = "object-missing", "a piece of it lies in no pack that is here"
        except TargetRefused as error:
            code, why = error.code, error.why
        except OSError as error:
            code, why = target_error(error).code, error.strerror or str(error)
        if temporary:
            self.target.remove(task.folder, temporary)
        return Done(task.folder, task.name, code, why, missing, self.packs.used_second, task.length)

    def hash_file(self, path, name):
        """(path, whether it hashes to its name, bytes read); a damaged file is read twice."""
        size = 0
        for _ in range(2):
            hasher, size = Blake3(), 0
            try:
                with open(os.path.join(self.root, path), "rb", buffering=0) as file:
                    for data in iter(lambda: file.read(4 << 20), b""):
                        hasher.update(data)
                        size += len(data)
                if hasher.digest().hex() == name:
                    return path, True, size
            except OSError:
                continue
        return path, False, size

    def check_records(self, path, pack, second, records):
        """(path, objects that were hashed, problems): opens each of the (ordinal, offset, record)."""
        good, bad = 0, []
        for ordinal, offset, record in records:
            try:
                stored = self.packs.read(pack.name, second, offset, record.stored)
                f.check_record(self.packs.keys, pack.kind, pack.salt, ordinal, record, stored)
                good += len(record.objects)
            except (Refused, OSError) as error:
                bad.append((ordinal, str(error)))
        return path, good, pack.name, bad


HERE = None


def start(root, keys, target, token):
    global HERE
    HERE = Worker(root, keys, target, token)


def start_process(*arguments):
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    start(*arguments)


def call(task):
    return getattr(HERE, task[0])(*task[1:])


def run(jobs, arguments, tasks):
    """Runs tasks in `jobs` processes and yields their results as they come; few tasks wait at any time."""
    if jobs <= 1:
        start(*arguments)
        yield from map(call, tasks)
        return
    context = multiprocessing.get_context("spawn")
    with futures.ProcessPoolExecutor(jobs, context, start_process, arguments) as pool:
        waiting = set()
        try:
            for task in tasks:
                waiting.add(pool.submit(call, task))
                while len(waiting) >= 3 * jobs:
                    done, waiting = futures.wait(waiting, return_when=futures.FIRST_COMPLETED)
                    yield from (one.result() for one in done)
            for one in futures.as_completed(waiting):
                yield one.result()
        except BaseException as error:
            for one in waiting:
                one.cancel()
            for process in list((pool._processes or {}).values()):
                process.terminate()
            if isinstance(error, futures.process.BrokenProcessPool):
                raise repo.Stop(1, "out-of-resources", "a worker process was ended by the system", "try `--jobs 1`") from None
            raise

