# What every kernel stands on: products, transposes, gathering of rows, activations, optimizers.
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


# ---------------------------------------------------------------- products

# Who computes: how many threads; for each a panel and, in training, room for the gradients of one
# row of tiles.
cdef struct Team:
    int threads
    float *panels
    Py_ssize_t share
    float *sums


# Columns of a gradient that are summed before the optimizer takes them.
cdef enum:
    SUMMED = 512


cdef Py_ssize_t panel_size(const long long[:, ::1] table,
                           Py_ssize_t columns_of_b) noexcept nogil:
    """Floats of panel that products over `columns_of_b` samples need at most; 0 if they need none.

    `b` is a layer's inputs: [in][samples] on the way forward, [samples][in] for the gradient.
    """
    cdef Py_ssize_t l, size = 0
    for l in range(table.shape[0]):
        size = max(size, max(padded(table[l, IN]), padded(table[l, OUT])) * padded(columns_of_b))
    if size <= STAYS:
        return 0
    # A gradient's panel is as deep as the batch, and one tile wide at least.
    return min(size, max(<Py_ssize_t>PANEL, padded(columns_of_b) * LWNN_LANES))


cdef Team team_layout(Arena *arena, Py_ssize_t panel, bint training, int threads) noexcept nogil:
    cdef Team team
    team.threads = threads
    team.share = (panel + LWNN_LANES + 15) // 16 * 16
    team.panels = carve(arena, team.share * threads) if panel else NULL
    team.sums = carve(arena, SUMMED * LWNN_ROWS * threads) if training else NULL
    return team


# A matrix whose columns are lanes. As it lies, rows are `ld` apart and `step` is LWNN_LANES. In
# tiles, each LWNN_LANES columns stand by themselves, row after row: `ld` is LWNN_LANES, `step` goes
# from one block of columns to the next, and a product reads it from end to end.
cdef struct Matrix:
    float *at
    Py_ssize_t ld
    Py_ssize_t step


cdef inline Matrix as_it_lies(const float *at, Py_ssize_t ld) noexcept nogil:
    cdef Matrix m
    m.at, m.ld, m.step = <float *>at, ld, LWNN_LANES
    return m


cdef inline Matrix in_tiles(const float *at, Py_ssize_t rows) noexcept nogil:
    cdef Matrix m
    m.at, m.ld, m.step = <float *>at, LWNN_LANES, rows * LWNN_LANES
    return m


cdef inline Matrix part(Matrix m, Py_ssize_t row, Py_ssize_t column) noexcept nogil:
    """From a row and a column, the first of a tile, on."""
    m.at += row * m.ld + column // LWNN_LANES * m.step
    return m


# What becomes of the sums: out (=, +=) scale * sum, and of finished ones + bias, then ReLU.
cdef struct End:
    int mode
    float scale
    const float *bias
    bint relu


cdef inline End plain_end(int mode, float scale) noexcept nogil:
    cdef End end
    end.mode, end.scale, end.bias, end.relu = mode, scale, NULL, False
    return end


