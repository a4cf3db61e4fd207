# What every mini-batch of training goes through, from noise to update.

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
