"""Compares a restored folder with a tree of expected.json: `compare.py READER-FOLDER TREE.json TARGET`. Prints what differs.

Owns: what a careful person looks at: names, kinds, bytes, modes, times, targets of links, names of one file; attributes
of `user`, if the target keeps any of them.
"""
import base64
import json
import os
import stat
import sys

sys.path.insert(0, sys.argv[1])
import primitives                                                                    # noqa: E402

KINDS = {stat.S_IFREG: "file", stat.S_IFDIR: "folder", stat.S_IFLNK: "symlink"}


def attributes(path):
    try:
        return [name for name in os.listxattr(path, follow_symlinks=False) if name.startswith("user.")]
    except (AttributeError, OSError):
        return []


def look(path, entry):
    """The facts of what lies at `path`, as expected.json words them."""
    facts = os.lstat(path)
    found = {"kind": KINDS.get(stat.S_IFMT(facts.st_mode), "other"),
             "mtime": f"{facts.st_mtime_ns // 10**9}+{facts.st_mtime_ns % 10**9:09}"}
    if found["kind"] == "symlink":
        found["target_base64"] = base64.b64encode(os.readlink(path)).decode()
    else:
        found["mode"] = f"{stat.S_IMODE(facts.st_mode):04o}"
    held = {name: os.getxattr(path, name, follow_symlinks=False) for name in attributes(path)}
    if held:
        found["xattrs"] = {n: {"length": len(v), "blake3": primitives.blake3(v).hex()} for n, v in held.items()}
    if found["kind"] == "file":
        with open(path, "rb") as file:
            data = file.read()
        found["length"], found["blake3"] = len(data), primitives.blake3(data).hex()
        found["names"] = facts.st_nlink
    return found


def main():
    with open(sys.argv[2], encoding="utf-8") as file:
        given = json.load(file)
    target, entries, inodes = os.fsencode(sys.argv[3]), {}, {}
    for entry in given["tree"]:
        if entry["path_base64"] not in given["left_out"]:
            entries[base64.b64decode(entry["path_base64"])] = entry
    here = {os.path.relpath(os.path.join(folder, name), target)
            for folder, folders, files in os.walk(target) for name in folders + files}
    for path in sorted(here ^ set(entries)):
        print(f"{path!r}: {'should not be here' if path in here else 'absent'}")
    linked = [entry.get("linked") for entry in entries.values()]
    for path in sorted(here & set(entries)):
        entry = entries[path]
        found = look(os.path.join(target, path), entry)
        if found["kind"] == "file":
            entry["names"] = linked.count(entry["linked"]) if "linked" in entry else 1
        for name, value in found.items():
            if entry.get(name) != value:
                print(f"{path!r}: {name} is {value}, not {entry.get(name)}")
        if "linked" in entry:
            inode = os.lstat(os.path.join(target, path)).st_ino
            if inodes.setdefault(entry["linked"], inode) != inode:
                print(f"{path!r}: another file than its other names")


main()
