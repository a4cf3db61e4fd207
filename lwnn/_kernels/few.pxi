# Learning and scoring a few rows at a time: online learning, prediction of a single reading.
#
# With one sample there are no lanes of samples to fill, so here they run along the units: every
# buffer has a row per sample or pass, `[row][unit]`, and nothing is transposed. Products are dot
# products, and a gradient is a few rank-1 updates, of which those of silent units are left out.
# The equations are those of dense.pxi and forward_forward.pxi.

cdef void few_forward(const float *w_oi, const float *bias, Py_ssize_t n_in, Py_ssize_t n_out,
                      const float *x_ri, Py_ssize_t ldx, Py_ssize_t rows, long kind,
                      float *out_ro) noexcept nogil:
    """out[r][o] = f(sum over i of w[o][i] x[r][i] + bias[o]); no bias where it is NULL."""
    cdef Py_ssize_t r, o
    cdef float *out
    for r in range(rows):
        out = out_ro + r * n_out
        lwnn_dot(n_out, w_oi, n_in, x_ri + r * ldx, out)
        if bias == NULL:
            continue
        if kind == RELU:
            for o in range(n_out):
                out[o] = out[o] + bias[o] if out[o] + bias[o] > 0 else 0
        elif kind == LINEAR:
            for o in range(n_out):
                out[o] += bias[o]
        else:
            for o in range(n_out):
                out[o] = activate(out[o] + bias[o], kind)


cdef void few_gradient(float *params, Py_ssize_t weight, Py_ssize_t bias,
                       const float *d_ro, const float *x_ri, Py_ssize_t ldx,
                       Py_ssize_t n_in, Py_ssize_t n_out, Py_ssize_t rows, float scale,
                       const Optimizer *how, float *grad, const Team *team) noexcept nogil:
    """One layer's update, as `layer_gradient`."""
    cdef Py_ssize_t r, o
    cdef bint direct = how.method == SGD
    cdef float c
    cdef float *line = grad
    for o in range(n_out):
        if direct:
            line = params + weight + o * n_in
        else:
            memset(line, 0, n_in * sizeof(float))
        for r in range(rows):
            c = (-how.rate if direct else 1) * scale * d_ro[r * n_out + o]
            if c != 0:
                lwnn_axpy(line, x_ri + r * ldx, c, n_in)
        if not direct:
            optimize_range(params, line, weight + o * n_in, 0, n_in, how)
    memset(grad, 0, n_out * sizeof(float))
    for r in range(rows):
        lwnn_axpy(grad, d_ro + r * n_out, scale, n_out)
    optimize_biases(params, grad, bias, n_out, how, team)


# ---------------------------------------------------------------- dense nets

cdef void few_dense_forward(Dense *net, Py_ssize_t samples) noexcept nogil:
    """From the rows in `net.input` to the scores in the last of `net.acts`."""
    cdef Py_ssize_t l
    cdef const long long *row
    cdef const float *x = net.input
    cdef Py_ssize_t ldx = padded(net.table[IN])
    for l in range(net.layers):
        row = net.table + 6 * l
        few_forward(net.params + row[WEIGHT], net.params + row[BIAS], row[IN], row[OUT], x, ldx,
                    samples, row[ACTIVATION], net.acts[l + 1])
        if dropping(net, l):
            drop(net.how, l, net.acts[l + 1], row[OUT], 0, samples, 1, row[OUT])
        x = net.acts[l + 1]
        ldx = row[OUT]


