# Recurrent, top-down Forward-Forward (Hinton 2022, arXiv 2212.13345): each layer reads the layer
# below and the layer above, both one step old; above the top stands the label.
#
#     start      y_l = relu(W_l n_{l-1} + b_l), upwards, no label yet; s_l = y_l
#     step       n_l = s_l / (rms(s_l) + tiny) for all layers, then
#                y_l = relu(W_l n_{l-1} + V_l n_{l+1} + b_l), V n = scale U_label at the top
#                s_l = keep s_l + (1 - keep) y_l
#     goodness   G = mean of y^2; summed over the steps `first` to `last`
#     loss       u sigmoid(u), u = alpha (G- - G+), the mean over these steps
#     errors     c = alpha (s + u s (1 - s)) 2 / (units * steps);  D+ = -c y+, D- = c y-; nothing
#                flows through n, so not through time either
#     head       softmax over M [n_1 n_2 …] + c of the start, cross-entropy; wrong labels are drawn
#                from its probabilities
#
# The table has a row for every hidden layer (the top one has a label tensor), one for the weights
# from above of every layer but the top one (no bias), and one for the head. All updates are made
# after the last step: the columns of its steps stand side by side, so that a layer's gradient over
# all of them is one product. W_1 x is the same in every step and computed once.

cdef struct TopDown:
    Py_ssize_t layers
    Py_ssize_t classes
    const long long *table
    float level                   # root mean square of a row, or 0
    float *params
    float hot                     # value of the hot label input
    float keep                    # share of a state that stays
    int first                     # steps whose goodness counts, from 1
    int last
    float *rows                   # [sample][unit] inputs of layer 1
    float *x_t                    # [unit][sample] the same
    float *base                   # [unit][sample] W_1 x + b_1
    float *y                      # [unit][column] outputs of the layer at hand
    float *state[MAX_LAYERS]      # [unit][column]
    float *n_t[MAX_LAYERS]        # [unit][column] normalised states
    float *n_rows[MAX_LAYERS]     # [step and column][unit] the same, of all steps that count
    float *errors[MAX_LAYERS]     # [unit][step and column] D
    float *squares                # [column]
    float *factor                 # [column]
    float *goodness               # [layer][column], in scoring summed over the steps
    float *head_t                 # [unit][sample]
    float *head                   # [sample][unit]
    float *scores                 # [class][sample]
    int *labels                   # [column] label of each
    float *grad
    Team team


cdef TopDown td_layout(Arena *arena, const long long[:, ::1] table, Py_ssize_t batch,
                       Py_ssize_t steps, bint training, int threads):
    """Buffers for `batch` rows; in training for `steps` steps that count."""
    cdef TopDown net
    cdef Py_ssize_t l, widest = 0, head, count, ld, all_columns
    net.layers = table.shape[0] // 2
    net.classes = table[table.shape[0] - 1, OUT]
    net.table = &table[0, 0]
    # Training puts right and wrong label side by side, scoring all of them.
    count = (2 if training else net.classes) * batch
    all_columns = steps * count if training else count
    ld = padded(count)
    head = table[table.shape[0] - 1, IN]
    net.rows = carve(arena, batch * padded(table[0, IN]))
    net.x_t = carve(arena, table[0, IN] * padded(batch))
    net.base = carve(arena, table[0, OUT] * padded(batch))
    for l in range(net.layers):
        widest = max(widest, table[l, OUT])
        net.state[l] = carve(arena, table[l, OUT] * ld)
        net.n_t[l] = carve(arena, table[l, OUT] * ld)
        net.n_rows[l] = net.errors[l] = NULL
        if training:
            net.n_rows[l] = carve(arena, all_columns * padded(table[l, OUT]))
            net.errors[l] = carve(arena, table[l, OUT] * padded(all_columns))
    net.y = carve(arena, widest * ld)
    net.squares = carve(arena, ld)
    net.factor = carve(arena, ld)
    net.goodness = carve(arena, ld)
    net.head_t = carve(arena, head * padded(batch))
    net.scores = carve(arena, net.classes * padded(batch))
    net.labels = <int *>carve(arena, count)
    net.head = net.grad = NULL
    if training:
        net.head = carve(arena, batch * padded(head))
        net.grad = carve(arena, gradient_size(table))
    net.team = team_layout(arena, panel_size(table, all_columns), training, threads)
    return net


