"""The kernels before their referees: gradients and scores against `lwnn.autodiff`.

Every kernel that learns or scores is one entry of `table.KERNELS`: the nets to try it on, and what
it should compute, written in autodiff and in float64. A kernel shows its gradient in one plain
step over all rows, which moves the weights by the rate times the gradient.
"""

from lwnn.gradcheck.builds import check_build
from lwnn.gradcheck.checks import Finding, check

__all__ = ["Finding", "check", "check_build"]
