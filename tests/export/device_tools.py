"""Programs that tests of exported C need, and the hash that they export under."""

import shutil

import pytest

SHA256 = "0123456789abcdef" * 4


def needs(*tools):
    """Skip where a program is missing, and say which."""
    missing = [tool for tool in tools if not shutil.which(tool)]
    return pytest.mark.skipif(bool(missing), reason=f"{', '.join(missing)} not installed")
