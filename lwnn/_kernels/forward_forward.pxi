# Supervised Forward-Forward (Hinton 2022, arXiv 2212.13345), every layer learning on every batch.
#
#     layer 1    h+ = relu(W x + s U_y + b),  h- = relu(W x + s U_wrong + b),  h0 with every label
#                at s / classes: one product W x serves all three
#     goodness   G = g * sum of h^2
#     loss       softplus(theta - G+) + softplus(G- - theta)
#     errors     dL/dh+ = -sigmoid(theta - G+) 2 g h+,   dL/dh- = sigmoid(G- - theta) 2 g h-
#     hand-on    n = h / (rms(h) + tiny), from before the update; nothing flows back through it
#     head       softmax over M n0 + c, cross-entropy, no gradient into the layers
#
# x is divided by its root mean square as well. The batch's columns stand side by side as
# [positive | negative | neutral], so that each later layer is one product for all three.

cdef float TINY = 1e-6

# What a row of `goals` says of a layer.
cdef enum:
    GOODNESS = 0    # g
    THRESHOLD = 1   # theta
    READOUT = 2     # weight of the layer's sum of squares when labels are scored


cdef struct Forward:
    Py_ssize_t layers             # hidden ones
    Py_ssize_t classes
    Py_ssize_t head_from          # first layer that the head reads
    const long long *table
    const float *goals
    float *params
    float label_scale
    float *input                  # [sample][unit] normalised rows
    float *input_t                # [unit][sample] the same
    float *shared                 # [unit][sample] W x of layer 1
    float *h                      # [unit][column] outputs of the layer at hand
    float *n_t                    # [unit][column] normalised inputs of the next
    float *rows                   # [column][unit] the same
    float *head_t                 # [unit][sample] normalised states that the head reads
    float *head                   # [sample][unit] the same
    float *scores                 # [class][sample]
    float *squares                # [column] sum of squares
    float *factor                 # [column] dL/dh / h, or 1 / rms
    float *grad
    Team team


cdef Forward ff_layout(Arena *arena, const long long[:, ::1] table, Py_ssize_t batch,
                       bint training, int threads):
    cdef Forward net
    cdef Py_ssize_t l, ld = columns(batch), wide, widest = 0, head
    net.layers = table.shape[0] - 1
    net.classes = table[net.layers, OUT]
    net.table = &table[0, 0]
    # Scoring puts every class side by side; training the positive, negative and neutral pass.
    wide = columns(3 * batch if training else net.classes * batch)
    head = table[net.layers, IN]
    for l in range(net.layers):
        widest = max(widest, table[l, OUT])
    net.input = carve(arena, batch * padded(table[0, IN]))
    net.input_t = carve(arena, table[0, IN] * ld)
    net.shared = carve(arena, table[0, OUT] * ld)
    net.h = carve(arena, widest * wide)
    net.n_t = carve(arena, widest * wide)
    net.rows = carve(arena, wide * padded(widest))
    net.head_t = carve(arena, head * ld)
    net.head = carve(arena, batch * padded(head))
    net.scores = carve(arena, net.classes * ld)
    net.squares = carve(arena, wide)
    net.factor = carve(arena, wide)
    net.grad = carve(arena, gradient_size(table)) if training else NULL
    net.team = team_layout(arena, panel_size(table, wide), training, threads)
    net.head_from = 0
    wide = 0
    for l in range(net.layers - 1, -1, -1):
        wide += table[l, OUT]
        if wide == head:
            net.head_from = l
            break
    return net


def ff_workspace(const long long[:, ::1] table, Py_ssize_t batch, bint training, int threads):
    """Floats of workspace that the Forward-Forward kernels need for `batch` rows at a time."""
    cdef Arena arena
    arena.base = NULL
    arena.used = 0
    ff_layout(&arena, table, batch, training, threads)
    return arena.used


cdef Forward ff_from(float[::1] params, const long long[:, ::1] table, const float[:, ::1] goals,
                     float label_scale, Py_ssize_t batch, bint training, float[::1] workspace,
                     int threads):
    cdef Arena arena = arena_over(workspace)
    cdef Forward net = ff_layout(&arena, table, batch, training, threads)
    check_room(&arena, workspace)
    net.params = &params[0]
    net.goals = &goals[0, 0]
    net.label_scale = label_scale
    return net


