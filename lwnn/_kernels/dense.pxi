# Dense nets: scores, and a training epoch by backprop.
#
#     z_l = W_l a_{l-1} + b_l,   a_l = f(z_l)
#     D_L = dC/dz_L,             D_l = (W_{l+1}^T D_{l+1}) f'(a_l)
#     dW_l = D_l a_{l-1}^T,      db_l = sum over samples of D_l
#
# Activations and errors stand in tiles of samples, `[tile][unit][lane]`, the inputs of a gradient
# in tiles of units, `[tile][sample][lane]`: products read them from end to end, nothing is packed.
#
# Rumelhart, Hinton & Williams 1986. Refuses nothing: sizes, labels and order were checked in
# Python, and the workspace by `carve`.


cdef struct Dense:
    Py_ssize_t layers
    const long long *table
    float *params
    float *acts[MAX_LAYERS + 1]   # the input and the outputs of each layer, in tiles of samples
    float *input                  # the scaled rows, in tiles of inputs
    float *rows                   # input of a later layer, in tiles of its inputs
    float *delta                  # error of the layer at hand, in tiles of samples
    float *below                  # error of the layer below, likewise
    float *errors                 # [unit][sample], error of the layer at hand
    float *grad
    const Optimizer *how          # in training: what dropout reads
    Team team


cdef Dense dense_layout(Arena *arena, const long long[:, ::1] table, Py_ssize_t batch,
                        Py_ssize_t ld, bint training, int threads) noexcept nogil:
    """Buffers for `batch` rows, or columns of length `ld`."""
    cdef Dense net
    cdef Py_ssize_t l, widest = 0
    net.layers = table.shape[0]
    net.table = &table[0, 0]
    net.input = carve(arena, batch * padded(table[0, IN]))
    net.acts[0] = carve(arena, table[0, IN] * ld)
    for l in range(net.layers):
        net.acts[l + 1] = carve(arena, table[l, OUT] * ld)
        widest = max(widest, table[l, IN], table[l, OUT])
    net.rows = carve(arena, batch * padded(widest))
    net.delta = net.below = net.errors = net.grad = NULL
    net.how = NULL
    if training:
        net.delta = carve(arena, widest * ld)
        net.below = carve(arena, widest * ld)
        net.errors = carve(arena, widest * ld)
        net.grad = carve(arena, gradient_size(table))
    net.team = team_layout(arena, panel_size(table, batch), training, threads)
    return net


cdef Py_ssize_t dense_size(const long long[:, ::1] table, Py_ssize_t batch, bint training,
                           int threads) noexcept nogil:
    cdef Arena arena
    arena.base = NULL
    arena.used = 0
    dense_layout(&arena, table, batch, columns(batch), training, threads if training else 1)
    return arena.used if training else arena.used * threads


def dense_workspace(const long long[:, ::1] table, Py_ssize_t batch, bint training, int threads):
    """Floats of workspace that the dense kernels need for mini-batches of `batch` rows."""
    return dense_size(table, batch, training, threads)


cdef Dense dense_from(float[::1] params, const long long[:, ::1] table, Py_ssize_t batch,
                      float[::1] workspace, int threads):
    cdef Arena arena = arena_over(workspace)
    cdef Dense net = dense_layout(&arena, table, batch, columns(batch), True, threads)
    check_room(&arena, workspace)
    net.params = &params[0]
    return net


cdef inline Py_ssize_t lanes(Py_ssize_t samples) noexcept nogil:
    """Columns to compute for so many samples: whole vectors."""
    return (samples + LWNN_VECTOR - 1) // LWNN_VECTOR * LWNN_VECTOR


cdef void dense_input(Dense *net, const data_t *x, const float *scaler, float clip,
                      const int *rows, Py_ssize_t samples, bint keep) noexcept nogil:
    """Scaled rows in `net.acts[0]`, and in `net.input` if the gradient will need them."""
    cdef Py_ssize_t start = 0, count, n_in = net.table[IN]
    while start < samples:
        count = min(<Py_ssize_t>LWNN_LANES, samples - start)
        gather_tile(x if rows != NULL else x + start * n_in, scaler, clip, n_in,
                    rows + start if rows != NULL else NULL, count,
                    net.input + (start * LWNN_LANES if keep else 0),
                    (samples if keep else count) * LWNN_LANES, net.acts[0] + start * n_in)
        start += LWNN_LANES


