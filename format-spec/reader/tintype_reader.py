#!/usr/bin/env python3
"""Reads a tintype repository: a second program, written from the specification alone. Nothing has to be installed.

  python3 tintype_reader.py list REPO
  python3 tintype_reader.py check REPO [SNAP] [--read-data]
  python3 tintype_reader.py restore REPO [SNAP[:PATH]] --target DIR
  python3 tintype_reader.py selftest [FOLDER-OF-VECTORS]

Options, before or after the command: --password-file F, --recovery-code-file F, --json, --jobs N. The environment
variable TINTYPE_PASSWORD serves too; on a terminal it asks. SNAP: latest (default), latest~2, the first digits of an
id (4 at least), a date 2026-11-01 or time 2026-11-01T18:00 (the newest not after it), @label.
A hidden command for developers, `vectors FOLDER`, runs the vectors and prints each that comes out otherwise.

Owns: the command line, the naming of snapshots, words on the screen, exit codes.
Files beside it: tintype_format.py (bytes), tintype_repo.py (repository), tintype_check.py (verdicts),
tintype_data.py (reads every byte), tintype_restore.py, tintype_work.py (worker processes, writing), primitives/
(hashes and ciphers), test_reader.py.
"""
import argparse
import base64
import datetime
import getpass
import json
import os
import signal
import sys
import time

sys.dont_write_bytecode = True                  # this file may lie in the repository that it reads
os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
import primitives                                                                    # noqa: E402
import tintype_check                                                                 # noqa: E402
import tintype_data                                                                  # noqa: E402
import tintype_format as f                                                           # noqa: E402
import tintype_restore                                                               # noqa: E402
from tintype_format import Refused                                                   # noqa: E402
from tintype_repo import Repository, Stop, shown                                     # noqa: E402

WORST = (5, 6, 4, 3, 0)
ABOVE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")


def size_words(count):
    for unit, name in ((10**12, "TB"), (10**9, "GB"), (10**6, "MB"), (10**3, "kB")):
        if count >= unit:
            return f"{count / unit:,.1f} {name}"
    return f"{count:,} bytes"


def count_words(count, one, many=None):
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def time_words(moment):
    try:
        return datetime.datetime.fromtimestamp(moment.seconds, datetime.timezone.utc).astimezone().strftime("%Y-%m-%d %H:%M %z")
    except (ValueError, OverflowError, OSError):
        return f.stamp(moment)


def time_json(moment):
    text = f.stamp(moment)
    return f"{text[:4]}-{text[4:6]}-{text[6:8]}T{text[9:11]}:{text[11:13]}:{text[13:15]}.{moment.nanoseconds:09}Z"


def say(text):
    """Progress and warnings: to the screen's other stream."""
    print(text, file=sys.stderr, flush=True)


class Progress:
    """A moving line on a terminal; a line every 30 seconds elsewhere."""
    def __init__(self, words):
        self.words, self.next, self.moving = words, time.monotonic() + 1, sys.stderr.isatty()
        self.next += 0 if self.moving else 29

    def __call__(self, *numbers):
        if time.monotonic() >= self.next:
            self.next = time.monotonic() + (1 if self.moving else 30)
            print(("\r" if self.moving else "") + self.words(*numbers), end="  " if self.moving else "\n", file=sys.stderr, flush=True)


# opening ---------------------------------------------------------------------------------------------------------
def first_line(path, what):
    try:
        with open(path, "rb") as file:
            line = file.readline(1 << 16)
    except OSError as error:
        raise Stop(2, "usage", f"cannot read the {what} in {path}: {error.strerror}") from None
    line = line[3:] if line.startswith(b"\xef\xbb\xbf") else line            # a byte order mark
    line = line[:-1] if line.endswith(b"\n") else line
    return line[:-1] if line.endswith(b"\r") else line