# ---------------------------------------------------------------- pieces of a pass

cdef void normalise_rows(float *x_bi, Py_ssize_t samples, Py_ssize_t n,
                         Py_ssize_t ld) noexcept nogil:
    """Each row divided by its root mean square."""
    cdef Py_ssize_t b, i
    cdef float inverse
    cdef float *line
    for b in range(samples):
        line = x_bi + b * ld
        inverse = 1 / (sqrtf(lwnn_squares(line, n) / n) + TINY)
        for i in range(n):
            line[i] *= inverse


cdef void ff_input(Forward *net, Py_ssize_t samples) noexcept nogil:
    """From scaled rows in `net.input` to W x in `net.shared`."""
    cdef Py_ssize_t n_in = net.table[IN], ld = padded(samples)
    normalise_rows(net.input, samples, n_in, padded(n_in))
    transpose(net.input, padded(n_in), samples, n_in, net.input_t, ld)
    clear_padding(net.input_t, n_in, samples, ld)
    forward(net.params + net.table[WEIGHT], n_in, net.table[OUT], net.input_t, samples,
            net.shared, &net.team)


cdef void add_squares(const float *line, float *squares, Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t b
    for b in range(n):
        squares[b] += line[b] * line[b]


cdef void label_line(const float *shared, const float *labels, const int *y, const int *rows,
                     float base, float scale, Py_ssize_t samples, float *out) noexcept nogil:
    """One unit of layer 1 under each sample's own label."""
    cdef Py_ssize_t b
    cdef float z
    for b in range(samples):
        z = shared[b] + base + scale * labels[y[rows[b]]]
        out[b] = z if z > 0 else 0


cdef void shifted_line(const float *shared, float shift, Py_ssize_t samples,
                       float *out) noexcept nogil:
    cdef Py_ssize_t b
    cdef float z
    for b in range(samples):
        z = shared[b] + shift
        out[b] = z if z > 0 else 0


cdef float neutral_shift(Forward *net, Py_ssize_t o) noexcept nogil:
    """What bias and a neutral label add to unit o of layer 1."""
    cdef float *labels = net.params + net.table[LABEL] + o * net.classes
    return net.params[net.table[BIAS] + o] + net.label_scale * lwnn_sum(labels, net.classes) / net.classes


cdef void ff_first_layer(Forward *net, const int *y, const int *wrong, const int *rows,
                         Py_ssize_t samples) noexcept nogil:
    """Layer 1 under the true, the wrong and the neutral label."""
    cdef Py_ssize_t o, ld = padded(samples), wide = padded(3 * samples)
    cdef float *out
    cdef float *labels
    cdef float bias
    for o in range(net.table[OUT]):
        labels = net.params + net.table[LABEL] + o * net.classes
        bias = net.params[net.table[BIAS] + o]
        out = net.h + o * wide
        label_line(net.shared + o * ld, labels, y, rows, bias, net.label_scale, samples, out)
        label_line(net.shared + o * ld, labels, wrong, rows, bias, net.label_scale, samples,
                   out + samples)
        shifted_line(net.shared + o * ld, neutral_shift(net, o), samples, out + 2 * samples)


cdef void ff_squares(Forward *net, Py_ssize_t units, Py_ssize_t count) noexcept nogil:
    cdef Py_ssize_t o, wide = padded(count)
    memset(net.squares, 0, wide * sizeof(float))
    for o in range(units):
        add_squares(net.h + o * wide, net.squares, count)


cdef void ff_hand_on(Forward *net, Py_ssize_t units, Py_ssize_t count) noexcept nogil:
    """Normalised outputs, `[unit][column]`; padding columns become 0."""
    cdef Py_ssize_t o, b, wide = padded(count)
    cdef float *h
    cdef float *n
    for b in range(count):
        net.factor[b] = 1 / (sqrtf(net.squares[b] / units) + TINY)
    for o in range(units):
        h = net.h + o * wide
        n = net.n_t + o * wide
        for b in range(count):
            n[b] = h[b] * net.factor[b]
        for b in range(count, wide):
            n[b] = 0


cdef void ff_next_layer(Forward *net, Py_ssize_t layer, Py_ssize_t count) noexcept nogil:
    """From normalised columns to the outputs of `layer` (not the first)."""
    cdef const long long *row = net.table + 6 * layer
    forward(net.params + row[WEIGHT], row[IN], row[OUT], net.n_t, count, net.h, &net.team)
    bias_activate(net.h, net.params + row[BIAS], row[OUT], padded(count), RELU)


cdef void ff_keep_for_head(Forward *net, Py_ssize_t layer, Py_ssize_t at, Py_ssize_t first,
                           Py_ssize_t samples, Py_ssize_t count) noexcept nogil:
    """Copy the neutral columns, from `first` on, to where the head reads them."""
    cdef Py_ssize_t o, units = net.table[6 * layer + OUT]
    for o in range(units):
        memcpy(net.head_t + (at + o) * padded(samples), net.n_t + o * padded(count) + first,
               samples * sizeof(float))


cdef void ff_head_scores(Forward *net, Py_ssize_t samples) noexcept nogil:
    cdef const long long *row = net.table + 6 * net.layers
    cdef Py_ssize_t ld = padded(samples)
    clear_padding(net.head_t, row[IN], samples, ld)
    transpose(net.head_t, ld, row[IN], samples, net.head, padded(row[IN]))
    forward(net.params + row[WEIGHT], row[IN], row[OUT], net.head_t, samples, net.scores,
            &net.team)
    bias_activate(net.scores, net.params + row[BIAS], row[OUT], ld, LINEAR)


# ---------------------------------------------------------------- a training step

cdef double ff_errors(Forward *net, Py_ssize_t layer, Py_ssize_t samples) noexcept nogil:
    """Loss of a layer, summed; `net.factor` becomes dL/dh / h for positives and negatives."""
    cdef Py_ssize_t b
    cdef float g = net.goals[3 * layer + GOODNESS], theta = net.goals[3 * layer + THRESHOLD]
    cdef float gap
    cdef double loss = 0
    for b in range(2 * samples):
        gap = theta - g * net.squares[b] if b < samples else g * net.squares[b] - theta
        loss += (gap if gap > 0 else 0) + log1pf(expf(-fabsf(gap)))
        net.factor[b] = (-2 if b < samples else 2) * g * sigmoid(gap)
    return loss


cdef void ff_update_first(Forward *net, const int *y, const int *wrong, const int *rows,
                          Py_ssize_t samples, const Optimizer *how) noexcept nogil:
    """Both passes of layer 1 share x: their errors are summed before the one product."""
    cdef Py_ssize_t o, b, n_out = net.table[OUT], wide = padded(3 * samples)
    cdef float *pos
    cdef float *neg
    cdef float *labels
    cdef float scale = net.label_scale / samples
    memset(net.grad, 0, n_out * net.classes * sizeof(float))
    for o in range(n_out):
        pos = net.h + o * wide
        neg = pos + samples
        labels = net.grad + o * net.classes
        for b in range(samples):
            pos[b] *= net.factor[b]
            neg[b] *= net.factor[samples + b]
        for b in range(samples):
            labels[y[rows[b]]] += scale * pos[b]
            labels[wrong[rows[b]]] += scale * neg[b]
        for b in range(samples):
            pos[b] += neg[b]
    optimize(net.params, net.grad, net.table[LABEL], n_out * net.classes, how, &net.team)
    layer_gradient(net.params, net.table[WEIGHT], net.table[BIAS], net.h, wide, net.input,
                   padded(net.table[IN]), net.table[IN], n_out, samples, <float>1.0 / samples,
                   how, net.grad, &net.team)


cdef void ff_update_next(Forward *net, Py_ssize_t layer, Py_ssize_t samples,
                         const Optimizer *how) noexcept nogil:
    """`net.rows` still holds the inputs of this layer."""
    cdef const long long *row = net.table + 6 * layer
    cdef Py_ssize_t o, b, wide = padded(3 * samples)
    cdef float *h
    for o in range(row[OUT]):
        h = net.h + o * wide
        for b in range(2 * samples):
            h[b] *= net.factor[b]
    layer_gradient(net.params, row[WEIGHT], row[BIAS], net.h, wide, net.rows, padded(row[IN]),
                   row[IN], row[OUT], 2 * samples, <float>1.0 / samples, how, net.grad,
                   &net.team)


cdef double ff_update_head(Forward *net, const int *y, const int *rows, Py_ssize_t samples,
                           const Optimizer *how) noexcept nogil:
    cdef const long long *row = net.table + 6 * net.layers
    cdef Py_ssize_t ld = padded(samples)
    cdef double loss
    ff_head_scores(net, samples)
    loss = output_error(net.scores, row[OUT], ld, y, rows, samples, CROSS_ENTROPY)
    layer_gradient(net.params, row[WEIGHT], row[BIAS], net.scores, ld, net.head,
                   padded(row[IN]), row[IN], row[OUT], samples, <float>1.0 / samples, how,
                   net.grad, &net.team)
    return loss


cdef void ff_batch(Forward *net, const int *y, const int *wrong, const int *rows,
                   Py_ssize_t samples, const Optimizer *how, double *losses) noexcept nogil:
    cdef Py_ssize_t l, units, count = 3 * samples, at = 0
    cdef const long long *row
    ff_input(net, samples)
    for l in range(net.layers):
        row = net.table + 6 * l
        units = row[OUT]
        if l == 0:
            ff_first_layer(net, y, wrong, rows, samples)
        else:
            # Rows of the inputs, for the gradient, before n_t makes room for the outputs.
            transpose(net.n_t, padded(count), row[IN], count, net.rows, padded(row[IN]))
            ff_next_layer(net, l, count)
        ff_squares(net, units, count)
        ff_hand_on(net, units, count)
        if l >= net.head_from:
            ff_keep_for_head(net, l, at, 2 * samples, samples, count)
            at += units
        losses[l] += ff_errors(net, l, samples)
        if l == 0:
            ff_update_first(net, y, wrong, rows, samples, how)
        else:
            ff_update_next(net, l, samples, how)
    losses[net.layers] += ff_update_head(net, y, rows, samples, how)


def ff_epoch(float[::1] params, const long long[:, ::1] table, const float[:, ::1] goals,
             float label_scale, const data_t[:, ::1] x, const float[:, ::1] scaler, float clip,
             const int[::1] y, const int[::1] wrong, const int[::1] order, Py_ssize_t batch,
             int method, const double[::1] hyper, float[:, ::1] state, long step,
             double[::1] losses, float[::1] workspace, int threads):
    """Train by supervised Forward-Forward on the rows that `order` names, in mini-batches.

    Parameters
    ----------
    params : float32 (size,)
        IN/OUT.
    table : int64 (hidden layers + 1, 6)
        IN. The last row is the softmax head.
    goals : float32 (hidden layers, 3)
        IN. Per layer: factor g of the goodness, threshold theta, weight in the readout.
    label_scale : float
        IN. Value of the hot label input.
    wrong : int32 (n,)
        IN. For every row of `x` the label of its negative, never its own.
    losses : float64 (hidden layers + 1,)
        OUT. Loss of every layer and of the head, summed over the rows; added to.
    workspace : float32 (ff_workspace(table, batch, True, threads),)

    The other arguments are those of `bp_epoch`.
    """
    cdef Forward net = ff_from(params, table, goals, label_scale, batch, True, workspace, threads)
    cdef Optimizer how = optimizer_from(method, hyper, state, step)
    cdef Py_ssize_t n = order.shape[0], start, samples
    if n == 0:
        return
    with nogil:
        start = 0
        while start < n:
            samples = min(batch, n - start)
            gather(&x[0, 0], &scaler[0, 0], clip, net.table[IN], &order[start], samples,
                   net.input, padded(net.table[IN]))
            if samples <= FEW:
                few_ff_batch(&net, &y[0], &wrong[0], &order[start], samples, &how, &losses[0])
            else:
                ff_batch(&net, &y[0], &wrong[0], &order[start], samples, &how, &losses[0])
            begin_step(&how, how.step + 1)
            start += samples


# ---------------------------------------------------------------- scoring

cdef void ff_score_labels(Forward *net, Py_ssize_t samples, float *out,
                          Py_ssize_t ldo) noexcept nogil:
    """Accumulated goodness of every label; layer 1's product is made once for all."""
    cdef Py_ssize_t l, o, c, b, count = net.classes * samples, wide = padded(count)
    cdef Py_ssize_t ld = padded(samples), units
    cdef float *labels
    cdef float weight
    ff_input(net, samples)
    memset(out, 0, samples * ldo * sizeof(float))
    for l in range(net.layers):
        units = net.table[6 * l + OUT]
        if l > 0:
            ff_next_layer(net, l, count)
        else:
            for o in range(units):
                labels = net.params + net.table[LABEL] + o * net.classes
                for c in range(net.classes):
                    shifted_line(net.shared + o * ld,
                                 net.params[net.table[BIAS] + o] + net.label_scale * labels[c],
                                 samples, net.h + o * wide + c * samples)
        ff_squares(net, units, count)
        weight = net.goals[3 * l + READOUT]
        for c in range(net.classes):
            for b in range(samples):
                out[b * ldo + c] += weight * net.squares[c * samples + b]
        if l + 1 < net.layers:
            ff_hand_on(net, units, count)


cdef void ff_score_head(Forward *net, Py_ssize_t samples, float *out,
                        Py_ssize_t ldo) noexcept nogil:
    """The softmax head's scores from one pass under the neutral label."""
    cdef Py_ssize_t l, o, ld = padded(samples), at = 0
    ff_input(net, samples)
    for l in range(net.layers):
        if l > 0:
            ff_next_layer(net, l, samples)
        else:
            for o in range(net.table[OUT]):
                shifted_line(net.shared + o * ld, neutral_shift(net, o), samples, net.h + o * ld)
        ff_squares(net, net.table[6 * l + OUT], samples)
        ff_hand_on(net, net.table[6 * l + OUT], samples)
        if l >= net.head_from:
            ff_keep_for_head(net, l, at, 0, samples, samples)
            at += net.table[6 * l + OUT]
    ff_head_scores(net, samples)
    transpose(net.scores, ld, net.classes, samples, out, ldo)


def ff_scores(float[::1] params, const long long[:, ::1] table, const float[:, ::1] goals,
              float label_scale, const data_t[:, ::1] x, const float[:, ::1] scaler, float clip,
              float[:, ::1] goodness, float[:, ::1] head, Py_ssize_t batch,
              float[::1] workspace, int threads):
    """Scores of every label for every row, by either readout or both.

    Parameters
    ----------
    goodness : float32 (n, classes), or (0, classes) to leave it out
        OUT. Sum over layers of the readout weight times the sum of squares.
    head : float32 (n, classes), or (0, classes) to leave it out
        OUT. Scores of the softmax head.
    workspace : float32 (ff_workspace(table, batch, False, threads),)

    The other arguments are those of `ff_epoch`.
    """
    cdef Forward net = ff_from(params, table, goals, label_scale, batch, False, workspace, threads)
    cdef Py_ssize_t n = x.shape[0], start, samples, part
    cdef bint want_goodness = goodness.shape[0] > 0, want_head = head.shape[0] > 0
    if n == 0:
        return
    with nogil:
        start = 0
        while start < n:
            samples = min(batch, n - start)
            for part in range(2):
                # Each readout normalises the rows for itself: they are cheap to read again.
                if not (want_goodness if part == 0 else want_head):
                    continue
                gather(&x[start, 0], &scaler[0, 0], clip, net.table[IN], NULL, samples,
                       net.input, padded(net.table[IN]))
                if part == 0 and samples <= FEW:
                    few_score_labels(&net, samples, &goodness[start, 0], net.classes)
                elif part == 0:
                    ff_score_labels(&net, samples, &goodness[start, 0], net.classes)
                elif samples <= FEW:
                    few_score_head(&net, samples, &head[start, 0], net.classes)
                else:
                    ff_score_head(&net, samples, &head[start, 0], net.classes)
            start += samples
