"""What all estimators have in common: from arrays to a trained model, at once or bit by bit."""

import contextlib
import hashlib
import threading
import warnings

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.validation import check_is_fitted, validate_data

from lwnn import training
from lwnn.data import Dataset, split
from lwnn.data.dataset import numbered
from lwnn.errors import LwnnError, UsageError
from lwnn.estimators.incremental import Learner
from lwnn.estimators.parameters import options_of, seed_of, spelt
from lwnn.learning import FORMS, RULES

#: Rows from which on the kernels take them by lanes.
_MANY = 5


class LwnnEstimator(BaseEstimator):
    """A scikit-learn estimator over `lwnn.train`.

    Attributes
    ----------
    model_ : lwnn.Model
        What was learnt.
    history_ : list of dict
        Per epoch, as in `lwnn.training.Run`; after `partial_fit` its number and loss.
    n_iter_ : int
        Epochs.
    """

    #: A rule in place of the one that the options name.
    _rule = None
    #: Name of the column of classes, where it came with one.
    _target = None
    #: What `partial_fit` goes on with.
    _learner = None

    def _rows(self, X, y="no_validation", *, reset=True, **more):
        """Rows as the kernels take them: bytes where they are said to be images, else float32."""
        dtype = np.float32 if self.image is None else [np.float32, np.uint8]
        return validate_data(self, X, y, dtype=dtype, order="C", reset=reset, **more)

    def _dataset(self, x, y, labels):
        names = tuple(map(str, getattr(self, "feature_names_in_", ())))
        named = bool(names) and len(set(names)) == len(names)
        digest = hashlib.sha256(np.ascontiguousarray(x))
        digest.update(np.ascontiguousarray(y))
        return Dataset(
            x=x,
            y=y,
            labels=labels,
            features=names if named else numbered(x.shape[1]),
            target=self._target if named and self._target not in names else None,
            image_shape=None,
            source="X",
            sha256=digest.hexdigest(),
            named=named,
        )

    def _remember_name(self, y):
        name = getattr(y, "name", None)
        self._target = name if isinstance(name, str) else None

    def _options(self, **more):
        threads = self.threads if self.threads or _alone() else 1
        return options_of(self, seed_of(self.random_state), **{"threads": threads, **more})

    def _train(self, dataset):
        """Learn from all rows for as many epochs as there are to be."""
        self._learner = None
        with _explained():
            run = training.train(dataset, self._train_options(dataset), rule=self._rule)
        if run.stopped == "interrupted":
            # A search over parameters must not go on as if this had been a result.
            raise KeyboardInterrupt
        for text in (*run.warnings, *filter(None, [run.message])):
            warnings.warn(spelt(text), ConvergenceWarning, stacklevel=3)
        self.model_, self.history_, self.n_iter_ = run.model, run.history, run.epochs_run
        return self

    def _train_options(self, dataset):
        options = self._options()
        try:
            split(np.zeros(len(dataset.y)) if dataset.numeric else dataset.y, options.val, 0.0, 0)
        except UsageError:
            if 0 < options.val < 1:
                # So few rows are all learnt from.
                return self._options(val=0.0, refit=None)
        return options

    def _train_more(self, dataset):
        """Learn from rows once, from where the last call, or `fit`, has ended."""
        before = getattr(self, "history_", [])
        with _explained():
            if self._learner is None:
                options = self._options(val=0.0, refit=None)
                model = getattr(self, "model_", None)
                self._learner = Learner(dataset, options, self._rule, model)
            loss = self._learner.learn(dataset)
        self.model_, self.n_iter_ = self._learner.model(), len(before) + 1
        self.history_ = [*before, {"epoch": self.n_iter_, "loss": loss}]
        return self

    def _threads_for(self, x):
        """How many to predict these rows with."""
        if self.threads or not _alone():
            return self.threads or 1
        kind = self.model_.network.kind
        rule = next(rule for rule in (RULES | FORMS).values() if rule.kind == kind)
        return training.default_threads(rule, self.model_.network, len(x))

    def _ask(self, what, X):
        """The answer of a method of the model for rows."""
        check_is_fitted(self)
        x = self._rows(X, reset=False)
        # A few rows are computed in another order than many. That a row's answer does not depend
        # on what else is asked for is worth more here than to be quick with one of them.
        asked = x if len(x) >= _MANY else np.resize(x, (_MANY, x.shape[1]))
        return getattr(self.model_, what)(asked, self._threads_for(x))[: len(x)]

    def to_model(self):
        """What was learnt, to be quantized, saved and exported.

        Returns
        -------
        lwnn.Model
        """
        check_is_fitted(self)
        return self.model_


def _alone():
    """Whether the cores are this call's own: a thread of a pool shares them with the others.

    Processes of a pool are told by ``OMP_NUM_THREADS`` how many cores each has.
    """
    return threading.current_thread() is threading.main_thread()


@contextlib.contextmanager
def _explained():
    """Errors as scikit-learn's users know them, in the words of the parameters."""
    try:
        yield
    except LwnnError as error:
        raise ValueError(spelt(str(error))) from error
