# Mono-Forward (arXiv 2501.09238): every layer learns for itself, from a softmax of its own.
#
#     layer      y = relu(W n + b), n the input or what the layer below hands on
#     head       z = M y + c, p = softmax(z), loss -ln p of the true class
#     errors     e = p - t,  dM = e y^T,  D = (M^T e) [y > 0],  dW = D n^T
#     hand-on    n' = y / (rms(y) + tiny), from before the update; nothing flows back through it
#
# With `level` x is divided by its root mean square as well, as in forward_forward.pxi. The table
# has a row for every hidden layer, then one for every head, in the same order. One pass, no
# negatives; and as every layer has an answer of its own, a row may leave at the first that is
# sure.

cdef struct Mono:
    Py_ssize_t layers             # hidden ones
    Py_ssize_t classes
    const long long *table
    bint level                    # whether rows are divided by their root mean square
    float *params
    float *rows                   # [sample][unit] what the layer at hand reads
    float *outputs                # [sample][unit] what it answers, in training
    float *n_t                    # [unit][sample] the same as rows
    float *h                      # [unit][sample] the same as outputs
    float *delta                  # [unit][sample]
    float *scores                 # [class][sample]
    float *factor                 # [sample] sum of squares, then 1 / rms
    int *places                   # [column] the sample that a column holds
    int *kept                     # [column] columns that go on to the next layer
    float *grad
    Team team


cdef Mono mf_layout(Arena *arena, const long long[:, ::1] table, Py_ssize_t batch,
                    bint training, int threads):
    cdef Mono net
    cdef Py_ssize_t l, ld = columns(batch), widest = 0
    net.layers = table.shape[0] // 2
    net.classes = table[table.shape[0] - 1, OUT]
    net.table = &table[0, 0]
    for l in range(net.layers):
        widest = max(widest, table[l, IN], table[l, OUT])
    net.rows = carve(arena, batch * padded(widest))
    net.n_t = carve(arena, widest * ld)
    net.h = carve(arena, widest * ld)
    net.scores = carve(arena, net.classes * ld)
    net.factor = carve(arena, ld)
    net.outputs = net.delta = net.grad = NULL
    net.places = net.kept = NULL
    if training:
        net.outputs = carve(arena, batch * padded(widest))
        net.delta = carve(arena, widest * ld)
        net.grad = carve(arena, gradient_size(table))
    else:
        net.places = <int *>carve(arena, ld)
        net.kept = <int *>carve(arena, ld)
    net.team = team_layout(arena, panel_size(table, batch), training, threads)
    return net


def mf_workspace(const long long[:, ::1] table, Py_ssize_t batch, bint training, int threads):
    """Floats of workspace that the Mono-Forward kernels need for `batch` rows at a time."""
    cdef Arena arena
    arena.base = NULL
    arena.used = 0
    mf_layout(&arena, table, batch, training, threads)
    return arena.used


cdef Mono mf_from(float[::1] params, const long long[:, ::1] table, bint level,
                  Py_ssize_t batch, bint training, float[::1] workspace, int threads):
    cdef Arena arena = arena_over(workspace)
    cdef Mono net = mf_layout(&arena, table, batch, training, threads)
    check_room(&arena, workspace)
    net.params = &params[0]
    net.level = level
    return net


# ---------------------------------------------------------------- pieces of a pass

cdef void mf_input(Mono *net, Py_ssize_t samples) noexcept nogil:
    """From scaled rows to what layer 1 reads, and its columns."""
    cdef Py_ssize_t n_in = net.table[IN], ld = padded(samples)
    if net.level:
        normalise_rows(net.rows, samples, n_in, padded(n_in))
    transpose(net.rows, padded(n_in), samples, n_in, net.n_t, ld)
    clear_padding(net.n_t, n_in, samples, ld)


cdef void mf_layer(Mono *net, Py_ssize_t layer, const float *inputs, Py_ssize_t samples,
                   long kind, float *out) noexcept nogil:
    """Outputs of a row of the table, a hidden layer's or a head's, from columns."""
    cdef const long long *row = net.table + 6 * layer
    forward(net.params + row[WEIGHT], row[IN], row[OUT], inputs, samples, out, &net.team)
    bias_activate(out, net.params + row[BIAS], row[OUT], padded(samples), kind)