cdef double few_bp_batch(Dense *net, const Target *target, const int *order, Py_ssize_t samples,
                         int cost, const Optimizer *how) noexcept nogil:
    cdef Py_ssize_t l, r, o
    cdef const long long *row = net.table + 6 * (net.layers - 1)
    cdef double loss = 0
    cdef long kind
    cdef float *below
    few_dense_forward(net, samples)
    memcpy(net.delta, net.acts[net.layers], samples * row[OUT] * sizeof(float))
    for r in range(samples):
        loss += target_error(net.delta + r * row[OUT], row[OUT], 1, target, order + r, 1, cost)
    for l in range(net.layers - 1, -1, -1):
        row = net.table + 6 * l
        if l > 0:
            # The way back reads the weights from before their update.
            memset(net.below, 0, samples * row[IN] * sizeof(float))
            kind = net.table[6 * (l - 1) + ACTIVATION]
            for r in range(samples):
                below = net.below + r * row[IN]
                for o in range(row[OUT]):
                    lwnn_axpy(below, net.params + row[WEIGHT] + o * row[IN],
                              net.delta[r * row[OUT] + o], row[IN])
            if dropping(net, l - 1):
                drop_error(net.how, l - 1, net.acts[l], net.below, row[IN], kind, 0, samples, 1,
                           row[IN])
            else:
                through_slope(net.below, net.acts[l], samples * row[IN], kind)
        few_gradient(net.params, row[WEIGHT], row[BIAS], net.delta,
                     net.acts[l] if l > 0 else net.input, row[IN] if l > 0 else padded(row[IN]),
                     row[IN], row[OUT], samples, <float>1.0 / samples, how, net.grad, &net.team)
        net.delta, net.below = net.below, net.delta
    return loss


# ---------------------------------------------------------------- Forward-Forward

cdef void few_first_row(Forward *net, const float *shared, float value, Py_ssize_t label,
                        float *h) noexcept nogil:
    """Outputs of layer 1 under one label."""
    cdef Py_ssize_t o
    cdef const float *labels = net.params + net.table[LABEL] + label
    cdef const float *bias = net.params + net.table[BIAS]
    cdef float z
    for o in range(net.table[OUT]):
        z = shared[o] + bias[o] + value * labels[o * net.classes]
        h[o] = z if z > 0 else 0


cdef void few_neutral_row(Forward *net, Py_ssize_t r, float *h) noexcept nogil:
    cdef Py_ssize_t o, n_out = net.table[OUT]
    cdef const float *labels = net.params + net.table[LABEL]
    cdef const float *bias = net.params + net.table[BIAS]
    cdef const float *shared = net.shared + r * n_out
    cdef float z
    for o in range(n_out):
        z = (shared[o] * net.gain[r] + bias[o]
             + net.neutral[r] * lwnn_sum(labels + o * net.classes, net.classes))
        h[o] = z if z > 0 else 0


cdef void few_first_layer(Forward *net, bint every, Py_ssize_t samples) noexcept nogil:
    """Layer 1 under every label in turn, or under those of `net.labels`."""
    cdef Py_ssize_t r, p, units = net.table[OUT]
    for p in range(net.passes):
        for r in range(samples):
            few_first_row(net, net.shared + r * units, net.value[r],
                          p if every else net.labels[p * samples + r],
                          net.h + (p * samples + r) * units)


cdef void few_input(Forward *net, Py_ssize_t samples) noexcept nogil:
    cdef Py_ssize_t n_in = net.table[IN]
    ff_normalise_input(net, 0, samples)
    few_forward(net.params + net.table[WEIGHT], NULL, n_in, net.table[OUT], net.input,
                padded(n_in), samples, LINEAR, net.shared)


cdef void few_sums(Forward *net, Py_ssize_t units, Py_ssize_t rows) noexcept nogil:
    """As `sums_pass`."""
    cdef Py_ssize_t r, o
    for r in range(rows):
        net.squares[r] = lwnn_squares(net.h + r * units, units)
    if net.element == SQUARES:
        return
    for r in range(rows):
        net.good[r] = 0
        for o in range(units):
            net.good[r] += element(net.h[r * units + o], net.element)


cdef void few_hand_on(Forward *net, Py_ssize_t units, Py_ssize_t rows) noexcept nogil:
    """Normalised outputs, `[row][unit]`, in `net.n_t`."""
    cdef Py_ssize_t r, o
    cdef float inverse
    for r in range(rows):
        inverse = inverse_rms(net.squares[r], units)
        for o in range(units):
            net.n_t[r * units + o] = net.h[r * units + o] * inverse


