# Unsupervised Forward-Forward (Hinton 2022, arXiv 2212.13345): rows against hybrids of two rows.
#
#     hybrid     x- = m x + (1 - m) x', m a mask of zeros and ones, x' another row
#     layer      y = relu(W n + b), n the row or what the layer below hands on
#     goodness   G = mean of y^2 over the units
#     loss       u sigmoid(u), u = alpha (G- - G+): SymBa (arXiv 2303.08418), with swish in the
#                place of softplus
#     errors     c = alpha (s + u s (1 - s)) 2 / units, s = sigmoid(u); D+ = -c y+, D- = c y-
#     hand-on    n' = y / (rms(y) + tiny), from before the update; nothing flows back through it
#     head       softmax over M [n'_1 n'_2 …] + c; trained by itself when the layers have learnt
#
# With `level` rows and hybrids are divided by their root mean square as well. The table has a row
# for every hidden layer, then one for the head. The batch's columns stand side by side as
# [rows | hybrids].

cdef struct Unsupervised:
    Py_ssize_t layers             # hidden ones
    Py_ssize_t classes
    const long long *table
    bint level
    float *params
    float *rows                   # [column][unit] what the layer at hand reads
    float *n_t                    # [unit][column] the same
    float *h                      # [unit][column] what it answers
    float *squares                # [column]
    float *factor                 # [column] 1 / rms, then dL/dh / h
    float *head_t                 # [unit][sample] normalised outputs of all layers
    float *head                   # [sample][unit] the same
    float *scores                 # [class][sample]
    int *picks                    # [sample] partners of the rows at hand
    float *grad
    Team team


cdef Unsupervised un_layout(Arena *arena, const long long[:, ::1] table, Py_ssize_t batch,
                            bint training, int threads):
    cdef Unsupervised net
    cdef Py_ssize_t l, widest = 0, head, count = 2 * batch if training else batch
    net.layers = table.shape[0] - 1
    net.classes = table[net.layers, OUT]
    net.table = &table[0, 0]
    for l in range(net.layers):
        widest = max(widest, table[l, IN], table[l, OUT])
    head = table[net.layers, IN]
    net.rows = carve(arena, count * padded(widest))
    net.n_t = carve(arena, widest * padded(count))
    net.h = carve(arena, widest * padded(count))
    net.squares = carve(arena, padded(count))
    net.factor = carve(arena, padded(count))
    net.head_t = carve(arena, head * padded(batch))
    net.scores = carve(arena, net.classes * padded(batch))
    net.head = net.grad = NULL
    net.picks = NULL
    if training:
        net.head = carve(arena, batch * padded(head))
        net.picks = <int *>carve(arena, batch)
        net.grad = carve(arena, gradient_size(table))
    net.team = team_layout(arena, panel_size(table, count), training, threads)
    return net


def un_workspace(const long long[:, ::1] table, Py_ssize_t batch, bint training, int threads):
    """Floats of workspace that the unsupervised kernels need for `batch` rows at a time."""
    cdef Arena arena
    arena.base = NULL
    arena.used = 0
    un_layout(&arena, table, batch, training, threads)
    return arena.used


cdef Unsupervised un_from(float[::1] params, const long long[:, ::1] table, bint level,
                          Py_ssize_t batch, bint training, float[::1] workspace, int threads):
    cdef Arena arena = arena_over(workspace)
    cdef Unsupervised net = un_layout(&arena, table, batch, training, threads)
    check_room(&arena, workspace)
    net.params = &params[0]
    net.level = level
    return net


# ---------------------------------------------------------------- pieces of a pass

cdef void un_input(Unsupervised *net, Py_ssize_t count) noexcept nogil:
    """From scaled rows to what layer 1 reads, and its columns."""
    cdef Py_ssize_t n_in = net.table[IN], ld = padded(count)
    if net.level:
        normalise_rows(net.rows, count, n_in, padded(n_in))
    transpose(net.rows, padded(n_in), count, n_in, net.n_t, ld)
    clear_padding(net.n_t, n_in, count, ld)


cdef void un_layer(Unsupervised *net, Py_ssize_t layer, const float *inputs,
                   Py_ssize_t count) noexcept nogil:
    cdef const long long *row = net.table + 6 * layer
    forward(net.params + row[WEIGHT], row[IN], row[OUT], inputs, count, net.h, &net.team)
    bias_activate(net.h, net.params + row[BIAS], row[OUT], padded(count), RELU)
    column_squares(net.h, row[OUT], count, net.squares)
    column_inverses(net.squares, row[OUT], count, net.factor)