cdef void mf_hand_on(Mono *net, Py_ssize_t units, Py_ssize_t samples) noexcept nogil:
    """Normalised columns for the next layer; `net.factor` becomes 1 / rms of each."""
    column_squares(net.h, units, samples, net.factor)
    column_inverses(net.factor, units, samples, net.factor)
    scale_columns(net.h, net.factor, units, samples, net.n_t)


# ---------------------------------------------------------------- a training step

cdef void mf_errors(Mono *net, Py_ssize_t layer, Py_ssize_t samples) noexcept nogil:
    """D of a layer from e, which is in `net.scores`, through the head from before its update."""
    cdef Py_ssize_t i, units = net.table[6 * layer + OUT], ld = padded(samples)
    cdef const long long *head = net.table + 6 * (net.layers + layer)
    product(net.params + head[WEIGHT], 1, units, net.scores, ld, units, samples, net.classes,
            LWNN_SET, 1.0, net.delta, ld, &net.team)
    for i in range(units * ld):
        net.delta[i] = net.delta[i] if net.h[i] > 0 else 0


cdef void mf_normalise_outputs(Mono *net, Py_ssize_t units, Py_ssize_t samples) noexcept nogil:
    """Rows of outputs become rows of inputs, as `mf_hand_on` made the columns."""
    cdef Py_ssize_t b, i
    cdef float *line
    for b in range(samples):
        line = net.outputs + b * padded(units)
        for i in range(units):
            line[i] *= net.factor[b]


cdef void mf_batch(Mono *net, const int *y, const int *rows, Py_ssize_t samples,
                   const Optimizer *how, double *losses) noexcept nogil:
    cdef Py_ssize_t l, units, ld = padded(samples)
    cdef const long long *row
    cdef const long long *head
    cdef float scale = <float>1.0 / samples
    mf_input(net, samples)
    for l in range(net.layers):
        row = net.table + 6 * l
        head = net.table + 6 * (net.layers + l)
        units = row[OUT]
        mf_layer(net, l, net.n_t, samples, RELU, net.h)
        mf_layer(net, net.layers + l, net.h, samples, LINEAR, net.scores)
        losses[l] += output_error(net.scores, net.classes, ld, y, rows, samples, CROSS_ENTROPY)
        mf_errors(net, l, samples)
        transpose(net.h, ld, units, samples, net.outputs, padded(units))
        layer_gradient(net.params, head[WEIGHT], head[BIAS], net.scores, ld, net.outputs,
                       padded(units), units, net.classes, samples, scale, how, net.grad, &net.team)
        layer_gradient(net.params, row[WEIGHT], row[BIAS], net.delta, ld, net.rows,
                       padded(row[IN]), row[IN], units, samples, scale, how, net.grad, &net.team)
        if l + 1 < net.layers:
            mf_hand_on(net, units, samples)
            mf_normalise_outputs(net, units, samples)
            net.rows, net.outputs = net.outputs, net.rows


cdef void few_mf_hand_on(Mono *net, Py_ssize_t units, Py_ssize_t samples) noexcept nogil:
    """Outputs, `[row][unit]`, are normalised where they lie; they are the next layer's inputs."""
    cdef Py_ssize_t r, i
    cdef float inverse
    cdef float *line
    for r in range(samples):
        line = net.h + r * units
        inverse = 1 / (sqrtf(lwnn_squares(line, units) / units) + TINY)
        for i in range(units):
            line[i] *= inverse
    net.h, net.n_t = net.n_t, net.h


cdef void few_mf_layer(Mono *net, Py_ssize_t layer, const float *inputs, Py_ssize_t ldx,
                       Py_ssize_t samples, long kind, float *out) noexcept nogil:
    cdef const long long *row = net.table + 6 * layer
    few_forward(net.params + row[WEIGHT], net.params + row[BIAS], row[IN], row[OUT], inputs, ldx,
                samples, kind, out)


cdef void few_mf_errors(Mono *net, Py_ssize_t layer, Py_ssize_t samples) noexcept nogil:
    """As `mf_errors`."""
    cdef Py_ssize_t r, c, i, units = net.table[6 * layer + OUT]
    cdef const float *weights = net.params + net.table[6 * (net.layers + layer) + WEIGHT]
    memset(net.delta, 0, samples * units * sizeof(float))
    for r in range(samples):
        for c in range(net.classes):
            lwnn_axpy(net.delta + r * units, weights + c * units, net.scores[r * net.classes + c],
                      units)
    for i in range(samples * units):
        net.delta[i] = net.delta[i] if net.h[i] > 0 else 0


