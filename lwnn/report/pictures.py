"""Weights of the first layer as small images, and the PNG files that hold them."""

import base64
import re
import struct
import zlib

import numpy as np

from lwnn.report.markup import element

#: Units that are shown.
MOST = 64
#: Pixels of the longer side of an image that is shown, and what they take on the page.
LEAST, LARGEST = 4, 256
_SIDE = 72
#: Name of a pixel: anything, its row, its column.
_PIXEL = re.compile(r"(.*?)(\d+)[^\d]+(\d+)\s*$")
_POSITIVE, _NEGATIVE = (0x2A, 0x78, 0xD6), (0xE3, 0x6A, 0x1E)


def shape_of(model, given=None):
    """Height and width of what the inputs are an image of, or None.

    As given, or else as the model was trained with, or else as the features' names say: those such
    as ``pixel_0_7``, whose last two numbers count rows and columns of a whole image.

    Parameters
    ----------
    model : Model or QuantizedModel
    given : tuple of (int, int), optional
    """
    inputs = model.network.inputs
    told = given or model.provenance.get("image_shape")
    if isinstance(told, (list, tuple)) and len(told) == 2 and all(map(_is_size, told)):
        height, width = told
        return (height, width) if height * width == inputs else None
    return _shape_from_names(model.features)


def _is_size(value):
    return type(value) is int and value >= 1


def _shape_from_names(names):
    found = [_PIXEL.fullmatch(name[:200]) for name in names]
    if not all(found) or len({one[1] for one in found}) > 1:
        return None
    places = [(int(one[2]), int(one[3])) for one in found]
    first = places[0]
    height, width = (last - start + 1 for last, start in zip(places[-1], first, strict=True))
    if height < 2 or width < 2 or height * width != len(names):
        return None
    whole = [(first[0] + n // width, first[1] + n % width) for n in range(height * width)]
    return (height, width) if places == whole else None


def first_layer(model, weights, shape):
    """Draw the weights of every unit, blue where they are above 0, orange below.

    Parameters
    ----------
    model : Model or QuantizedModel
    weights : ndarray, shape (units, inputs)
    shape : tuple of (int, int)

    Returns
    -------
    Element
    """
    # The weight of an input that never varied is still what it was drawn as: it means nothing.
    scale = getattr(model, "scale", None)
    if scale is not None:
        weights = weights * (scale != 0)
    height, width = shape
    factor = max(1, _SIDE // max(shape))
    images = []
    for number, unit in enumerate(weights[:MOST], start=1):
        source = "data:image/png;base64," + base64.b64encode(png(unit.reshape(shape))).decode()
        size = {"width": width * factor, "height": height * factor}
        images.append(
            element("img", src=source, alt=f"unit {number}", title=f"unit {number}", **size)
        )
    return element("div", *images, class_="units")


def png(values):
    """Return an image of numbers as a PNG file; the further from 0, the less transparent.

    Source: PNG Specification (ISO/IEC 15948), with a palette of 255 colours: 0 is transparent,
    1 to 127 are above 0, 128 to 254 below.

    Parameters
    ----------
    values : ndarray of float, shape (height, width)
    """
    most = float(np.abs(values).max()) or 1.0
    steps = np.rint(np.abs(values) / most * 127).astype(np.uint8)
    indexes = np.where((values < 0) & (steps > 0), steps + 127, steps).astype(np.uint8)
    height, width = values.shape
    rows = b"".join(b"\0" + row.tobytes() for row in indexes)
    palette = bytes((*_POSITIVE, *_POSITIVE * 127, *_NEGATIVE * 127))
    opacity = [round(255 * step / 127) for step in range(1, 128)]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        _chunk(*part)
        for part in (
            (b"IHDR", struct.pack(">2I5B", width, height, 8, 3, 0, 0, 0)),
            (b"PLTE", palette),
            (b"tRNS", bytes((0, *opacity, *opacity))),
            (b"IDAT", zlib.compress(rows, 9)),
            (b"IEND", b""),
        )
    )


def _chunk(name, data):
    check = zlib.crc32(name + data)
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", check)