def td_workspace(const long long[:, ::1] table, Py_ssize_t batch, Py_ssize_t steps, bint training,
                 int threads):
    """Floats of workspace that the top-down kernels need for `batch` rows at a time."""
    cdef Arena arena
    arena.base = NULL
    arena.used = 0
    td_layout(&arena, table, batch, steps, training, threads)
    return arena.used


cdef TopDown td_from(float[::1] params, const long long[:, ::1] table, float level, float hot,
                     float keep, int first, int last, Py_ssize_t batch, bint training,
                     float[::1] workspace, int threads):
    cdef Arena arena = arena_over(workspace)
    cdef TopDown net = td_layout(&arena, table, batch, last - first + 1, training, threads)
    check_room(&arena, workspace)
    net.params = &params[0]
    net.level = level
    net.hot = hot
    net.keep = keep
    net.first = first
    net.last = last
    return net


# ---------------------------------------------------------------- pieces of a pass

cdef void td_start(TopDown *net, Py_ssize_t samples) noexcept nogil:
    """The states without a label, and what the head reads of them."""
    cdef Py_ssize_t l, o, at = 0, n_in = net.table[IN], ld = padded(samples)
    cdef const long long *row
    cdef float *out = net.head_t
    if net.level > 0:
        normalise_rows(net.rows, samples, n_in, padded(n_in))
        if net.level != 1:
            for o in range(samples * padded(n_in)):
                net.rows[o] *= net.level
    transpose(net.rows, padded(n_in), samples, n_in, net.x_t, ld)
    clear_padding(net.x_t, n_in, samples, ld)
    forward(net.params + net.table[WEIGHT], n_in, net.table[OUT], net.x_t, samples, net.base,
            &net.team)
    bias_activate(net.base, net.params + net.table[BIAS], net.table[OUT], ld, LINEAR)
    for l in range(net.layers):
        row = net.table + 6 * l
        if l == 0:
            for o in range(row[OUT] * ld):
                net.state[0][o] = net.base[o] if net.base[o] > 0 else 0
        else:
            forward(net.params + row[WEIGHT], row[IN], row[OUT], out, samples, net.state[l],
                    &net.team)
            bias_activate(net.state[l], net.params + row[BIAS], row[OUT], ld, RELU)
        column_squares(net.state[l], row[OUT], samples, net.squares)
        column_inverses(net.squares, row[OUT], samples, net.factor)
        out = net.head_t + at * ld
        scale_columns(net.state[l], net.factor, row[OUT], samples, out)
        at += row[OUT]


cdef void td_head(TopDown *net, Py_ssize_t samples) noexcept nogil:
    cdef const long long *row = net.table + 6 * (2 * net.layers - 1)
    forward(net.params + row[WEIGHT], row[IN], row[OUT], net.head_t, samples, net.scores,
            &net.team)
    bias_activate(net.scores, net.params + row[BIAS], row[OUT], padded(samples), LINEAR)


cdef void td_repeat(TopDown *net, Py_ssize_t samples, Py_ssize_t copies) noexcept nogil:
    """The states of the start side by side, once for each label; backwards, as they lie in place."""
    cdef Py_ssize_t l, o, k, b, ld = padded(samples), wide = padded(copies * samples)
    cdef float *line
    cdef float *out
    for l in range(net.layers):
        for o in range(net.table[6 * l + OUT] - 1, -1, -1):
            line = net.state[l] + o * ld
            out = net.state[l] + o * wide
            memmove(out, line, samples * sizeof(float))
            for k in range(1, copies):
                memcpy(out + k * samples, out, samples * sizeof(float))
            for b in range(copies * samples, wide):
                out[b] = 0


cdef void td_normalise(TopDown *net, Py_ssize_t count) noexcept nogil:
    cdef Py_ssize_t l, units
    for l in range(net.layers):
        units = net.table[6 * l + OUT]
        column_squares(net.state[l], units, count, net.squares)
        column_inverses(net.squares, units, count, net.factor)
        scale_columns(net.state[l], net.factor, units, count, net.n_t[l])