def open_repository(options, verb="read", key_needed=True, ask=True):
    repository, password, code = Repository(options.repo), None, None
    if options.recovery_code_file:
        try:
            code = f.recovery_code(first_line(options.recovery_code_file, "recovery code").decode("utf-8", "replace"))
        except Refused as error:
            raise Stop(2, "wrong-recovery-code", f"the recovery code is wrong: {error.what}", "compare it with the sheet") from None
    elif options.password_file:
        password = first_line(options.password_file, "password")
    elif os.environ.get("TINTYPE_PASSWORD"):
        password = os.fsencode(os.environ["TINTYPE_PASSWORD"])
    repository.open(password, code, verb)
    if repository.keys.locked and ask and sys.stdin.isatty() and sys.stderr.isatty():
        typed = getpass.getpass(f"password of {options.repo}: ").encode("utf-8", "surrogateescape")
        if typed:
            repository.open_by_password(typed)
            repository.packs.keys = repository.keys
    if repository.keys.locked and key_needed:
        raise Stop(2, "key-needed", f"the repository at {options.repo} is encrypted",
                   "give --password-file, TINTYPE_PASSWORD or --recovery-code-file")
    return repository


def try_snapshot(repository, name):
    """The snapshot; None if it is absent or short in both places; stops where an older one would be a quiet lie."""
    try:
        return repository.snapshot(name)
    except Refused as error:
        states = repository.states["snapshots", name]
        if error.code == "format-too-new":
            raise Stop(2, "format-too-new", f"snapshot {name[:8]} was made by a newer version", "use that version") from None
        if "elsewhere" in states:
            raise Stop(6, "elsewhere", f"the manifest of snapshot {name[:8]} would have to be downloaded") from None
        if error.stage == "name" and error.code == "file-short":
            return None
        raise Stop(5, "manifest-damaged", f"the manifest of snapshot {name[:8]} is wrong: {error.what or error.code}",
                   "name another snapshot") from None


def newest(repository, fits=lambda snapshot: True, name=None, names=None):
    """The newest of the three newest fitting snapshots, by the time inside. Without any in snapshots/: of those in second/ alone."""
    good, exist = [], repository.snapshot_names()
    for one in names or exist or repository.snapshot_names(True):
        try:
            snapshot = try_snapshot(repository, one)
        except Stop:
            if not good and (one in exist or not names):
                raise
            continue
        if snapshot and fits(snapshot):
            good.append(snapshot)
            if len(good) == 3:
                break
    if not good:
        raise Stop(2, "no-such-snapshot", f"no snapshot is called {name}" if name else "no snapshot here")
    return max(good, key=lambda s: (s.public.time, s.name))


def say_only_second(repository, name):
    """Says that a manifest lies in second/ alone, and whether all that it needs is here."""
    try:
        packs, lost = repository.needs(repository.snapshot(name))
        whole = not lost and all(repository.here(pack) for pack in packs)
    except Refused:
        whole = False
    repository.say("manifest-only-second", 4 if whole else 6, f"manifest {name[:8]} lies in second/ alone; "
                   + ("all" if whole else "not all") + " that it needs is here; its id or a time names it")


def moment_of(text):
    """The last second that a date or time names, local time."""
    for form, more in (("%Y-%m-%d", 86399), ("%Y-%m-%dT%H:%M", 59), ("%Y-%m-%dT%H:%M:%S", 0)):
        try:
            return int(datetime.datetime.strptime(text, form).astimezone().timestamp()) + more
        except (ValueError, OverflowError):
            continue
    return None


def choose(repository, text):
    """The snapshot that SNAP names."""
    base, _, back = (text or "latest").partition("~")
    moment = moment_of(base)
    if base == "latest" and (not back or back.isdigit()):
        snapshot = newest(repository)
        if back and repository.keys.locked:
            raise Stop(2, "key-needed", f"the key is needed to find {text}")
        source = snapshot.sealed.sources[0] if back else None
        for _ in range(int(back or 0)):
            here = [name.hex() for name in source.previous if name.hex() in repository.snapshot_names(True)]
            older = [s for s in (try_snapshot(repository, name) for name in here) if s]
            if not older:
                raise Stop(2, "no-such-snapshot", f"no snapshot is called {text}")
            snapshot = max(older, key=lambda s: (s.public.time, s.name))
            source = next((s for s in snapshot.sealed.sources if s.id == source.id), snapshot.sealed.sources[0])
        return snapshot
    if base.startswith("@"):
        return newest(repository, lambda s: any(source.label == text[1:] for source in s.sealed.sources), text)
    if moment is not None:
        return newest(repository, lambda s: s.public.time.seconds <= moment, text, repository.snapshot_names(True))
    if len(text) < 4 or not set(text) <= set("0123456789abcdef"):
        raise Stop(2, "no-such-snapshot", f"no snapshot is called {text}", "`list` names them")
    found = [name for name in repository.snapshot_names(True) if name.startswith(text)]
    if len(found) != 1:
        raise Stop(2, "ambiguous" if found else "no-such-snapshot",
                   f"{len(found) or 'no'} snapshot{'s are' if found else ' is'} called {text}", "`list` names them")
    snapshot = try_snapshot(repository, found[0])
    if not snapshot:
        raise Stop(6, "manifest-incomplete", f"the manifest of snapshot {found[0][:8]} is short or gone in both places")
    return snapshot


