"""How a command says what it takes, the same with any version of Typer."""

from typer.core import TyperCommand

#: Sections that parameters without one of their own stand in.
ARGUMENTS, OPTIONS = "Arguments", "Options"


class Command(TyperCommand):
    """A command whose help names arguments as usage does, and whose options have sections."""

    def collect_usage_pieces(self, ctx):
        """What follows the command's name in the line of its usage."""
        arguments = (param for param in self.get_params(ctx) if _is_argument(param))
        return ["[OPTIONS]", *map(_spelt, arguments)]

    def sections(self, ctx):
        """Heading to (spelling, help) of each parameter that stands under it.

        Parameters
        ----------
        ctx : typer.Context

        Returns
        -------
        dict of str to list of (str, str)
        """
        found = {ARGUMENTS: [], OPTIONS: []}
        for param in self.get_params(ctx):
            if _is_argument(param):
                found[ARGUMENTS].append((_spelt(param), param.help))
                continue
            record = param.get_help_record(ctx)
            if record:
                panel = getattr(param, "rich_help_panel", None) or OPTIONS
                spelt, told = record
                # Typer 0.15 escapes brackets for a renderer that is not used here.
                found.setdefault(panel, []).append((spelt, told.replace("\\[", "[")))
        return {heading: records for heading, records in found.items() if records}

    def format_options(self, ctx, formatter):
        """Write arguments and options, a heading over each section."""
        for heading, records in self.sections(ctx).items():
            with formatter.section(heading):
                formatter.write_dl(records)


def _is_argument(param):
    return param.param_type_name == "argument"


def _spelt(param):
    return param.metavar or param.name.upper()
