#!/usr/bin/env python3
"""Whole commands beside `cp -r`, `b3sum`, `find` and other programs, all in the same rounds.

    python3 benches/peers.py --corpus DIR [--rounds 9] [--peers restic,borg,rustic,bupstash] [--peer-rounds 1] [--maker make_corpus.py --mutation DIR]

The folder is only read; with a mutation it is changed and changed back. Needs about 3 times its size of disk, and for each round of a folder
of many small files as much again: what is deleted would make the next files slower. See `benches/README.md` for how to read the figures.
"""

import argparse, json, os, shutil, statistics, subprocess, sys, tempfile, time
from pathlib import Path

# Files from which on big trees are kept until the end: ext4 does not hand out inodes that were freed a moment ago, and searches past them.
MANY = 5000


def sync():
    subprocess.run(["sync"], check=True)


def walk_files(folder):
    for above, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(above, name)
            if os.path.isfile(path) and not os.path.islink(path):
                yield path


def bytes_of(folder):
    return sum(os.lstat(path).st_size for path in walk_files(folder))


def warm(folder):
    buffer = bytearray(1 << 20)
    for path in walk_files(folder):
        with open(path, "rb", buffering=0) as file:
            while file.readinto(buffer):
                pass


def forget(folder):
    """What lies below is read from the drive next time."""
    for path in walk_files(folder):
        descriptor = os.open(path, os.O_RDONLY)
        os.fsync(descriptor)
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        os.close(descriptor)


def busy_seconds():
    values = open("/proc/stat").readline().split()[1:]
    return (sum(map(int, values[:3])) + sum(map(int, values[5:8]))) / os.sysconf("SC_CLK_TCK")


