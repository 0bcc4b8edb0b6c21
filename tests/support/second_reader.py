"""Runs the reader in Python many times in one process: each line of standard input is its arguments, separated by tabs.

Its `--json` report of each goes to standard output, in one line; the exit code stands in it.
"""
import io
import json
import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "format-spec", "reader"))
import tintype_reader                                                                # noqa: E402

out = sys.stdout
for line in sys.stdin:
    sys.argv = ["tintype_reader.py", *line.rstrip("\n").split("\t")]
    sys.stdout = sys.stderr = io.StringIO()
    try:
        tintype_reader.main()
    except SystemExit:
        pass
    except Exception as error:                  # a fault of the reader: no report
        print(json.dumps({"exit_code": f"crash {type(error).__name__} {error}"}))
    said = [text for text in sys.stdout.getvalue().splitlines() if text.startswith("{")]
    print(said[-1] if said else "{}", file=out, flush=True)
