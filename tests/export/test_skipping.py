"""First layers that pass over inputs of zero: chosen by the calibration rows, and exact."""

import numpy as np
import pytest
from device_tools import needs
from exported_nets import float_model

from lwnn.export.csource import program_of, share_nonzero
from lwnn.export.targets import TARGETS, target_of
from lwnn.export.verification import verify
from lwnn.quantization import quantize

SKIPPING = ("portable", "m0", "m4", "avr")
PIXELS = 37


def sparse(share, count=60, seed=0):
    """Rows of pixels of which `share` are not zero; some rows are all zero or without one."""
    rng = np.random.default_rng(seed)
    x = np.where(rng.random((count, PIXELS)) < share, rng.integers(1, 256, (count, PIXELS)), 0)
    x[0], x[1], x[2, 1:] = 0, 255, 0
    return x.astype(np.uint8)


def quantized(kind="relu", form=None, x=None):
    zeros, scale = np.zeros(PIXELS, np.float32), np.full(PIXELS, 1 / 255, np.float32)
    model = float_model(kind, features=PIXELS, form=form, offset=zeros, scale=scale)
    return quantize(model, sparse(0.5) if x is None else x)


def skips(model, target, nonzero):
    return "lwnn_skip.h" in program_of(model, target_of(target), nonzero).runtime


def test_it_is_chosen_where_few_inputs_are_not_zero():
    model = quantized()
    assert share_nonzero(model, sparse(0.1)) < 0.2
    assert share_nonzero(model, sparse(0.95)) > 0.8
    for target in TARGETS:
        assert skips(model, target, share_nonzero(model, sparse(0.1))) == (target in SKIPPING)
        assert not skips(model, target, share_nonzero(model, sparse(0.95)))
        assert not skips(model, target, 1.0)


def test_it_is_not_chosen_where_the_kernel_cannot():
    """Inputs below 0, or normalised ones."""
    below = quantized(x=np.float32(sparse(0.5)) - 9)
    assert below.tensors["input.zero_point"][0] != -128
    assert not any(skips(below, target, 0.0) for target in TARGETS)
    assert not any(skips(quantized("head"), target, 0.0) for target in TARGETS)


def test_sums_that_a_pair_does_not_hold_are_not_skipped_on_m4():
    features = 300
    model = float_model("linear", features=features, offset=np.zeros(features, np.float32))
    model.params.vector[:] = 1
    x = np.random.default_rng(0).integers(0, 256, (50, features)).astype(np.uint8)
    model = quantize(model, x)
    assert skips(model, "m0", 0.0)
    assert not skips(model, "m4", 0.0)


@needs("cc")
@pytest.mark.parametrize("target", SKIPPING)
@pytest.mark.parametrize("kind", ["relu", "tanh", "linear", "mono", "mono-sum"])
def test_it_computes_what_the_pc_computes(write, target, kind):
    model = quantized(kind, {"level": False} if kind.startswith("mono") else None)
    export = write(model, target=target, nonzero=0.1, self_test=sparse(0.2))
    assert "lwnn_skip(" in export.with_suffix(".c").read_text()
    for share in (0.02, 0.2, 0.9):
        assert verify(model, export, sparse(share, seed=1)).good


@needs("arm-none-eabi-gcc", "qemu-system-arm", "avr-gcc", "simavr")
@pytest.mark.parametrize("core", ["m0", "m4", "avr"])
def test_it_saves_work_on_a_core(write, core):
    model, x = quantized(), sparse(0.1, 20)
    skipping = verify(model, write(model, target=core, nonzero=0.1), x, core)
    plain = verify(model, write(model, target=core, folder="plain"), x, core)
    assert skipping.good
    assert plain.good
    assert skipping.count_int8.mean() < plain.count_int8.mean()
