"""Results as a Markdown table, for the terminal and for the documentation, and as JSON."""

import dataclasses
import datetime
import math

from benchmarks.speed import machine
from benchmarks.speed.problem import SEED

COLUMNS = (
    *("case", "threads", "lwnn", "peer", "its time", "times as fast", "target"),
    *("GFLOP/s", "of the FMA limit"),
)
TEXT_COLUMNS = ("case", "peer")
#: Beyond this ratio of wall clock to processor time other processes were in the way.
DISTURBED = 1.1


def duration(seconds):
    """Seconds with a unit that fits, to three figures."""
    units = (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6), ("ns", 1e-9))
    unit, size = next((pair for pair in units if seconds >= pair[1]), units[-1])
    return f"{seconds / size:#.3g}".rstrip(".") + f" {unit}"


def rows_of(case):
    """Lines of the table for a case as `case_of` has it: one a peer, or one without, or none."""
    sides = {name: side["seconds_per_row"] for name, side in case["sides"].items()}
    if not sides:
        return
    ours, gflops, share = sides.pop("lwnn"), case["gflops"], case["share_of_fma_limit"]
    for peer in sides or [None]:
        target = case["targets"].get(peer)
        yield (
            case["title"],
            str(case["threads"]),
            duration(ours),
            peer or "",
            duration(sides[peer]) if peer else "",
            f"{case['ratios'][peer]:.2f}" if peer else "",
            f"{target:g}" if target else "",
            f"{gflops:.1f}" if gflops else "",
            f"{share:.0%}" if share else "",
        )


def table(cases):
    """The table of all cases, columns aligned."""
    lines = [COLUMNS, *(line for case in cases for line in rows_of(case))]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    left = [name in TEXT_COLUMNS for name in COLUMNS]
    marks = [
        "-" * width if is_left else "-" * (width - 1) + ":"
        for width, is_left in zip(widths, left, strict=True)
    ]
    cells = [
        [
            text.ljust(width) if is_left else text.rjust(width)
            for text, width, is_left in zip(line, widths, left, strict=True)
        ]
        for line in lines
    ]
    return "\n".join(f"| {' | '.join(line)} |" for line in (cells[0], marks, *cells[1:]))


def conditions(found):
    """When, on what and with what the figures of `as_json` were measured, a line each."""
    machine, versions, load = (
        "; ".join(f"{name} {value}" for name, value in found[part].items())
        for part in ("machine", "versions", "load")
    )
    measured = f"{found['date']}, seed {found['seed']}, {found['settings']['rounds']} rounds"
    return [measured, machine, versions, f"load {load}"]


def remarks(results):
    """What the table does not show, a line each: problems, missed targets, disturbance."""
    for result in results:
        name = f"{result.case.name}, threads {result.threads}"
        yield from (f"{name}: {problem}" for problem in result.problems)
        if result.ours is None:
            continue
        yield from (f"{name}: missed: {missed}" for missed in result.missed())
        wait = max(times.waited for times in (result.ours, *result.peers.values()))
        if wait > DISTURBED:
            yield f"{name}: disturbed: up to {wait:.1f} times the processor time by the clock"


def as_json(results, settings, fma, load):
    """Everything that was measured, for `json.dump`; `load` is that from before the run."""
    return {
        "date": f"{datetime.datetime.now(datetime.timezone.utc):%Y-%m-%d}",
        "machine": machine.describe(),
        "load": {"before": load, "after": machine.load()},
        "versions": machine.versions(),
        "seed": SEED,
        # Where somebody keeps the data is nobody else's concern.
        "settings": {**dataclasses.asdict(settings), "mnist": bool(settings.mnist)},
        "fma_vector_operations": fma.operations if fma else None,
        "cases": [case_of(result) for result in results],
    }


def case_of(result):
    """A result as JSON has it."""
    timed = result.ours is not None
    sides = {"lwnn": result.ours, **result.peers} if timed else {}
    return {
        "case": result.case.name,
        "title": result.case.title,
        "threads": result.threads,
        "operations_per_row": result.case.operations or None,
        "sides": {name: _times(times) for name, times in sides.items()},
        "ratios": {peer: result.ratio(peer) for peer in result.peers},
        "targets": result.targets(),
        "distances": {peer: _number(apart) for peer, apart in result.checks.items()},
        "gflops": result.gflops,
        "fma_limit_gflops": result.limits,
        "share_of_fma_limit": result.share,
        "share_target": result.case.share if result.judged else None,
        "missed": result.missed() if timed else [],
        "problems": result.problems,
    }


def _number(value):
    """JSON knows no infinity."""
    return value if math.isfinite(value) else str(value)


def _times(times):
    return {
        "note": times.note,
        "clock": times.clock,
        "seconds_per_row": times.seconds(),
        "wall_seconds_per_row": times.seconds("wall"),
        "processor_seconds_per_row": times.seconds("processor"),
        "rows_per_unit": times.rows,
        "rounds": [dataclasses.asdict(round_) for round_ in times.rounds],
    }
