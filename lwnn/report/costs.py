"""What a prediction costs, and what a model takes of a device."""

import dataclasses

from lwnn.errors import LwnnError
from lwnn.export import csource, size
from lwnn.export.boards import BOARDS
from lwnn.export.targets import target_of
from lwnn.quantization.tensors import used_layers

#: Boards of different cores; `lwnn export --board` knows more.
SHOWN = ("uno", "zero", "nano33", "pico", "esp32")
_NAME, _SHA256 = "model", "0" * 64


@dataclasses.dataclass(frozen=True)
class Fit:
    """What a model takes of a board, or why it cannot be had for it.

    Attributes
    ----------
    board : Board
    size : Size or None
    problem : str or None
    """

    board: object
    size: object = None
    problem: str | None = None

    @property
    def fits(self):
        """Whether the board can hold it."""
        return self.size is not None and size.fits(self.size, self.board)


def multiply_accumulates(model):
    """Multiply-accumulates of the matrix products of one prediction, None where it is not known.

    The first layer of a Forward-Forward net, whose label is a column of it, is computed once for
    all labels, as the exported C does.
    """
    network, readout = model.network, model.readout
    if network.kind == "td":
        return None
    layers = [inputs * outputs for _, inputs, outputs in used_layers(network, readout)]
    if network.kind == "elman":
        return network.timesteps * sum(layers[:-1]) + layers[-1]
    if network.kind != "ff":
        return sum(layers)
    hidden = len(network.hidden)
    first, upper, head = layers[0], sum(layers[1:hidden]), sum(layers[hidden:])
    every = {"head": 0, "goodness": network.classes, "both": network.classes}[readout]
    return first + every * upper + (upper + head if readout != "goodness" else 0)


def tables(model):
    """Bytes of constants and of working memory of the exported C, or None where there is none.

    Returns
    -------
    tuple of (int, int) or None
    """
    try:
        program = csource.program_of(model, target_of("portable"))
    except LwnnError:
        return None
    return program.rom, program.ram


def on_boards(model):
    """What a model takes of some boards: a list of `Fit`."""
    return [_on(model, BOARDS[name]) for name in SHOWN]


def _on(model, board):
    try:
        files = csource.export_c(model, _NAME, _SHA256, board.target)
        program = csource.program_of(model, target_of(board.target))
        inputs = model.network.inputs
        return Fit(board, size.size_of(program, inputs, files, _NAME, board))
    except LwnnError as error:
        return Fit(board, problem=str(error))
