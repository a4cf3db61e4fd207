"""The nets that a search may try: rule, readout, widths and rate, such that all of them fit."""

import dataclasses
import functools

from lwnn.errors import GateError, UsageError
from lwnn.options import about
from lwnn.quantization import quantize
from lwnn.training import assemble, prepare
from lwnn.tuning.budget import Need

#: Rules whose nets differ, in the order in which they are tried first.
ALGOS = ("bp", "mf", "ff")
#: Fewest and most units of a hidden layer.
_LEAST, _MOST = 2, 512
#: Rows that an untrained net is quantized with to learn its size.
_ROWS = 16
#: Rates to try, as multiples of the default.
_SLOWEST, _FASTEST = 0.1, 5.0


class Space:
    """All nets that fit a budget.

    Parameters
    ----------
    dataset : Dataset
    parts : lwnn.training.Parts
    scaler : lwnn.data.Scaler
        As from `lwnn.training.share_out`.
    options : Options
        What all nets share.
    budget : Budget
    algos : sequence of str
        Of `ALGOS`.

    Raises
    ------
    UsageError
        When a rule is not one to search.
    GateError
        When nothing fits.
    """

    def __init__(self, dataset, parts, scaler, options, budget, algos=ALGOS):
        for algo in algos:
            if algo not in ALGOS:
                raise UsageError(f"--algos: {algo!r} is not searched; choose from {_list(ALGOS)}")
        self._rows = (dataset, parts, scaler)
        self._options, self._budget = options, budget
        self._measured = {}
        self._seen = {}
        self.algos = tuple(algo for algo in algos if self._readouts(algo))
        if not self.algos:
            self._refuse(algos)

    def suggest(self, trial):
        """Let a trial of Optuna choose a net; None for widths that it leaves out.

        Returns
        -------
        Options
        """
        algo = trial.suggest_categorical("algo", self.algos)
        readout = trial.suggest_categorical(f"{algo}_readout", self._readouts(algo))
        hidden = ()
        for place in range(trial.suggest_int("layers", *self._layers(algo, readout))):
            most = self._most(algo, readout, hidden)
            hidden += (trial.suggest_int(f"units{place + 1}", _LEAST, most, log=True),)
        usual = self._rate(algo)
        rate = trial.suggest_float("rate", _SLOWEST * usual, _FASTEST * usual, log=True)
        return self._choice(algo, readout, hidden, rate)

    def starts(self):
        """What to try before anything is known: each rule's largest layer at its usual rate."""
        for algo in self.algos:
            readout = self._readouts(algo)[0]
            start = {"algo": algo, f"{algo}_readout": readout, "rate": self._rate(algo)}
            if self._fits(algo, readout, (_LEAST,)):
                start |= {"layers": 1, "units1": self._most(algo, readout, ())}
            yield start

    def need(self, options):
        """What a net of these options takes, before it is trained."""
        return self._need(options.algo, options.readout or "output", options.hidden)

    # ------------------------------------------------------------ choices

    def _choice(self, algo, readout, hidden, rate=None):
        readout = None if readout == "output" else readout
        chosen = {"algo": algo, "readout": readout, "hidden": hidden, "rate": rate}
        return dataclasses.replace(self._options, **chosen)

    @functools.cache  # noqa: B019 - a space lives as long as its search
    def _readouts(self, algo):
        """How a net of this rule may be read, such that the smallest fits."""
        known = about("readout").allowed(algo) if algo in about("readout").algos else ("output",)
        smallest = (_LEAST,) if algo != "bp" else ()
        return tuple(readout for readout in known if self._fits(algo, readout, smallest))

    def _layers(self, algo, readout):
        """Fewest and most hidden layers: none, where a rule can, only if one does not fit."""
        if not self._fits(algo, readout, (_LEAST,)):
            return 0, 0
        return 1, 2 if self._fits(algo, readout, (_LEAST, _LEAST)) else 1

    def _most(self, algo, readout, below):
        """Most units that another layer on top of those `below` may have."""
        fits, beyond = _LEAST, _MOST + 1
        while beyond - fits > 1:
            middle = (fits + beyond) // 2
            if self._fits(algo, readout, (*below, middle)):
                fits = middle
            else:
                beyond = middle
        return fits

    def _rate(self, algo):
        readout = self._readouts(algo)[0]
        return self._untrained(algo, readout, (_LEAST,))[1]["lr"]

    # ------------------------------------------------------------ sizes

    def _fits(self, algo, readout, hidden):
        return self._budget.allows(self._need(algo, readout, hidden))

    def _need(self, algo, readout, hidden):
        """What a net takes; code and stack of a board are those of the smallest net of its form."""
        key = algo, readout, hidden
        if key not in self._seen:
            model = self._untrained(*key)[0]
            tables, more = self._budget.tables(model), self._more(algo, readout, len(hidden))
            self._seen[key] = Need(tables.flash + more.flash, tables.memory + more.memory)
        return self._seen[key]

    def _more(self, algo, readout, layers):
        form = algo, readout, layers
        if self._budget.board is None:
            return Need(0, 0)
        if form not in self._measured:
            model = self._untrained(algo, readout, (_LEAST,) * layers)[0]
            whole, tables = self._budget.need(model), self._budget.tables(model)
            more = Need(whole.flash - tables.flash, whole.memory - tables.memory)
            self._measured[form] = more
        return self._measured[form]

    def _untrained(self, algo, readout, hidden):
        dataset, parts, scaler = self._rows
        options = self._choice(algo, readout, hidden)
        rule, settings = prepare(dataset, parts, scaler, options)
        model = assemble(dataset, rule, scaler, settings, None)
        return quantize(model, parts.train.x[:_ROWS]), settings

    def _refuse(self, algos):
        smallest = []
        for algo in algos:
            readout = "output" if algo == "bp" else about("readout").allowed(algo)[-1]
            smallest.append(self._need(algo, readout, () if algo == "bp" else (_LEAST,)))
        need = min(smallest, key=lambda need: (need.flash, need.memory))
        how = self._budget.how and f" ({self._budget.how})"
        raise GateError(
            f"nothing fits: the smallest net takes {need.flash:,} bytes of flash and "
            f"{need.memory:,} of memory{how}; allow more, or use fewer columns"
        )


def _list(names):
    return ", ".join(names)