cdef void td_outputs(TopDown *net, Py_ssize_t layer, Py_ssize_t samples,
                     Py_ssize_t count) noexcept nogil:
    """`net.y` of a layer, from the normalised states of its neighbours; their squares."""
    cdef const long long *row = net.table + 6 * layer
    cdef const long long *above = net.table + 6 * (net.layers + layer)
    cdef Py_ssize_t o, b, units = row[OUT], ld = padded(count)
    cdef float *line
    cdef float *base
    cdef float *label
    cdef float bias, z
    if layer > 0:
        forward(net.params + row[WEIGHT], row[IN], units, net.n_t[layer - 1], count, net.y,
                &net.team)
    else:
        for o in range(units):
            for b in range(count):
                net.y[o * ld + b] = net.base[o * padded(samples) + b % samples]
    if layer + 1 < net.layers:
        product(net.params + above[WEIGHT], above[IN], 1, net.n_t[layer + 1], ld, units, count,
                above[IN], LWNN_ADD, 1.0, net.y, ld, &net.team)
    for o in range(units):
        line = net.y + o * ld
        bias = net.params[row[BIAS] + o] if layer > 0 else 0
        label = net.params + row[LABEL] + o * net.classes
        for b in range(count):
            z = line[b] + bias
            if layer + 1 == net.layers:
                z += net.hot * label[net.labels[b]]
            line[b] = z if z > 0 else 0
    column_squares(net.y, units, count, net.squares)


cdef void td_settle(TopDown *net, Py_ssize_t layer, Py_ssize_t count) noexcept nogil:
    """The state takes in its share of the outputs."""
    cdef Py_ssize_t o, b, ld = padded(count)
    cdef float keep = net.keep, take = 1 - net.keep
    cdef float *state
    cdef float *y
    for o in range(net.table[6 * layer + OUT]):
        state = net.state[layer] + o * ld
        y = net.y + o * ld
        for b in range(count):
            state[b] = keep * state[b] + take * y[b]


# ---------------------------------------------------------------- training

cdef double td_errors(TopDown *net, Py_ssize_t layer, Py_ssize_t samples, float alpha,
                      Py_ssize_t at) noexcept nogil:
    """Loss of a layer in a step, summed; its D goes to column `at` of `net.errors`."""
    cdef Py_ssize_t o, b, units = net.table[6 * layer + OUT], count = 2 * samples
    cdef Py_ssize_t steps = net.last - net.first + 1, wide = padded(steps * count)
    cdef float u, s, c
    cdef float *out
    cdef float *y
    cdef double loss = 0
    for b in range(samples):
        u = alpha * (net.squares[samples + b] - net.squares[b]) / units
        s = sigmoid(u)
        loss += u * s
        c = alpha * (s + u * s * (1 - s)) * 2 / (units * steps)
        net.factor[b] = -c
        net.factor[samples + b] = c
    for o in range(units):
        y = net.y + o * padded(count)
        out = net.errors[layer] + o * wide + at
        for b in range(count):
            out[b] = y[b] * net.factor[b]
    return loss / steps


cdef void td_update_first(TopDown *net, Py_ssize_t samples, const Optimizer *how) noexcept nogil:
    """Layer 1 reads the same rows in all steps and under both labels: its errors are summed."""
    cdef Py_ssize_t o, b, k, units = net.table[OUT]
    cdef Py_ssize_t columns_of_steps = 2 * samples * (net.last - net.first + 1)
    cdef Py_ssize_t wide = padded(columns_of_steps), ld = padded(samples)
    cdef float *sums
    cdef const float *line
    for o in range(units):
        sums = net.y + o * ld
        line = net.errors[0] + o * wide
        for b in range(samples):
            sums[b] = line[b]
        k = samples
        while k < columns_of_steps:
            for b in range(samples):
                sums[b] += line[k + b]
            k += samples
    layer_gradient(net.params, net.table[WEIGHT], net.table[BIAS], net.y, ld, net.rows,
                   padded(net.table[IN]), net.table[IN], units, samples, <float>1.0 / samples, how,
                   net.grad, &net.team)


cdef void td_update_above(TopDown *net, Py_ssize_t layer, Py_ssize_t samples,
                          const Optimizer *how) noexcept nogil:
    """Weights from above; they have no bias, so their gradient is taken tile by tile here."""
    cdef const long long *above = net.table + 6 * (net.layers + layer)
    cdef Py_ssize_t count = 2 * samples * (net.last - net.first + 1)
    cdef float scale = <float>1.0 / samples
    if how.method == SGD:
        product(net.errors[layer], padded(count), 1, net.n_rows[layer + 1], padded(above[IN]),
                above[OUT], above[IN], count, LWNN_ADD, -how.rate * scale,
                net.params + above[WEIGHT], above[IN], &net.team)
    else:
        gradient_rows(net.params, above[WEIGHT], net.errors[layer], padded(count),
                      as_it_lies(net.n_rows[layer + 1], padded(above[IN])), 0, above[OUT],
                      above[IN], count, scale, how, net.team.panels, net.team.sums)