cdef void un_states(Unsupervised *net, Py_ssize_t samples) noexcept nogil:
    """Normalised outputs of all layers, one below the other."""
    cdef Py_ssize_t l, at = 0
    cdef const float *inputs = net.n_t
    cdef float *out
    un_input(net, samples)
    for l in range(net.layers):
        un_layer(net, l, inputs, samples)
        out = net.head_t + at * padded(samples)
        scale_columns(net.h, net.factor, net.table[6 * l + OUT], samples, out)
        inputs = out
        at += net.table[6 * l + OUT]


cdef void un_head(Unsupervised *net, Py_ssize_t samples) noexcept nogil:
    cdef const long long *row = net.table + 6 * net.layers
    forward(net.params + row[WEIGHT], row[IN], row[OUT], net.head_t, samples, net.scores,
            &net.team)
    bias_activate(net.scores, net.params + row[BIAS], row[OUT], padded(samples), LINEAR)


# ---------------------------------------------------------------- training

cdef double un_errors(Unsupervised *net, Py_ssize_t units, Py_ssize_t samples,
                      float alpha) noexcept nogil:
    """Loss of a layer, summed; `net.factor` becomes dL/dh / h."""
    cdef Py_ssize_t b
    cdef float u, s, c
    cdef double loss = 0
    for b in range(samples):
        u = alpha * (net.squares[samples + b] - net.squares[b]) / units
        s = sigmoid(u)
        loss += u * s
        c = alpha * (s + u * s * (1 - s)) * 2 / units
        net.factor[b] = -c
        net.factor[samples + b] = c
    return loss


cdef void un_batch(Unsupervised *net, Py_ssize_t samples, float alpha, const Optimizer *how,
                   double *losses) noexcept nogil:
    cdef Py_ssize_t l, units, count = 2 * samples, ld = padded(count)
    cdef const long long *row
    un_input(net, count)
    for l in range(net.layers):
        row = net.table + 6 * l
        units = row[OUT]
        un_layer(net, l, net.n_t, count)
        if l + 1 < net.layers:
            scale_columns(net.h, net.factor, units, count, net.n_t)
        losses[l] += un_errors(net, units, samples, alpha)
        scale_columns(net.h, net.factor, units, count, net.h)
        layer_gradient(net.params, row[WEIGHT], row[BIAS], net.h, ld, net.rows, padded(row[IN]),
                       row[IN], units, count, <float>1.0 / samples, how, net.grad, &net.team)
        if l + 1 < net.layers:
            transpose(net.n_t, ld, units, count, net.rows, padded(units))


cdef void un_mix(Unsupervised *net, const unsigned char[:, ::1] masks, const int[::1] mask,
                 const int *order, Py_ssize_t samples) noexcept nogil:
    """Partners, which lie behind the rows, become hybrids."""
    cdef Py_ssize_t b, i, n_in = net.table[IN], ld = padded(n_in)
    cdef const unsigned char *m
    cdef float *own
    cdef float *other
    for b in range(samples):
        m = &masks[mask[order[b]], 0]
        own = net.rows + b * ld
        other = net.rows + (samples + b) * ld
        for i in range(n_in):
            other[i] = own[i] if m[i] else other[i]


def un_epoch(float[::1] params, const long long[:, ::1] table, bint level, float alpha,
             const data_t[:, ::1] x, const float[:, ::1] scaler, float clip,
             const int[::1] partner, const unsigned char[:, ::1] masks, const int[::1] mask,
             const int[::1] order, Py_ssize_t batch, int method, const double[::1] hyper,
             float[:, ::1] state, long step, double[::1] losses, float[::1] workspace,
             int threads):
    """Teach the layers to tell the rows that `order` names from hybrids; the head stays.

    Parameters
    ----------
    params : float32 (size,)
        IN/OUT.
    table : int64 (hidden layers + 1, 6)
        IN. The last row is the head.
    level : bool
        IN. Whether each row is divided by its root mean square.
    alpha : float
        IN. Factor on the difference of the goodnesses.
    partner : int32 (n,)
        IN. For every row of `x` the row that its hybrid is made with.
    masks : uint8 (m, inputs)
        IN. 1: the hybrid's value is the row's own, 0: its partner's.
    mask : int32 (n,)
        IN. For every row of `x` the mask of its hybrid.
    losses : float64 (hidden layers,)
        OUT. Loss of every layer, summed over the rows; added to.
    workspace : float32 (un_workspace(table, batch, True, threads),)

    The other arguments are those of `bp_epoch`.
    """
    cdef Unsupervised net = un_from(params, table, level, batch, True, workspace, threads)
    cdef Optimizer how = optimizer_from(method, hyper, state, step)
    cdef Py_ssize_t n = order.shape[0], start, samples, b, n_in = table[0, IN]
    if n == 0:
        return
    with nogil:
        start = 0
        while start < n:
            samples = min(batch, n - start)
            for b in range(samples):
                net.picks[b] = partner[order[start + b]]
            gather(&x[0, 0], &scaler[0, 0], clip, n_in, &order[start], samples, net.rows,
                   padded(n_in))
            gather(&x[0, 0], &scaler[0, 0], clip, n_in, net.picks, samples,
                   net.rows + samples * padded(n_in), padded(n_in))
            open_batch(net.params, net.table, net.layers + 1, net.rows, padded(n_in), 2 * samples,
                       &how)
            un_mix(&net, masks, mask, &order[start], samples)
            un_batch(&net, samples, alpha, &how, &losses[0])
            close_batch(net.params, net.table, net.layers + 1, &how)
            start += samples