cdef void few_drop(Forward *net, Py_ssize_t layer, Py_ssize_t passes,
                   Py_ssize_t samples) noexcept nogil:
    """As `ff_drop`."""
    cdef Py_ssize_t p, units = net.table[6 * layer + OUT]
    if net.how == NULL or net.how.dropout <= 0:
        return
    for p in range(passes):
        drop(net.how, layer, net.n_t + p * samples * units, units, 0, samples, 1, units)


cdef void few_next_layer(Forward *net, Py_ssize_t layer, Py_ssize_t rows) noexcept nogil:
    cdef const long long *row = net.table + 6 * layer
    few_forward(net.params + row[WEIGHT], net.params + row[BIAS], row[IN], row[OUT], net.n_t,
                row[IN], rows, RELU, net.h)


cdef void few_neutral(Forward *net, Py_ssize_t samples) noexcept nogil:
    """The head's scores, `[row][class]`, as `ff_neutral`."""
    cdef Py_ssize_t l, r, units, at = 0
    cdef const long long *row = net.table + 6 * net.layers
    for l in range(net.layers):
        units = net.table[6 * l + OUT]
        if ff_ready(net, l):
            if l > 0:
                few_next_layer(net, l, samples)
            else:
                for r in range(samples):
                    few_neutral_row(net, r, net.h + r * units)
            few_sums(net, units, samples)
            few_hand_on(net, units, samples)
            few_drop(net, l, 1, samples)
        else:
            memset(net.n_t, 0, samples * units * sizeof(float))
        if l >= net.head_from:
            for r in range(samples):
                memcpy(net.head + r * padded(row[IN]) + at, net.n_t + r * units,
                       units * sizeof(float))
            at += units
    few_forward(net.params + row[WEIGHT], net.params + row[BIAS], row[IN], row[OUT], net.head,
                padded(row[IN]), samples, LINEAR, net.scores)


cdef void few_deltas(Forward *net, Py_ssize_t units, Py_ssize_t samples) noexcept nogil:
    """dL/dz in place of the outputs, all passes."""
    cdef Py_ssize_t r, o
    cdef float *h
    for r in range(net.passes * samples):
        h = net.h + r * units
        for o in range(units):
            h[o] = element_slope(h[o], net.element) * net.factor[r]
    if net.peer != 0:
        for r in range(samples):
            lwnn_axpy(net.h + positive(net, r, samples) * units, net.pull, 1, units)


cdef void few_update_first(Forward *net, Py_ssize_t samples, const Optimizer *how) noexcept nogil:
    """All passes of layer 1 share x: their errors are summed before the one update."""
    cdef Py_ssize_t r, o, p, label, n_out = net.table[OUT], classes = net.classes
    cdef float *line
    cdef float *labels = net.grad
    cdef float scale
    cdef bint direct = how.method == SGD
    few_deltas(net, n_out, samples)
    if direct:
        labels = net.params + net.table[LABEL]
    else:
        memset(labels, 0, n_out * classes * sizeof(float))
    for p in range(net.passes):
        for r in range(samples):
            line = net.h + (p * samples + r) * n_out
            label = p if net.loss == LABELS else net.labels[p * samples + r]
            scale = net.value[r] / samples * (-how.rate if direct else 1)
            for o in range(n_out):
                labels[o * classes + label] += scale * line[o]
            if p > 0:
                lwnn_axpy(net.h + r * n_out, line, 1, n_out)
    if not direct:
        optimize(net.params, labels, net.table[LABEL], n_out * classes, how, &net.team)
    few_gradient(net.params, net.table[WEIGHT], net.table[BIAS], net.h, net.input,
                 padded(net.table[IN]), net.table[IN], n_out, samples, <float>1.0 / samples, how,
                 net.grad, &net.team)


