# A training step of Forward-Forward, an epoch, and scoring; see forward_forward.pxi.

# ---------------------------------------------------------------- a training step

cdef void ff_deltas(Forward *net, Py_ssize_t o, Py_ssize_t samples) noexcept nogil:
    """dL/dz of unit o in place of its outputs, all passes."""
    cdef Py_ssize_t b, count = net.passes * samples
    cdef float *h = net.h + o * padded(count)
    slope_line(h, net.factor, count, net.element)
    if net.peer != 0:
        for b in range(samples):
            h[positive(net, b, samples)] += net.pull[o]


cdef void deltas_pass(Forward *net, Py_ssize_t layer, Py_ssize_t samples, Py_ssize_t first,
                      Py_ssize_t last) noexcept nogil:
    cdef Py_ssize_t o
    for o in range(first, last):
        ff_deltas(net, o, samples)


cdef void first_deltas_pass(Forward *net, Py_ssize_t layer, Py_ssize_t samples, Py_ssize_t first,
                            Py_ssize_t last) noexcept nogil:
    """Errors of layer 1, all passes together, and the gradient of its labels' weights."""
    cdef Py_ssize_t o, b, p, wide = padded(net.passes * samples)
    cdef float *line
    cdef float *labels
    cdef const int *which
    cdef float scale = <float>1.0 / samples, sum
    memset(net.grad + first * net.classes, 0, (last - first) * net.classes * sizeof(float))
    for o in range(first, last):
        ff_deltas(net, o, samples)
        labels = net.grad + o * net.classes
        for p in range(net.passes):
            line = net.h + o * wide + p * samples
            if net.loss == LABELS:
                sum = 0
                for b in range(samples):
                    sum += net.value[b] * line[b]
                labels[p] = scale * sum
            else:
                which = net.labels + p * samples
                for b in range(samples):
                    labels[which[b]] += scale * net.value[b] * line[b]
            if p > 0:
                lwnn_axpy(net.h + o * wide, line, 1, samples)


cdef void ff_update_first(Forward *net, Py_ssize_t samples, const Optimizer *how) noexcept nogil:
    """All passes of layer 1 share x: their errors are summed before the one product."""
    cdef Py_ssize_t n_out = net.table[OUT], wide = padded(net.passes * samples)
    share_pass(net, first_deltas_pass, 0, samples, n_out, wide)
    optimize(net.params, net.grad, net.table[LABEL], n_out * net.classes, how, &net.team)
    layer_gradient(net.params, net.table[WEIGHT], net.table[BIAS], net.h, wide, net.input,
                   padded(net.table[IN]), net.table[IN], n_out, samples, <float>1.0 / samples, how,
                   net.grad, &net.team)


cdef void ff_update_next(Forward *net, Py_ssize_t layer, Py_ssize_t samples,
                         const Optimizer *how) noexcept nogil:
    """`net.rows` still holds the inputs of this layer."""
    cdef const long long *row = net.table + 6 * layer
    cdef Py_ssize_t count = net.passes * samples
    share_pass(net, deltas_pass, layer, samples, row[OUT], count)
    update_layer(net.params, row[WEIGHT], row[BIAS], net.h, padded(count),
                 in_tiles(net.rows, count), row[IN], row[OUT], count, <float>1.0 / samples, how,
                 net.grad, &net.team)


cdef Optimizer head_optimizer(Forward *net, const Optimizer *how) noexcept nogil:
    cdef Optimizer own = how[0]
    own.rate *= net.head_rate
    own.corrected *= net.head_rate
    own.shrink *= net.head_rate
    own.threshold *= net.head_rate
    return own


cdef double ff_update_head(Forward *net, const int *y, const int *rows, Py_ssize_t samples,
                           const Optimizer *how) noexcept nogil:
    """From the head's scores; its loss, summed."""
    cdef const long long *row = net.table + 6 * net.layers
    cdef Py_ssize_t ld = padded(samples)
    cdef Optimizer own = head_optimizer(net, how)
    cdef double loss = output_error(net.scores, row[OUT], ld, y, rows, samples, CROSS_ENTROPY)
    share_pass(net, head_rows_pass, net.layers, samples, row[IN], samples)
    update_layer(net.params, row[WEIGHT], row[BIAS], net.scores, ld, in_tiles(net.head, samples),
                 row[IN], row[OUT], samples, <float>1.0 / samples, &own, net.grad, &net.team)
    return loss