cdef void few_mf_batch(Mono *net, const int *y, const int *order, Py_ssize_t samples,
                       const Optimizer *how, double *losses) noexcept nogil:
    cdef Py_ssize_t l, r, units, ldx = padded(net.table[IN])
    cdef const long long *row
    cdef const long long *head
    cdef const float *inputs = net.rows
    cdef float scale = <float>1.0 / samples
    if net.level:
        normalise_rows(net.rows, samples, net.table[IN], ldx)
    for l in range(net.layers):
        row = net.table + 6 * l
        head = net.table + 6 * (net.layers + l)
        units = row[OUT]
        few_mf_layer(net, l, inputs, ldx, samples, RELU, net.h)
        few_mf_layer(net, net.layers + l, net.h, units, samples, LINEAR, net.scores)
        for r in range(samples):
            losses[l] += output_error(net.scores + r * net.classes, net.classes, 1, y, order + r,
                                      1, CROSS_ENTROPY)
        few_mf_errors(net, l, samples)
        few_gradient(net.params, head[WEIGHT], head[BIAS], net.scores, net.h, units, units,
                     net.classes, samples, scale, how, net.grad, &net.team)
        few_gradient(net.params, row[WEIGHT], row[BIAS], net.delta, inputs, ldx, row[IN], units,
                     samples, scale, how, net.grad, &net.team)
        few_mf_hand_on(net, units, samples)
        inputs = net.n_t
        ldx = units


def mf_epoch(float[::1] params, const long long[:, ::1] table, bint level,
             const data_t[:, ::1] x, const float[:, ::1] scaler, float clip, const int[::1] y,
             const int[::1] order, Py_ssize_t batch, int method, const double[::1] hyper, float[:, ::1] state, long step,
             double[::1] losses, float[::1] workspace, int threads):
    """Train by Mono-Forward on the rows that `order` names, in mini-batches.

    Parameters
    ----------
    params : float32 (size,)
        IN/OUT.
    table : int64 (2 * hidden layers, 6)
        IN. Hidden layers, then their heads.
    level : bool
        IN. Whether each row is divided by its root mean square.
    losses : float64 (hidden layers,)
        OUT. Cross-entropy of every layer's head, summed over the rows; added to.
    workspace : float32 (mf_workspace(table, batch, True, threads),)

    The other arguments are those of `bp_epoch`.
    """
    cdef Mono net = mf_from(params, table, level, batch, True, workspace, threads)
    cdef Optimizer how = optimizer_from(method, hyper, state, step)
    cdef Py_ssize_t n = order.shape[0], start, samples
    if n == 0:
        return
    with nogil:
        start = 0
        while start < n:
            samples = min(batch, n - start)
            gather(&x[0, 0], &scaler[0, 0], clip, net.table[IN], &order[start], samples,
                   net.rows, padded(net.table[IN]))
            open_batch(net.params, net.table, 2 * net.layers, net.rows, padded(net.table[IN]),
                       samples, &how)
            if samples <= FEW:
                few_mf_batch(&net, &y[0], &order[start], samples, &how, &losses[0])
            else:
                mf_batch(&net, &y[0], &order[start], samples, &how, &losses[0])
            close_batch(net.params, net.table, 2 * net.layers, &how)
            start += samples


# ---------------------------------------------------------------- scoring

cdef float mf_confidence(const float *z, Py_ssize_t classes, float share) noexcept nogil:
    """Largest share of a softmax over share * z."""
    cdef Py_ssize_t c
    cdef float top = z[0], total = 0
    for c in range(1, classes):
        top = max(top, z[c])
    for c in range(classes):
        total += expf(share * (z[c] - top))
    return 1 / total


cdef bint mf_answer(const float *z, Py_ssize_t step, Py_ssize_t classes, Py_ssize_t layer,
                    Py_ssize_t layers, bint mean, float sure, float *out) noexcept nogil:
    """Take in a head's scores of one row, z[0], z[step], …; whether the row is done."""
    cdef Py_ssize_t c
    cdef float share = <float>1.0 / (layer + 1) if mean else <float>1.0
    for c in range(classes):
        out[c] = z[c * step] + (out[c] if mean and layer > 0 else 0)
    if layer + 1 < layers and not (sure <= 1 and mf_confidence(out, classes, share) >= sure):
        return False
    for c in range(classes):
        out[c] *= share
    return True


