# Products of matrices, by panels and among threads.

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
