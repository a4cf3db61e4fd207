"""``python -m benchmarks.fuzz``: read damaged files for some minutes; 1 when one did harm."""

import argparse
import sys
import time
from pathlib import Path

from benchmarks.fuzz import watch
from benchmarks.fuzz.targets import TARGETS


def main(arguments=None):
    """Run what the command line asks for."""
    asked = _parser().parse_args(arguments)
    names = asked.only or list(TARGETS)
    found = {}
    for place, name in enumerate(names):
        seconds = 60 * asked.minutes / len(names)
        until = -asked.trials if asked.trials else time.monotonic() + seconds
        problems, trials = watch.run(TARGETS[name], asked.seed + place, until, asked.keep)
        print(f"{name}: {trials:,} files, {len(problems)} problems", flush=True)
        for problem, content in problems.items():
            print(f"  {problem}\n    {content[:100]!r} ...", flush=True)
        found |= problems
    return int(bool(found))


def _parser():
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fuzz", description=__doc__)
    add = parser.add_argument
    add("--minutes", type=float, metavar="N", default=10, help="for all of it; 10 unless told")
    add("--trials", type=int, metavar="N", help="files of each sort, in place of minutes")
    add("--only", action="append", choices=list(TARGETS), metavar="SORT", help="repeat for more")
    add("--seed", type=int, metavar="N", default=0, help="0 unless told")
    add("--keep", type=Path, metavar="FOLDER", help="for the files that did harm")
    return parser


if __name__ == "__main__":
    sys.exit(main())
