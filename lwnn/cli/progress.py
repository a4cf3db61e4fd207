"""Progress on stderr: bars on a terminal, a line per epoch elsewhere, nothing when quiet."""

import contextlib

from lwnn.cli.console import percent, printable
from lwnn.cli.curves import Curves


def load(console, path, **options):
    """Load data, with a bar on a terminal, and say what was done to it; see `lwnn.data.load`."""
    dataset = _load(console, path, **options)
    for note in dataset.notes:
        console.note(printable(note))
    return dataset


def _load(console, path, **options):
    from lwnn import data  # noqa: PLC0415

    if console.quiet or not console.live:
        return data.load(path, **options)
    from rich.progress import (  # noqa: PLC0415
        BarColumn,
        DownloadColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("reading {task.description}"),
        BarColumn(20),
        DownloadColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console.err, transient=True) as bar:
        names = path if isinstance(path, list) else [path]
        task = bar.add_task(printable(", ".join(map(str, names))), total=None)

        def progress(done, total):
            bar.update(task, completed=done, total=total)

        return data.load(path, progress=progress, **options)


@contextlib.contextmanager
def epochs(console):
    """Give the function to call with each `lwnn.training.Epoch`, or None when quiet."""
    if console.quiet:
        yield None
    elif console.live:
        with _curves(console) as on_epoch:
            yield on_epoch
    else:
        yield lambda epoch: _tell(console, epoch)


@contextlib.contextmanager
def _curves(console):
    """A bar with the learning curves under it; the curves stay when the bar goes."""
    from rich.console import Group  # noqa: PLC0415
    from rich.live import Live  # noqa: PLC0415

    bar, curves = _bar(console), Curves(console.err)
    task = bar.add_task("", total=None, loss="", validation="", speed="")

    def on_epoch(epoch):
        if epoch.finished and not epoch.refit:
            curves.add(epoch)
        _advance(bar, task, epoch)
        _warn(console, epoch)

    with Live(Group(bar, curves), console=console.err, transient=True, refresh_per_second=8):
        yield on_epoch
    if curves.lines():
        console.err.print(curves)


@contextlib.contextmanager
def runs(console, count):
    """Give the functions to call before each of `count` runs and with each epoch."""
    number = 0

    def name(algo, seed):
        nonlocal number
        number += 1
        return f"run {number}/{count}: {algo}, seed {seed}"

    if console.quiet or not console.live:
        yield (lambda algo, seed: console.note(name(algo, seed))), None
        return
    with _bar(console) as bar:
        task = bar.add_task("", total=None, loss="", validation="", speed="")
        label = ""

        def on_run(algo, seed):
            nonlocal label
            label = name(algo, seed)
            bar.reset(task)

        yield on_run, lambda epoch: _advance(bar, task, epoch, label)


@contextlib.contextmanager
def trials(console, count):
    """Give the function to call with each `lwnn.tuning.Trial` and the best so far."""
    done = 0

    def tell(trial, best):
        nonlocal done
        done += 1
        console.note(f"trial {done}/{count}: {_tried(trial)}")

    if console.quiet or not console.live:
        yield None if console.quiet else tell
        return
    with _bar(console) as bar:
        task = bar.add_task("trials", total=count, loss="", validation="", speed="")

        def advance(trial, best):
            reached = "" if best is None else f"best {percent(best.accuracy)}"
            bar.update(task, advance=1, loss=reached)

        yield advance


def _tried(trial):
    hidden = ",".join(map(str, trial.hidden)) or "none"
    what = f"{trial.algo}, hidden {hidden}, rate {trial.rate:.2g}"
    if not trial.complete:
        return f"{what}: {trial.state}"
    return f"{what}: {percent(trial.accuracy)} in {trial.flash:,} bytes of flash"


def _bar(console):
    from rich.progress import (  # noqa: PLC0415
        BarColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    return Progress(
        TextColumn("{task.description}"),
        BarColumn(16),
        TextColumn("{task.fields[loss]}{task.fields[validation]}{task.fields[speed]}"),
        TimeRemainingColumn(compact=True),
        console=console.err,
        transient=True,
    )


def _advance(bar, task, epoch, label=""):
    fields = {}
    # Within an epoch the figures of the last whole one stand.
    if epoch.loss is not None:
        fields["loss"] = f"loss {epoch.loss:.4f}"
        fields["validation"] = "".join(f"  {part}" for part in _judged(epoch))
    bar.update(
        task,
        description=label or f"{'refit, ' * epoch.refit}epoch {epoch.epoch}/{epoch.epochs}",
        completed=(epoch.epoch - 1) * epoch.rows_total + epoch.rows_done,
        total=epoch.epochs * epoch.rows_total,
        speed=f"  {epoch.samples_per_second:,.0f} samples/s",
        **fields,
    )


def _tell(console, epoch):
    if epoch.finished and not epoch.refit:
        console.note(_line(epoch))
        _warn(console, epoch)
    elif epoch.finished and epoch.epoch == 1:
        rows = f"{epoch.rows_total:,} rows, training and validation together"
        console.note(f"refit: {epoch.epochs} epochs anew on {rows}")


def _warn(console, epoch):
    # What ails the net is said once, not in a refit again.
    for text in [] if epoch.refit else epoch.warnings:
        console.note(f"warning: {text}")


def _health(layers):
    """How each layer fared, in short: goodness under right and wrong labels, and dead units."""
    goodness = " ".join(f"{layer['positive']:.2g}/{layer['negative']:.2g}" for layer in layers)
    dead = "/".join(f"{100 * layer['dead']:.0f}" for layer in layers)
    return f"goodness {goodness}, dead {dead} %"


def _line(epoch):
    parts = [f"loss {epoch.loss:.4f}", *_judged(epoch)]
    if epoch.layers:
        parts.append(_health(epoch.layers))
    parts.append(f"{epoch.samples_per_second:,.0f} samples/s")
    return f"epoch {epoch.epoch}/{epoch.epochs}: {', '.join(parts)}"


def _judged(epoch):
    """What the validation rows say of an epoch, and how many units have stopped learning."""
    parts = []
    if epoch.validation_accuracy is not None:
        parts.append(f"validation {percent(epoch.validation_accuracy)}")
    if epoch.validation_r2 is not None:
        parts.append(f"validation R² {epoch.validation_r2:.4f}")
    if epoch.saturation:
        parts.append(f"saturated {'/'.join(f'{100 * s:.0f}' for s in epoch.saturation)} %")
    return parts
