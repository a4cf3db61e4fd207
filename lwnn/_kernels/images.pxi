# Images moved by whole pixels, for training on more than what was photographed.
#
#     out[r][c] = in[r - down][c - right], the nearest pixel of the edge where that is outside
#
# The edge is repeated, since what an image's background is worth is not known here.

cdef void shift_image(const data_t *image, Py_ssize_t height, Py_ssize_t width, Py_ssize_t down,
                      Py_ssize_t right, data_t *out) noexcept nogil:
    cdef Py_ssize_t r, c, from_row
    cdef Py_ssize_t first = max(<Py_ssize_t>0, right), last = width + min(<Py_ssize_t>0, right)
    cdef const data_t *source
    cdef data_t *line
    for r in range(height):
        from_row = min(max(r - down, <Py_ssize_t>0), height - 1)
        source = image + from_row * width
        line = out + r * width
        memcpy(line + first, source + first - right, (last - first) * sizeof(data_t))
        for c in range(first):
            line[c] = source[0]
        for c in range(last, width):
            line[c] = source[width - 1]


def shift_images(const data_t[:, ::1] x, Py_ssize_t height, Py_ssize_t width,
                 const int[:, ::1] moves, data_t[:, ::1] out):
    """Move every image by its own number of pixels; the pixels at the edge are repeated.

    Parameters
    ----------
    x : float32 or uint8 (n, height * width)
        IN. Images, row by row.
    moves : int32 (n, 2)
        IN. Pixels down and to the right, each less than the image is high and wide.
    out : as x
        OUT.
    """
    cdef Py_ssize_t b
    with nogil:
        for b in range(x.shape[0]):
            shift_image(&x[b, 0], height, width, moves[b, 0], moves[b, 1], &out[b, 0])
