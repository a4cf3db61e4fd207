# Elman nets: layers that also read what they gave a step before; scores, and an epoch of backprop
# through time.
#
#     a_l(t) = f(W_l [a_{l-1}(t), a_l(t-1)] + b_l),    a_0(t) = x(t),   a_l(-1) = 0
#     z      = W_o a_L(T-1) + b_o
#
# Elman, Finding Structure in Time, Cognitive Science 14, 1990. Backwards (Werbos 1990):
#
#     D_L(T-1) = W_o^T dC/dz f',    D_l(t) = (V_{l+1}^T D_{l+1}(t) + U_l^T D_l(t+1)) f'(a_l(t))
#     dW_l     = sum over t of D_l(t) [a_{l-1}(t), a_l(t-1)]^T
#
# where W = [V, U] side by side, so that a layer is a dense one over two rows laid end to end. A
# row of the data holds its steps one behind the other. What a layer reads stands in blocks, one
# per step: [units below, then its own of the step before][sample].

cdef struct Elman:
    Py_ssize_t layers             # the output among them
    const long long *table        # a hidden layer's inputs are those below and its own outputs
    float *params
    Py_ssize_t steps
    Py_ssize_t features           # of a step
    Py_ssize_t kept               # blocks of a layer: one more than steps, or two in turn
    float *input                  # [sample][step, feature], the scaled rows
    float *reads[MAX_LAYERS]      # [block][unit][sample]
    Py_ssize_t block[MAX_LAYERS]  # floats of a block
    float *out                    # [class][sample]
    float *delta                  # [unit][step, sample], error of the layer at hand
    float *below                  # the same of the layer below
    float *rows                   # [step, sample][unit], what a layer reads
    float *grad
    Team team


cdef Elman elman_layout(Arena *arena, const long long[:, ::1] table, Py_ssize_t steps,
                        Py_ssize_t batch, bint keeping, bint training, int threads):
    """Buffers for `batch` rows; `keeping` all steps, and `training` by backprop."""
    cdef Elman net
    cdef Py_ssize_t l, ld = padded(batch), widest = 0, columns_of_b = batch
    net.layers = table.shape[0]
    net.table = &table[0, 0]
    net.steps = steps
    net.features = table[0, IN] - table[0, OUT]
    net.kept = steps + 1 if keeping else 2
    net.input = carve(arena, batch * padded(steps * net.features))
    for l in range(net.layers - 1):
        net.block[l] = (table[l, IN] * ld + 15) // 16 * 16
        net.reads[l] = carve(arena, net.block[l] * net.kept)
        widest = max(widest, table[l, IN])
    net.out = carve(arena, table[net.layers - 1, OUT] * ld)
    net.delta = net.below = net.rows = net.grad = NULL
    if training:
        net.delta = carve(arena, widest * steps * ld)
        net.below = carve(arena, widest * steps * ld)
        net.grad = carve(arena, gradient_size(table))
    if keeping:
        net.rows = carve(arena, steps * ld * padded(widest))
        columns_of_b = steps * ld
    net.team = team_layout(arena, panel_size(table, columns_of_b), training, threads)
    return net


cdef inline float *read_at(const Elman *net, Py_ssize_t layer, Py_ssize_t step) noexcept nogil:
    """What a layer reads at a step."""
    return net.reads[layer] + (step if net.kept > 2 else step & 1) * net.block[layer]


cdef inline Py_ssize_t units_below(const long long *row) noexcept nogil:
    """How many of a hidden layer's inputs come from below."""
    return row[IN] - row[OUT]


cdef inline float *state_after(const Elman *net, Py_ssize_t layer, Py_ssize_t step,
                               Py_ssize_t ld) noexcept nogil:
    """What a layer gives at a step: [unit][sample]."""
    return read_at(net, layer, step + 1) + units_below(net.table + 6 * layer) * ld


def elman_workspace(const long long[:, ::1] table, Py_ssize_t steps, Py_ssize_t batch,
                    bint training, int threads):
    """Floats of workspace that `elman_scores` and `bptt_epoch` need."""
    cdef Arena arena
    arena.base = NULL
    arena.used = 0
    elman_layout(&arena, table, steps, batch, training, training, threads)
    return arena.used


