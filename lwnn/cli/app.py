"""Contents page of the command line, and how every run ends.

Exit codes: 0 done, 1 a limit was not met (one that the user set, or the bound of a kernel), 2 wrong
usage or data, 3 a tool is missing, 70 a fault of lwnn itself, 130 interrupted, 141 the reader of
the output went away.

Nothing heavy is imported here or at the top of a subcommand's file, so that help, version and
usage errors come at once.
"""

import os
import sys
from typing import Annotated

import typer
from typer.core import TyperGroup

from lwnn._version import __version__
from lwnn.cli import (
    bench,
    evaluate,
    export,
    gradcheck,
    inspect,
    predict,
    quantize,
    report,
    train,
    tune,
    verify,
)
from lwnn.cli.console import abandon_stdout, complain
from lwnn.cli.help import Command
from lwnn.errors import LwnnError

_FAULT, _INTERRUPTED, _NO_READER = 70, 130, 141


class Commands(TyperGroup):
    """Turns what a subcommand raises into one line and an exit code."""

    def invoke(self, ctx):
        """Run the subcommand."""
        try:
            result = super().invoke(ctx)
            sys.stdout.flush()
            return result
        except LwnnError as error:
            complain(str(error))
            raise typer.Exit(error.exit_code) from None
        except MemoryError:
            complain("out of memory; give fewer rows or a smaller net")
            raise typer.Exit(2) from None
        except KeyboardInterrupt:
            complain("interrupted")
            raise typer.Exit(_INTERRUPTED) from None
        except BrokenPipeError:
            abandon_stdout()
            raise typer.Exit(_NO_READER) from None


app = typer.Typer(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Train small neural nets without backprop, or with it; compare; quantize to int8.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


@app.callback(invoke_without_command=True)
def _options(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", "-V", help="Show the version and exit.")
    ] = False,
    verbose: Annotated[
        bool, typer.Option("--verbose", help="With --version: the kernels and libraries too.")
    ] = False,
):
    if version:
        typer.echo(f"lwnn {__version__}")
        if verbose:
            _tell_builds()
        raise typer.Exit
    if verbose:
        context.fail("--verbose goes with --version.")
    if context.invoked_subcommand is None:
        context.fail("Missing command.")


def _tell_builds():
    """What a report of a fault, or of a speed, should name."""
    import platform  # noqa: PLC0415

    import numpy  # noqa: PLC0415

    from lwnn import _kernels  # noqa: PLC0415

    others = ", ".join(name for name in _kernels.available() if name != _kernels.variant)
    typer.echo(f"kernels {_kernels.variant} (LWNN_KERNELS may force {others})")
    typer.echo(f"Python {platform.python_version()}, NumPy {numpy.__version__}")


for command in (train.train, evaluate.evaluate, predict.predict, quantize.quantize):
    app.command(cls=Command)(command)
for command in (export.export, verify.verify, inspect.inspect, report.report):
    app.command(cls=Command)(command)
for command in (bench.bench, tune.tune, gradcheck.gradcheck):
    app.command(cls=Command)(command)


def main():
    """Run the command line; ends the process."""
    for stream in (sys.stdout, sys.stderr):
        # A name that the terminal cannot show must not end the run.
        stream.reconfigure(errors="backslashreplace")
    try:
        app(prog_name="lwnn")
    except Exception as error:
        if os.environ.get("LWNN_TRACEBACK") == "1":
            import traceback  # noqa: PLC0415

            traceback.print_exc()
        complain(
            f"a fault of lwnn itself, {type(error).__name__}: {error}; please report it with "
            "what LWNN_TRACEBACK=1 before the command prints"
        )
        sys.exit(_FAULT)