cdef void ff_batch(Forward *net, const int *y, const int *wrong, const float *draws,
                   const int *rows, Py_ssize_t samples, const Optimizer *how,
                   double *report) noexcept nogil:
    cdef Py_ssize_t l, count = net.passes * samples, at = 0
    cdef const long long *row
    cdef bint last
    ff_input(net, samples)
    ff_neutral(net, samples)
    choose_labels(net, padded(samples), 1, y, wrong, draws, rows, samples)
    report[REPORTED * net.layers + SUM_LOSS] += ff_update_head(net, y, rows, samples, how)
    for l in range(net.layers):
        if not ff_ready(net, l):
            return
        row = net.table + 6 * l
        if l == 0:
            ff_first_layer(net, net.loss == LABELS, samples)
        else:
            # Rows of the inputs, for the gradient, before n_t makes room for the outputs.
            share_pass(net, rows_pass, l, count, row[IN], count)
            ff_next_layer(net, l, count)
        last = l + 1 == net.layers
        share_pass(net, sums_pass if last else hand_on_pass, l, count, count, row[OUT])
        if not last:
            ff_drop(net, l, net.passes, samples)
        if net.only < 0 or net.only == l:
            ff_errors(net, l, samples, report + REPORTED * l)
            note_alive(net, at, row[OUT], padded(count), 1, count)
            if net.peer != 0:
                pull_to_peers(net, l, at, padded(count), 1, samples)
            if l == 0:
                ff_update_first(net, samples, how)
            else:
                ff_update_next(net, l, samples, how)
        at += row[OUT]


def ff_epoch(float[::1] params, const long long[:, ::1] table, const float[:, ::1] goals,
             const double[::1] form, const data_t[:, ::1] x, const float[:, ::1] scaler,
             float clip, const int[::1] y, const int[::1] wrong, const float[::1] draws,
             const int[::1] order, Py_ssize_t batch, int method, const double[::1] hyper,
             float[:, ::1] state, long step, float[::1] peers, unsigned char[::1] alive,
             double[:, ::1] report, float[::1] workspace, int threads):
    """Train by supervised Forward-Forward on the rows that `order` names, in mini-batches.

    Parameters
    ----------
    params : float32 (size,)
        IN/OUT.
    table : int64 (hidden layers + 1, 6)
        IN. The last row is the softmax head.
    goals : float32 (hidden layers, 3)
        IN. Per layer: factor g of the goodness, threshold theta, weight in the readout.
    form : float64 (8,)
        IN. Codes of the loss, of the goodness' element and of the embedding; value of the hot
        label input; strength of peer normalisation, as a multiple of the goodness' slope at an
        output of 1; the head's rate as a multiple of the layers'; the one layer that learns, -1
        for all (those below stand still, those above wait); whether rows are divided by their
        root mean square.
    wrong : int32 (n,), or (0,)
        IN. For every row of `x` the label of its negative, never its own.
    draws : float32 (n,), or (0,)
        IN. Instead: in [0, 1), for every row where in the head's probabilities of the wrong
        labels its negative is drawn. All labels at once need neither.
    peers : float32 (hidden units,)
        IN/OUT. Running mean of every unit's output under the true label.
    alive : uint8 (hidden units,)
        OUT. 1 for a unit that gave an output above 0; others are left.
    report : float64 (hidden layers + 1, 4)
        OUT, added to, summed over the rows: loss; goodness of positives, of negatives (the mean
        over a row's negatives); rows whose positive has more goodness than its negatives, a tie
        counting half. The head, in the last row, has a loss only.
    workspace : float32 (ff_workspace(table, form, batch, True, threads),)

    The other arguments are those of `bp_epoch`.
    """
    cdef Forward net = ff_from(params, table, goals, form, batch, workspace, threads)
    cdef Optimizer how = optimizer_from(method, hyper, state, step)
    cdef Py_ssize_t n = order.shape[0], start, samples
    cdef const int *given = &wrong[0] if wrong.shape[0] else NULL
    cdef const float *drawn = &draws[0] if draws.shape[0] else NULL
    net.peers = &peers[0]
    net.alive = &alive[0]
    net.how = &how
    if n == 0:
        return
    with nogil:
        start = 0
        while start < n:
            samples = min(batch, n - start)
            share_gather(&net, &x[0, 0], &scaler[0, 0], clip, &order[start], samples)
            open_batch(net.params, net.table, net.layers + 1, net.input, padded(net.table[IN]),
                       samples, &how)
            if samples <= FEW:
                few_ff_batch(&net, &y[0], given, drawn, &order[start], samples, &how,
                             &report[0, 0])
            else:
                ff_batch(&net, &y[0], given, drawn, &order[start], samples, &how, &report[0, 0])
            close_batch(net.params, net.table, net.layers + 1, &how)
            start += samples