cdef Py_ssize_t mf_leave(Mono *net, Py_ssize_t layer, Py_ssize_t samples, bint mean, float sure,
                         float *out, int *depth) noexcept nogil:
    """Hand out the answers of the rows that are done; how many go on, listed in `net.kept`."""
    cdef Py_ssize_t b, going = 0, place
    for b in range(samples):
        place = net.places[b]
        if mf_answer(net.scores + b, padded(samples), net.classes, layer, net.layers, mean, sure,
                     out + place * net.classes):
            depth[place] = <int>(layer + 1)
        else:
            net.kept[going] = <int>b
            net.places[going] = <int>place
            going += 1
    return going


cdef void mf_close_ranks(Mono *net, Py_ssize_t units, Py_ssize_t samples,
                         Py_ssize_t going) noexcept nogil:
    """Columns that go on move up, from `net.n_t` to there."""
    cdef Py_ssize_t o, k, ld = padded(samples), closer = padded(going)
    cdef float *line
    for o in range(units):
        line = net.n_t + o * closer
        for k in range(going):
            line[k] = net.n_t[o * ld + net.kept[k]]
        memset(line + going, 0, (closer - going) * sizeof(float))


cdef void mf_score(Mono *net, Py_ssize_t samples, bint mean, float sure, float *out,
                   int *depth) noexcept nogil:
    cdef Py_ssize_t l, b, units, going
    mf_input(net, samples)
    for b in range(samples):
        net.places[b] = <int>b
    for l in range(net.layers):
        units = net.table[6 * l + OUT]
        mf_layer(net, l, net.n_t, samples, RELU, net.h)
        if l + 1 < net.layers:
            mf_hand_on(net, units, samples)
        # A head that nobody asks is left out.
        if l + 1 < net.layers and not mean and sure > 1:
            continue
        mf_layer(net, net.layers + l, net.h, samples, LINEAR, net.scores)
        going = mf_leave(net, l, samples, mean, sure, out, depth)
        if going == 0:
            return
        if going < samples:
            mf_close_ranks(net, units, samples, going)
            samples = going


cdef void few_mf_score(Mono *net, const float *x, bint mean, float sure, float *out,
                       int *depth) noexcept nogil:
    """One row, from what layer 1 reads."""
    cdef Py_ssize_t l, units, ldx = net.table[IN]
    cdef const float *inputs = x
    for l in range(net.layers):
        units = net.table[6 * l + OUT]
        few_mf_layer(net, l, inputs, ldx, 1, RELU, net.h)
        if l + 1 == net.layers or mean or sure <= 1:
            few_mf_layer(net, net.layers + l, net.h, units, 1, LINEAR, net.scores)
            if mf_answer(net.scores, 1, net.classes, l, net.layers, mean, sure, out):
                depth[0] = <int>(l + 1)
                return
        few_mf_hand_on(net, units, 1)
        inputs = net.n_t
        ldx = units


def mf_scores(float[::1] params, const long long[:, ::1] table, bint level,
              const data_t[:, ::1] x, const float[:, ::1] scaler, float clip, bint mean, float sure,
              float[:, ::1] out, int[::1] depth, Py_ssize_t batch, float[::1] workspace,
              int threads):
    """Scores of every class for every row, from as many layers as it takes.

    Parameters
    ----------
    mean : bool
        IN. Whether a layer answers with the mean of the heads up to its own, or with its own.
    sure : float
        IN. A row leaves at the first layer whose softmax gives one class at least this share;
        above 1: none leaves before the last.
    out : float32 (n, classes)
        OUT. What the layer at which the row left answers.
    depth : int32 (n,)
        OUT. How many layers were computed for the row.
    workspace : float32 (mf_workspace(table, batch, False, threads),)

    The other arguments are those of `mf_epoch`.
    """
    cdef Mono net = mf_from(params, table, level, batch, False, workspace, threads)
    cdef Py_ssize_t n = x.shape[0], start, samples, r, wide = padded(table[0, IN])
    if n == 0:
        return
    with nogil:
        start = 0
        while start < n:
            samples = min(batch, n - start)
            gather(&x[start, 0], &scaler[0, 0], clip, net.table[IN], NULL, samples, net.rows, wide)
            if samples <= FEW:
                if net.level:
                    normalise_rows(net.rows, samples, net.table[IN], wide)
                for r in range(samples):
                    few_mf_score(&net, net.rows + r * wide, mean, sure, &out[start + r, 0],
                                 &depth[start + r])
            else:
                mf_score(&net, samples, mean, sure, &out[start, 0], &depth[start])
            start += samples
