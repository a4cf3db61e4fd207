# Losses of Forward-Forward, what goodness is made of, and where negatives come from.
#
# G+ and G- are the goodness of a row under its own and under a wrong label, G_c under label c; g
# scales them, sharpness included. e = dL/dG; the error of an output is e g times the element's
# slope.
#
#     softplus   softplus(theta - G+) + softplus(G- - theta)          Hinton 2022
#                    e+ = -sigmoid(theta - G+),  e- = sigmoid(G- - theta)
#     symba      softplus(u),  u = G- - G+                            Lee & Song 2023,
#                    e- = sigmoid(u) = -e+                            arXiv 2303.08418
#     swish      u sigmoid(u)
#                    e- = s + u s (1 - s) = -e+,  s = sigmoid(u)
#     labels     cross-entropy over softmax(G): every wrong label is a negative
#                    e_c = softmax(G)_c - [c is the row's own]

cdef enum:
    SOFTPLUS = 0
    SYMBA = 1
    SWISH = 2
    LABELS = 3

# What a goodness sums over a layer's units. Another one is a code here, a line in each of the
# two functions below and in their twins, and a name in lwnn.network.
cdef enum:
    SQUARES = 0
    ABSOLUTE = 1


cdef inline float element(float y, int kind) noexcept nogil:
    return y * y if kind == SQUARES else fabsf(y)


cdef inline float element_slope(float y, int kind) noexcept nogil:
    """Derivative of element(relu(z)) by z, from y = relu(z): 0 for a silent unit."""
    if kind == SQUARES:
        return 2 * y
    return 1 if y > 0 else 0


cdef void add_elements(const float *h, float *sums, Py_ssize_t n, int kind) noexcept nogil:
    cdef Py_ssize_t b
    for b in range(n):
        sums[b] += element(h[b], kind)


cdef void slope_line(float *h, const float *factor, Py_ssize_t n, int kind) noexcept nogil:
    cdef Py_ssize_t b
    if kind == SQUARES:
        for b in range(n):
            h[b] = element_slope(h[b], SQUARES) * factor[b]
    else:
        for b in range(n):
            h[b] = element_slope(h[b], kind) * factor[b]


# ---------------------------------------------------------------- errors

cdef inline float softplus(float z) noexcept nogil:
    return (z if z > 0 else 0) + log1pf(expf(-fabsf(z)))


cdef inline Py_ssize_t positive(const Forward *net, Py_ssize_t b, Py_ssize_t samples) noexcept nogil:
    """Column of a sample under its own label."""
    return net.labels[b] * samples + b if net.loss == LABELS else b


cdef void ff_errors(Forward *net, Py_ssize_t layer, Py_ssize_t samples,
                    double *report) noexcept nogil:
    """`net.factor` becomes dL/d(sum) of every column; the layer's row of `report` is added to."""
    cdef Py_ssize_t b
    cdef float g = net.goals[3 * layer + GOODNESS], theta = net.goals[3 * layer + THRESHOLD]
    cdef float up, down, u, s, e
    if net.loss == LABELS:
        label_errors(net, g, samples, report)
        return
    for b in range(samples):
        up = g * net.good[b]
        down = g * net.good[samples + b]
        report[SUM_POSITIVE] += up
        report[SUM_NEGATIVE] += down
        report[SUM_RIGHT] += 1 if up > down else (0.5 if up == down else 0)
        if net.loss == SOFTPLUS:
            report[SUM_LOSS] += softplus(theta - up)
            report[SUM_LOSS] += softplus(down - theta)
            net.factor[b] = -g * sigmoid(theta - up)
            net.factor[samples + b] = g * sigmoid(down - theta)
            continue
        u = down - up
        s = sigmoid(u)
        if net.loss == SYMBA:
            report[SUM_LOSS] += softplus(u)
            e = s
        else:
            report[SUM_LOSS] += u * s
            e = s + u * s * (1 - s)
        net.factor[b] = -g * e
        net.factor[samples + b] = g * e


