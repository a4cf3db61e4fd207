"""Time lwnn against what a user would pick instead; see benchmarks/README.md.

Ends with 1 when the sides of a case disagree, a side fails, or a target is missed.
"""

import argparse
import json
import os
import sys
from pathlib import Path

import lwnn._kernels
from benchmarks.speed import machine, measure, report
from benchmarks.speed.cases import all_cases
from benchmarks.speed.fma_limit import FmaLimit, NoCompilerError
from benchmarks.speed.settings import Settings


def numbers(text):
    """Positive numbers joined by commas."""
    found = [int(part) for part in text.split(",")]
    if min(found) < 1:
        raise ValueError(text)
    return found


def arguments():
    names = [case.name for case in all_cases()]
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.speed",
        description=__doc__.splitlines()[0],
        epilog=f"Cases: {', '.join(names)}.",
    )
    parser.add_argument("--only", metavar="CASE,...", help="these cases")
    parser.add_argument(
        "--threads", type=numbers, default=[1, 2], metavar="N,...", help="default: 1,2"
    )
    parser.add_argument("--rounds", type=int, default=7, help="times each side; default: 7")
    parser.add_argument(
        "--mnist",
        default=os.environ.get("LWNN_MNIST"),
        metavar="FOLDER",
        help="MNIST's IDX files; default: the variable LWNN_MNIST",
    )
    parser.add_argument("--epochs", type=int, default=10, help="on MNIST; default: 10")
    parser.add_argument("--json", metavar="FILE", help="write everything measured here")
    parser.add_argument(
        "--quick", action="store_true", help="two short rounds, one epoch, nothing compiled"
    )
    options = parser.parse_args()
    if options.rounds < 1 or options.epochs < 1:
        parser.error("--rounds and --epochs are 1 or more")
    if options.json and not Path(options.json).resolve().parent.is_dir():
        parser.error(f"--json {options.json}: there is no such folder")
    options.only = options.only.split(",") if options.only else names
    unknown = [name for name in options.only if name not in names]
    if unknown:
        parser.error(f"no case {', '.join(unknown)}; choose from {', '.join(names)}")
    if lwnn._kernels.variant == "reference" and not os.environ.get("LWNN_KERNELS"):
        parser.error("the kernels are not built; pip install -e .")
    return options


def fma_limit():
    """The loop, or None where it cannot be compiled."""
    try:
        return FmaLimit()
    except NoCompilerError as error:
        print(f"{error}; the share of the limit is left out", file=sys.stderr)
        return None


def run(options, settings, fma):
    """Results of the chosen cases; Ctrl-C ends with those that are there."""
    results = []
    try:
        for case in all_cases():
            for threads in case.threads or options.threads:
                if case.name in options.only:
                    results.append(measure.run(case, threads, settings, fma, teller(case, threads)))
    except KeyboardInterrupt:
        print("interrupted; what follows is what was finished", file=sys.stderr)
    return results


def teller(case, threads):
    def tell(text):
        print(f"{case.name}, threads {threads}: {text}", file=sys.stderr, flush=True)

    return tell


def main():
    options = arguments()
    settings = Settings(options.rounds, epochs=options.epochs, mnist=options.mnist)
    if options.quick:
        settings = Settings(2, seconds=0.05, epochs=1, mnist=options.mnist, slow=False)
    fma, load = fma_limit(), machine.load()
    results = run(options, settings, fma)
    found = report.as_json(results, settings, fma, load)
    for line in report.conditions(found):
        print(line)
    print(f"\n{report.table(found['cases'])}\n")
    for line in report.remarks(results):
        print(line)
    if options.json:
        with open(options.json, "w") as file:
            json.dump(found, file, indent=1)
    return 1 if any(r.failed or (r.ours and r.missed()) for r in results) else 0


if __name__ == "__main__":
    sys.exit(main())