cdef void td_update_label(TopDown *net, Py_ssize_t samples, const Optimizer *how) noexcept nogil:
    cdef Py_ssize_t l = net.layers - 1, o, b, count = 2 * samples
    cdef Py_ssize_t columns_of_steps = count * (net.last - net.first + 1)
    cdef Py_ssize_t units = net.table[6 * l + OUT]
    cdef float scale = net.hot / samples
    cdef float *labels
    cdef const float *line
    memset(net.grad, 0, units * net.classes * sizeof(float))
    for o in range(units):
        labels = net.grad + o * net.classes
        line = net.errors[l] + o * padded(columns_of_steps)
        for b in range(columns_of_steps):
            labels[net.labels[b % count]] += scale * line[b]
    optimize(net.params, net.grad, net.table[6 * l + LABEL], units * net.classes, how, &net.team)


cdef void td_update(TopDown *net, Py_ssize_t samples, const Optimizer *how) noexcept nogil:
    cdef Py_ssize_t l, count = 2 * samples * (net.last - net.first + 1)
    cdef const long long *row
    td_update_label(net, samples, how)
    for l in range(net.layers):
        row = net.table + 6 * l
        if l + 1 < net.layers:
            td_update_above(net, l, samples, how)
        if l == 0:
            td_update_first(net, samples, how)
        else:
            layer_gradient(net.params, row[WEIGHT], row[BIAS], net.errors[l], padded(count),
                           net.n_rows[l - 1], padded(row[IN]), row[IN], row[OUT], count,
                           <float>1.0 / samples, how, net.grad, &net.team)


cdef double td_update_head(TopDown *net, const int *y, const int *rows, Py_ssize_t samples,
                           const Optimizer *how) noexcept nogil:
    cdef const long long *row = net.table + 6 * (2 * net.layers - 1)
    cdef Py_ssize_t ld = padded(samples)
    cdef double loss
    transpose(net.head_t, ld, row[IN], samples, net.head, padded(row[IN]))
    loss = output_error(net.scores, row[OUT], ld, y, rows, samples, CROSS_ENTROPY)
    layer_gradient(net.params, row[WEIGHT], row[BIAS], net.scores, ld, net.head, padded(row[IN]),
                   row[IN], row[OUT], samples, <float>1.0 / samples, how, net.grad, &net.team)
    return loss


cdef void td_batch(TopDown *net, const int *y, const float *draws, const int *rows,
                   Py_ssize_t samples, float alpha, const Optimizer *how,
                   double *losses) noexcept nogil:
    cdef Py_ssize_t l, b, step, at, units, count = 2 * samples
    td_start(net, samples)
    td_head(net, samples)
    for b in range(samples):
        net.labels[b] = y[rows[b]]
        net.labels[samples + b] = drawn_label(net.scores + b, padded(samples), <int>net.classes,
                                              y[rows[b]], draws[rows[b]])
    losses[net.layers] += td_update_head(net, y, rows, samples, how)
    td_repeat(net, samples, 2)
    for step in range(1, net.last + 1):
        td_normalise(net, count)
        at = (step - net.first) * count
        for l in range(net.layers):
            units = net.table[6 * l + OUT]
            td_outputs(net, l, samples, count)
            if step >= net.first:
                transpose(net.n_t[l], padded(count), units, count,
                          net.n_rows[l] + at * padded(units), padded(units))
                losses[l] += td_errors(net, l, samples, alpha, at)
            td_settle(net, l, count)
    td_update(net, samples, how)


