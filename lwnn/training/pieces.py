"""The pieces of a run, made from its settings: rule, optimizer, schedule, model."""

import os

import numpy as np

from lwnn._kernels import variant
from lwnn._version import __version__
from lwnn.errors import UsageError
from lwnn.learning import FORMS, RECURRENT, RULES
from lwnn.learning.augment import Shifts, Silences
from lwnn.learning.forward_forward import GOODNESS
from lwnn.learning.optimizers import SETTINGS, Optimizer
from lwnn.learning.schedules import Schedule
from lwnn.model import Model
from lwnn.network import Network
from lwnn.options import key, resolve, rule_of
from lwnn.training.parts import outputs
from lwnn.training.shapes import image_shape, time_steps
from lwnn.training.streams import stream

#: Multiply-accumulates in a mini-batch from which threads earn their keep.
_WORTH_THREADS = 4_000_000


def prepare(dataset, parts, scaler, options, given=None):
    """The rule, ready to learn, and its settings; `given` is a rule of the user's own."""
    inputs = dataset.x.shape[1]
    settings = resolve(options, len(parts.train), inputs, parts.train.x.dtype == np.uint8)
    rule_class = (RECURRENT if options.recurrent else RULES | FORMS)[rule_of(options)]
    if given:
        if given.kind != rule_class.kind:
            raise UsageError(
                f"{given.__name__} trains nets of the kind {given.kind}, and "
                f"algo={options.algo!r} those of the kind {rule_class.kind}"
            )
        rule_class = given
        settings["rule"] = given.__name__
    if options.recurrent:
        settings["timesteps"] = time_steps(dataset, options)
    return make_rule(dataset, parts, scaler, options, settings, rule_class), settings


def make_rule(dataset, parts, scaler, options, settings, rule_class):
    """The rule of these settings, ready to learn from the training rows."""
    inputs = dataset.x.shape[1]
    network = Network(
        kind=rule_class.kind,
        inputs=inputs,
        hidden=tuple(settings.get("hidden", ())),
        classes=len(dataset.labels) or 1,
        activation=settings.get("activation", "relu"),
        cost=settings.get("cost", "cross-entropy"),
        output=settings.get("output_activation", ""),
        label_scale=settings.get("label_scale", 1.0),
        **(_forward_forward(dataset, settings, options) if rule_class.kind == "ff" else {}),
        level=settings.get("level") == "rows",
        timesteps=time_steps(dataset, options),
    )
    extra = {name: settings[key(name)] for name in rule_class.takes if key(name) in settings}
    if rule_class.reads_images:
        extra["image_shape"] = image_shape(dataset, options)
    # Gradient descent takes all rows at once, however many there are.
    batch = len(parts.train) if settings.get("optimizer") == "gd" else settings.get("batch", 1)
    return rule_class(
        network,
        outputs(parts.train, parts.response),
        np.stack([scaler.offset, scaler.scale]),
        scaler.clip,
        make_optimizer(settings, network, options.seed),
        batch=batch,
        init=stream(options.seed, "init"),
        draws=stream(options.seed, "draws"),
        threads=options.threads or default_threads(rule_class, network, batch),
        shifts=changes_of(dataset, parts.train.x, scaler, settings, options),
        average=settings.get("average", 1),
        **extra,
    )


def make_optimizer(settings, network, seed):
    """The optimizer that the settings ask for, its noise drawn from the run's seed."""
    chosen = {name: settings[name] for name in SETTINGS if name in settings}
    noise = int(stream(seed, "noise").integers(2**53))
    return Optimizer(settings.get("optimizer", "sgd"), network.size, **chosen, seed=noise)


def make_schedule(settings):
    """The schedule that the settings ask for."""
    names = ("decay", "decay_every", "warmup")
    chosen = {name: settings[name] for name in names if name in settings}
    return Schedule(settings["schedule"], **chosen)


def _forward_forward(dataset, settings, options):
    """What a net of kind ``ff`` has beside its sizes."""
    if settings["embed"] == "overwrite" and image_shape(dataset, options) is None:
        raise UsageError(
            "--embed overwrite puts the label in place of the first pixels, but "
            f"{dataset.source} does not say that its rows are images; leave it out, "
            "or add --image HEIGHTxWIDTH"
        )
    return {
        "goodness": GOODNESS[settings["goodness"]],
        "embed": settings["embed"],
        "head_layers": settings["head_layers"],
    }


def shifts_of(dataset, x, options):
    """What moves the training rows, where the options ask for it."""
    if not options.augment:
        return None
    shape, most = image_shape(dataset, options), int(options.augment.partition(":")[2])
    if shape is None:
        raise UsageError(
            f"--augment moves images, but {dataset.source} says nothing of height and width; "
            f"add --image HEIGHTxWIDTH, of {x.shape[1]:,} pixels together"
        )
    return Shifts(x, shape, most, stream(options.seed, "augment"))


def changes_of(dataset, x, scaler, settings, options):
    """What changes the training rows for every epoch, if anything is to."""
    shifts = shifts_of(dataset, x, options)
    share = settings.get("input_dropout")
    if not share:
        return shifts
    return Silences(x, share, scaler.offset, stream(options.seed, "silence"), shifts)


def default_threads(rule_class, network, batch):
    """One for small nets, where sharing out costs more than it gives; else all cores.

    ``OMP_NUM_THREADS`` bounds them, as libraries that start several processes expect.
    """
    if rule_class.row_work(network) * batch < _WORTH_THREADS:
        return 1
    if hasattr(os, "sched_getaffinity"):
        cores = len(os.sched_getaffinity(0))
    else:
        cores = os.cpu_count() or 1
    # OpenMP lets it hold a number for every level of nesting; the first is the outermost.
    most = os.environ.get("OMP_NUM_THREADS", "").partition(",")[0].strip()
    return min(cores, int(most)) if most.isdecimal() and int(most) else cores


def assemble(dataset, rule, scaler, settings, shape):
    """The model that the rule has learnt, with where it comes from."""
    schema = dataset.schema
    return Model(
        network=rule.network,
        params=rule.params.copy(),
        offset=scaler.offset,
        scale=scaler.scale,
        clip=scaler.clip,
        recipe=scaler.recipe,
        labels=dataset.labels,
        features=dataset.features,
        target=dataset.target,
        named=schema.named,
        readout=rule.readout,
        goals=rule.goals,
        provenance={
            "lwnn": __version__,
            "options": settings,
            "data": {"name": os.path.basename(dataset.source), "sha256": dataset.sha256},
            "image_shape": list(shape) if shape else None,
            "kernels": variant,
        },
    )
