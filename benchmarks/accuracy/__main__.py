"""``python -m benchmarks.accuracy``: train rows of the table, store what comes of them."""

import argparse
import sys
from pathlib import Path

from benchmarks.accuracy import report, store, tables
from benchmarks.accuracy.data import Folders, MissingDataError
from benchmarks.accuracy.rows import ROWS
from benchmarks.accuracy.run import outcome

#: What the documentation's page is rendered from.
RESULTS = Path(__file__).with_name("results.json")


def main(arguments=None):
    """Run what the command line asks for; 1 when a target is missed, 2 when data is missing."""
    asked = _parser().parse_args(arguments)
    if asked.list:
        for row in ROWS.values():
            print(f"{row.name:16} {row.what}")
        return 0
    folders = Folders(asked.mnist, asked.tables)
    names = asked.row or ([] if asked.render else list(ROWS))
    missing = [text for name in names if (text := _run(ROWS[name], folders, asked))]
    stored = store.load(asked.store)
    if asked.render:
        asked.render.write_text(report.page(stored) + tables.section(tables.load()))
    tested = {name: list(stored[name]["test"].values()) for name in ROWS if _tested(stored, name)}
    missed = [
        text
        for name in names
        if name in tested and not asked.choose
        for text in report.problems(ROWS[name], tested[name], tested)
    ]
    for text in (*missing, *missed):
        print(text, file=sys.stderr)
    return 2 if missing else int(bool(missed))


def _tested(stored, name):
    return stored.get(name, {}).get("test")


def _run(row, folders, asked):
    """Run a row with all its seeds; what is missing, if anything is."""
    for seed in asked.seeds or row.seeds:
        print(f"{row.name}: seed {seed} ...", file=sys.stderr, flush=True)
        try:
            found = outcome(
                row,
                seed,
                folders,
                choosing=asked.choose,
                threads=asked.threads,
                epochs=asked.epochs,
                on_epoch=None if asked.quiet else _say,
            )
        except MissingDataError as error:
            return f"{row.name}: {error}"
        store.add(asked.store, row, seed, found, choosing=asked.choose)
        shown = ", ".join(f"{name} {value}" for name, value in found.get("readouts", {}).items())
        print(f"{row.name}: seed {seed}: {found['error']:.2f} % {shown}".rstrip(), flush=True)
    return ""


def _say(epoch):
    if epoch.finished:
        print(
            f"  epoch {epoch.epoch}/{epoch.epochs}: loss {epoch.loss:.4f}, {epoch.seconds:.0f} s",
            file=sys.stderr,
            flush=True,
        )


def _parser():
    parser = argparse.ArgumentParser(prog="python -m benchmarks.accuracy", description=__doc__)
    add = parser.add_argument
    add("--row", action="append", choices=list(ROWS), metavar="NAME", help="only this row; repeat")
    add("--list", action="store_true", help="name the rows")
    add("--mnist", type=Path, metavar="FOLDER", help="MNIST's four IDX files")
    add("--tables", type=Path, metavar="FOLDER", help="letter-recognition.data")
    add("--store", type=Path, metavar="FILE", default=RESULTS, help="results")
    add("--render", type=Path, metavar="FILE", help="write the page; alone, without running")
    add("--choose", action="store_true", help="test on held-out training rows")
    add("--seeds", type=int, nargs="+", metavar="N", help="in place of the row's own")
    add("--threads", type=int, metavar="N", help="cores to use")
    add("--epochs", type=int, metavar="N", help="in place of the row's own, to try things out")
    add("--quiet", action="store_true", help="no progress")
    return parser


if __name__ == "__main__":
    sys.exit(main())