# commands: each gives (exit code, report, lines) -------------------------------------------------------------------
def problem_list(repository):
    return [{"code": p.code, "severity": p.exit, "message": p.message, **({"path": p.path} if p.path else {})}
            for p in repository.problems]


def problem_lines(repository, most=20):
    words = {5: "damaged", 6: "incomplete", 4: "healable", 3: "note"}
    ordered = sorted(repository.problems, key=lambda p: WORST.index(p.exit))
    lines = [f"{words.get(p.exit, 'note'):<10} {p.message} ({p.code})" for p in ordered[:most]]
    return lines + ([f"           and {len(ordered) - most} more (`--json` names all)"] if len(ordered) > most else [])


def command_list(options):
    repository, lines, snapshots = open_repository(options, key_needed=False), [], []
    for name in repository.snapshot_names():
        try:
            snapshot = repository.snapshot(name)
        except Refused as error:
            code, exit_code = ("format-too-new", 3) if error.code == "format-too-new" else ("manifest-damaged", 5) \
                if error.stage != "name" or error.code != "file-short" else ("elsewhere", 6) \
                if "elsewhere" in repository.states["snapshots", name] else ("manifest-incomplete", 6)
            repository.say(code, exit_code, f"snapshot {name[:8]}: {error.what or error}")
            continue
        if repository.keys.locked:              # times and packs
            snapshots.append({"id": name, "time": time_json(snapshot.public.time), "needs_packs": snapshot.public.count,
                              "needs_bytes": snapshot.public.bytes})
            lines.append((snapshot.public.time, name, "", count_words(snapshot.public.count, "pack"), size_words(snapshot.public.bytes)))
            continue
        sources = snapshot.sealed.sources
        files, size = sum(s.counts[0] for s in sources), sum(s.counts[3] for s in sources)
        snapshots.append({
            "id": name, "time": time_json(snapshot.public.time), "files": files, "bytes": size, "note": snapshot.sealed.note,
            "tool": snapshot.sealed.tool, "needs_packs": snapshot.public.count, "needs_bytes": snapshot.public.bytes,
            "sources": [{"label": s.label, "path": s.path.decode("utf-8", "replace"), "host": s.host, "id": s.id.hex(),
                         "files": s.counts[0], "bytes": s.counts[3]} for s in sources]})
        lines.append((snapshot.public.time, name, ", ".join(shown(s.label) for s in sources), count_words(files, "file"), size_words(size)))
    for name in set(repository.snapshot_names(True)) - set(repository.snapshot_names()):
        say_only_second(repository, name)
    lines.sort(reverse=True)
    widths = [max((len(line[i]) for line in lines), default=0) for i in (2, 3, 4)]
    words = [f"{name[:8]}  {time_words(when)}  {label:<{widths[0]}}  {files:>{widths[1]}}  {size:>{widths[2]}}"
             for when, name, label, files, size in lines] or ["no snapshot here"]
    exit_code = min([p.exit for p in repository.problems] + [0], key=WORST.index)
    report = {"snapshots": sorted(snapshots, key=lambda s: s["time"], reverse=True), "problems": problem_list(repository)}
    return exit_code, report, words + problem_lines(repository)


