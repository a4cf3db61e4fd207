"""Refuse what cannot be meant."""

import re

from lwnn.errors import UsageError
from lwnn.options.fields import about, declared, fits, flag, rules_for
from lwnn.options.rules import FORMS, RULES, rule_of


def check(options):
    """Refuse what cannot be meant, naming the option as the command line does.

    Raises
    ------
    UsageError
    """
    rule = rule_of(options)
    for name, told in declared():
        value = getattr(options, name)
        if value is None or value is False:
            continue
        if rule in RULES and rule not in told.algos:
            fitting = " or ".join(map(_asked, _plain(rules_for(name, told))))
            raise UsageError(f"--{flag(name)} goes with {fitting}, not with {_asked(rule)}")
        check_value(name, value, rule)
        if told.needs and not fits(told.needs, _given(options, told.needs[0])):
            fitting = " or ".join(map(str, told.needs[1]))
            raise UsageError(f"--{flag(name)} goes with --{flag(told.needs[0])} {fitting}".rstrip())
        if told.bars and _given(options, told.bars[0]) in told.bars[1]:
            barred = _given(options, told.bars[0])
            other = f"--{flag(told.bars[0])}" + (f" {barred}" if barred is not True else "")
            raise UsageError(f"--{flag(name)} does not go with {other}")


def _plain(rules):
    """Without the forms of ``ff`` where that is among them."""
    return [rule for rule in rules if rule not in FORMS] if "ff" in rules else rules


def _asked(rule):
    """How a rule is asked for on the command line."""
    return FORMS.get(rule, f"--algo {rule}")


def _given(options, name):
    value = getattr(options, name)
    return about(name).default if value is None else value


def check_value(name, value, algo):
    """Refuse a value that this option never takes with this rule.

    Raises
    ------
    UsageError
    """
    told = about(name)
    allowed = told.allowed(algo)
    if told.pattern and not re.fullmatch(told.pattern, value):
        raise UsageError(f"--{flag(name)} {value}: expected such as {told.example}")
    if allowed and value not in allowed:
        # With another value of this very option ff may be another rule.
        known = [*allowed, *(other for form in FORMS for other in told.allowed(form))]
        known = ", ".join(dict.fromkeys(known if algo in ("ff", *FORMS) else allowed))
        raise UsageError(f"unknown --{flag(name)} {value!r}; choose from {known}")
    if told.span and not told.span[0] <= value <= told.span[1]:
        given, least, most = map(_number, (value, *told.span))
        raise UsageError(f"--{flag(name)} {given}; expected {least} to {most}")


def _number(value):
    return f"{value:,}" if isinstance(value, int) else f"{value:g}"
