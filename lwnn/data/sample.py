"""The sample inside the package: 1,797 handwritten digits of 8 x 8 pixels."""

from importlib.resources import files
from pathlib import Path


def sample_path():
    """Return the path of the bundled ``digits.csv`` (the same as ``examples/digits.csv``).

    Source: E. Alpaydin, C. Kaynak, Optical Recognition of Handwritten Digits, UCI Machine
    Learning Repository, 1998, doi 10.24432/C50P49, CC BY 4.0.
    """
    return Path(str(files("lwnn.data") / "digits.csv"))