def speeds():
    """Says which implementation of each primitive is in use; gives their MB/s."""
    found = primitives.implementations()
    say("using      " + " · ".join(f"{what} {name} " + (f"{n:,.1f} s a password" if what == "argon2id" else f"{n:,.1f} MB/s")
                                    for what, name, n in found))
    return {what: max(rate, 1e-6) for what, _, rate in found}


def duration(seconds):
    return f"{seconds:,.0f} s" if seconds < 120 else f"{seconds / 60:,.0f} min" if seconds < 7200 else f"{seconds / 3600:,.1f} h"


def estimate(options, speed, size, hashed, opened, what):
    """How long it will take: `hashed` and `opened` say how often each byte is."""
    seconds = size / 1e6 * (hashed / speed["blake3"] + opened / speed["aes-256-gcm"]) / min(options.jobs, os.cpu_count() or 1)
    if seconds < 2 and not options.jobs_given:  # to begin processes would take longer
        options.jobs = 1
    say(f"about {duration(seconds)} for {what}: {size_words(size)}, {count_words(options.jobs, 'process', 'processes')}")


def command_check(options):
    repository = open_repository(options, "check", key_needed=False, ask=False)
    names = None
    if options.snap:
        if repository.keys.locked and options.snap.startswith("@"):
            raise Stop(2, "key-needed", f"the key is needed to find {options.snap}")
        names = [choose(repository, options.snap).name]
    if options.read_data:
        total = sum(s.size for found in repository.files.values() for s in found.values())
        speed = speeds()
        opens = not repository.keys.locked
        estimate(options, speed, total, 1 + opens, opens and repository.keys.encrypted, "every byte of the repository")
    data = tintype_data.Data(repository, options.jobs, Progress(lambda done, total: f"read {size_words(done)} of {size_words(total)}"))
    check = tintype_check.Check(repository, data)
    check.run(names, options.read_data)
    packs, size = len(check.needed), sum(p.length for p in check.needed.values())
    states = [v["state"] for v in check.judged if not v["second_only"]]
    hidden = ["what is in the packs" + (": only that their bytes are those that were written" if options.read_data else ""),
              "which photos a damaged pack hits", "whether the index says what the packs say", "whether tombstones are real"] \
        if repository.keys.locked else []
    lines = [f"{'not seen' if not i else '':<10} {text}" for i, text in enumerate(hidden)]
    did = f"every byte read and compared ({size_words(data.bytes_read)}, {count_words(data.objects_read, 'object')} opened)" if options.read_data \
        else "names and lengths looked at (`--read-data` reads every byte)"
    lines += [f"{count_words(len(states), 'snapshot')}, {count_words(packs, 'pack')}, {size_words(size)}: {did}"]
    lines += problem_lines(repository)
    if check.replaced:
        lines.append(f"{count_words(len(check.replaced), 'pack')} replaced")
    if check.repo.foreign:
        lines.append(f"{count_words(check.repo.foreign, 'foreign file')} passed over")
    forgotten = sum(v["forgotten"] for v in check.judged)
    lines += [f"{count_words(forgotten, 'snapshot')} forgotten, not verified"] if forgotten else []
    counts = {state: states.count(state) for state in ("damaged", "incomplete", "newer", "complete") if state in states}
    if not states:
        lines.append("no snapshot here")
    elif set(states) == {"complete"}:
        lines.append("the snapshot is complete" if len(states) == 1 else f"all {len(states)} snapshots are complete")
    else:
        lines.append(", ".join(f"{n} of {len(states)} {state}" for state, n in counts.items()))
    exit_code = min([p.exit for p in repository.problems] + [0], key=WORST.index)
    return exit_code, {
        "snapshots": [{**v, "time": v["time"] and time_json(v["time"])} for v in check.judged], "packs": packs, "pack_bytes": size,
        "bytes_read": data.bytes_read, "objects_read": data.objects_read, "read_all": options.read_data, "foreign": repository.foreign,
        "temporaries": repository.temporary, "replaced_packs": len(check.replaced), "false_notices": repository.false,
        "could_not_see": hidden, "problems": problem_list(repository)}, lines


