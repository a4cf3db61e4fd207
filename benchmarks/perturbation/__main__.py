"""Time one per-weight perturbation gradient of a 64-32-10 net at batch 32, one thread.

    python -m benchmarks.perturbation [--rounds N] [--json FILE]

All sides must first agree with a float64 full pass per weight. They are then timed in turn, by
processor time; figures are medians, ratios those of the medians. Ends with 1 when the
cross-entropy case misses a target; squared error is printed beside it.
"""

import argparse
import json
import statistics
import tempfile
import time

import numpy as np

from benchmarks.perturbation import peers
from benchmarks.speed.machine import describe
from lwnn._kernels import kernels, variant
from lwnn.network import COSTS, Network

WIDTHS, BATCH, DELTA, SEED = (64, 32, 10), 32, 1e-3, 0
#: Smallest ratio of each peer's time to ours, for cross-entropy.
TARGETS = {"numpy, a pass per weight": 300, "C, a pass per weight": 20, "numpy, changes": 20}
#: Seconds that one side's round takes at least.
ROUND = 0.2


class Ours:
    """Mini-batches of one kernel; the gradient is read from a step of plain SGD."""

    def __init__(self, problem, method):
        network = Network("dense", WIDTHS[0], WIDTHS[1:-1], WIDTHS[-1], cost=COSTS[problem.cost])
        self.problem, self.table = problem, network.table
        # Per weight, forward differences; neither draws nor their seed mean anything then.
        self.how = (problem.delta, 0, 1, 1, 0) if method == "wp" else ()
        self.epoch = getattr(kernels, f"{method}_epoch")
        size = (
            kernels.wp_workspace(self.table, BATCH, 0, 1)
            if method == "wp"
            else kernels.dense_workspace(self.table, BATCH, True, 1)
        )
        self.workspace = np.empty(size, np.float32)
        self.scaler = np.stack([np.zeros(WIDTHS[0]), np.ones(WIDTHS[0])]).astype(np.float32)

    def steps(self, count, rate):
        """Parameters after `count` mini-batches, all of the same rows."""
        params = self.problem.params.copy()
        order = np.tile(np.arange(BATCH, dtype=np.int32), count)
        hyper = np.array([rate, 0.9, 0.999, 1e-8])
        self.epoch(
            *(params, self.table, self.problem.cost, *self.how, self.problem.x, self.scaler),
            *(1e9, self.problem.y, order, BATCH, 0, hyper),
            *(np.zeros((0, len(params)), np.float32), 0, self.workspace, 1),
        )
        return params

    def gradient(self):
        return self.problem.params - self.steps(1, 1.0)

    def seconds(self):
        """Processor seconds of one mini-batch."""
        return timed(lambda: self.steps(100, 1e-9)) / 100


def timed(function):
    """Processor seconds of a call, over enough calls."""
    calls, began = 0, time.process_time()
    while True:
        function()
        calls += 1
        spent = time.process_time() - began
        if spent > ROUND:
            return spent / calls


def referee(problem):
    """The same gradient in float64, where nothing cancels."""
    exact = peers.Problem(WIDTHS, BATCH, problem.cost, problem.delta, SEED)
    exact.params, exact.x = exact.params.astype(np.float64), exact.x.astype(np.float64)
    return peers.numpy_full(exact)


def distance(found, wanted):
    """Largest difference, relative to the largest entry."""
    return float(np.abs(found - wanted).max() / np.abs(wanted).max())


def measure(cost, compiled, rounds):
    """Seconds of every side, median of the rounds, and how far each is from the referee."""
    problem = peers.Problem(WIDTHS, BATCH, cost, DELTA, SEED)
    wp, bp = Ours(problem, "wp"), Ours(problem, "bp")
    others = {
        "numpy, a pass per weight": peers.numpy_full,
        "C, a pass per weight": compiled,
        "numpy, changes": peers.numpy_changes,
    }
    wanted = referee(problem)
    far = {"lwnn": distance(wp.gradient(), wanted)}
    far |= {name: distance(side(problem), wanted) for name, side in others.items()}
    seconds = {name: [] for name in ("lwnn", "lwnn backprop", *others)}
    for _ in range(rounds):
        seconds["lwnn"].append(wp.seconds())
        seconds["lwnn backprop"].append(bp.seconds())
        for name, side in others.items():
            seconds[name].append(timed(lambda side=side: side(problem)))
    return far, {name: statistics.median(values) for name, values in seconds.items()}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", metavar="FILE")
    options = parser.parse_args()
    results, missed = {}, False
    with tempfile.TemporaryDirectory() as folder:
        compiled = peers.CompiledFull(folder)
        for cost, name in enumerate(COSTS):
            far, seconds = measure(cost, compiled, options.rounds)
            # In float32 a full pass per weight cancels; ours must not.
            assert far["lwnn"] < 1e-4, far
            assert max(far.values()) < 0.2, far
            results[name] = {"seconds": seconds, "relative error": far}
            print(f"{name}, 64-32-10, batch 32: {1e6 * seconds['lwnn']:.1f} us a gradient")
            for side, spent in seconds.items():
                ratio = spent / seconds["lwnn"]
                goal = TARGETS.get(side)
                short = name == "cross-entropy" and goal is not None and ratio < goal
                missed |= short
                wanted = f" (target {goal})" if goal and name == "cross-entropy" else ""
                error = f", off by {far[side]:.1e}" if side in far else ""
                print(f"  {side}: {ratio:.2f} x the time{wanted}{error}")
    if options.json:
        with open(options.json, "w") as file:
            report = {"machine": describe(), "kernels": variant, "seed": SEED, "results": results}
            json.dump(report, file, indent=1)
    return int(missed)


if __name__ == "__main__":
    raise SystemExit(main())
