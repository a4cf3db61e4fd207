"""docs/commands.md: every subcommand with its arguments and options, as ``--help`` tells them."""

import inspect

import typer

from lwnn.cli.app import app
from lwnn.cli.help import OPTIONS, Command

_HEAD = """\
# Commands

Written by `python -m benchmarks.reference` from what the program declares; `lwnn COMMAND --help`
shows the same.
"""
_ENDS = """\
## Exit codes

| code | |
|---|---|
| 0 | done |
| 1 | a limit was not met: `--max-drop`, `--fit`, a bound of `gradcheck`; `verify` differs |
| 2 | wrong usage or data; the message says what, where, and what to do |
| 3 | a program or a package is missing; the message says how to get it |
| 70 | a fault of lwnn itself |
| 130 | interrupted; the best model so far is kept |
| 141 | the reader of the output went away |

## Shell completion

`lwnn --install-completion` makes the shell that it is called from (bash, zsh, fish, PowerShell)
complete commands, options and their values from its next start on; `lwnn --show-completion` prints
what that would add.

## Environment

| variable | |
|---|---|
| `LWNN_KERNELS` | a build of the kernels to use; `lwnn -V --verbose` names those that run here |
| `LWNN_TRACEBACK=1` | shows the traceback of a fault of lwnn itself |
| `CC` | the C compiler of `verify` and of sizes on boards |
| `OMP_NUM_THREADS` | most threads of the kernels, where `--threads` says nothing |
| `NO_COLOR`, `COLUMNS` | no colours; width of what is printed, where there is no terminal |
"""


def page():
    """Return the text of docs/commands.md."""
    group = typer.main.get_command(app)
    names, top = list(group.commands), group.make_context("lwnn", [], resilient_parsing=True)
    contents = " · ".join(f"[{name}](#lwnn-{name})" for name in names)
    parts = [_HEAD, contents + "\n", _command("lwnn", group, top)]
    for name, command in group.commands.items():
        context = typer.Context(command, info_name=name, parent=top)
        parts.append(_command(f"lwnn {name}", command, context))
    return "\n".join([*parts, _ENDS])


def _command(name, command, context):
    usage = " ".join([name, *command.collect_usage_pieces(context)])
    lines = [f"## {name}", "", f"    {usage}", "", inspect.cleandoc(command.help), ""]
    for heading, records in _sections(command, context).items():
        lines += [f"**{heading}**", ""]
        lines += [f"- `{_one_line(spelt)}`{_told(text)}" for spelt, text in records]
        lines.append("")
    return "\n".join(lines)


def _sections(command, context):
    if isinstance(command, Command):
        return command.sections(context)
    # What Typer says of its own options differs between its versions.
    own = (param for param in command.get_params(context) if "completion" not in param.name)
    records = (param.get_help_record(context) for param in own)
    return {OPTIONS: [record for record in records if record]}


def _one_line(text):
    return " ".join(text.split())


def _told(text):
    return f": {_one_line(text)}" if text else ""