def command_restore(options):
    repository = open_repository(options)
    snap, _, path = (options.snap or "latest").partition(":")
    if moment_of(options.snap or "") is not None:
        snap, path = options.snap, ""
    elif moment_of(":".join((options.snap or "").split(":")[:2])) is not None:
        snap, path = ":".join(options.snap.split(":")[:2]), ":".join(options.snap.split(":")[2:])
    snapshot = choose(repository, snap)
    for name in set(repository.snapshot_names(True)) - set(repository.snapshot_names()) if snap == "latest" else ():
        if repository.files["snapshots", True][name].path.split("/")[-1].split("-")[0] > f.stamp(snapshot.public.time):
            repository.say("manifest-only-second", 4, f"a newer manifest, {name[:8]}, lies in second/ alone; its id or a time names it")
    if snapshot.only_second:
        say_only_second(repository, snapshot.name)
    try:
        packs = repository.needs(snapshot)[0]
    except Refused as error:                    # the tree may be whole all the same
        packs = snapshot.public.tail
        repository.say("needs-contradictory", 5, f"the snapshot's list of packs contradicts itself: {error.what}")
    repository.index(snapshot, packs)
    speed = speeds()
    sources = snapshot.sealed.sources
    target = tintype_restore.prepare(options.target, options.repo)
    if not path:
        total = sum(s.counts[3] for s in sources)
        estimate(options, speed, total, 2, repository.keys.encrypted, f"snapshot {snapshot.name[:8]}")
    job = tintype_restore.Restore(repository, snapshot, path, target, options.jobs,
                                  Progress(lambda files, size: f"restored {count_words(files, 'file')}, {size_words(size)}"))
    job.run()
    lines = [f"restored   {count_words(job.files, 'file')}, {size_words(job.bytes)}"
             + (f", {count_words(job.links, 'link')}" if job.links else "") + f" from snapshot {snapshot.name[:8]} into {options.target}"]
    if job.left_out:
        lines.append(f"left out   {count_words(len(job.left_out), 'file')}:")
        lines += [f"             {shown(item.path)}   {item.why} ({item.code})" for item in job.left_out[:50]]
        lines += [f"             and {len(job.left_out) - 50} more (`--json` names all)"] if len(job.left_out) > 50 else []
    plural = {"attribute": "attributes", "birth time": "birth times", "special bit": "setuid, setgid or sticky bits (left out on purpose)",
              "owner without the privilege": "owners (only root may set them)", "hard link": "hard links (written again)"}
    for fact, count in sorted(job.missing.items()):
        lines.append(f"not set    {count:,} {plural.get(fact, fact + 's')}")
    for (origin, why), count in sorted(job.carried.items()):
        lines.append(f"carried    {count_words(count, 'entry', 'entries')} not read for this snapshot but taken over from {origin}: {shown(why)}")
    if job.merged:
        lines.append(f"merged     {count_words(job.merged, 'folder')}: the target takes two names for one (folders-merged)")
    lines += problem_lines(repository)
    exit_code = min([*job.exit_codes(), 0], key=WORST.index)
    return exit_code, {
        "snapshot": snapshot.name, "files": job.files, "bytes": job.bytes, "links": job.links, "target": options.target,
        "left_out": [{"path": i.path.decode("utf-8", "backslashreplace"), "path_base64": base64.b64encode(i.path).decode(),
                      "code": i.code, "why": i.why} for i in job.left_out],
        "not_set": dict(job.missing), "problems": problem_list(repository) + [
            {"code": i.code, "severity": tintype_restore.EXITS.get(i.code, 3), "message": i.why, "path": i.path.decode("utf-8", "backslashreplace")}
            for i in job.left_out]}, lines


def command_selftest(options):
    """The primitives on known answers, and the vectors if they are here."""
    code = f.recovery_code("000GV-40R4H-0M30P-E209P-185GH-R38E0-1W814-24GKZ")
    answers = [("BLAKE3", primitives.blake3(b"") == f.HASH_OF_NOTHING),
               ("recovery code", code == bytes(range(20))),
               ("derived keys", f.key_check(f.master_key(code)).hex()
                == "d3a24582bd1f14857d786d8e723c91b081dc5138d8ed88d3798ad509d5043c01")]
    speeds()
    lines = [f"{what} {'right' if right else 'WRONG'}" for what, right in answers]
    wrong = [what for what, right in answers if not right]
    places = [os.path.join(ABOVE, "vectors"), os.path.join(ABOVE, "spec", "vectors")]
    folder = options.folder or next((place for place in places if os.path.isdir(place)), None)
    if folder:
        import test_reader
        counts, bad = test_reader.run_vectors(folder)
        lines.append(f"{sum(counts.values())} vectors: {counts[True, True]} read, {counts[True, False]} refused as they say, "
                     f"{len(bad)} otherwise")
        lines += bad
        wrong += bad
    else:
        lines.append("no vectors here")
    return 1 if wrong else 0, {"wrong": wrong}, lines