def un_head_epoch(float[::1] params, const long long[:, ::1] table, bint level,
                  const data_t[:, ::1] x, const float[:, ::1] scaler, float clip,
                  const int[::1] y, const int[::1] order, Py_ssize_t batch, int method,
                  const double[::1] hyper, float[:, ::1] state, long step, float[::1] workspace,
                  int threads):
    """Train the softmax head on what the layers make of the rows; the layers stay.

    Parameters
    ----------
    table, level, workspace
        As for `un_epoch`.

    The other arguments are those of `bp_epoch`.

    Returns
    -------
    float
        Cross-entropy, summed over the rows.
    """
    cdef Unsupervised net = un_from(params, table, level, batch, True, workspace, threads)
    cdef Optimizer how = optimizer_from(method, hyper, state, step)
    cdef Py_ssize_t n = order.shape[0], start, samples, ld, n_in = table[0, IN]
    cdef const long long *row = net.table + 6 * net.layers
    cdef double loss = 0
    if n == 0:
        return 0.0
    with nogil:
        start = 0
        while start < n:
            samples = min(batch, n - start)
            ld = padded(samples)
            gather(&x[0, 0], &scaler[0, 0], clip, n_in, &order[start], samples, net.rows,
                   padded(n_in))
            open_batch(net.params, net.table, net.layers + 1, net.rows, padded(n_in), samples,
                       &how)
            un_states(&net, samples)
            un_head(&net, samples)
            transpose(net.head_t, ld, row[IN], samples, net.head, padded(row[IN]))
            loss += output_error(net.scores, net.classes, ld, &y[0], &order[start], samples,
                                 CROSS_ENTROPY)
            layer_gradient(net.params, row[WEIGHT], row[BIAS], net.scores, ld, net.head,
                           padded(row[IN]), row[IN], net.classes, samples, <float>1.0 / samples,
                           &how, net.grad, &net.team)
            close_batch(net.params, net.table, net.layers + 1, &how)
            start += samples
    return loss


def un_scores(float[::1] params, const long long[:, ::1] table, bint level,
              const data_t[:, ::1] x, const float[:, ::1] scaler, float clip,
              float[:, ::1] states, float[:, ::1] out, Py_ssize_t batch, float[::1] workspace,
              int threads):
    """Normalised outputs of all layers side by side, the head's scores, or both.

    Parameters
    ----------
    states : float32 (n, inputs of the head), or (0, inputs of the head) to leave it out
        OUT.
    out : float32 (n, classes), or (0, classes) to leave it out
        OUT.
    workspace : float32 (un_workspace(table, batch, False, threads),)

    The other arguments are those of `un_epoch`.
    """
    cdef Unsupervised net = un_from(params, table, level, batch, False, workspace, threads)
    cdef Py_ssize_t n = x.shape[0], start, samples, n_in = table[0, IN]
    cdef Py_ssize_t head = table[table.shape[0] - 1, IN]
    if n == 0:
        return
    with nogil:
        start = 0
        while start < n:
            samples = min(batch, n - start)
            gather(&x[start, 0], &scaler[0, 0], clip, n_in, NULL, samples, net.rows, padded(n_in))
            un_states(&net, samples)
            if states.shape[0]:
                transpose(net.head_t, padded(samples), head, samples, &states[start, 0], head)
            if out.shape[0]:
                un_head(&net, samples)
                transpose(net.scores, padded(samples), net.classes, samples, &out[start, 0],
                          net.classes)
            start += samples
