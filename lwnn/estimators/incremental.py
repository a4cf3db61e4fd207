"""Learning from rows as they come, a call at a time."""

import dataclasses

import numpy as np

from lwnn.data import Scaler
from lwnn.errors import TrainingError, UsageError
from lwnn.learning.rule import Rows
from lwnn.learning.sampling import permuted
from lwnn.options import check, resolve
from lwnn.training import Parts, assemble, class_weights, image_shape, outputs, prepare, stream


class Learner:
    """A rule that is given rows again and again; optimizer and random numbers go on.

    The rate stays as it is, as nobody knows when it is to fall. Scaling is learnt from the first
    rows and then stays.

    Parameters
    ----------
    dataset : Dataset
        The first rows.
    options : Options
    rule : type of Rule or None
        In place of the one that the options name.
    model : Model or None
        What to go on from.

    Raises
    ------
    UsageError
        When the options need to know how long training goes on.
    """

    def __init__(self, dataset, options, rule=None, model=None):
        check(options)
        if options.greedy:
            raise UsageError("partial_fit trains all layers; leave out --greedy or use fit")
        if options.class_weight == "balanced":
            raise UsageError(
                "partial_fit does not know how many rows of each class there will be; give "
                "--class-weight a number for each, or use fit"
            )
        empty = Rows(dataset.x[:0], dataset.y[:0])
        rows = np.arange(len(dataset.x))
        self.scaler = scaler_of(model) if model else Scaler.for_dataset(dataset, rows)
        parts = Parts(Rows(self.scaler.prepared(dataset), dataset.y), empty, empty)
        self.response = model.response if model else parts.response
        self.rule, self.settings = prepare(dataset, parts, self.scaler, options, rule)
        if model:
            if model.network != self.rule.network:
                raise UsageError("the parameters make another net than was learnt; use fit")
            self.rule.params.vector[:] = model.params.vector
        if len(self.rule.stages(1, 1.0)) > 1:
            raise UsageError(
                "partial_fit cannot tell when the layers have learnt and the head may begin; use "
                "fit, or --negatives random"
            )
        self.options = options
        self.shuffle = stream(options.seed, "shuffle")
        self.start = dataset.take([])

    def learn(self, dataset):
        """Learn from rows once; the mean loss over them.

        Raises
        ------
        TrainingError
            When it is no longer a number.
        """
        rows = outputs(Rows(self.scaler.prepared(dataset), dataset.y), self.response)
        inputs = dataset.x.shape[1]
        batch = resolve(self.options, len(rows), inputs, rows.x.dtype == np.uint8).get("batch", 1)
        self.rule.take(rows, batch)
        self.rule.next_epoch()
        weights = class_weights(self.options, dataset.y, dataset.labels)
        order = permuted(rows.y, weights, self.shuffle)
        loss = float(self.rule.learn(order, self.settings["lr"]) / len(rows))
        self.forget()
        if not np.isfinite(loss) or not np.isfinite(self.rule.params.vector).all():
            raise TrainingError("the loss is no longer a number; try a smaller --lr")
        return loss

    def forget(self):
        """Let go of the rows: nobody wants them in a pickle."""
        self.rule.take(Rows(self.start.x, self.start.y), self.rule.batch)

    def model(self):
        """What is known so far."""
        shape = image_shape(self.start, self.options)
        model = assemble(self.start, self.rule, self.scaler, self.settings, shape)
        return dataclasses.replace(model, response=self.response)


def scaler_of(model):
    """What a model does to rows before its net reads them."""
    return Scaler(model.offset, model.scale, model.clip, model.recipe)
