#!/usr/bin/env python3
"""What 64 edited and 64 renamed photos of a library of 3.6 GB cost, beside restic and borg.

    python3 benches/mutation.py --bench DIR [--tintype BIN] [--work DIR] [--no-peers]

DIR holds `make_corpus.py` and a prepared mutation `mut-photos-3.5G`; the library is made by it, and needs 12 GB of disk with the repositories.
"""

import argparse, shutil, sys, tempfile, time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import edits


def main():
    root = Path(__file__).resolve().parent.parent
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bench", default=root.parent / "shared/bench", type=Path)
    parser.add_argument("--tintype", default=root / "target/release/tintype")
    parser.add_argument("--work", default=None)
    parser.add_argument("--no-peers", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tintype-mutation-", dir=options.work) as folder:
        work, library = Path(folder), Path(folder) / "library"
        corpus = [sys.executable, options.bench / "make_corpus.py"]
        edits.run(*corpus, "photos", library, "--size", "3.5G", "--seed", "1", "--no-real")
        tintype = edits.Tintype(Path(options.tintype).resolve(), work)
        first = tintype.snap(library)
        peers = [] if options.no_peers else [(name, peer) for name, peer in (("restic", restic), ("borg", borg)) if shutil.which(name)]
        before = [(name, peer(work, library)) for name, peer in peers]
        print(edits.run(*corpus, "apply", options.bench / "mut-photos-3.5G", library).decode().strip())
        # What changed less than 3 seconds before it is read is read again by the next snap.
        time.sleep(4)
        second = tintype.snap(library)
        stored, source = second["stored"], second["sources"][0]
        print("files %d, pieces %d: %.2f for each file" % (source["files"], first["stored"]["new_chunks"], first["stored"]["new_chunks"] / source["files"]))
        print("metadata changed %d, renamed %d, picture changed %d, new %d, gone %d" % (
            source["metadata_changed_files"], source["renamed_files"], source["changed_files"] - source["metadata_changed_files"],
            source["new_files"], source["gone_files"]))
        print("new pieces, before compression  %12d" % stored["new_chunk_bytes"])
        print("packs of photos                 %12d" % stored["pack_bytes"])
        print("all, with trees, lists, copies  %12d" % second["stored_bytes"])
        for name, again in before:
            print("%-30s  %12d" % (name, again()))
    return 0


def restic(work, library):
    environment = {**edits.os.environ, "RESTIC_PASSWORD": "x", "RESTIC_CACHE_DIR": str(work / "restic-cache")}
    edits.run("restic", "-r", work / "restic", "init", env=environment)

    def backup():
        return edits.json.loads(edits.run("restic", "-r", work / "restic", "backup", "--json", library, env=environment).splitlines()[-1])["data_added"]
    backup()
    return backup


def borg(work, library):
    environment = {**edits.os.environ, "BORG_BASE_DIR": str(work / "borg-base"), "BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK": "yes"}
    edits.run("borg", "init", "-e", "none", work / "borg", env=environment)
    count = iter(range(9))

    def backup():
        told = edits.json.loads(edits.run("borg", "create", "--json", "%s::%d" % (work / "borg", next(count)), library, env=environment))
        return told["archive"]["stats"]["deduplicated_size"]
    backup()
    return backup


if __name__ == "__main__":
    sys.exit(main())