def td_epoch(float[::1] params, const long long[:, ::1] table, float level, float hot, float keep,
             int first, int last, float alpha, const data_t[:, ::1] x,
             const float[:, ::1] scaler, float clip, const int[::1] y, const float[::1] draws,
             const int[::1] order, Py_ssize_t batch, int method, const double[::1] hyper,
             float[:, ::1] state, long step, double[::1] losses, float[::1] workspace,
             int threads):
    """Train by top-down Forward-Forward on the rows that `order` names, in mini-batches.

    Parameters
    ----------
    params : float32 (size,)
        IN/OUT.
    table : int64 (2 * hidden layers, 6)
        IN. Hidden layers, weights from above, the head.
    level : float
        IN. What the root mean square of each row is brought to; 0: rows stay as they are.
    hot : float
        IN. Value of the hot label input.
    keep : float
        IN. Share of a state that stays in a step.
    first, last : int
        IN. Steps whose goodness counts, from 1.
    alpha : float
        IN. Factor on the goodness in the loss.
    draws : float32 (n,)
        IN. For every row of `x` a number in [0, 1): where in the head's probabilities of the
        other labels its wrong one is drawn.
    losses : float64 (hidden layers + 1,)
        OUT. Loss of every layer and of the head, summed over the rows; added to.
    workspace : float32 (td_workspace(table, batch, last - first + 1, True, threads),)

    The other arguments are those of `bp_epoch`.
    """
    cdef TopDown net = td_from(params, table, level, hot, keep, first, last, batch, True,
                               workspace, threads)
    cdef Optimizer how = optimizer_from(method, hyper, state, step)
    cdef Py_ssize_t n = order.shape[0], start, samples
    if n == 0:
        return
    with nogil:
        start = 0
        while start < n:
            samples = min(batch, n - start)
            gather(&x[0, 0], &scaler[0, 0], clip, net.table[IN], &order[start], samples, net.rows,
                   padded(net.table[IN]))
            open_batch(net.params, net.table, 2 * net.layers, net.rows, padded(net.table[IN]),
                       samples, &how)
            td_batch(&net, &y[0], &draws[0], &order[start], samples, alpha, &how, &losses[0])
            close_batch(net.params, net.table, 2 * net.layers, &how)
            start += samples


# ---------------------------------------------------------------- scoring

cdef void td_score_labels(TopDown *net, Py_ssize_t samples, float alpha, float *out,
                          Py_ssize_t ldo) noexcept nogil:
    """Goodness of every label: the mean over layers and the steps that count, times alpha."""
    cdef Py_ssize_t l, b, c, step, units, count = net.classes * samples
    cdef float share
    for b in range(count):
        net.labels[b] = <int>(b // samples)
    memset(net.goodness, 0, count * sizeof(float))
    td_repeat(net, samples, net.classes)
    for step in range(1, net.last + 1):
        td_normalise(net, count)
        for l in range(net.layers):
            units = net.table[6 * l + OUT]
            td_outputs(net, l, samples, count)
            if step >= net.first:
                share = alpha / (units * net.layers * (net.last - net.first + 1))
                for b in range(count):
                    net.goodness[b] += share * net.squares[b]
            td_settle(net, l, count)
    for c in range(net.classes):
        for b in range(samples):
            out[b * ldo + c] = net.goodness[c * samples + b]


def td_scores(float[::1] params, const long long[:, ::1] table, float level, float hot, float keep,
              int first, int last, float alpha, const data_t[:, ::1] x,
              const float[:, ::1] scaler, float clip, float[:, ::1] goodness, float[:, ::1] head,
              Py_ssize_t batch, float[::1] workspace, int threads):
    """Scores of every label for every row, by either readout or both.

    Parameters
    ----------
    goodness : float32 (n, classes), or (0, classes) to leave it out
        OUT. Goodness under every label, the mean over layers and steps, times alpha.
    head : float32 (n, classes), or (0, classes) to leave it out
        OUT. Scores of the softmax head, from the start of the states.
    workspace : float32 (td_workspace(table, batch, last - first + 1, False, threads),)

    The other arguments are those of `td_epoch`.
    """
    cdef TopDown net = td_from(params, table, level, hot, keep, first, last, batch, False,
                               workspace, threads)
    cdef Py_ssize_t n = x.shape[0], start, samples
    if n == 0:
        return
    with nogil:
        start = 0
        while start < n:
            samples = min(batch, n - start)
            gather(&x[start, 0], &scaler[0, 0], clip, net.table[IN], NULL, samples, net.rows,
                   padded(net.table[IN]))
            td_start(&net, samples)
            if head.shape[0]:
                td_head(&net, samples)
                transpose(net.scores, padded(samples), net.classes, samples, &head[start, 0],
                          net.classes)
            if goodness.shape[0]:
                td_score_labels(&net, samples, alpha, &goodness[start, 0], net.classes)
            start += samples
