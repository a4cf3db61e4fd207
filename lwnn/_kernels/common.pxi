# What every kernel stands on: the numbers of things, and room to work in.
#
# Activations are kept with one row per unit and one column per sample, `[unit][sample]`, padded
# to whole vectors of samples, so that a layer's output is the next product's input as it lies.
# Rows of samples, `[sample][unit]`, are made beside them where a gradient needs them.

from cython.parallel cimport prange
from libc.math cimport (
    INFINITY, cosf, expf, expm1f, fabsf, log1pf, logf, pow, sqrt, sqrtf, tanhf,
)
from libc.string cimport memcpy, memmove, memset

cdef extern from "tile.h" nogil:
    const int LWNN_VECTOR, LWNN_LANES, LWNN_ROWS, LWNN_SET, LWNN_ADD
    void lwnn_tile(int rows, const float *a, Py_ssize_t row_step, Py_ssize_t depth_step,
                   const float *b, Py_ssize_t ldb, Py_ssize_t depth, int mode, float scale,
                   Py_ssize_t lanes, float *out, Py_ssize_t ldo)
    void lwnn_tile_bias(Py_ssize_t rows, const float *bias, int relu, float *out, Py_ssize_t ldo)
    void lwnn_times(const float *a, const float *b, float *out)
    void lwnn_fetch(const void *start, Py_ssize_t bytes)
    void lwnn_dot(Py_ssize_t rows, const float *a, Py_ssize_t depth, const float *x, float *out)
    void transpose "lwnn_transpose"(const float *a, Py_ssize_t lda, Py_ssize_t rows,
                                    Py_ssize_t cols, float *out, Py_ssize_t ldo)
    void lwnn_pack(const float *b, Py_ssize_t ldb, Py_ssize_t depth, Py_ssize_t columns,
                   float *out)
    void lwnn_scale_float(const float *x, const float *offset, const float *scale, float clip,
                          Py_ssize_t n, float *out)
    void lwnn_scale_byte(const unsigned char *x, const float *offset, const float *scale,
                         float clip, Py_ssize_t n, float *out)
    void lwnn_axpy(float *y, const float *x, float c, Py_ssize_t n)
    float lwnn_sum(const float *a, Py_ssize_t n)
    float lwnn_squares(const float *a, Py_ssize_t n)

ctypedef fused data_t:
    float
    unsigned char

# What a row is to become: a class, or a value.
ctypedef fused target_t:
    int
    float

# Columns of the layer table, as lwnn.network writes it.
cdef enum:
    IN = 0
    OUT = 1
    WEIGHT = 2
    BIAS = 3
    LABEL = 4
    ACTIVATION = 5

cdef enum:
    LINEAR = 0
    RELU = 1
    SIGMOID = 2
    TANH = 3
    LEAKY_RELU = 4
    STEP = 5

# Cost and output, as lwnn.network numbers the pairs.
cdef enum:
    CROSS_ENTROPY = 0   # over a softmax
    MSE = 1             # over sigmoids
    BINARY = 2          # cross-entropy over sigmoids, each output for itself
    HALF_SQUARES = 3         # squared error over linear outputs

cdef enum:
    SGD = 0         # its products are added straight to the weights
    MOMENTUM = 1
    ADAM = 2
    NESTEROV = 3
    ADAGRAD = 4
    RMSPROP = 5
    STEPPED = 6     # SGD that needs its gradient by itself; never asked for from outside

# Deepest net that the kernels hold; lwnn.network allows no more.
cdef enum:
    MAX_LAYERS = 64

# Up to this many samples are learnt from and scored by few.pxi, with lanes along the units.
cdef enum:
    FEW = 4

# A product goes over `b` in panels of so many floats, most of a usual L2 cache; more than that is
# taken so many rows at a time. What is smaller than STAYS needs no panel.
cdef enum:
    PANEL = 98304
    DEEP = 320
    STAYS = 6144

# Floats of `a` and `out` from which on a product fetches ahead: what is in L2 or L3 comes in time.
cdef enum:
    FAR = 1048576

# Multiply-accumulates below which threads cost more than they give.
cdef enum:
    WORTH_A_TEAM = 200000


cdef inline Py_ssize_t padded(Py_ssize_t n) noexcept nogil:
    """Room for n lanes, in whole tiles."""
    return (n + LWNN_LANES - 1) // LWNN_LANES * LWNN_LANES


cdef inline Py_ssize_t columns(Py_ssize_t samples) noexcept nogil:
    """Row length of a `[unit][sample]` buffer, and rows of a `[row][unit]` one of few.pxi."""
    return samples if samples <= FEW else padded(samples)


# Buffers are laid out by the same code that asks how much room they take: with `base` NULL an
# arena only counts.
cdef struct Arena:
    float *base
    Py_ssize_t used


cdef float *carve(Arena *arena, Py_ssize_t size) noexcept nogil:
    """The next `size` floats, from a 64-byte boundary, with room behind for a whole tile's load."""
    # An arena begins on the boundary before its workspace, so its first 16 floats are not ours.
    cdef Py_ssize_t start = max(arena.used, <Py_ssize_t>16)
    arena.used = (start + size + LWNN_LANES + 15) // 16 * 16
    return arena.base + start if arena.base != NULL else NULL


cdef Arena arena_over(float[::1] workspace):
    cdef Arena arena
    arena.base = NULL
    if workspace.shape[0]:
        arena.base = <float *>(<size_t>&workspace[0] // 64 * 64)
    arena.used = 0
    return arena


cdef int check_room(const Arena *arena, float[::1] workspace) except -1:
    return check_shares(arena.used, 1, workspace)


# Rows are scored in blocks, which do not depend on the number of threads. Each thread takes a share
# of the blocks and has a workspace of its own, one behind the other.

cdef int check_shares(Py_ssize_t share, int threads, float[::1] workspace) except -1:
    if share * threads > workspace.shape[0]:
        raise ValueError("the workspace is smaller than its size function says")
    return 0


cdef inline Arena share_of(const Arena *whole, Py_ssize_t share, int thread) noexcept nogil:
    """The part of a workspace that is one thread's."""
    cdef Arena arena
    arena.base = whole.base + share * thread
    arena.used = 0
    return arena


cdef int scoring_team(const long long *table, Py_ssize_t layers, Py_ssize_t rows,
                      Py_ssize_t blocks, int threads) noexcept nogil:
    """How many threads so many rows are worth."""
    cdef Py_ssize_t l, work = 0
    for l in range(layers):
        work += table[6 * l + IN] * table[6 * l + OUT]
    return <int>min(<Py_ssize_t>threads, blocks) if rows * work >= WORTH_A_TEAM else 1


def width():
    """Floats in one vector of this build; 4, 8 or 16."""
    return LWNN_VECTOR
