"""How much flash and memory there is, and what a net takes of it."""

import dataclasses
import math

from lwnn.errors import UsageError
from lwnn.export import csource, size
from lwnn.export.boards import Board, board_of
from lwnn.export.targets import target_of

#: What symbols begin with in C that is compiled to be measured, and a hash for its header.
_NAME, _SHA256 = "model", "0" * 64


@dataclasses.dataclass(frozen=True)
class Need:
    """Bytes of flash and of memory that a model takes."""

    flash: int
    memory: int


@dataclasses.dataclass(frozen=True)
class Budget:
    """What a model may take.

    Parameters
    ----------
    flash, memory : int, optional
        Bytes; None for no limit but the board's.
    board : Board, optional
        With a board all is counted that a firmware with this model alone holds: code and stack are
        measured with its compiler, or estimated. Without one, what does not depend on a compiler:
        weights and constants, and a row of readings with the working memory.
    """

    flash: int | None = None
    memory: int | None = None
    board: Board | None = None

    @classmethod
    def of(cls, flash=None, memory=None, board=None):
        """Make a budget of limits in bytes and the name of a board, each of which may be None.

        Raises
        ------
        UsageError
            When there is no limit at all, or no such board.
        """
        if flash is None and memory is None and board is None:
            raise UsageError("no limit to fit; give --max-flash, --max-ram or --board")
        return cls(flash, memory, None if board is None else board_of(board))

    @property
    def limits(self):
        """The `Need` that is not to be exceeded; infinite where nothing limits it."""
        board = self.board
        flash, memory = (math.inf, math.inf) if board is None else (board.flash, board.ram)
        return Need(
            flash if self.flash is None else min(flash, self.flash),
            memory if self.memory is None else min(memory, self.memory),
        )

    def allows(self, need):
        """Whether it fits."""
        limits = self.limits
        return need.flash <= limits.flash and need.memory <= limits.memory

    def tables(self, model):
        """What a model takes beside code and stack, which depend on the compiler."""
        program = self._program(model)
        return Need(program.rom, 4 * model.network.inputs + program.ram)

    def need(self, model):
        """What a model takes of this budget: with a board, as `lwnn export --board` tells it."""
        if self.board is None:
            return self.tables(model)
        files = csource.export_c(model, _NAME, _SHA256, self.board.target)
        program, inputs = self._program(model), model.network.inputs
        found = size.size_of(program, inputs, files, _NAME, self.board)
        return Need(found.flash, found.ram)

    @property
    def measured(self):
        """Whether a compiler measures code and stack; None where they are not counted."""
        return None if self.board is None else size.is_measured(self.board)

    @property
    def how(self):
        """How code and stack became known, for a person; empty where they are not counted."""
        return "" if self.board is None else f"code and stack {size.how(self.measured)}"

    def _program(self, model):
        target = "portable" if self.board is None else self.board.target
        return csource.program_of(model, target_of(target))
