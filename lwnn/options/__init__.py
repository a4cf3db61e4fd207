"""Options of training: what there is, what is refused, and what stands for what is not given."""

from lwnn.options.checks import check, check_value
from lwnn.options.defaults import MANY_ROWS, SHARPNESS, label_scale, table_epochs
from lwnn.options.fields import Options, about, all_values, declared, flag, help_text, key
from lwnn.options.rules import ALGOS, FORMS, RULES, rule_of
from lwnn.options.settings import DECAYS, decays_to_try, resolve

__all__ = [
    "ALGOS",
    "DECAYS",
    "FORMS",
    "MANY_ROWS",
    "RULES",
    "SHARPNESS",
    "Options",
    "about",
    "all_values",
    "check",
    "check_value",
    "decays_to_try",
    "declared",
    "flag",
    "help_text",
    "key",
    "label_scale",
    "resolve",
    "rule_of",
    "table_epochs",
]
