"""Makes the repository's `benchmarks` importable."""

import sys
from pathlib import Path

# Last, so that it is the installed lwnn that is tested, not the sources beside the benchmarks.
sys.path.append(str(Path(__file__).parents[2]))