# ---------------------------------------------------------------- scoring

cdef void ff_score_labels(Forward *net, Py_ssize_t samples, float *out,
                          Py_ssize_t ldo) noexcept nogil:
    """Accumulated goodness of every label; layer 1's product is made once for all."""
    cdef Py_ssize_t l, c, b, count = net.classes * samples, units
    cdef float weight
    ff_input(net, samples)
    memset(out, 0, samples * ldo * sizeof(float))
    for l in range(net.layers):
        units = net.table[6 * l + OUT]
        if l > 0:
            ff_next_layer(net, l, count)
        else:
            ff_first_layer(net, True, samples)
        share_pass(net, hand_on_pass if l + 1 < net.layers else sums_pass, l, count, count, units)
        weight = net.goals[3 * l + READOUT]
        for c in range(net.classes):
            for b in range(samples):
                out[b * ldo + c] += weight * net.good[c * samples + b]


cdef void ff_score_head(Forward *net, Py_ssize_t samples, float *out,
                        Py_ssize_t ldo) noexcept nogil:
    ff_input(net, samples)
    ff_neutral(net, samples)
    transpose(net.scores, padded(samples), net.classes, samples, out, ldo)


def ff_scores(float[::1] params, const long long[:, ::1] table, const float[:, ::1] goals,
              const double[::1] form, const data_t[:, ::1] x, const float[:, ::1] scaler,
              float clip, float[:, ::1] goodness, float[:, ::1] head, Py_ssize_t batch,
              float[::1] workspace, int threads):
    """Scores of every label for every row, by either readout or both.

    Parameters
    ----------
    goodness : float32 (n, classes), or (0, classes) to leave it out
        OUT. Sum over layers of the readout weight times the sum that goodness is made of.
    head : float32 (n, classes), or (0, classes) to leave it out
        OUT. Scores of the softmax head.
    workspace : float32 (ff_workspace(table, form, batch, False, threads),)

    The other arguments are those of `ff_epoch`.
    """
    cdef Py_ssize_t n = x.shape[0], blocks = (n + batch - 1) // batch, share
    cdef Arena arena = arena_over(workspace)
    cdef int t, team
    share = ff_size(table, form, batch, False, 1)
    check_shares(share, threads, workspace)
    if n == 0:
        return
    with nogil:
        team = scoring_team(&table[0, 0], table.shape[0], n, blocks, threads)
        if team <= 1:
            score_ff(params, table, goals, form, x, scaler, clip, goodness, head, 0, n, batch,
                     arena)
        else:
            for t in prange(team, num_threads=team, schedule='static', chunksize=1):
                score_ff(params, table, goals, form, x, scaler, clip, goodness, head,
                         blocks * t // team * batch, min(n, blocks * (t + 1) // team * batch),
                         batch, share_of(&arena, share, t))


cdef void score_ff(float[::1] params, const long long[:, ::1] table, const float[:, ::1] goals,
                   const double[::1] form, const data_t[:, ::1] x, const float[:, ::1] scaler,
                   float clip, float[:, ::1] goodness, float[:, ::1] head, Py_ssize_t start,
                   Py_ssize_t end, Py_ssize_t batch, Arena arena) noexcept nogil:
    """Rows from `start` to `end`, by one thread."""
    cdef Forward net = ff_layout(&arena, table, form, batch, False, 1)
    cdef bint want_goodness = goodness.shape[0] > 0, want_head = head.shape[0] > 0
    cdef Py_ssize_t samples, part
    net.params = &params[0]
    net.goals = &goals[0, 0]
    while start < end:
        samples = min(batch, end - start)
        for part in range(2):
            # Each readout normalises the rows for itself: they are cheap to read again.
            if not (want_goodness if part == 0 else want_head):
                continue
            gather(&x[start, 0], &scaler[0, 0], clip, net.table[IN], NULL, samples, net.input,
                   padded(net.table[IN]))
            if part == 0 and samples <= FEW:
                few_score_labels(&net, samples, &goodness[start, 0], net.classes)
            elif part == 0:
                ff_score_labels(&net, samples, &goodness[start, 0], net.classes)
            elif samples <= FEW:
                few_score_head(&net, samples, &head[start, 0], net.classes)
            else:
                ff_score_head(&net, samples, &head[start, 0], net.classes)
        start += samples
