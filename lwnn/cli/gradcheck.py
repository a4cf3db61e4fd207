"""`lwnn gradcheck`: are the kernels of this installation right?"""

from typing import Annotated

import typer

from lwnn.cli.arguments import Json, Quiet
from lwnn.cli.console import Console
from lwnn.errors import GateError


def gradcheck(
    every: Annotated[
        bool, typer.Option("--all", help="Check every build that this processor can run.")
    ] = False,
    json: Json = False,
    quiet: Quiet = False,
):
    """Check the kernels against automatic differentiation.

    Gradients also against finite differences. Ends with code 1 if a relative
    error is over its bound. LWNN_KERNELS chooses the build.
    """
    from lwnn._kernels import available, variant  # noqa: PLC0415
    from lwnn.gradcheck import check, check_build  # noqa: PLC0415

    console = Console("gradcheck", json=json, quiet=quiet)
    findings = []
    for build in available() if every else [variant]:
        console.note(f"checking the kernels {build}")
        found = check() if build == variant else check_build(build)
        _show(console, build, found)
        findings += found
    wrong = [finding for finding in findings if not finding.ok]
    console.result(ok=not wrong, results=[_record(finding) for finding in findings])
    if wrong:
        raise GateError(_complaint(wrong, len(findings)))
    console.say(f"all {len(findings)} within their bounds")


def _show(console, build, findings):
    console.say(f"kernels {build}: largest relative errors of gradients, against autodiff and")
    console.say("numeric differentiation, and of the value of the loss or the scores")
    console.table(
        ("", "autodiff", "numeric", "value", "bound"),
        [
            (
                f"{finding.kernel}: {finding.case}",
                *map(_shown, (finding.autodiff, finding.differences, finding.value)),
                _bounds(finding),
            )
            for finding in findings
        ],
    )


def _shown(error):
    return "-" if error is None else f"{error:.1e}"


def _bounds(finding):
    """Return the bound, or first the one that holds against autodiff where it has its own."""
    bounds = dict.fromkeys((finding.autodiff_bound, finding.bound))
    return "/".join(f"{bound:.0e}" for bound in bounds) + ("" if finding.ok else " OVER")


def _record(finding):
    import dataclasses  # noqa: PLC0415

    return {**dataclasses.asdict(finding), "ok": finding.ok}


def _complaint(wrong, count):
    first = wrong[0]
    return (
        f"{len(wrong)} of {count} checks over their bounds, the first {first.kernel} "
        f"({first.case}) of {first.build}; do not trust what these kernels learn, and build them "
        "anew or force others by LWNN_KERNELS"
    )
