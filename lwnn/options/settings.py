"""The settings that a net is trained with: options, and defaults for the rest."""

from lwnn.options.defaults import Job
from lwnn.options.fields import about, declared, fits, key
from lwnn.options.rules import TRIED, rule_of

#: Factors on the usual weight decay that a trial chooses from.
DECAYS = (1, 4)


def resolve(options, rows, inputs, images=False):
    """The settings to train with, defaults filled in, as the command line names them.

    Parameters
    ----------
    options : Options
    rows, inputs : int
        Training rows and their features.
    images : bool
        Whether the rows are stored as bytes.

    Returns
    -------
    dict
        Those that mean something to the rule; where the rows come from and threads left out.
    """
    held = isinstance(options.val, int | float) and options.val > 0
    job = Job(rule_of(options), rows, inputs, images, held)
    for name, told in declared():
        if told.kind == "part" or name == "threads" or job.rule not in told.algos:
            continue
        if not _has_needed(told, job):
            continue
        value = getattr(options, name)
        if value is None or (told.kind is bool and not value):
            value = told.default(job) if callable(told.default) else told.default
        if name == "batch":
            value = min(value, rows)
        if value is not None:
            job.settings[key(name)] = list(value) if told.kind in ("widths", "image") else value
    return job.settings


def _has_needed(told, job):
    """Whether the option that this one goes with, if the rule has it, is set as it must be."""
    if not told.needs or job.rule not in about(told.needs[0]).algos:
        return True
    return fits(told.needs, job.settings.get(key(told.needs[0])))


def decays_to_try(options, settings):
    """Weight decays that validation rows are to choose from; none where there is no choice.

    Where luck has a say in the classes, four times as much is better, and elsewhere worse; only a
    trial can tell. Perturbation takes too long for one.
    """
    if options.l2 is not None or "l2" not in settings or rule_of(options) not in TRIED:
        return ()
    return tuple(float(f"{factor * settings['l2']:.2g}") for factor in DECAYS)
