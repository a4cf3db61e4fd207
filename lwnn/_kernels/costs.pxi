# The cost of an output, and its error.

cdef struct Target:
    const int *labels     # class of every row, or NULL
    const float *values   # value of every row, where that is what is learnt
    float off             # target of a class that is not the row's: smoothing / classes
    float lift            # how much more its own class has: 1 - smoothing


cdef Target target_from(const int *labels, const float *values, Py_ssize_t classes,
                        float smoothing) noexcept nogil:
    cdef Target target
    target.labels, target.values = labels, values
    target.off = smoothing / classes
    target.lift = 1 - smoothing
    return target


cdef inline float target_of(const Target *target, Py_ssize_t row, Py_ssize_t c) noexcept nogil:
    if target.values != NULL:
        return target.values[row]
    return target.off + (target.lift if target.labels[row] == c else 0)


cdef double output_error(float *z_ob, Py_ssize_t classes, Py_ssize_t ld, const int *y,
                         const int *rows, Py_ssize_t samples, int cost) noexcept nogil:
    """`target_error` for classes without smoothing."""
    cdef Target target = target_from(y, NULL, classes, 0)
    return target_error(z_ob, classes, ld, &target, rows, samples, cost)


cdef double target_error(float *z_ob, Py_ssize_t classes, Py_ssize_t ld, const Target *target,
                         const int *rows, Py_ssize_t samples, int cost) noexcept nogil:
    """Scores in, dC/dz out, in place; returns the cost summed over the samples.

    Cross-entropy, over a softmax or over sigmoids: a - t. C = ½ |a - t|² over sigmoids:
    (a - t) a (1 - a); over linear outputs: a - t.
    """
    if cost == CROSS_ENTROPY:
        return softmax_error(z_ob, classes, ld, target, rows, samples)
    return unit_errors(z_ob, classes, ld, target, rows, samples, cost)


cdef double softmax_error(float *z_ob, Py_ssize_t classes, Py_ssize_t ld, const Target *target,
                          const int *rows, Py_ssize_t samples) noexcept nogil:
    cdef Py_ssize_t b, c, true
    cdef float top, total, a, rest, off = target.off, lift = target.lift
    cdef const int *y = target.labels
    cdef double loss = 0
    for b in range(samples):
        true = y[rows[b]]
        top = z_ob[b]
        for c in range(1, classes):
            top = max(top, z_ob[c * ld + b])
        loss += top - z_ob[true * ld + b]
        if off > 0:
            rest = 0
            for c in range(classes):
                rest += z_ob[true * ld + b] - z_ob[c * ld + b]
            loss += off * rest
        total = 0
        for c in range(classes):
            a = expf(z_ob[c * ld + b] - top)
            z_ob[c * ld + b] = a
            total += a
        loss += logf(total)
        for c in range(classes):
            z_ob[c * ld + b] = z_ob[c * ld + b] / total - off
        z_ob[true * ld + b] -= lift
    return loss


cdef double unit_errors(float *z_ob, Py_ssize_t classes, Py_ssize_t ld, const Target *target,
                        const int *rows, Py_ssize_t samples, int cost) noexcept nogil:
    """Costs that take each output for itself."""
    cdef Py_ssize_t b, c
    cdef float a, t, z
    cdef double loss = 0
    for b in range(samples):
        for c in range(classes):
            z = z_ob[c * ld + b]
            t = target_of(target, rows[b], c)
            a = z if cost == HALF_SQUARES else sigmoid(z)
            if cost == BINARY:
                loss += binary_cost(z, t)
                z_ob[c * ld + b] = a - t
            else:
                loss += 0.5 * (a - t) * (a - t)
                z_ob[c * ld + b] = a - t if cost == HALF_SQUARES else (a - t) * a * (1 - a)
    return loss


cdef inline float binary_cost(float z, float t) noexcept nogil:
    """-t ln a - (1 - t) ln(1 - a) with a = sigmoid(z)."""
    return (z if z > 0 else 0) - t * z + log1pf(expf(-fabsf(z)))
