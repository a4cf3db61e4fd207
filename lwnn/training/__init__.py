"""Training: rows shared out, a rule made from the options, and what it has learnt."""

from lwnn.training.parts import Parts, class_weights, outputs, share_out
from lwnn.training.pieces import assemble, default_threads, make_optimizer, prepare
from lwnn.training.run import Run, train
from lwnn.training.shapes import image_shape
from lwnn.training.streams import stream

__all__ = [
    "Parts",
    "Run",
    "assemble",
    "class_weights",
    "default_threads",
    "image_shape",
    "make_optimizer",
    "outputs",
    "prepare",
    "share_out",
    "stream",
    "train",
]