cdef void few_update_next(Forward *net, Py_ssize_t layer, Py_ssize_t samples,
                          const Optimizer *how) noexcept nogil:
    """`net.rows` holds the inputs of this layer."""
    cdef const long long *row = net.table + 6 * layer
    few_deltas(net, row[OUT], samples)
    few_gradient(net.params, row[WEIGHT], row[BIAS], net.h, net.rows, row[IN], row[IN], row[OUT],
                 net.passes * samples, <float>1.0 / samples, how, net.grad, &net.team)


cdef double few_update_head(Forward *net, const int *y, const int *order, Py_ssize_t samples,
                            const Optimizer *how) noexcept nogil:
    cdef Py_ssize_t r
    cdef const long long *row = net.table + 6 * net.layers
    cdef Optimizer own = head_optimizer(net, how)
    cdef double loss = 0
    for r in range(samples):
        loss += output_error(net.scores + r * row[OUT], row[OUT], 1, y, order + r, 1,
                             CROSS_ENTROPY)
    few_gradient(net.params, row[WEIGHT], row[BIAS], net.scores, net.head, padded(row[IN]),
                 row[IN], row[OUT], samples, <float>1.0 / samples, &own, net.grad, &net.team)
    return loss


cdef void few_ff_batch(Forward *net, const int *y, const int *wrong, const float *draws,
                       const int *order, Py_ssize_t samples, const Optimizer *how,
                       double *report) noexcept nogil:
    """As `ff_batch`."""
    cdef Py_ssize_t l, units, rows = net.passes * samples, at = 0
    cdef const long long *row
    few_input(net, samples)
    few_neutral(net, samples)
    choose_labels(net, 1, net.classes, y, wrong, draws, order, samples)
    report[REPORTED * net.layers + SUM_LOSS] += few_update_head(net, y, order, samples, how)
    for l in range(net.layers):
        if not ff_ready(net, l):
            return
        row = net.table + 6 * l
        units = row[OUT]
        if l > 0:
            memcpy(net.rows, net.n_t, rows * row[IN] * sizeof(float))
            few_next_layer(net, l, rows)
        else:
            few_first_layer(net, net.loss == LABELS, samples)
        few_sums(net, units, rows)
        if l + 1 < net.layers:
            few_hand_on(net, units, rows)
            few_drop(net, l, net.passes, samples)
        if net.only < 0 or net.only == l:
            ff_errors(net, l, samples, report + REPORTED * l)
            note_alive(net, at, units, 1, units, rows)
            if net.peer != 0:
                pull_to_peers(net, l, at, 1, units, samples)
            if l == 0:
                few_update_first(net, samples, how)
            else:
                few_update_next(net, l, samples, how)
        at += units


cdef void few_score_labels(Forward *net, Py_ssize_t samples, float *out,
                           Py_ssize_t ldo) noexcept nogil:
    """Accumulated goodness of every label."""
    cdef Py_ssize_t l, r, c, units, rows = samples * net.classes
    few_input(net, samples)
    memset(out, 0, samples * ldo * sizeof(float))
    for l in range(net.layers):
        units = net.table[6 * l + OUT]
        if l > 0:
            few_next_layer(net, l, rows)
        else:
            few_first_layer(net, True, samples)
        few_sums(net, units, rows)
        for c in range(net.classes):
            for r in range(samples):
                out[r * ldo + c] += net.goals[3 * l + READOUT] * net.good[c * samples + r]
        if l + 1 < net.layers:
            few_hand_on(net, units, rows)


cdef void few_score_head(Forward *net, Py_ssize_t samples, float *out,
                         Py_ssize_t ldo) noexcept nogil:
    cdef Py_ssize_t r
    few_input(net, samples)
    few_neutral(net, samples)
    for r in range(samples):
        memcpy(out + r * ldo, net.scores + r * net.classes, net.classes * sizeof(float))