cdef void open_tiles(Dense *net, Py_ssize_t samples, const Optimizer *how) noexcept nogil:
    """`open_batch` where the inputs stand in tiles, once as rows and once as columns."""
    cdef Py_ssize_t b, i, n_in = net.table[IN]
    cdef unsigned long long key
    cdef float *one
    if how.input_noise > 0:
        key = stream_key(how, FOR_INPUTS)
        for b in range(samples):
            for i in range(n_in):
                one = net.input + i // LWNN_LANES * LWNN_LANES * samples
                one += b * LWNN_LANES + i % LWNN_LANES
                one[0] += how.input_noise * gaussian(key, b * n_in + i)
                net.acts[0][b // LWNN_LANES * LWNN_LANES * n_in + i * LWNN_LANES
                            + b % LWNN_LANES] = one[0]
    if how.weight_noise > 0:
        shake(net.params, net.table, net.layers, how.weight_noise, how)


cdef void dense_forward(Dense *net, Py_ssize_t samples) noexcept nogil:
    """From the inputs in `net.acts[0]` to the scores in the last of `net.acts`."""
    cdef Py_ssize_t l
    cdef const long long *row
    cdef float *out
    cdef End end = plain_end(LWNN_SET, 1.0)
    for l in range(net.layers):
        row = net.table + 6 * l
        out = net.acts[l + 1]
        end.bias = net.params + row[BIAS]
        end.relu = row[ACTIVATION] == RELU
        shared_multiply(net.params + row[WEIGHT], row[IN], 1, in_tiles(net.acts[l], row[IN]),
                        row[OUT], lanes(samples), row[IN], end, in_tiles(out, row[OUT]), &net.team)
        if not end.relu:
            activate_all(out, row[OUT] * padded(samples), row[ACTIVATION])
        if dropping(net, l):
            drop_tiles(net, l, samples)


cdef void clear_padding(float *a_ub, Py_ssize_t units, Py_ssize_t samples,
                        Py_ssize_t ld) noexcept nogil:
    """Zero the columns behind the last sample, so that nothing stale is computed with."""
    cdef Py_ssize_t u
    if ld > samples:
        for u in range(units):
            memset(a_ub + u * ld + samples, 0, (ld - samples) * sizeof(float))


