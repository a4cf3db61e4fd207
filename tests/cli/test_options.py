"""Options of training: declared once, and the same everywhere that they show."""

import dataclasses

import pytest

from lwnn.errors import UsageError
from lwnn.learning import RULES
from lwnn.options import ALGOS, Options, check, declared, flag, help_text, key, resolve

NAMES = [name for name, _ in declared()]


def test_there_are_options_and_rules():
    assert len(NAMES) > 10
    assert set(ALGOS) == set(RULES)


@pytest.mark.parametrize("name", NAMES)
def test_every_option_is_documented_where_python_and_shell_users_look(name, lwnn):
    assert f"\n{name} : " in Options.__doc__
    shown = lwnn("train", "--help").out
    assert f"--{flag(name)} " in shown
    assert " ".join(help_text(name).split()[:3]) in " ".join(shown.split())


@pytest.mark.parametrize("name", [n for n, told in declared() if told.values and n != "algo"])
def test_every_value_that_is_offered_is_taken_and_others_are_refused(name):
    told = dict(declared())[name]
    needed = {told.needs[0]: told.needs[1][0]} if told.needs else {}
    for algo in told.algos:
        assert told.allowed(algo)
        for value in told.allowed(algo):
            check(Options(algo=algo, **needed, **{name: value}))
            assert value in help_text(name)
        with pytest.raises(UsageError, match=f"unknown --{flag(name)} 'no such'; choose from"):
            check(Options(algo=algo, **needed, **{name: "no such"}))


@pytest.mark.parametrize("algo", ALGOS)
def test_what_a_rule_takes_is_among_its_settings(algo):
    settings = resolve(Options(algo=algo), 500, 9)
    assert set(settings) <= {key(name) for name in NAMES}
    extra = {"wp": {"perturb": "fan-in"}}.get(algo, {})
    settings |= resolve(Options(algo=algo, **extra), 500, 9)
    assert {key(name) for name in RULES[algo].takes} <= set(settings)


def test_options_are_fields_with_plain_names():
    assert [field.name for field in dataclasses.fields(Options)] == NAMES