class Figures:
    """Samples by step: wall, processor seconds, peak memory in MiB, processor seconds of everybody else meanwhile."""

    def __init__(self):
        self.steps = {}

    def run(self, step, command, writes=False, environment=None, folder=None):
        sync()
        others, begin = busy_seconds(), time.perf_counter()
        process = subprocess.Popen(command, env=environment, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        output = process.stdout.read()
        errors = process.stderr.read()
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if writes:
            sync()
        wall = time.perf_counter() - begin
        if process.returncode != 0:
            sys.exit("%s: exit %d\n%s" % (" ".join(map(str, command)), process.returncode, errors.decode(errors="replace")[-2000:]))
        processor = used.ru_utime + used.ru_stime
        self.steps.setdefault(step, []).append((wall, processor, used.ru_maxrss / 1024, max(0.0, busy_seconds() - others - processor)))
        return output

    def walls(self, step):
        return [sample[0] for sample in self.steps.get(step, [])]

    def median(self, step, value=0):
        return statistics.median(sample[value] for sample in self.steps[step])

    def table(self, against):
        print("\n| step | runs | wall s: median (min–max) | processor s | peak MiB | to the best %s | others' processor s |" % against)
        print("|---|---|---|---|---|---|---|")
        best = min(self.walls(against))
        for step, samples in self.steps.items():
            walls = self.walls(step)
            print("| %s | %d | %.3g (%.3g–%.3g) | %.2f | %.0f | %.2f | %.2f |" % (
                step, len(samples), self.median(step), min(walls), max(walls), self.median(step, 1),
                max(sample[2] for sample in samples), self.median(step) / best, self.median(step, 3)))


class Tintype:
    def __init__(self, program, folder):
        self.program, self.folder = program, folder
        folder.mkdir()
        self.repository = folder / "repository"
        made = json.loads(subprocess.run(self.command("init", "--no-password"), check=True, capture_output=True).stdout)
        (folder / "code").write_text(made["recovery_code"])

    def command(self, *words):
        command = [str(self.program), *map(str, words), "--json", "--progress", "none", "--repo", str(self.repository),
                   "--cache-dir", str(self.folder / "cache"), "--state-dir", str(self.folder / "state")]
        code = self.folder / "code"
        return command + (["--recovery-code-file", str(code)] if code.exists() else [])


def tintype(options, figures, folder, number):
    run, corpus = figures.run, options.corpus
    ours = Tintype(options.tintype, folder / "tintype")
    run("snap, first", ours.command("snap", corpus), writes=True)
    stored = bytes_of(ours.repository)
    run("snap, nothing changed", ours.command("snap", corpus), writes=True)
    run("snapshots", ours.command("snapshots"))
    added = None
    if options.mutation:
        subprocess.run([sys.executable, options.maker, "apply", options.mutation, corpus], check=True, capture_output=True)
        # What changed less than 3 seconds before it is read is read again by the next snap.
        time.sleep(4)
        before = bytes_of(ours.repository)
        run("snap, 64 edits and 64 renames", ours.command("snap", corpus), writes=True)
        added = bytes_of(ours.repository) - before
        subprocess.run([sys.executable, options.maker, "apply", options.mutation, corpus, "--undo"], check=True, capture_output=True)
    warm(ours.repository)
    run("check --read-data, packs in memory", ours.command("check", "--read-data"))
    warm(ours.repository)
    hash_all(run, "b3sum of the repository, in memory", ours.repository)
    forget(ours.repository)
    run("check --read-data, packs on disk", ours.command("check", "--read-data"))
    forget(ours.repository)
    hash_all(run, "b3sum of the repository, on disk", ours.repository)
    forget(ours.repository)
    target = folder / "restored"
    first = json.loads(subprocess.run(ours.command("snapshots"), check=True, capture_output=True).stdout)["snapshots"][-1]["id"]
    run("restore, packs on disk", ours.command("restore", first, "--target", target), writes=True)
    if number == 0:
        difference = subprocess.run(["diff", "-r", "--no-dereference", corpus, target], capture_output=True, text=True)
        print("restored: %s" % ("the same as the source" if difference.returncode == 0 else "DIFFERS: " + difference.stdout[:500]))
    return stored, added


def hash_all(run, step, folder):
    if shutil.which("b3sum"):
        run(step, ["bash", "-c", 'find "$1" -type f -print0 | xargs -0 -n 200000 b3sum > /dev/null', "b3sum", str(folder)])


def references(options, figures, folder):
    figures.run("cp -r", ["cp", "-r", str(options.corpus), str(folder / "copy")], writes=True)
    hash_all(figures.run, "b3sum of the source", options.corpus)
    figures.run("find -printf", ["bash", "-c", "find \"$1\" -printf '%s %T@\\n' > /dev/null", "find", str(options.corpus)])


def restic_like(program, extra):
    def steps(options, figures, folder):
        environment = {**os.environ, "RESTIC_PASSWORD": "bench", "RESTIC_REPOSITORY": str(folder / program), "RESTIC_CACHE_DIR": str(folder / (program + "-cache")),
                       "RUSTIC_PASSWORD": "bench", "RUSTIC_REPOSITORY": str(folder / program), "RUSTIC_CACHE_DIR": str(folder / (program + "-cache")), "RUSTIC_NO_PROGRESS": "true"}
        figures.run(program + " init", [program, "init"], environment=environment)
        for step in ("first", "nothing changed"):
            figures.run("%s backup, %s" % (program, step), [program, *extra, "backup", str(options.corpus)], writes=True, environment=environment)
        figures.run(program + " check --read-data", [program, "check", "--read-data"], environment=environment)
        out = ["latest", "--target", str(folder / (program + "-out"))] if program == "restic" else ["latest", str(folder / (program + "-out"))]
        figures.run(program + " restore", [program, "restore", *out], writes=True, environment=environment)
    return steps


def borg(options, figures, folder):
    environment = {**os.environ, "BORG_REPO": str(folder / "borg"), "BORG_PASSPHRASE": "bench", "BORG_BASE_DIR": str(folder / "borg-base")}
    figures.run("borg init", ["borg", "init", "-e", "repokey-blake2"], environment=environment)
    for name, step in (("one", "first"), ("two", "nothing changed")):
        figures.run("borg create, " + step, ["borg", "create", "::" + name, "."], writes=True, environment=environment, folder=options.corpus)
    figures.run("borg check --verify-data", ["borg", "check", "--verify-data"], environment=environment)
    (folder / "borg-out").mkdir()
    figures.run("borg extract", ["borg", "extract", "::two"], writes=True, environment=environment, folder=folder / "borg-out")


def bupstash(options, figures, folder):
    environment = {**os.environ, "BUPSTASH_REPOSITORY": str(folder / "bupstash"), "BUPSTASH_KEY": str(folder / "bupstash.key"),
                   "BUPSTASH_SEND_LOG": str(folder / "bupstash.log"), "BUPSTASH_QUERY_CACHE": str(folder / "bupstash.cache")}
    figures.run("bupstash init", ["bash", "-c", "bupstash init && bupstash new-key -o \"$BUPSTASH_KEY\""], environment=environment)
    for name, step in (("one", "first"), ("two", "nothing changed")):
        figures.run("bupstash put, " + step, ["bupstash", "put", "-q", "name=" + name, str(options.corpus)], writes=True, environment=environment)
    figures.run("bupstash restore", ["bupstash", "restore", "-q", "--into", str(folder / "bupstash-out"), "name=two"], writes=True, environment=environment)


PEERS = {"restic": restic_like("restic", ["-q"]), "rustic": restic_like("rustic", []), "borg": borg, "bupstash": bupstash}


def syncs(options, folder):
    """How often a first snap makes files durable; `None` without strace."""
    if not shutil.which("strace"):
        return None
    ours, counts = Tintype(options.tintype, folder / "traced"), folder / "syncs"
    subprocess.run(["strace", "-f", "-c", "-e", "trace=fsync,fdatasync,syncfs", "-o", counts, *ours.command("snap", options.corpus)], check=True, capture_output=True)
    called = sum(int(line.split()[3]) for line in counts.read_text().splitlines() if line.strip().endswith(("fsync", "fdatasync", "syncfs")))
    folders = {os.path.dirname(path) for path in walk_files(ours.repository)}
    packs = sum(1 for path in walk_files(ours.repository) if path.endswith(".pack"))
    return called, packs, len(folders)


def unique_bytes(folder):
    """Bytes of the files, each content counted once."""
    import hashlib
    seen, total = set(), 0
    for path in walk_files(folder):
        with open(path, "rb") as file:
            digest = hashlib.file_digest(file, "blake2b").digest()
        if digest not in seen:
            seen.add(digest)
            total += os.lstat(path).st_size
    return total


def targets(options, figures, files, stored, added, sync_counts):
    is_many, best_copy = files >= 50_000, min(figures.walls("cp -r"))
    ratio = lambda step, yardstick: figures.median(step) / yardstick
    rows = [("first snap, to the best cp -r", ratio("snap, first", best_copy), 0.65 if is_many else 1.0),
            ("restore, packs on disk, to the best cp -r", ratio("restore, packs on disk", best_copy), 0.85 if is_many else 1.4),
            ("largest peak of memory, MiB", max(sample[2] for step, samples in figures.steps.items() for sample in samples
                                               if step.split(",")[0].split(" ")[0] in ("snap", "snapshots", "check", "restore")), 200),
            ("`snapshots`, s", figures.median("snapshots"), 0.02)]
    if is_many:
        rows += [("nothing changed, to find", ratio("snap, nothing changed", figures.median("find -printf")), 1.0),
                 ("repository, MB", stored / 1e6, 890)]
        if figures.walls("b3sum of the source"):
            rows.append(("check, packs on disk, to b3sum of the source", ratio("check --read-data, packs on disk", figures.median("b3sum of the source")), 0.7))
    else:
        rows += [("first snap, processor s", figures.median("snap, first", 1), 4.5),
                 ("nothing changed, s more than find", figures.median("snap, nothing changed") - figures.median("find -printf"), 0.02),
                 ("repository, to the unique bytes", stored / unique_bytes(options.corpus), 1.0005)]
        if figures.walls("b3sum of the source"):
            rows += [("check, packs in memory, to b3sum", ratio("check --read-data, packs in memory", figures.median("b3sum of the repository, in memory")), 2.5),
                     ("check, packs on disk, to b3sum", ratio("check --read-data, packs on disk", figures.median("b3sum of the repository, on disk")), 1.0)]
        if added is not None:
            rows += [("64 edits and 64 renames, s", figures.median("snap, 64 edits and 64 renames"), 0.5), ("the same, MB added", added / 1e6, 1.8)]
    if sync_counts:
        called, packs, folders = sync_counts
        rows.append(("syncs of a first snap (%d packs, %d folders)" % (packs, folders), called, packs + folders + 20))
    print("\n| target | reached | wanted at most | |\n|---|---|---|---|")
    for name, reached, wanted in rows:
        print("| %s | %.4g | %.4g | %s |" % (name, reached, wanted, "yes" if reached <= wanted else "**no**"))


def main():
    root = Path(__file__).resolve().parent.parent
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", required=True, type=lambda path: Path(path).resolve())
    parser.add_argument("--tintype", default=root / "target/release/tintype", type=lambda path: Path(path).resolve())
    parser.add_argument("--rounds", default=9, type=int)
    parser.add_argument("--peers", default="restic,rustic,borg,bupstash")
    parser.add_argument("--peer-rounds", default=1, type=int)
    parser.add_argument("--maker", type=Path, help="make_corpus.py, which applies and undoes a mutation")
    parser.add_argument("--mutation", type=Path, help="a folder that it prepared")
    parser.add_argument("--work", default=None)
    options = parser.parse_args()
    files = sum(1 for _ in walk_files(options.corpus))
    peers = [name for name in options.peers.split(",") if name]
    absent = [name for name in peers if not shutil.which(name)]
    print("%d files, %d bytes; %d rounds; absent: %s" % (files, bytes_of(options.corpus), options.rounds, ", ".join(absent) or "none"))
    figures, stored, added = Figures(), 0, None
    with tempfile.TemporaryDirectory(prefix="tintype-bench-", dir=options.work) as folder:
        for number in range(options.rounds):
            place = Path(folder) / ("round-%d" % number)
            place.mkdir()
            todo = [lambda: references(options, figures, place)]
            if number < options.peer_rounds:
                todo += [lambda name=name: PEERS[name](options, figures, place) for name in peers if name not in absent]

            def ours():
                nonlocal stored, added
                stored, added = tintype(options, figures, place, number)
            todo.insert(number % (len(todo) + 1), ours)
            for one in todo:
                warm(options.corpus)
                one()
            if files < MANY:
                shutil.rmtree(place)
            print("round %d of %d done" % (number + 1, options.rounds), file=sys.stderr, flush=True)
        place = Path(folder) / "traced"
        place.mkdir()
        counts = syncs(options, place)
        figures.table("cp -r")
        targets(options, figures, files, stored, added, counts)
    return 0


if __name__ == "__main__":
    sys.exit(main())
