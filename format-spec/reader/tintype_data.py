"""Reads every stored byte: hashes files against their names, opens records, hashes objects.

Owns: what `check --read-data` gives to the workers, and what they found: `repository.bad` (paths of stored files whose
bytes are wrong), `bad_records` (that do not open although their file is as it was written). tintype_check.py makes
verdicts of it. Hashes of whole files of several pieces are compared by a restore.
"""
import tintype_format as f
import tintype_repo as repo
import tintype_work as work
from tintype_format import Refused


class Data:
    def __init__(self, repository, jobs, progress):
        self.repo, self.jobs, self.progress, self.locked = repository, jobs, progress, repository.keys.locked
        self.bad_records, self.bytes_read, self.objects_read, self.listed = set(), 0, 0, None

    def read_all(self, names):
        """Hashes every stored file (of some snapshots: the packs that they need), opens every record."""
        wanted = None
        if names is not None:
            wanted = set()
            for name in names:
                try:
                    wanted |= {pack.name.hex() for pack in self.repo.needs(self.repo.snapshot(name))[0]}
                except Refused:
                    pass
        arguments = self.repo.root, self.repo.keys, None, ""
        self.total = sum(s.size for (folder, _), found in self.repo.files.items() for n, s in found.items()
                         if wanted is None or folder == "packs" and n in wanted)
        failed = []                             # records that do not open although the file is as it was written
        for result in work.run(self.jobs, arguments, self.tasks(wanted)):
            if len(result) == 3:
                path, right, size = result
                self.bytes_read += size
                if not right:
                    self.repo.bad.add(path)
                self.progress(self.bytes_read, self.total)
            elif len(result) == 4:
                path, good, pack, bad = result
                self.objects_read += good
                failed.append((path, {(pack, ordinal) for ordinal, _ in bad}))
        for path, records in failed:
            if path not in self.repo.bad:
                self.bad_records |= records

    def tasks(self, wanted):
        for (folder, second), found in self.repo.files.items():
            for name, stored in sorted(found.items()):
                if stored.elsewhere or wanted is not None and (folder != "packs" or name not in wanted):
                    continue
                yield "hash_file", stored.path, name
                if folder == "packs" and not self.locked:
                    yield from self.record_tasks(name, second, stored)

    def record_tasks(self, name, second, stored):
        try:
            kind, salt, records = f.pack_directory(
                self.repo.keys, lambda at, n: self.repo.packs.read(name, second, at, n), stored.size)
        except (Refused, OSError):
            return                              # its name, trailer or directory is wrong: the verdict says so
        self.compare_segments(name, kind, salt, records)
        batch, size, offset = [], 0, 128
        for ordinal, record in enumerate(records):
            batch.append((ordinal, offset, record))
            offset += record.stored
            size += record.stored
            if size >= 8 << 20:
                yield "check_records", stored.path, repo.Pack(name, kind, salt), second, batch
                batch, size = [], 0
        if batch:
            yield "check_records", stored.path, repo.Pack(name, kind, salt), second, batch

    def compare_segments(self, name, kind, salt, records):
        """An index segment that says something else than the pack itself."""
        if self.listed is None:
            self.listed = {}
            for segment in self.repo.files["index", False]:
                try:
                    for pack in f.open_segment(self.repo.fetch("index", segment)[0] or b"", self.repo.keys):
                        self.listed.setdefault(pack.name.hex(), []).append((segment, pack))
                except Refused:
                    pass
        for segment, pack in self.listed.get(name, ()):
            if (pack.kind, pack.salt, pack.records) != (kind, salt, records):
                self.repo.say("index-wrong", 4,
                              f"index segment {segment[:8]}… says something else than pack {name[:8]}…", f"index/{segment}")
