"""The learning rules by name, and what holds for some of them."""

ALGOS = ("ff", "bp", "wp", "mf", "perceptron")
#: Rules that an option makes of ``ff``, and how that is written.
FORMS = {"un": "--negatives hybrid", "td": "--top-down"}
RULES = (*ALGOS, *FORMS)
DENSE = ("bp", "wp")
#: Those whose layers each learn for themselves.
LOCAL = ("ff", "mf", *FORMS)
#: Those that follow a gradient; the perceptron rule takes one row at a time as it comes.
GRADIENT = ("bp", "wp", *LOCAL)
#: Those that decay weights unasked on tables.
WEIGHED = ("bp", "wp", "ff", "mf")
#: Those of them whose decay is chosen on validation rows.
TRIED = ("bp", "ff", "mf")


def rule_of(options):
    """The rule that the options ask for: one of `RULES`."""
    if options.algo == "ff" and options.top_down:
        return "td"
    if options.algo == "ff" and options.negatives == "hybrid":
        return "un"
    return options.algo
