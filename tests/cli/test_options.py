"""Options of training: declared once, and the same everywhere that they show."""

import dataclasses

import pytest

from lwnn import learning
from lwnn.errors import UsageError
from lwnn.options import (
    ALGOS,
    FORMS,
    Options,
    check,
    declared,
    flag,
    help_text,
    key,
    resolve,
    rule_of,
)

#: What asks for each rule that is not the name of one.
ASKED = {"un": {"algo": "ff", "negatives": "hybrid"}, "td": {"algo": "ff", "top_down": True}}


def asks(rule):
    return ASKED.get(rule, {"algo": rule})


NAMES = [name for name, _ in declared()]


def test_there_are_options_and_rules():
    assert len(NAMES) > 10
    assert set(ALGOS) == set(learning.RULES)
    assert set(FORMS) == set(learning.FORMS) == set(ASKED)
    assert {rule_of(Options(**asks(rule))) for rule in (*ALGOS, *FORMS)} == {*ALGOS, *FORMS}


@pytest.mark.parametrize("name", NAMES)
def test_every_option_is_documented_where_python_and_shell_users_look(name, lwnn):
    assert f"\n{name} : " in Options.__doc__
    shown = lwnn("train", "--help").out
    assert f"--{flag(name)} " in shown
    assert " ".join(help_text(name).split()[:3]) in " ".join(shown.split())


@pytest.mark.parametrize("name", [n for n, told in declared() if told.values and n != "algo"])
def test_every_value_that_is_offered_is_taken_and_others_are_refused(name):
    told = dict(declared())[name]
    for rule in told.algos:
        needs = told.needs and rule in dict(declared())[told.needs[0]].algos
        needed = {told.needs[0]: told.needs[1][0]} if needs else {}
        assert told.allowed(rule)
        for value in told.allowed(rule):
            check(Options(**{**asks(rule), **needed, name: value}))
            assert value in help_text(name)
        with pytest.raises(UsageError, match=f"unknown --{flag(name)} 'no such'; choose from"):
            check(Options(**{**asks(rule), **needed, name: "no such"}))


@pytest.mark.parametrize("rule", [*ALGOS, *FORMS])
def test_what_a_rule_takes_is_among_its_settings(rule):
    settings = resolve(Options(**asks(rule)), 500, 9)
    assert set(settings) <= {key(name) for name in NAMES}
    takes = (learning.RULES | learning.FORMS)[rule].takes
    assert {key(name) for name in takes} <= {key(name) for name in NAMES}


def test_options_are_fields_with_plain_names():
    assert [field.name for field in dataclasses.fields(Options)] == NAMES
