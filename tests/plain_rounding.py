"""How a sum becomes an output of int8, in Python's integers, which have no bounds."""


def single(total, multiplier, shift):
    """LiteRT's reference kernels: once, half up."""
    return (total * multiplier + (1 << (30 - shift))) >> (31 - shift)


def double(total, multiplier, shift):
    """TFLM and gemmlowp: a doubling high multiplication, then a division by a power of two."""
    left, by = max(shift, 0), max(-shift, 0)
    total = min(max(total << left, -(2**31)), 2**31 - 1)
    product = total * multiplier
    nudge = 2**30 if product >= 0 else 1 - 2**30
    # Division in C goes towards zero.
    high = abs(product + nudge) // 2**31 * (1 if product + nudge >= 0 else -1)
    mask = (1 << by) - 1
    threshold = (mask >> 1) + (high < 0)
    return (high >> by) + ((high & mask) > threshold)


ROUNDED = {"single": single, "double": double}


def requantized(total, multiplier, shift, zero_point, rounding):
    """The output of a sum, zero point and saturation included."""
    return min(max(ROUNDED[rounding](total, multiplier, shift) + zero_point, -128), 127)
