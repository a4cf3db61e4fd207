"""Images moved by whole pixels, in plain NumPy; see `lwnn/_kernels/images.pxi`."""

import numpy as np

__all__ = ["shift_images"]


def shift_images(x, height, width, moves, out):
    for image, (down, right), moved in zip(x, moves, out, strict=True):
        rows = np.clip(np.arange(height) - down, 0, height - 1)
        columns = np.clip(np.arange(width) - right, 0, width - 1)
        moved[:] = image.reshape(height, width)[np.ix_(rows, columns)].ravel()
