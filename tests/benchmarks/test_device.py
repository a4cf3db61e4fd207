"""The counts that exported int8 nets are promised to keep to."""

import shutil

import pytest

from benchmarks.device import __main__ as device
from benchmarks.device.limits import LIMITS, PEERS
from benchmarks.device.nets import NETS

TOOLS = ("arm-none-eabi-gcc", "qemu-system-arm", "avr-gcc", "simavr")
missing = [tool for tool in TOOLS if not shutil.which(tool)]


def test_every_core_and_net_has_a_limit_below_its_peer():
    assert {net for limits in LIMITS.values() for net in limits} == set(NETS)
    for core, limits in LIMITS.items():
        assert all(limit < PEERS[core][net] for net, limit in limits.items())


@pytest.mark.skipif(bool(missing), reason=f"{', '.join(missing)} not installed")
def test_the_limits_are_held(capsys):
    assert device.main() == 0
    assert len(capsys.readouterr().out.splitlines()) == 13


def test_what_is_over_or_cannot_be_counted_is_told(monkeypatch, capsys):
    monkeypatch.setenv("PATH", "/nowhere")
    assert device.main() == 0
    assert capsys.readouterr().out.count("skipped: ") == len(LIMITS) + 1