def arguments():
    shared = argparse.ArgumentParser(add_help=False, argument_default=argparse.SUPPRESS)
    shared.add_argument("--password-file", metavar="F", help="the password is the first line of this file")
    shared.add_argument("--recovery-code-file", metavar="F", help="the recovery code is the first line of this file")
    shared.add_argument("--json", action="store_true", help="one JSON object instead of words")
    shared.add_argument("--jobs", type=int, metavar="N", help="processes that work at once (default: all cores)")
    parser = argparse.ArgumentParser(prog="tintype_reader.py", description="Reads a tintype repository.", parents=[shared])
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    commands.required = True
    one = commands.add_parser("list", parents=[shared], help="the snapshots, newest first")
    one.add_argument("repo", metavar="REPO")
    one = commands.add_parser("check", parents=[shared], help="whether all is here and undamaged")
    one.add_argument("repo", metavar="REPO")
    one.add_argument("snap", metavar="SNAP", nargs="?")
    one.add_argument("--read-data", action="store_true", help="read every byte, open every record")
    one = commands.add_parser("restore", parents=[shared], help="bring a snapshot back, or a part of it")
    one.add_argument("repo", metavar="REPO")
    one.add_argument("snap", metavar="SNAP[:PATH]", nargs="?")
    one.add_argument("--target", metavar="DIR", required=True, help="a new or empty folder")
    one = commands.add_parser("selftest", parents=[shared], help="known answers, and the vectors if they are here")
    one.add_argument("folder", nargs="?")
    one = commands.add_parser("vectors", parents=[shared])
    one.add_argument("folder")
    options = parser.parse_args()
    for name, default in (("password_file", None), ("recovery_code_file", None), ("json", False), ("jobs", None)):
        setattr(options, name, getattr(options, name, default))
    options.jobs_given, options.jobs = options.jobs, max(1, options.jobs or os.cpu_count() or 1)
    return options


def main():
    sys.setrecursionlimit(10000)
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    options = arguments()
    doing = {"list": "list", "check": "check", "restore": "restore from"}.get(options.command, options.command)
    begun, started = time.monotonic(), datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    command = {"list": command_list, "check": command_check, "restore": command_restore}.get(options.command, command_selftest)
    try:
        exit_code, report, lines = command(options)
    except Stop as stop:
        exit_code, lines = stop.exit_code, []
        report = {"problems": [{"code": stop.code, "severity": exit_code, "message": stop.text}]}
        say(f"error: cannot {doing} {getattr(options, 'repo', '')}: {stop.text}" + (f"\n  {stop.advice}" if stop.advice else ""))
    except Refused as refused:
        exit_code, lines = 5, []
        report = {"problems": [{"code": refused.code, "severity": 5, "message": refused.what}]}
        say(f"error: cannot {doing} {getattr(options, 'repo', '')}: {refused}")
    except KeyboardInterrupt:
        say("interrupted: what is in the target is whole, and not all" if options.command == "restore" else "interrupted")
        sys.exit(130)
    except OSError as error:
        exit_code, lines = 1, []
        report = {"problems": [{"code": "read-error", "severity": 1, "message": str(error)}]}
        say(f"error: cannot {doing} {getattr(options, 'repo', '')}: {error}")
    if options.json:
        print(json.dumps({"schema": f"tintype/{'snapshots' if options.command == 'list' else options.command}/1", "exit_code": exit_code,
                          "started": started, "seconds": round(time.monotonic() - begun, 3), **report}))
    else:
        for line in lines:
            print(line)
    sys.exit(exit_code)


if __name__ == "__main__":
    main()
