"""What a net becomes on its way to C: constants, working memory, and the steps of a prediction."""

import dataclasses

import numpy as np


@dataclasses.dataclass(frozen=True)
class Array:
    """A constant array.

    Parameters
    ----------
    name : str
        Without the model's name before it.
    ctype : str
    values : ndarray
        Of the type that `ctype` says; flattened in C order.
    """

    name: str
    ctype: str
    values: np.ndarray


@dataclasses.dataclass(frozen=True)
class Buffer:
    """A part of the working memory: `count` items of `ctype`."""

    name: str
    ctype: str
    count: int


@dataclasses.dataclass(frozen=True)
class Program:
    """A net, ready to be written down.

    In `layers` and `steps` an @ stands for the model's name and an underscore.

    Parameters
    ----------
    template : str
        File in ``templates`` with the functions of this kind of net.
    runtime : tuple of str
        Files in ``runtime`` that it needs; those after `includes` are included by those.
    includes : int
        How many of them the model includes itself.
    defines : tuple of str
        Names to define before that.
    arrays : tuple of Array
    layers : tuple of str
        Declarations that follow the arrays.
    buffers : tuple of Buffer
    steps : tuple of str
        Statements that go from ``input`` (int8) or ``features`` (float) to the returned index.
    score_type, score_meaning : str
    zero_point : int or None
        Of the quantized input; None for a float net.
    quantize : str
        Statement from ``features`` to ``input``, of an int8 net.
    """

    template: str
    runtime: tuple[str, ...]
    includes: int
    arrays: tuple[Array, ...]
    buffers: tuple[Buffer, ...]
    steps: tuple[str, ...]
    score_type: str
    score_meaning: str
    defines: tuple[str, ...] = ()
    layers: tuple[str, ...] = ()
    zero_point: int | None = None
    quantize: str = ""

    @property
    def rom(self):
        """Bytes of constants."""
        return sum(array.values.nbytes for array in self.arrays)

    @property
    def ram(self):
        """Bytes of working memory: the buffers, of 4-byte alignment each, of 8 where one is."""
        size = sum(round_up(_SIZES[buffer.ctype] * buffer.count, 4) for buffer in self.buffers)
        return round_up(size, max(4, *(min(8, _SIZES[b.ctype]) for b in self.buffers)))


_SIZES = {"int8_t": 1, "uint8_t": 1, "int16_t": 2, "uint16_t": 2, "int32_t": 4, "float": 4}


def round_up(value, step):
    """Smallest multiple of `step` that is not below `value`."""
    return -(-value // step) * step