cdef void elman_forward(Elman *net, Py_ssize_t samples, float **z) noexcept nogil:
    """From the rows in `net.input` to the scores in `net.out`.

    Inputs of the activations go to `z` by layer, [step][unit][sample], if it is not NULL.
    """
    cdef Py_ssize_t t, l, ld = padded(samples), top = net.layers - 2, size
    cdef const long long *row
    cdef float *to
    for l in range(net.layers - 1):
        row = net.table + 6 * l
        memset(read_at(net, l, 0) + units_below(row) * ld, 0, row[OUT] * ld * sizeof(float))
    for t in range(net.steps):
        transpose(net.input + t * net.features, padded(net.steps * net.features), samples,
                  net.features, read_at(net, 0, t), ld)
        clear_padding(read_at(net, 0, t), net.features, samples, ld)
        for l in range(net.layers - 1):
            row = net.table + 6 * l
            size = row[OUT] * ld
            to = state_after(net, l, t, ld)
            # Before the first step there is nothing to remember.
            product(net.params + row[WEIGHT], row[IN], 1, read_at(net, l, t), ld, row[OUT], ld,
                    row[IN] if t > 0 else units_below(row), LWNN_SET, 1.0, to, ld, &net.team)
            if z != NULL:
                bias_activate(to, net.params + row[BIAS], row[OUT], ld, LINEAR)
                memcpy(z[l] + t * size, to, size * sizeof(float))
                activate_all(to, size, row[ACTIVATION])
            else:
                bias_activate(to, net.params + row[BIAS], row[OUT], ld, row[ACTIVATION])
            if l < top:
                memcpy(read_at(net, l + 1, t), to, size * sizeof(float))
    row = net.table + 6 * (net.layers - 1)
    product(net.params + row[WEIGHT], row[IN], 1, state_after(net, top, net.steps - 1, ld), ld,
            row[OUT], ld, row[IN], LWNN_SET, 1.0, net.out, ld, &net.team)
    bias_activate(net.out, net.params + row[BIAS], row[OUT], ld, LINEAR)


def elman_scores(float[::1] params, const long long[:, ::1] table, Py_ssize_t steps,
                 const data_t[:, ::1] x, const float[:, ::1] scaler, float clip,
                 float[:, ::1] out, Py_ssize_t batch, float[::1] workspace, int threads):
    """Scores z of the output layer after the last step of every row.

    Parameters
    ----------
    params : float32 (size,)
        IN. Parameters as `table` lays them out.
    table : int64 (layers, 6)
        IN. See `lwnn.network.Network.table`; a hidden layer's inputs include its own outputs.
    steps : int
        IN. Time steps in a row.
    x : float32 or uint8 (n, steps * features)
        IN. Raw rows, step after step.
    scaler : float32 (2, steps * features)
        IN. Offset and scale of each column.
    clip : float
        IN. Bound of a scaled value.
    out : float32 (n, classes)
        OUT. Scores before softmax or sigmoid.
    batch : int
        IN. Rows computed at a time.
    workspace : float32 (elman_workspace(table, steps, batch, False, threads),)
    threads : int
    """
    cdef Arena arena = arena_over(workspace)
    cdef Elman net = elman_layout(&arena, table, steps, batch, False, False, threads)
    cdef Py_ssize_t n = x.shape[0], width = steps * net.features, start, samples
    check_room(&arena, workspace)
    if n == 0:
        return
    net.params = &params[0]
    with nogil:
        start = 0
        while start < n:
            samples = min(batch, n - start)
            gather(&x[start, 0], &scaler[0, 0], clip, width, NULL, samples, net.input,
                   padded(width))
            elman_forward(&net, samples, NULL)
            transpose(net.out, padded(samples), out.shape[1], samples, &out[start, 0],
                      out.shape[1])
            start += samples


# ---------------------------------------------------------------- learning

cdef void open_sequences(Elman *net, Py_ssize_t samples, const Optimizer *how) noexcept nogil:
    """Make the inputs and the weights noisy for the mini-batch to come."""
    cdef Py_ssize_t b, width = net.steps * net.features
    cdef unsigned long long key
    if how.input_noise > 0:
        key = stream_key(how, FOR_INPUTS)
        for b in range(samples):
            add_gaussians(net.input + b * padded(width), b * width, width, how.input_noise, key)
    if how.weight_noise > 0:
        shake(net.params, net.table, net.layers, how.weight_noise, how)


cdef void layer_rows(Elman *net, Py_ssize_t layer, Py_ssize_t ld) noexcept nogil:
    """What a layer reads at all steps, as rows: [step, sample][unit]."""
    cdef Py_ssize_t t, n_in = net.table[6 * layer + IN]
    for t in range(net.steps):
        transpose(read_at(net, layer, t), ld, n_in, ld, net.rows + t * ld * padded(n_in),
                  padded(n_in))