def dense_scores(float[::1] params, const long long[:, ::1] table, const data_t[:, ::1] x,
                 const float[:, ::1] scaler, float clip, float[:, ::1] out,
                 Py_ssize_t batch, float[::1] workspace, int threads):
    """Scores z of the output layer for every row.

    Parameters
    ----------
    params : float32 (size,)
        IN. Parameters as `table` lays them out.
    table : int64 (layers, 6)
        IN. See `lwnn.network.Network.table`.
    x : float32 or uint8 (n, inputs)
        IN. Raw rows.
    scaler : float32 (2, inputs)
        IN. Offset and scale of each feature.
    clip : float
        IN. Bound of a scaled value.
    out : float32 (n, classes)
        OUT. Scores before softmax or sigmoid.
    batch : int
        IN. Rows computed at a time. Threads take them so many at a time, so the bits depend on
        this and not on the threads.
    workspace : float32 (dense_workspace(table, batch, False, threads),)
    threads : int
        At most. Few rows are not worth a second one.
    """
    cdef Py_ssize_t n = x.shape[0], blocks = (n + batch - 1) // batch, share
    cdef Arena arena = arena_over(workspace)
    cdef int t, team
    share = dense_size(table, batch, False, 1)
    check_shares(share, threads, workspace)
    if n == 0:
        return
    with nogil:
        team = scoring_team(&table[0, 0], table.shape[0], n, blocks, threads)
        if team <= 1:
            score_dense(params, table, x, scaler, clip, out, 0, n, batch, arena)
        else:
            for t in prange(team, num_threads=team, schedule='static', chunksize=1):
                score_dense(params, table, x, scaler, clip, out, blocks * t // team * batch,
                            min(n, blocks * (t + 1) // team * batch), batch,
                            share_of(&arena, share, t))


cdef void score_dense(float[::1] params, const long long[:, ::1] table, const data_t[:, ::1] x,
                      const float[:, ::1] scaler, float clip, float[:, ::1] out, Py_ssize_t start,
                      Py_ssize_t end, Py_ssize_t batch, Arena arena) noexcept nogil:
    """Rows from `start` to `end`, by one thread."""
    cdef Dense net = dense_layout(&arena, table, batch, columns(batch), False, 1)
    cdef Py_ssize_t samples
    net.params = &params[0]
    while start < end:
        samples = min(batch, end - start)
        if samples <= FEW:
            gather(&x[start, 0], &scaler[0, 0], clip, net.table[IN], NULL, samples, net.input,
                   padded(net.table[IN]))
            few_dense_forward(&net, samples)
            memcpy(&out[start, 0], net.acts[net.layers], samples * out.shape[1] * sizeof(float))
        else:
            dense_input(&net, &x[start, 0], &scaler[0, 0], clip, NULL, samples, False)
            dense_forward(&net, samples)
            scores_out(net.acts[net.layers], out.shape[1], samples, &out[start, 0])
        start += samples


cdef void scores_out(const float *z, Py_ssize_t classes, Py_ssize_t samples,
                     float *out) noexcept nogil:
    """Scores in tiles of samples, as rows."""
    cdef Py_ssize_t start = 0
    while start < samples:
        transpose(z + start * classes, LWNN_LANES, classes,
                  min(<Py_ssize_t>LWNN_LANES, samples - start), out + start * classes, classes)
        start += LWNN_LANES


# ---------------------------------------------------------------- dropout in tiles

cdef inline bint dropping(const Dense *net, Py_ssize_t layer) noexcept nogil:
    return net.how != NULL and net.how.dropout > 0 and layer + 1 < net.layers


cdef void drop_tiles(const Dense *net, Py_ssize_t layer, Py_ssize_t samples) noexcept nogil:
    """`drop` of the outputs of a hidden layer in tiles of samples."""
    cdef Py_ssize_t start = 0, units = net.table[6 * layer + OUT]
    while start < samples:
        drop(net.how, layer, net.acts[layer + 1] + start * units, units, start,
             min(<Py_ssize_t>LWNN_LANES, samples - start), LWNN_LANES, 1)
        start += LWNN_LANES


cdef void drop_error_tiles(const Dense *net, Py_ssize_t layer, Py_ssize_t samples) noexcept nogil:
    """`drop_error` of `net.below` in tiles of samples."""
    cdef Py_ssize_t start = 0, units = net.table[6 * layer + OUT]
    while start < samples:
        drop_error(net.how, layer, net.acts[layer + 1] + start * units, net.below + start * units,
                   units, net.table[6 * layer + ACTIVATION], start,
                   min(<Py_ssize_t>LWNN_LANES, samples - start), LWNN_LANES, 1)
        start += LWNN_LANES


# ---------------------------------------------------------------- learning

cdef double dense_errors(Dense *net, const Target *target, const int *order,
                         Py_ssize_t samples, int cost) noexcept nogil:
    """Cost of the batch; `net.delta` becomes dC/dz of the output layer."""
    cdef Py_ssize_t start = 0, classes = net.table[6 * (net.layers - 1) + OUT]
    cdef double loss = 0
    memcpy(net.delta, net.acts[net.layers], classes * padded(samples) * sizeof(float))
    while start < samples:
        loss += target_error(net.delta + start * classes, classes, LWNN_LANES, target,
                             order + start, min(<Py_ssize_t>LWNN_LANES, samples - start), cost)
        start += LWNN_LANES
    return loss


cdef void rows_of(const float *a, Py_ssize_t units, Py_ssize_t samples,
                  float *out) noexcept nogil:
    """Tiles of samples become tiles of units; padding columns are set to 0."""
    some_rows_of(a, units, samples, 0, units, out)


cdef void some_rows_of(const float *a, Py_ssize_t units, Py_ssize_t samples, Py_ssize_t first,
                       Py_ssize_t last, float *out) noexcept nogil:
    """Units first..last of `rows_of`; the first one begins a tile."""
    cdef Py_ssize_t u = first, start, n
    cdef float *tile
    while u < last:
        n = min(<Py_ssize_t>LWNN_LANES, last - u)
        tile = out + u * samples
        if n < LWNN_LANES:
            memset(tile, 0, samples * LWNN_LANES * sizeof(float))
        start = 0
        while start < samples:
            transpose(a + start * units + u * LWNN_LANES, LWNN_LANES, n,
                      min(<Py_ssize_t>LWNN_LANES, samples - start), tile + start * LWNN_LANES,
                      LWNN_LANES)
            start += LWNN_LANES
        u += LWNN_LANES


cdef void lines_of(const float *a, Py_ssize_t units, Py_ssize_t samples,
                   float *out) noexcept nogil:
    """Tiles of samples as `[unit][sample]`."""
    cdef Py_ssize_t u, start = 0, ld = padded(samples)
    while start < samples:
        for u in range(units):
            memcpy(out + u * ld + start, a + start * units + u * LWNN_LANES,
                   LWNN_LANES * sizeof(float))
        start += LWNN_LANES


cdef void dense_back(Dense *net, Py_ssize_t layer, Py_ssize_t samples) noexcept nogil:
    """The error of the layer below, in `net.below`."""
    cdef const long long *row = net.table + 6 * layer
    cdef const float *a = net.acts[layer]
    cdef long kind = net.table[6 * (layer - 1) + ACTIVATION]
    shared_multiply(net.params + row[WEIGHT], 1, row[IN], in_tiles(net.delta, row[OUT]), row[IN],
                    lanes(samples), row[OUT], plain_end(LWNN_SET, 1.0),
                    in_tiles(net.below, row[IN]), &net.team)
    if dropping(net, layer - 1):
        drop_error_tiles(net, layer - 1, samples)
    else:
        through_slope(net.below, a, row[IN] * padded(samples), kind)


cdef double bp_batch(Dense *net, const Target *target, const int *order, Py_ssize_t samples,
                     int cost, const Optimizer *how) noexcept nogil:
    cdef Py_ssize_t l
    cdef const long long *row
    cdef double loss
    cdef const float *rows
    dense_forward(net, samples)
    loss = dense_errors(net, target, order, samples, cost)
    for l in range(net.layers - 1, -1, -1):
        row = net.table + 6 * l
        rows = net.input
        if l > 0:
            # The way back reads the weights from before their update.
            dense_back(net, l, samples)
            rows_of(net.acts[l], row[IN], samples, net.rows)
            rows = net.rows
        lines_of(net.delta, row[OUT], samples, net.errors)
        update_layer(net.params, row[WEIGHT], row[BIAS], net.errors, padded(samples),
                     in_tiles(rows, samples), row[IN], row[OUT], samples, <float>1.0 / samples,
                     how, net.grad, &net.team)
        net.delta, net.below = net.below, net.delta
    return loss


def bp_epoch(float[::1] params, const long long[:, ::1] table, int cost,
             const data_t[:, ::1] x, const float[:, ::1] scaler, float clip,
             const target_t[::1] y, const int[::1] order, Py_ssize_t batch,
             int method, const double[::1] hyper, float[:, ::1] state, long step,
             float[::1] workspace, int threads):
    """Train by backprop on the rows that `order` names, in mini-batches.

    Parameters
    ----------
    params : float32 (size,)
        IN/OUT.
    table, x, scaler, clip, threads
        As in `dense_scores`.
    cost : int
        IN. 0 cross-entropy over a softmax, 1 squared error over sigmoids (½|a − t|²), 2
        cross-entropy over sigmoids, 3 squared error over linear outputs.
    y : int32 or float32 (n,)
        IN. Class of every row of `x`; or, with cost 3 and one output, its value.
    order : int32 (m,)
        IN. Rows to visit; the last mini-batch may be smaller.
    batch : int
        IN. Rows a mini-batch.
    method : int
        IN. 0 SGD, 1 momentum, 2 Adam, 3 Nesterov, 4 Adagrad, 5 RMSprop.
    hyper : float64 (up to 14,)
        IN. Rate, momentum or first decay, second decay, epsilon; then, 0 if left out: l1, l2,
        bound of a gradient's components, variance of gradient noise and its decay, standard
        deviations of weight and input noise, seed, share of silent units, label smoothing.
    state : float32 (0, 1 or 2, size)
        IN/OUT. What the optimizer remembers.
    step : int
        IN. Mini-batches done before this call.
    workspace : float32 (dense_workspace(table, batch, True, threads),)

    Returns
    -------
    float
        Sum of the cost over the rows, each taken before the update of its mini-batch.
    """
    cdef Dense net = dense_from(params, table, batch, workspace, threads)
    cdef Optimizer how = optimizer_from(method, hyper, state, step)
    cdef Py_ssize_t n = order.shape[0], start, samples
    cdef Target target
    cdef double loss = 0
    if n == 0:
        return 0.0
    net.how = &how
    if target_t is int:
        target = target_from(&y[0], NULL, table[net.layers - 1, OUT], how.smoothing)
    else:
        target = target_from(NULL, &y[0], 1, 0)
    with nogil:
        start = 0
        while start < n:
            samples = min(batch, n - start)
            if samples <= FEW:
                gather(&x[0, 0], &scaler[0, 0], clip, net.table[IN], &order[start], samples,
                       net.input, padded(net.table[IN]))
                open_batch(net.params, net.table, net.layers, net.input, padded(net.table[IN]),
                           samples, &how)
                loss += few_bp_batch(&net, &target, &order[start], samples, cost, &how)
            else:
                dense_input(&net, &x[0, 0], &scaler[0, 0], clip, &order[start], samples, True)
                open_tiles(&net, samples, &how)
                loss += bp_batch(&net, &target, &order[start], samples, cost, &how)
            close_batch(net.params, net.table, net.layers, &how)
            start += samples
    return loss