cdef inline Py_ssize_t even_share(Py_ssize_t n, Py_ssize_t most, Py_ssize_t unit) noexcept nogil:
    """`n` in as few shares of at most `most` as will do, all alike and of whole units."""
    cdef Py_ssize_t count = (n + most - 1) // most
    return ((n + count - 1) // count + unit - 1) // unit * unit


cdef void multiply(const float *a, Py_ssize_t row_step, Py_ssize_t depth_step, Matrix b,
                   Py_ssize_t first, Py_ssize_t last, Py_ssize_t n, Py_ssize_t depth,
                   End end, Matrix out, float *panel) noexcept nogil:
    """Rows first..last of out[m][n] (=, +=) scale * a[m][depth] b[depth][n], and what `end` adds.

    A `b` that neither stays in L1 nor stands in tiles is read through `panel`, a piece at a time.
    """
    cdef bint pack = b.step == LWNN_LANES and b.ld != LWNN_LANES and panel != NULL
    cdef bint far = (last - first) * (depth + n) > FAR
    cdef Py_ssize_t deep = depth, wide = n, k = 0, j, kk, nn
    cdef Matrix piece
    cdef End now = end
    if depth * padded(n) <= STAYS:
        pack = False
    elif (pack or b.ld == LWNN_LANES) and depth * padded(n) > PANEL:
        deep = even_share(depth, DEEP, 16)
        wide = even_share(n, max(LWNN_LANES, PANEL // deep // LWNN_LANES * LWNN_LANES), LWNN_LANES)
    while k < depth:
        kk = min(deep, depth - k)
        now.mode = end.mode if k == 0 else LWNN_ADD
        now.bias = end.bias if k + kk == depth else NULL
        j = 0
        while j < n:
            nn = min(wide, n - j)
            piece = part(b, k, j)
            if pack:
                lwnn_pack(piece.at, piece.ld, kk, nn, panel)
                piece = in_tiles(panel, kk)
            tiles(a + k * depth_step, row_step, depth_step, piece, first, last, nn, kk, &now,
                  part(out, 0, j), far)
            j += wide
        k += deep


cdef void tiles(const float *a, Py_ssize_t row_step, Py_ssize_t depth_step, Matrix b,
                Py_ssize_t first, Py_ssize_t last, Py_ssize_t n, Py_ssize_t depth,
                const End *end, Matrix out, bint far) noexcept nogil:
    """All tiles of one piece of `b`. What a tile adds to is fetched while it is summed, and with
    `far` what it writes to and the next ones need as well."""
    cdef Py_ssize_t r = first, l, rows, after, q, k
    cdef Py_ssize_t count = (n + LWNN_LANES - 1) // LWNN_LANES  # tiles side by side
    cdef Py_ssize_t share = ((depth + 15) // 16 + count - 1) // count * 16
    cdef Matrix source, target
    while r < last:
        rows = min(<Py_ssize_t>LWNN_ROWS, last - r)
        if rows < last - r < 2 * LWNN_ROWS:
            # Two tiles alike: a thin one has too few sums to hide the latency of an addition.
            rows = (last - r + 1) // 2
        after = min(<Py_ssize_t>LWNN_ROWS, last - r - rows) if depth_step == 1 else 0
        source, target = b, part(out, r, 0)
        l = 0
        while l < n:
            if far or end.mode == LWNN_ADD:
                for q in range(rows):
                    lwnn_fetch(target.at + q * out.ld + LWNN_LANES - 1, 1)
            if far:
                k = l // LWNN_LANES * share
                for q in range(after):
                    lwnn_fetch(a + (r + rows + q) * row_step + k,
                               min(depth - k, share) * sizeof(float))
            lwnn_tile(<int>rows, a + r * row_step, row_step, depth_step, source.at, b.ld, depth,
                      end.mode, end.scale, min(<Py_ssize_t>LWNN_LANES, n - l), target.at, out.ld)
            if end.bias != NULL:
                lwnn_tile_bias(rows, end.bias + r, end.relu, target.at, out.ld)
            source.at += b.step
            target.at += out.step
            l += LWNN_LANES
        r += rows


cdef void shared_multiply(const float *a, Py_ssize_t row_step, Py_ssize_t depth_step, Matrix b,
                          Py_ssize_t m, Py_ssize_t n, Py_ssize_t depth, End end, Matrix out,
                          const Team *team) noexcept nogil:
    """`multiply` for all m rows, which the threads share out.

    `b` must be readable up to whole tiles of columns.
    """
    cdef Py_ssize_t count = (m + LWNN_ROWS - 1) // LWNN_ROWS
    cdef int threads = <int>min(<Py_ssize_t>team.threads, count), t
    if threads <= 1 or m * n * depth < WORTH_A_TEAM:
        multiply(a, row_step, depth_step, b, 0, m, n, depth, end, out, team.panels)
        return
    for t in prange(threads, num_threads=threads, schedule='static', chunksize=1):
        multiply(a, row_step, depth_step, b, count * t // threads * LWNN_ROWS,
                 min(m, count * (t + 1) // threads * LWNN_ROWS), n, depth, end, out,
                 team.panels + t * team.share if team.panels != NULL else NULL)


cdef void product_rows(const float *a, Py_ssize_t row_step, Py_ssize_t depth_step,
                       const float *b, Py_ssize_t ldb,
                       Py_ssize_t first, Py_ssize_t last, Py_ssize_t n, Py_ssize_t depth,
                       int mode, float scale, float *out, Py_ssize_t ldo,
                       float *panel) noexcept nogil:
    """Rows first..last of out[m][n] (=, +=) scale * a[m][depth] b[depth][n], all as they lie."""
    multiply(a, row_step, depth_step, as_it_lies(b, ldb), first, last, n, depth,
             plain_end(mode, scale), as_it_lies(out, ldo), panel)


cdef void product(const float *a, Py_ssize_t row_step, Py_ssize_t depth_step,
                  const float *b, Py_ssize_t ldb,
                  Py_ssize_t m, Py_ssize_t n, Py_ssize_t depth,
                  int mode, float scale, float *out, Py_ssize_t ldo,
                  const Team *team) noexcept nogil:
    """`product_rows` for all m rows, which the threads share out."""
    shared_multiply(a, row_step, depth_step, as_it_lies(b, ldb), m, n, depth,
                    plain_end(mode, scale), as_it_lies(out, ldo), team)


cdef void forward(const float *w_oi, Py_ssize_t n_in, Py_ssize_t n_out, const float *x_ib,
                  Py_ssize_t samples, float *out_ob, const Team *team) noexcept nogil:
    """out[o][b] = sum over i of w[o][i] x[i][b], without bias."""
    cdef Py_ssize_t ld = padded(samples)
    product(w_oi, n_in, 1, x_ib, ld, n_out, samples, n_in, LWNN_SET, 1.0, out_ob, ld, team)


# ---------------------------------------------------------------- rows in

cdef void gather(const data_t *x, const float *scaler, float clip, Py_ssize_t n_in,
                 const int *rows, Py_ssize_t samples, float *out_bi, Py_ssize_t ldo) noexcept nogil:
    """Scaled rows of the data: clip((x - offset) * scale); padding columns are set to 0.

    `rows` NULL stands for 0, 1, 2, … A constant feature has scale 0 and reads 0 even where the
    difference overflows.
    """
    cdef Py_ssize_t b
    cdef const data_t *line
    cdef float *out
    for b in range(samples):
        line = x + (rows[b] if rows != NULL else b) * n_in
        if b + 1 < samples:
            lwnn_fetch(x + (rows[b + 1] if rows != NULL else b + 1) * n_in, n_in * sizeof(data_t))
        out = out_bi + b * ldo
        if data_t is float:
            lwnn_scale_float(line, scaler, scaler + n_in, clip, n_in, out)
        else:
            lwnn_scale_byte(line, scaler, scaler + n_in, clip, n_in, out)
        memset(out + n_in, 0, (ldo - n_in) * sizeof(float))


cdef void scale_row(const data_t *x, const float *scaler, float clip, Py_ssize_t n_in,
                    Py_ssize_t at, Py_ssize_t n, float *out) noexcept nogil:
    """Features at..at + n of one row, as `gather`; a whole tile's are a loop of known length."""
    cdef const float *scale = scaler + n_in
    if data_t is float:
        if n == LWNN_LANES:
            lwnn_scale_float(x + at, scaler + at, scale + at, clip, LWNN_LANES, out)
        else:
            lwnn_scale_float(x + at, scaler + at, scale + at, clip, n, out)
    elif n == LWNN_LANES:
        lwnn_scale_byte(x + at, scaler + at, scale + at, clip, LWNN_LANES, out)
    else:
        lwnn_scale_byte(x + at, scaler + at, scale + at, clip, n, out)


cdef void gather_tile(const data_t *x, const float *scaler, float clip, Py_ssize_t n_in,
                      const int *rows, Py_ssize_t samples, float *out_bi, Py_ssize_t step,
                      float *out_ib) noexcept nogil:
    """Up to LWNN_LANES scaled rows, both ways: as rows in tiles of inputs, `step` apart, and
    as one tile of samples."""
    cdef Py_ssize_t b, i = 0, n
    cdef float *block
    if samples < LWNN_LANES:
        memset(out_ib, 0, n_in * LWNN_LANES * sizeof(float))
    for b in range(samples):
        # All at once: rows lie apart, and few bytes of each are read at a time.
        lwnn_fetch(x + (rows[b] if rows != NULL else b) * n_in, n_in * sizeof(data_t))
    while i < n_in:
        n = min(<Py_ssize_t>LWNN_LANES, n_in - i)
        block = out_bi + i // LWNN_LANES * step
        for b in range(samples):
            scale_row(x + (rows[b] if rows != NULL else b) * n_in, scaler, clip, n_in, i, n,
                      block + b * LWNN_LANES)
            memset(block + b * LWNN_LANES + n, 0, (LWNN_LANES - n) * sizeof(float))
        transpose(block, LWNN_LANES, samples, n, out_ib + i * LWNN_LANES, LWNN_LANES)
        i += LWNN_LANES


# ---------------------------------------------------------------- activations

cdef inline float sigmoid(float z) noexcept nogil:
    return 1 / (1 + expf(-z))


# Slope of a leaky ReLU below 0.
cdef float LEAK = <float>0.01


cdef inline float activate(float z, long kind) noexcept nogil:
    if kind == RELU:
        return z if z > 0 else 0
    if kind == LEAKY_RELU:
        return z if z > 0 else LEAK * z
    if kind == STEP:
        return 1 if z > 0 else 0
    if kind == SIGMOID:
        return sigmoid(z)
    if kind == TANH:
        return tanhf(z)
    return z


cdef inline float slope(float y, long kind) noexcept nogil:
    """Derivative of the activation, from its output."""
    if kind == RELU:
        return 1 if y > 0 else 0
    if kind == LEAKY_RELU:
        return 1 if y > 0 else LEAK
    if kind == STEP:
        return 0
    if kind == SIGMOID:
        return y * (1 - y)
    if kind == TANH:
        return 1 - y * y
    return 1


cdef void activate_all(float *z, Py_ssize_t n, long kind) noexcept nogil:
    """All in place; the kinds that need no function have loops of their own, with vectors."""
    cdef Py_ssize_t i
    if kind == LINEAR:
        return
    if kind == LEAKY_RELU:
        for i in range(n):
            z[i] = z[i] if z[i] > 0 else LEAK * z[i]
    elif kind == STEP:
        for i in range(n):
            z[i] = 1 if z[i] > 0 else 0
    else:
        for i in range(n):
            z[i] = activate(z[i], kind)


cdef void through_slope(float *d, const float *a, Py_ssize_t n, long kind) noexcept nogil:
    """From dC/da to dC/dz in place, given the outputs; the loop of the usual kind has vectors."""
    cdef Py_ssize_t i
    if kind == RELU:
        for i in range(n):
            d[i] = d[i] if a[i] > 0 else 0
    elif kind != LINEAR:
        for i in range(n):
            d[i] *= slope(a[i], kind)


cdef void bias_activate(float *z_ob, const float *bias, Py_ssize_t n_out, Py_ssize_t ld,
                        long kind) noexcept nogil:
    cdef Py_ssize_t o, b
    cdef float *line
    cdef float add, z
    for o in range(n_out):
        line = z_ob + o * ld
        add = bias[o]
        if kind == RELU:
            for b in range(ld):
                z = line[b] + add
                line[b] = z if z > 0 else 0
        elif kind == LINEAR:
            for b in range(ld):
                line[b] += add
        else:
            for b in range(ld):
                line[b] = activate(line[b] + add, kind)


# ---------------------------------------------------------------- output errors

cdef struct Target:
    const int *labels     # class of every row, or NULL
    const float *values   # value of every row, where that is what is learnt
    float off             # target of a class that is not the row's: smoothing / classes
    float lift            # how much more its own class has: 1 - smoothing


cdef Target target_from(const int *labels, const float *values, Py_ssize_t classes,
                        float smoothing) noexcept nogil:
    cdef Target target
    target.labels, target.values = labels, values
    target.off = smoothing / classes
    target.lift = 1 - smoothing
    return target


cdef inline float target_of(const Target *target, Py_ssize_t row, Py_ssize_t c) noexcept nogil:
    if target.values != NULL:
        return target.values[row]
    return target.off + (target.lift if target.labels[row] == c else 0)


cdef double output_error(float *z_ob, Py_ssize_t classes, Py_ssize_t ld, const int *y,
                         const int *rows, Py_ssize_t samples, int cost) noexcept nogil:
    """`target_error` for classes without smoothing."""
    cdef Target target = target_from(y, NULL, classes, 0)
    return target_error(z_ob, classes, ld, &target, rows, samples, cost)


cdef double target_error(float *z_ob, Py_ssize_t classes, Py_ssize_t ld, const Target *target,
                         const int *rows, Py_ssize_t samples, int cost) noexcept nogil:
    """Scores in, dC/dz out, in place; returns the cost summed over the samples.

    Cross-entropy, over a softmax or over sigmoids: a - t. C = ½ |a - t|² over sigmoids:
    (a - t) a (1 - a); over linear outputs: a - t.
    """
    if cost == CROSS_ENTROPY:
        return softmax_error(z_ob, classes, ld, target, rows, samples)
    return unit_errors(z_ob, classes, ld, target, rows, samples, cost)


cdef double softmax_error(float *z_ob, Py_ssize_t classes, Py_ssize_t ld, const Target *target,
                          const int *rows, Py_ssize_t samples) noexcept nogil:
    cdef Py_ssize_t b, c, true
    cdef float top, total, a, rest, off = target.off, lift = target.lift
    cdef const int *y = target.labels
    cdef double loss = 0
    for b in range(samples):
        true = y[rows[b]]
        top = z_ob[b]
        for c in range(1, classes):
            top = max(top, z_ob[c * ld + b])
        loss += top - z_ob[true * ld + b]
        if off > 0:
            rest = 0
            for c in range(classes):
                rest += z_ob[true * ld + b] - z_ob[c * ld + b]
            loss += off * rest
        total = 0
        for c in range(classes):
            a = expf(z_ob[c * ld + b] - top)
            z_ob[c * ld + b] = a
            total += a
        loss += logf(total)
        for c in range(classes):
            z_ob[c * ld + b] = z_ob[c * ld + b] / total - off
        z_ob[true * ld + b] -= lift
    return loss


cdef double unit_errors(float *z_ob, Py_ssize_t classes, Py_ssize_t ld, const Target *target,
                        const int *rows, Py_ssize_t samples, int cost) noexcept nogil:
    """Costs that take each output for itself."""
    cdef Py_ssize_t b, c
    cdef float a, t, z
    cdef double loss = 0
    for b in range(samples):
        for c in range(classes):
            z = z_ob[c * ld + b]
            t = target_of(target, rows[b], c)
            a = z if cost == HALF_SQUARES else sigmoid(z)
            if cost == BINARY:
                loss += binary_cost(z, t)
                z_ob[c * ld + b] = a - t
            else:
                loss += 0.5 * (a - t) * (a - t)
                z_ob[c * ld + b] = a - t if cost == HALF_SQUARES else (a - t) * a * (1 - a)
    return loss


cdef inline float binary_cost(float z, float t) noexcept nogil:
    """-t ln a - (1 - t) ln(1 - a) with a = sigmoid(z)."""
    return (z if z > 0 else 0) - t * z + log1pf(expf(-fabsf(z)))


# ---------------------------------------------------------------- optimizers

# What the entries of `hyper` mean, as lwnn.learning.optimizers writes it; a shorter one ends in
# zeros, which turn each of them off.
cdef enum:
    RATE = 0
    BETA1 = 1            # momentum, RMSprop's decay or Adam's first
    BETA2 = 2            # Adam's second
    EPSILON = 3
    L1 = 4
    L2 = 5
    CLIP = 6             # bound of each component of a gradient
    GRADIENT_NOISE = 7   # variance of the noise in step 0
    NOISE_DECAY = 8      # its power of 1 / (1 + step)
    WEIGHT_NOISE = 9     # standard deviation
    INPUT_NOISE = 10     # the same, of scaled inputs
    SEED = 11
    DROPOUT = 12         # share of hidden units that are silent
    SMOOTHING = 13       # share of a target that goes to all classes alike
    HYPER = 14

# Each purpose draws from a stream of its own.
cdef enum:
    FOR_GRADIENTS = 1
    FOR_WEIGHTS = 2
    FOR_INPUTS = 3
    FOR_DROPOUT = 4

cdef struct Optimizer:
    int method        # one of those above
    float rate
    float beta1
    float beta2
    float epsilon
    long step         # mini-batches done before this one
    float corrected   # Adam's rate and the factor of its root, corrected for this step
    float root
    float *first      # velocity, sum of squares or first moment, one per parameter
    float *second     # second moment
    bint shaped       # whether a gradient is bounded, made noisy or a weight decays
    float bound       # of a gradient's components; 0 is none
    float shrink      # L2: rate * l2
    float threshold   # L1: rate * l1
    float sigma       # of this step's gradient noise
    double eta
    double gamma
    float weight_noise
    float input_noise
    unsigned long long seed
    float dropout
    float smoothing
    bint quiet            # whether neither weights nor inputs are noisy


cdef void optimize(float *w, float *g, Py_ssize_t start, Py_ssize_t size,
                   const Optimizer *how, const Team *team) noexcept nogil:
    """Update the weights w[start:start+size] by the gradient g[0:size], which is used up."""
    cdef int t, threads = team.threads if size > 65536 else 1
    if threads <= 1:
        optimize_range(w, g, start, 0, size, how)
        return
    for t in prange(threads, num_threads=threads, schedule='static', chunksize=1):
        optimize_range(w, g, start, size * t // threads, size * (t + 1) // threads, how)


cdef void optimize_biases(float *w, float *g, Py_ssize_t start, Py_ssize_t size,
                          const Optimizer *how, const Team *team) noexcept nogil:
    """Likewise for biases, which no penalty is put on."""
    cdef Optimizer free
    if how.shrink == 0 and how.threshold == 0:
        optimize(w, g, start, size, how, team)
        return
    free = how[0]
    free.shrink = free.threshold = 0
    optimize(w, g, start, size, &free, team)


cdef void optimize_range(float *w, float *g, Py_ssize_t start, Py_ssize_t first,
                         Py_ssize_t last, const Optimizer *how) noexcept nogil:
    """The methods' equations and where they come from are in lwnn.learning.optimizers."""
    cdef Py_ssize_t i, k
    cdef float rate = how.rate, b1 = how.beta1, b2 = how.beta2, epsilon = how.epsilon
    cdef float c1 = 1 - b1, c2 = 1 - b2, root = how.root
    cdef float *m = how.first
    cdef float *v = how.second
    if how.shaped:
        shape_gradient(w + start + first, g + first, start + first, last - first, how)
    if how.method == ADAM:
        rate = how.corrected
        for i in range(first, last):
            k = start + i
            m[k] = b1 * m[k] + c1 * g[i]
            v[k] = b2 * v[k] + c2 * g[i] * g[i]
            w[k] -= rate * m[k] / (sqrtf(v[k]) * root + epsilon)
    elif how.method == SGD or how.method == STEPPED:
        for i in range(first, last):
            w[start + i] -= rate * g[i]
    elif how.method == MOMENTUM:
        for i in range(first, last):
            k = start + i
            m[k] = b1 * m[k] + g[i]
            w[k] -= rate * m[k]
    elif how.method == NESTEROV:
        for i in range(first, last):
            k = start + i
            m[k] = b1 * m[k] + g[i]
            w[k] -= rate * (g[i] + b1 * m[k])
    elif how.method == ADAGRAD:
        for i in range(first, last):
            k = start + i
            m[k] += g[i] * g[i]
            w[k] -= rate * g[i] / (sqrtf(m[k]) + epsilon)
    elif how.method == RMSPROP:
        for i in range(first, last):
            k = start + i
            m[k] = b1 * m[k] + c1 * g[i] * g[i]
            w[k] -= rate * g[i] / (sqrtf(m[k]) + epsilon)
    if how.threshold > 0:
        soft_threshold(w + start + first, last - first, how.threshold)


cdef void shape_gradient(float *w, float *g, Py_ssize_t at, Py_ssize_t n,
                         const Optimizer *how) noexcept nogil:
    """Bound the gradient of parameters at, at + 1, …, add noise to it, and let them decay.

    The decay is decoupled from the gradient (Loshchilov & Hutter 2019): neither bound, noise nor
    the method's scaling changes it.
    """
    cdef Py_ssize_t i
    cdef float bound = how.bound, sigma = how.sigma, keep = 1 - how.shrink
    cdef unsigned long long key
    if bound > 0:
        for i in range(n):
            g[i] = max(-bound, min(bound, g[i]))
    if sigma > 0:
        key = stream_key(how, FOR_GRADIENTS)
        for i in range(n):
            g[i] += sigma * gaussian(key, at + i)
    if how.shrink > 0:
        for i in range(n):
            w[i] *= keep


cdef void soft_threshold(float *w, Py_ssize_t n, float threshold) noexcept nogil:
    """The proximal step of an L1 penalty: what it would carry past 0 stops there."""
    cdef Py_ssize_t i
    for i in range(n):
        w[i] = w[i] - max(-threshold, min(threshold, w[i]))


cdef void begin_step(Optimizer *how, long step) noexcept nogil:
    how.step = step
    if how.method == ADAM:
        how.corrected = <float>(how.rate / (1 - powi(how.beta1, step + 1)))
        how.root = <float>(1 / sqrtf(<float>(1 - powi(how.beta2, step + 1))))
    if how.eta > 0:
        how.sigma = <float>sqrt(how.eta / pow(1.0 + step, how.gamma))


cdef double powi(double base, long n) noexcept nogil:
    """base to the n-th by squaring; the same on every build."""
    cdef double result = 1
    while n > 0:
        if n & 1:
            result *= base
        base *= base
        n >>= 1
    return result


cdef Optimizer optimizer_from(int method, const double[::1] hyper, float[:, ::1] state, long step):
    """The optimizer's settings as the kernels hold them."""
    cdef Optimizer how
    cdef double[HYPER] given
    cdef Py_ssize_t i
    for i in range(HYPER):
        given[i] = hyper[i] if i < hyper.shape[0] else 0
    how.method = method
    how.rate = <float>given[RATE]
    how.beta1 = <float>given[BETA1]
    how.beta2 = <float>given[BETA2]
    how.epsilon = <float>given[EPSILON]
    how.corrected = how.root = how.sigma = 0
    how.first = &state[0, 0] if state.shape[0] > 0 else NULL
    how.second = &state[1, 0] if state.shape[0] > 1 else NULL
    how.bound = <float>given[CLIP]
    how.shrink = <float>(given[RATE] * given[L2])
    how.threshold = <float>(given[RATE] * given[L1])
    how.eta = given[GRADIENT_NOISE]
    how.gamma = given[NOISE_DECAY]
    how.weight_noise = <float>given[WEIGHT_NOISE]
    how.input_noise = <float>given[INPUT_NOISE]
    how.seed = <unsigned long long>given[SEED]
    how.dropout = <float>given[DROPOUT]
    how.smoothing = <float>given[SMOOTHING]
    how.quiet = how.weight_noise <= 0 and how.input_noise <= 0
    how.shaped = how.bound > 0 or how.eta > 0 or how.shrink > 0
    if method == SGD and (how.shaped or how.threshold > 0):
        how.method = STEPPED
    begin_step(&how, step)
    return how


# ---------------------------------------------------------------- random numbers

# Drawn by counter, not in sequence: whoever asks for number n of a stream gets the same one, in
# any order and from any thread. The generator is SplitMix64 (Steele, Lea & Flood 2014), whose
# n-th output is a function of n; two of them in a row make a key of seed, purpose and step.

cdef inline unsigned long long mix(unsigned long long x) noexcept nogil:
    """The step of SplitMix64: every bit of the result hangs on every bit of x."""
    x += <unsigned long long>0x9E3779B97F4A7C15
    x = (x ^ (x >> 30)) * <unsigned long long>0xBF58476D1CE4E5B9
    x = (x ^ (x >> 27)) * <unsigned long long>0x94D049BB133111EB
    return x ^ (x >> 31)


cdef inline unsigned long long mixed(unsigned long long key, unsigned long long n) noexcept nogil:
    """Number n of the stream that starts at `key`."""
    return mix(key + n * <unsigned long long>0x9E3779B97F4A7C15)


cdef unsigned long long stream_key(const Optimizer *how, int purpose) noexcept nogil:
    return mixed(mixed(how.seed, purpose), how.step)


cdef inline float gaussian(unsigned long long key, unsigned long long n) noexcept nogil:
    """Number n of a standard normal stream, by Box & Muller 1958; never beyond ±6."""
    cdef unsigned long long bits = mixed(key, n)
    # 24 bits each: what a float holds. The half keeps the logarithm finite.
    cdef float radius = (<float>(bits >> 40) + <float>0.5) * <float>(1 / 16777216.0)
    cdef float turn = <float>((bits >> 16) & 0xFFFFFF) * <float>(6.283185307179586 / 16777216.0)
    return sqrtf(-2 * logf(radius)) * cosf(turn)


cdef void add_gaussians(float *a, Py_ssize_t at, Py_ssize_t n, float sigma,
                        unsigned long long key) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(n):
        a[i] += sigma * gaussian(key, at + i)


# ---------------------------------------------------------------- dropout

# Hinton et al. 2012 (1207.0580): in training a share p of the hidden units is silent, anew for
# every sample; the others are 1 / (1 - p) times as loud, so that scoring needs no change.

cdef inline bint silent(const Optimizer *how, unsigned long long key, Py_ssize_t unit,
                        Py_ssize_t sample) noexcept nogil:
    """Whether this unit is; samples of a mini-batch are no more than 2^16."""
    cdef float chance = <float>(mixed(key, (unit << 16) + sample) >> 40) * <float>(1 / 16777216.0)
    return chance < how.dropout


cdef void drop(const Optimizer *how, Py_ssize_t layer, float *a, Py_ssize_t units,
               Py_ssize_t first, Py_ssize_t samples, Py_ssize_t unit_step,
               Py_ssize_t sample_step) noexcept nogil:
    """Silence units of the outputs `a` of a hidden layer, of the samples from `first` on."""
    cdef Py_ssize_t u, b
    cdef unsigned long long key = mixed(stream_key(how, FOR_DROPOUT), layer)
    cdef float louder = 1 / (1 - how.dropout)
    cdef float *one
    for u in range(units):
        for b in range(samples):
            one = a + u * unit_step + b * sample_step
            one[0] = 0 if silent(how, key, u, first + b) else one[0] * louder


cdef void drop_error(const Optimizer *how, Py_ssize_t layer, const float *a, float *d,
                     Py_ssize_t units, long kind, Py_ssize_t first, Py_ssize_t samples,
                     Py_ssize_t unit_step, Py_ssize_t sample_step) noexcept nogil:
    """From dC/da to dC/dz of a hidden layer whose outputs `a` went through `drop`."""
    cdef Py_ssize_t u, b, i
    cdef unsigned long long key = mixed(stream_key(how, FOR_DROPOUT), layer)
    cdef float keep = 1 - how.dropout
    for u in range(units):
        for b in range(samples):
            i = u * unit_step + b * sample_step
            if silent(how, key, u, first + b):
                d[i] = 0
            else:
                d[i] = d[i] * slope(a[i] * keep, kind) / keep


# ---------------------------------------------------------------- mini-batches

cdef void open_batch(float *params, const long long *table, Py_ssize_t layers, float *x_bi,
                     Py_ssize_t ldx, Py_ssize_t samples, const Optimizer *how) noexcept nogil:
    """Make the inputs and the weights noisy for the mini-batch to come."""
    cdef Py_ssize_t b
    cdef unsigned long long key
    if how.quiet:
        return
    if how.input_noise > 0:
        key = stream_key(how, FOR_INPUTS)
        for b in range(samples):
            add_gaussians(x_bi + b * ldx, b * table[IN], table[IN], how.input_noise, key)
    if how.weight_noise > 0:
        shake(params, table, layers, how.weight_noise, how)


cdef void close_batch(float *params, const long long *table, Py_ssize_t layers,
                      Optimizer *how) noexcept nogil:
    """Take the weights' noise away again, and go on to the next step."""
    if how.weight_noise > 0:
        shake(params, table, layers, -how.weight_noise, how)
    begin_step(how, how.step + 1)


cdef void shake(float *params, const long long *table, Py_ssize_t layers, float sigma,
                const Optimizer *how) noexcept nogil:
    """Add this step's noise to all weights, those of labels included, not to biases."""
    cdef Py_ssize_t l, last = 6 * (layers - 1)
    cdef const long long *row
    cdef unsigned long long key = stream_key(how, FOR_WEIGHTS)
    for l in range(layers):
        row = table + 6 * l
        add_gaussians(params + row[WEIGHT], row[WEIGHT], row[IN] * row[OUT], sigma, key)
        if row[LABEL] >= 0:
            add_gaussians(params + row[LABEL], row[LABEL], row[OUT] * table[last + OUT], sigma,
                          key)


cdef void gradient_rows(float *params, Py_ssize_t weight, const float *d_ob, Py_ssize_t ldd,
                        Matrix x_bi, Py_ssize_t first, Py_ssize_t last,
                        Py_ssize_t n_in, Py_ssize_t samples, float scale, const Optimizer *how,
                        float *panel, float *sums) noexcept nogil:
    """Update the weights of units first..last, a row of tiles at a time.

    The optimizer takes each gradient while it is still in L1; it is never stored whole. What it
    needs of weights and memory is fetched while the tiles are summed.
    """
    cdef bint pack = x_bi.step == LWNN_LANES and samples * padded(n_in) > STAYS
    cdef Py_ssize_t fits = max(<Py_ssize_t>LWNN_LANES, PANEL // samples // LWNN_LANES * LWNN_LANES)
    cdef Py_ssize_t wide = min(<Py_ssize_t>SUMMED, fits if pack else SUMMED)
    cdef Py_ssize_t j = 0, l, nn, r, rows, q, place
    cdef Matrix piece
    while j < n_in:
        nn = min(wide, n_in - j)
        piece = part(x_bi, 0, j)
        if pack:
            lwnn_pack(piece.at, piece.ld, samples, nn, panel)
            piece = in_tiles(panel, samples)
        r = first
        while r < last:
            rows = min(<Py_ssize_t>LWNN_ROWS, last - r)
            place = weight + r * n_in + j
            l = 0
            while l < nn:
                for q in range(rows):
                    lwnn_fetch(params + place + q * n_in + l, 1)
                    lwnn_fetch(how.first + place + q * n_in + l, 1)
                    if how.second != NULL:
                        lwnn_fetch(how.second + place + q * n_in + l, 1)
                lwnn_tile(<int>rows, d_ob + r * ldd, ldd, 1, part(piece, 0, l).at, piece.ld,
                          samples, LWNN_SET, scale, min(<Py_ssize_t>LWNN_LANES, nn - l), sums + l,
                          SUMMED)
                l += LWNN_LANES
            for q in range(rows):
                optimize_range(params, sums + q * SUMMED, place + q * n_in, 0, nn, how)
            r += rows
        j += wide


cdef void unit_gradients(float *params, Py_ssize_t weight, const float *d_ob, Py_ssize_t ldd,
                         Matrix x_bi, Py_ssize_t first, Py_ssize_t last, Py_ssize_t n_in,
                         Py_ssize_t samples, float scale, const Optimizer *how, float *grad,
                         float *panel, float *sums) noexcept nogil:
    """`gradient_rows`, and the gradient of these units' biases."""
    gradient_rows(params, weight, d_ob, ldd, x_bi, first, last, n_in, samples, scale, how, panel,
                  sums)
    bias_gradient(d_ob, ldd, first, last, samples, scale, grad)


cdef void bias_gradient(const float *d_ob, Py_ssize_t ldd, Py_ssize_t first, Py_ssize_t last,
                        Py_ssize_t samples, float scale, float *grad) noexcept nogil:
    cdef Py_ssize_t o
    for o in range(first, last):
        grad[o] = scale * lwnn_sum(d_ob + o * ldd, samples)


cdef void layer_gradient(float *params, Py_ssize_t weight, Py_ssize_t bias,
                         const float *d_ob, Py_ssize_t ldd, const float *x_bi, Py_ssize_t ldx,
                         Py_ssize_t n_in, Py_ssize_t n_out, Py_ssize_t samples, float scale,
                         const Optimizer *how, float *grad, const Team *team) noexcept nogil:
    """One layer's update: dW = scale * d x, db = scale * sum of d, with x as it lies."""
    update_layer(params, weight, bias, d_ob, ldd, as_it_lies(x_bi, ldx), n_in, n_out, samples,
                 scale, how, grad, team)


cdef void update_layer(float *params, Py_ssize_t weight, Py_ssize_t bias,
                       const float *d_ob, Py_ssize_t ldd, Matrix x_bi,
                       Py_ssize_t n_in, Py_ssize_t n_out, Py_ssize_t samples, float scale,
                       const Optimizer *how, float *grad, const Team *team) noexcept nogil:
    """One layer's update; plain SGD adds its products straight to the weights."""
    cdef Py_ssize_t count = (n_out + LWNN_ROWS - 1) // LWNN_ROWS
    cdef int t, threads = <int>min(<Py_ssize_t>team.threads, count)
    if n_out * n_in * samples < WORTH_A_TEAM:
        threads = 1
    if how.method == SGD:
        shared_multiply(d_ob, ldd, 1, x_bi, n_out, n_in, samples,
                        plain_end(LWNN_ADD, -how.rate * scale),
                        as_it_lies(params + weight, n_in), team)
        bias_gradient(d_ob, ldd, 0, n_out, samples, scale, grad)
    elif threads <= 1:
        unit_gradients(params, weight, d_ob, ldd, x_bi, 0, n_out, n_in, samples, scale, how, grad,
                       team.panels, team.sums)
    else:
        for t in prange(threads, num_threads=threads, schedule='static', chunksize=1):
            unit_gradients(params, weight, d_ob, ldd, x_bi, count * t // threads * LWNN_ROWS,
                           min(n_out, count * (t + 1) // threads * LWNN_ROWS), n_in, samples,
                           scale, how, grad,
                           team.panels + t * team.share if team.panels != NULL else NULL,
                           team.sums + t * SUMMED * LWNN_ROWS)
    optimize_biases(params, grad, bias, n_out, how, team)


cdef Py_ssize_t gradient_size(const long long[:, ::1] table) noexcept nogil:
    """Floats of gradient that are ever held at once: of a bias, a unit, or the label weights."""
    cdef Py_ssize_t l, size = 0
    for l in range(table.shape[0]):
        size = max(size, table[l, IN], table[l, OUT])
        if table[l, LABEL] >= 0:
            size = max(size, table[l, OUT] * table[table.shape[0] - 1, OUT])
    return size


cdef void optimize_net(float *params, float *gradient, const long long *table, Py_ssize_t layers,
                       const Optimizer *how, const Team *team) noexcept nogil:
    """Update all parameters by a gradient that is there as a whole."""
    cdef Py_ssize_t l, size, classes = table[6 * (layers - 1) + OUT]
    cdef const long long *row
    for l in range(layers):
        row = table + 6 * l
        size = row[IN] * row[OUT]
        optimize(params, gradient + row[WEIGHT], row[WEIGHT], size, how, team)
        optimize_biases(params, gradient + row[BIAS], row[BIAS], row[OUT], how, team)
        if row[LABEL] >= 0:
            optimize(params, gradient + row[LABEL], row[LABEL], row[OUT] * classes, how, team)


def optimizer_step(float[::1] params, float[::1] gradient, const long long[:, ::1] table,
                   int method, const double[::1] hyper, float[:, ::1] state, long step):
    """Take one step with a gradient that was computed elsewhere.

    Parameters
    ----------
    params : float32 (size,)
        IN/OUT.
    gradient : float32 (size,)
        IN, used up.
    table : int64 (layers, 6)
        IN. Tells weights, which penalties are put on, from biases.

    The other arguments are those of `bp_epoch`; noise on weights and inputs is not for here.
    """
    cdef Optimizer how = optimizer_from(method, hyper, state, step)
    cdef Team alone
    if params.shape[0] != gradient.shape[0]:
        raise ValueError("the gradient is not as long as the parameters")
    alone.threads = 1
    with nogil:
        optimize_net(&params[0], &gradient[0], &table[0, 0], table.shape[0], &how, &alone)


def width():
    """Floats in one vector of this build; 4, 8 or 16."""
    return LWNN_VECTOR