cdef void back_through_time(Elman *net, Py_ssize_t layer, Py_ssize_t ld) noexcept nogil:
    """From the errors that come from above, in `net.delta`, to D of a layer at all steps."""
    cdef const long long *row = net.table + 6 * layer
    cdef Py_ssize_t t, u, ldd = net.steps * ld
    cdef const float *own = net.params + row[WEIGHT] + units_below(row)
    cdef const float *state
    for t in range(net.steps - 1, -1, -1):
        if t + 1 < net.steps:
            product(own, 1, row[IN], net.delta + (t + 1) * ld, ldd, row[OUT], ld, row[OUT],
                    LWNN_ADD, 1.0, net.delta + t * ld, ldd, &net.team)
        state = state_after(net, layer, t, ld)
        for u in range(row[OUT]):
            through_slope(net.delta + u * ldd + t * ld, state + u * ld, ld, row[ACTIVATION])


cdef double bptt_batch(Elman *net, const Target *target, const int *order, Py_ssize_t samples,
                       int cost, const Optimizer *how) noexcept nogil:
    cdef Py_ssize_t l, ld = padded(samples), ldd = net.steps * ld, top = net.layers - 2
    cdef const long long *row = net.table + 6 * (net.layers - 1)
    cdef float mean = <float>1.0 / samples
    cdef double loss
    elman_forward(net, samples, NULL)
    loss = target_error(net.out, row[OUT], ld, target, order, samples, cost)
    # Columns behind the last sample have no error, so that sums may run over them.
    clear_padding(net.out, row[OUT], samples, ld)
    memset(net.delta, 0, row[IN] * ldd * sizeof(float))
    product(net.params + row[WEIGHT], 1, row[IN], net.out, ld, row[IN], ld, row[OUT], LWNN_SET,
            1.0, net.delta + (net.steps - 1) * ld, ldd, &net.team)
    transpose(state_after(net, top, net.steps - 1, ld), ld, row[IN], samples, net.rows,
              padded(row[IN]))
    layer_gradient(net.params, row[WEIGHT], row[BIAS], net.out, ld, net.rows, padded(row[IN]),
                   row[IN], row[OUT], samples, mean, how, net.grad, &net.team)
    for l in range(top, -1, -1):
        row = net.table + 6 * l
        back_through_time(net, l, ld)
        if l > 0:
            # The way back reads the weights from before their update.
            product(net.params + row[WEIGHT], 1, row[IN], net.delta, ldd, units_below(row), ldd,
                    row[OUT], LWNN_SET, 1.0, net.below, ldd, &net.team)
        layer_rows(net, l, ld)
        layer_gradient(net.params, row[WEIGHT], row[BIAS], net.delta, ldd, net.rows,
                       padded(row[IN]), row[IN], row[OUT], ldd, mean, how, net.grad, &net.team)
        net.delta, net.below = net.below, net.delta
    return loss


def bptt_epoch(float[::1] params, const long long[:, ::1] table, Py_ssize_t steps, int cost,
               const data_t[:, ::1] x, const float[:, ::1] scaler, float clip,
               const target_t[::1] y, const int[::1] order, Py_ssize_t batch,
               int method, const double[::1] hyper, float[:, ::1] state, long step,
               float[::1] workspace, int threads):
    """Train by backprop through time on the rows that `order` names, in mini-batches.

    Parameters
    ----------
    table, steps, x, scaler
        As in `elman_scores`.
    workspace : float32 (elman_workspace(table, steps, batch, True, threads),)

    The other arguments, and the value, are those of `bp_epoch`; no units are silenced.
    """
    cdef Arena arena = arena_over(workspace)
    cdef Elman net = elman_layout(&arena, table, steps, batch, True, True, threads)
    cdef Optimizer how = optimizer_from(method, hyper, state, step)
    cdef Py_ssize_t n = order.shape[0], width = steps * net.features, start, samples
    cdef Target target
    cdef double loss = 0
    check_room(&arena, workspace)
    if n == 0:
        return 0.0
    net.params = &params[0]
    if target_t is int:
        target = target_from(&y[0], NULL, table[net.layers - 1, OUT], how.smoothing)
    else:
        target = target_from(NULL, &y[0], 1, 0)
    with nogil:
        start = 0
        while start < n:
            samples = min(batch, n - start)
            gather(&x[0, 0], &scaler[0, 0], clip, width, &order[start], samples, net.input,
                   padded(width))
            open_sequences(&net, samples, &how)
            loss += bptt_batch(&net, &target, &order[start], samples, cost, &how)
            close_batch(net.params, net.table, net.layers, &how)
            start += samples
    return loss
