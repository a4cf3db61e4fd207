"""Derivatives from values alone, to check others against."""

import numpy as np


def central_differences(f, x, step=1e-6):
    """Gradient of `f` at `x` by central differences, (f(x + h) - f(x - h)) / 2h per number.

    Parameters
    ----------
    f : callable
        Takes a float64 array of the shape of `x`, gives one number; called twice per number.
    x : array_like
    step : float
        h. The error is of the order h² from the function's third derivative, and of the rounding
        of f divided by h.

    Returns
    -------
    ndarray of float64, shape of `x`

    Examples
    --------
    >>> float(central_differences(np.exp, 0.0).round(6))
    1.0
    """
    moved = np.array(x, dtype=np.float64)
    slope = np.empty_like(moved)
    for index in np.ndindex(moved.shape):
        value = moved[index]
        moved[index] = value + step
        above = float(f(moved))
        moved[index] = value - step
        slope[index] = (above - float(f(moved))) / (2 * step)
        moved[index] = value
    return slope


def complex_step(f, x, step=1e-30):
    """Gradient of `f` at `x` by Im f(x + ih) / h, exact to rounding as nothing is subtracted.

    Squire & Trapp 1998, Using complex variables to estimate derivatives of real functions, SIAM
    Review 40. For functions that take complex numbers and are smooth there: no absolute values,
    no maxima.

    Parameters
    ----------
    f : callable
        Takes a complex array of the shape of `x`, gives one number; called once per number.
    x : array_like
    step : float

    Returns
    -------
    ndarray of float64, shape of `x`

    Examples
    --------
    >>> float(complex_step(np.exp, 0.0))
    1.0
    """
    moved = np.array(x, dtype=np.complex128)
    slope = np.empty(moved.shape)
    for index in np.ndindex(moved.shape):
        value = moved[index]
        moved[index] = value + 1j * step
        slope[index] = np.imag(f(moved)) / step
        moved[index] = value
    return slope
