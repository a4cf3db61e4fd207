"""Models to C: source code for small devices that computes what the PC computes, to the bit.

`program` holds what a net becomes on its way to C; a file per arithmetic and kind of net makes it
(`int8_ff`, `float_dense`, …), `layouts` brings weights into the order that a core likes, `csource`
writes the text. What never changes is real C, in ``runtime``; what varies around it is in
``templates``. `verification` compiles the result and compares it with the simulation.
"""

from lwnn.export.csource import export_c

__all__ = ["export_c"]
