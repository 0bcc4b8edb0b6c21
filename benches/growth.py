#!/usr/bin/env python3
"""How cost grows: a repository of many objects, and libraries of more and more files.

    python3 benches/growth.py [--objects 10000000] [--files 1000,10000,100000] [--gigabytes 1,4] [--maker make_corpus.py]

`cargo bench --bench growth --no-run` builds what makes the repository (its holes take no room); `--maker` makes the libraries.
"""

import argparse, shutil, subprocess, sys, tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import peers


def bench_program(root):
    made = subprocess.run(["cargo", "bench", "--bench", "growth", "--no-run", "--message-format", "short"], cwd=root, check=True, capture_output=True, text=True)
    line = next(line for line in made.stderr.splitlines() if "Executable" in line)
    return Path(root) / line[line.index("(") + 1:line.rindex(")")]


def row(what, figures, step):
    samples = figures.steps[step]
    print("| %s | %s | %.3g | %.2f | %.0f |" % (what, step, figures.median(step), figures.median(step, 1), max(sample[2] for sample in samples)))


def many_objects(options, work):
    repository, photos = work / "large", work / "photos"
    subprocess.run([str(bench_program(options.root)), "make", str(repository), str(options.objects)], check=True)
    photos.mkdir()
    for number in range(50):
        (photos / ("%d.txt" % number)).write_text("%d " % number * 2000)
    figures = peers.Figures()
    command = lambda *words: [str(options.tintype), *words, "--json", "--progress", "none", "--repo", str(repository),
                              "--cache-dir", str(work / "cache"), "--state-dir", str(work / "state")]
    figures.run("snap, without a cache", command("snap", str(photos)), writes=True)
    for number in range(5):
        (photos / ("new %d.txt" % number)).write_text("new %d " % number * 2000)
        figures.run("snap, one new file", command("snap", str(photos)), writes=True)
        figures.run("snapshots", command("snapshots"))
        figures.run("restore of one file", command("restore", "latest:7.txt", "--target", str(work / ("one-%d" % number))), writes=True)
    for step in figures.steps:
        row("%d objects, %d packs" % (options.objects, options.objects // 1000), figures, step)
    shutil.rmtree(repository)


def libraries(options, work, sort, sizes, unit, words_of):
    for size in sizes:
        library = work / ("library-%s" % size)
        subprocess.run([sys.executable, options.maker, *words_of(library, size)], check=True, capture_output=True)
        figures, place = peers.Figures(), work / ("round-%s" % size)
        place.mkdir()
        options.corpus = library
        for number in range(3):
            here = place / str(number)
            here.mkdir()
            ours = peers.Tintype(options.tintype, here / "tintype")
            peers.warm(library)
            figures.run("first snap", ours.command("snap", library), writes=True)
            figures.run("nothing changed", ours.command("snap", library), writes=True)
            peers.forget(ours.repository)
            figures.run("check --read-data", ours.command("check", "--read-data"))
            peers.forget(ours.repository)
            figures.run("restore", ours.command("restore", "latest", "--target", here / "restored"), writes=True)
            if sort == "photos":
                shutil.rmtree(here)
        for step in figures.steps:
            row("%s %s" % (size, unit), figures, step)
        shutil.rmtree(library)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tintype", default=None, type=lambda path: Path(path).resolve())
    parser.add_argument("--objects", default=10_000_000, type=int)
    parser.add_argument("--files", default="1000,10000,100000")
    parser.add_argument("--gigabytes", default="1,4")
    parser.add_argument("--maker", default=None, type=Path)
    parser.add_argument("--work", default=None)
    options = parser.parse_args()
    options.root = Path(__file__).resolve().parent.parent
    options.tintype = options.tintype or options.root / "target/release/tintype"
    numbers = lambda text: [int(word) for word in text.split(",") if word]
    with tempfile.TemporaryDirectory(prefix="tintype-growth-", dir=options.work) as folder:
        work = Path(folder)
        print("| of | step | wall s, median | processor s | peak MiB |\n|---|---|---|---|---|")
        if options.objects:
            many_objects(options, work)
        if options.maker:
            libraries(options, work, "many", numbers(options.files), "small files", lambda library, size: ["many", library, "--count", str(size)])
            libraries(options, work, "photos", numbers(options.gigabytes), "GB of photos", lambda library, size: ["photos", library, "--size", "%dG" % size, "--no-real"])
    return 0


if __name__ == "__main__":
    sys.exit(main())
