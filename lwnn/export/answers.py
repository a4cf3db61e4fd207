"""What the functions of an exported model answer: the index of a class, or a number."""

import dataclasses

from lwnn.export.float_builder import real
from lwnn.export.names import string_literal
from lwnn.quantization import QuantizedModel


@dataclasses.dataclass(frozen=True)
class Answers:
    """Words of C, and of what is said about it, in which the two differ.

    In all of them ``$name`` stands for the model's name.

    Parameters
    ----------
    template : str
        Files of that name in ``templates`` declare, define and show the answer.
    result : str
        Type that ``NAME_predict`` returns.
    answer : str
        Statement that follows ``call``, which computes the scores.
    usage, shown, prints : str
        How a person asks; what is to be shown of the answer; how C shows it.
    score : str
        What a score is.
    tells : str
        The function that makes of an answer what a person reads, without the model's name.
    does, what : str
        What the example does, and what is predicted.
    constants : dict of str to str
        For the definitions.
    """

    template: str
    result: str
    answer: str
    usage: str
    shown: str
    prints: str
    score: str
    tells: str
    does: str
    what: str
    constants: dict

    def statement(self, call):
        """Statement that ends a prediction."""
        return self.answer.replace("CALL", call)


def answers_of(model):
    """The `Answers` of a model."""
    return _value(model) if model.response else _class(model)


def _class(model):
    labels = ",\n".join(f"        {string_literal(label)}" for label in model.labels)
    return Answers(
        template="class",
        result="int",
        answer="return CALL;",
        usage="int index = ${name}_predict(features);",
        shown="${name}_label(index)",
        prints="puts(${name}_label(index));",
        score="A score per class; the highest wins.",
        tells="label",
        does="prints the name of their class, and blinks its index plus one",
        what="the class of",
        constants={"labels": labels},
    )


def _value(model):
    offset, scale, steps = *model.response, "score"
    if isinstance(model, QuantizedModel):
        zero, step = (model.tensors[f"{model.readout}.{part}"][0] for part in _PARTS)
        scale, steps = scale * float(step), f"(float)(score - ({zero}))"
    return Answers(
        template="value",
        result="float",
        answer="(void)CALL;\n    return ${name}_value(scores[0]);",
        usage="float value = ${name}_predict(features);",
        shown="value",
        prints='printf("%g\\n", value);',
        score="What the net gives; ${name}_value tells the number that it stands for.",
        tells="value",
        does="prints the number predicted, and blinks",
        what="a number from",
        constants={"offset": real(offset), "scale": real(scale), "steps": steps},
    )


_PARTS = ("zero_point", "scale")
