"""Stored results as a Markdown page."""

import statistics

from benchmarks.accuracy.rows import ROWS

HEAD = """# Accuracy

Test errors in percent, fully connected nets on raw pixels or columns. Settings were chosen on rows
held out of the training part (the last 10,000 training images of MNIST, the last 4,000 training
rows of letter-recognition); then each net was trained on the whole training part and tested once,
per seed, after the last epoch. `±` is the standard deviation over the seeds.

One row is an exception: nets on moved images had been tested before the settings of `ff-jitter`
stood, all with the weights of their last epoch. Without dropout 784-1000-1000 had 0.86 % after 60
epochs; with it 784-1500-1500 had 0.77 % after 140, 784-2000-2000 0.85 % after 170, and
784-1500-1500 with a sharpness of 3 0.81 % after 180. Dropout was chosen on held-out rows before
the second of these tests; the mean of weights, its rate and the usual sharpness after the last,
and the width by nets of 60 epochs. One seed each: luck alone may part figures as near as the
first four.

    python -m benchmarks.accuracy --mnist FOLDER --tables FOLDER

runs all rows, `--row NAME` one of them, and `--render FILE` writes this page from what is stored.

"""


def page(stored):
    """The page for the rows that have results, in the order of `ROWS`.

    Parameters
    ----------
    stored : dict
        As `benchmarks.accuracy.store.load` gives it.
    """
    done = {name: list(stored[name]["test"].values()) for name in ROWS if _tested(stored, name)}
    lines = [
        "| row | recipe | error | spread | seeds | target | epochs | seconds a seed |",
        "|---|---|--:|--:|--:|--:|--:|--:|",
    ]
    for name, runs in done.items():
        lines.append(_line(ROWS[name], runs))
    missed = [text for name, runs in done.items() for text in problems(ROWS[name], runs, done)]
    notes = [f"- {text}" for text in missed] or ["All targets of these rows are met."]
    return HEAD + "\n".join([*lines, "", *notes, "", *_origins(done)]) + "\n"


def mean_error(runs):
    """Mean test error in percent."""
    return statistics.fmean(run["error"] for run in runs)


def problems(row, runs, done):
    """What a row does not reach, a sentence each."""
    error = mean_error(runs)
    if row.target is not None and error > row.target:
        yield f"{row.name}: {error:.2f} % is above the target of {row.target:.2f} %"
    peer = mean_error(done[row.peer]) if row.peer in done else error
    if error > peer:
        yield f"{row.name}: {error:.2f} % is above the {peer:.2f} % of {row.peer}"


def _tested(stored, name):
    return stored.get(name, {}).get("test")


def _line(row, runs):
    errors = [run["error"] for run in runs]
    spread = f"± {statistics.stdev(errors):.2f}" if len(errors) > 1 else ""
    cells = (
        f"`{row.name}`",
        row.what,
        f"{statistics.fmean(errors):.2f}",
        spread,
        str(len(errors)),
        f"{row.target:.2f}" if row.target is not None else "",
        str(max(run["epochs"] for run in runs)),
        f"{statistics.fmean(run['seconds'] for run in runs):,.0f}",
    )
    return f"| {' | '.join(cells)} |"


def _origins(done):
    """Where the rows were measured, a line for each machine; which ones, if there are several."""
    where = {}
    for name, runs in done.items():
        for run in runs:
            where.setdefault(_origin(run), {})[f"`{name}`"] = None
    for origin, names in sorted(where.items()):
        yield f"Measured on {origin}" + (f": {', '.join(names)}." if len(where) > 1 else ".")


def _origin(run):
    versions = ", ".join(f"{name} {version}" for name, version in run["versions"].items())
    return f"{run['machine']['processor']} ({run['machine']['kernels']} kernels; {versions})"