cdef void label_errors(Forward *net, float g, Py_ssize_t samples, double *report) noexcept nogil:
    """Cross-entropy over the goodness of all labels."""
    cdef Py_ssize_t b, c, true
    cdef float top, best, total, a, wrong
    for b in range(samples):
        true = net.labels[b]
        # The best wrong label, whose goodness the row's own has to exceed.
        best = -INFINITY
        wrong = 0
        for c in range(net.classes):
            a = g * net.good[c * samples + b]
            net.factor[c * samples + b] = a
            if c != true:
                best = max(best, a)
                wrong += a
        a = net.factor[true * samples + b]
        top = max(best, a)
        report[SUM_POSITIVE] += a
        report[SUM_NEGATIVE] += wrong / (net.classes - 1)
        report[SUM_RIGHT] += 1 if a > best else (0.5 if a == best else 0)
        total = 0
        report[SUM_LOSS] += top - a
        for c in range(net.classes):
            a = expf(net.factor[c * samples + b] - top)
            net.factor[c * samples + b] = a
            total += a
        report[SUM_LOSS] += logf(total)
        for c in range(net.classes):
            a = net.factor[c * samples + b] / total
            net.factor[c * samples + b] = g * (a - 1 if c == true else a)


# ---------------------------------------------------------------- negatives

cdef int drawn_label(const float *scores, Py_ssize_t step, int classes, int true,
                     float draw) noexcept nogil:
    """A wrong label by its probability in a softmax, as `draw` in [0, 1) has it."""
    cdef int c, last = 0
    cdef float top = -INFINITY, left = 0
    for c in range(classes):
        if c != true:
            top = max(top, scores[c * step])
    for c in range(classes):
        if c != true:
            left += expf(scores[c * step] - top)
    left *= draw
    for c in range(classes):
        if c != true:
            last = c
            left -= expf(scores[c * step] - top)
            if left < 0:
                break
    return last


cdef void choose_labels(Forward *net, Py_ssize_t class_step, Py_ssize_t sample_step, const int *y,
                        const int *wrong, const float *draws, const int *rows,
                        Py_ssize_t samples) noexcept nogil:
    """Labels of the passes into `net.labels`: the row's own, and that of its negative."""
    cdef Py_ssize_t b
    for b in range(samples):
        net.labels[b] = y[rows[b]]
        if net.loss == LABELS:
            continue
        if draws == NULL:
            net.labels[samples + b] = wrong[rows[b]]
        else:
            net.labels[samples + b] = drawn_label(net.scores + b * sample_step, class_step,
                                                  <int>net.classes, y[rows[b]], draws[rows[b]])


# ---------------------------------------------------------------- peers and health

cdef void pull_to_peers(Forward *net, Py_ssize_t layer, Py_ssize_t at, Py_ssize_t unit_step,
                        Py_ssize_t column_step, Py_ssize_t samples) noexcept nogil:
    """Peer normalisation as Hinton's own program has it: units that give more than the mean of
    their layer under the true label are held back, those that give less are helped.

        mu := 0.9 mu + 0.1 (mean over the batch of h+),   dL/dz+ += 2 g peer (mu - mean mu)
    """
    cdef Py_ssize_t o, b, units = net.table[6 * layer + OUT]
    cdef float *mu = net.peers + at
    cdef float sum, mean, strength = 2 * net.goals[3 * layer + GOODNESS] * net.peer
    for o in range(units):
        sum = 0
        for b in range(samples):
            sum += net.h[o * unit_step + positive(net, b, samples) * column_step]
        mu[o] = <float>0.9 * mu[o] + <float>0.1 * sum / samples
    mean = lwnn_sum(mu, units) / units
    for o in range(units):
        net.pull[o] = strength * (mu[o] - mean)


cdef void note_alive(Forward *net, Py_ssize_t at, Py_ssize_t units, Py_ssize_t unit_step,
                     Py_ssize_t column_step, Py_ssize_t count) noexcept nogil:
    """Which units of a layer have given an output."""
    cdef Py_ssize_t o, b
    for o in range(units):
        b = 0
        while b < count and not net.alive[at + o]:
            net.alive[at + o] = net.h[o * unit_step + b * column_step] > 0
            b += 1
