# Weight perturbation (Jabri & Flower, IEEE Trans. Neural Networks 3(1), 1992):
#
#     dE/dw = (E(w + delta) - E(w)) / delta        for one weight after the other
#
# A weight moves the one unit that it feeds, by delta x_i at its input. So instead of a forward
# pass per weight, the change of that unit is carried upwards: Delta h through the activation,
# Delta z = W[:, j] Delta h into the layer above, densely from there on. The result is that of
# the full pass, but changes are carried as changes, so that nothing cancels in float32:
#
#     sigmoid         Delta s = s (1 - s) e / (1 + s e),       e = expm1(Delta z)
#     tanh            Delta T = (1 - T^2) t / (1 + T t),       t = tanh(Delta z)
#     cross-entropy   Delta E = log1p(sum p expm1(Delta z)) - Delta z_true
#     squared error   Delta E = sum of ½ Delta a (Delta a + 2 (a - t))
#     and over sigmoids, each output for itself, cross-entropy: log1p(a e) - t Delta z
#
# Changes above 1 are taken as differences after all: nothing cancels there, and the forms above
# would overflow, or divide 0 by 0 on a saturated unit.
#
# All weights into a unit of the last two layers move E along one curve: E as a function of the
# unit's change s. Where v s is small for every weight v out of the unit, that curve is its power
# series, exact to float32 with four terms, whose coefficients are summed over the outputs once
# for all weights into the unit:
#
#     cross-entropy   Delta E = log1p(sum_k s^k / k! sum_o p_o v_o^k) - sum_o t_o v_o s
#     squared error   Delta E = sum_o (a - t) Delta a + ½ Delta a^2,
#                     Delta a = sigma' u + sigma'' u^2 / 2 + ...,  u = v_o s
#
# Lanes are the samples of the mini-batch. Threads share out units, never a sum.

# Lines of scratch before the layers of changes: dh, two of `output_change`, five of a
# series, and a change of a unit's input.
cdef enum:
    LINES = 9


cdef struct Perturbed:
    Dense net
    float *z[MAX_LAYERS + 1]      # [unit][sample] inputs of the activations, per layer
    float *moved                  # [unit][sample] delta x, or its expm1 or tanh
    float *top                    # largest |delta x| of each input over the samples
    float *scratch                # per thread: LINES lines of samples, two layers of changes
    Py_ssize_t share              # floats of scratch a thread
    Py_ssize_t widest             # units of the widest layer
    float *errors                 # [class][sample] a - t
    float *gradient               # one per parameter
    bint large                    # whether `moved` holds delta x as it is
    float delta                   # how far a weight is moved, at the moment
    float scale                   # from Delta E, summed over the samples, to the gradient
    int form, sides, draws
    float *nodes                  # [unit][sample] dE/dz of a layer, for PER_NODE
    float *elsewhere              # moved parameters, for SIMULTANEOUS
    int cost
    Target target


cdef Perturbed wp_layout(Arena *arena, const long long[:, ::1] table, Py_ssize_t batch,
                         int form, int threads):
    cdef Perturbed wp
    cdef Py_ssize_t l, ld = padded(batch), widest = 0, size = 0
    wp.net = dense_layout(arena, table, batch, ld, False, threads)
    for l in range(table.shape[0]):
        wp.z[l + 1] = carve(arena, table[l, OUT] * ld)
        widest = max(widest, table[l, IN], table[l, OUT])
        size += table[l, OUT] * (table[l, IN] + 1)
    wp.moved = carve(arena, (widest + 1) * ld)
    wp.errors = carve(arena, table[table.shape[0] - 1, OUT] * ld)
    wp.widest = widest
    wp.top = carve(arena, widest + 1)
    wp.share = (2 * widest + LINES) * ld + LWNN_LANES
    wp.scratch = carve(arena, wp.share * threads)
    wp.gradient = carve(arena, size)
    wp.nodes = carve(arena, widest * ld) if form == PER_NODE else NULL
    wp.elsewhere = carve(arena, size) if form == SIMULTANEOUS else NULL
    return wp


def wp_workspace(const long long[:, ::1] table, Py_ssize_t batch, int form, int threads):
    """Floats of workspace that `wp_epoch` needs."""
    cdef Arena arena
    arena.base = NULL
    arena.used = 0
    wp_layout(&arena, table, batch, form, threads)
    return arena.used


# ---------------------------------------------------------------- changes

# Below this both series are exact to float32.
cdef float SMALL = 0.04

# Above this a change is the difference of two values.
cdef float LARGE = 1


cdef inline float expm1_series(float x) noexcept nogil:
    return x * (1 + x * (<float>0.5 + x * (<float>(1 / 6.0) + x * <float>(1 / 24.0))))


cdef inline float log1p_series(float x) noexcept nogil:
    return x * (1 - x * (<float>0.5 - x * (<float>(1 / 3.0) - x * (<float>0.25 - x * <float>0.2))))


cdef inline float tanh_series(float x) noexcept nogil:
    cdef float x2 = x * x
    return x * (1 - x2 * (<float>(1 / 3.0) - x2 * <float>(2 / 15.0)))


cdef bint push(float *dz, Py_ssize_t n, long kind) noexcept nogil:
    """Keep of changes at the input what does not depend on the unit, in place.

    Returns whether some are large; then they stay as they are.
    """
    cdef Py_ssize_t i
    cdef float top
    if kind != SIGMOID and kind != TANH:
        return False
    top = biggest(dz, n)
    if top > LARGE:
        return True
    # The library's functions are not for vectors of numbers; the series are.
    if top < SMALL and kind == SIGMOID:
        for i in range(n):
            dz[i] = expm1_series(dz[i])
    elif top < SMALL:
        for i in range(n):
            dz[i] = tanh_series(dz[i])
    else:
        for i in range(n):
            dz[i] = expm1f(dz[i]) if kind == SIGMOID else tanhf(dz[i])
    return False


cdef void unit_change(const float *z, const float *h, const float *push, float *dh,
                      Py_ssize_t n, long kind, bint large) noexcept nogil:
    """Change of a unit's output over the samples."""
    cdef Py_ssize_t b
    cdef float t
    if large:
        for b in range(n):
            dh[b] = activate(z[b] + push[b], kind) - h[b]
    elif kind == LINEAR:
        memmove(dh, push, n * sizeof(float))
    elif kind == RELU:
        for b in range(n):
            t = z[b] + push[b]
            # Both on the live side: the change itself, not a difference of sums.
            dh[b] = push[b] if z[b] > 0 and t > 0 else (t if t > 0 else 0) - h[b]
    elif kind == LEAKY_RELU:
        for b in range(n):
            t = z[b] + push[b]
            if (z[b] > 0) == (t > 0):
                dh[b] = push[b] if t > 0 else LEAK * push[b]
            else:
                dh[b] = activate(t, kind) - h[b]
    elif kind == STEP:
        for b in range(n):
            dh[b] = activate(z[b] + push[b], kind) - h[b]
    elif kind == SIGMOID:
        for b in range(n):
            dh[b] = h[b] * (1 - h[b]) * push[b] / (1 + h[b] * push[b])
    else:
        for b in range(n):
            dh[b] = (1 - h[b] * h[b]) * push[b] / (1 + h[b] * push[b])


cdef float biggest(const float *a, Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t i
    cdef float top = 0
    for i in range(n):
        top = max(top, fabsf(a[i]))
    return top


cdef void add_output_change(Perturbed *wp, Py_ssize_t o, const float *dz, Py_ssize_t ld,
                            bint small, float *total) noexcept nogil:
    """Add what a change of output o does: to the softmax's sum, or to Delta E itself."""
    cdef Py_ssize_t b
    cdef float e, da, a
    cdef const float *p = wp.net.acts[wp.net.layers] + o * ld
    cdef const float *gap = wp.errors + o * ld
    if wp.cost == MSE:
        for b in range(ld):
            a = p[b]
            e = expm1f(dz[b])
            da = a * (1 - a) * e / (1 + a * e)
            total[b] += <float>0.5 * da * (da + 2 * gap[b])
    elif wp.cost == HALF_SQUARES:
        for b in range(ld):
            total[b] += <float>0.5 * dz[b] * (dz[b] + 2 * gap[b])
    elif wp.cost == BINARY:
        for b in range(ld):
            a = p[b]
            total[b] += log1pf(a * expm1f(dz[b])) - (a - gap[b]) * dz[b]
    elif small:
        for b in range(ld):
            total[b] += p[b] * expm1_series(dz[b])
    else:
        for b in range(ld):
            total[b] += p[b] * expm1f(dz[b])


cdef void finish_change(Perturbed *wp, float *total, const float *dz_true,
                        Py_ssize_t samples, bint small) noexcept nogil:
    """From what `add_output_change` has added up to Delta E of every sample, in place."""
    cdef Py_ssize_t b
    if wp.cost != CROSS_ENTROPY:
        return
    if small:
        for b in range(samples):
            total[b] = log1p_series(total[b]) - dz_true[b]
    else:
        for b in range(samples):
            total[b] = log1pf(total[b]) - dz_true[b]


cdef float shifted_cost(Perturbed *wp, const float *z, Py_ssize_t ld, const float *dz,
                        Py_ssize_t first, Py_ssize_t last, Py_ssize_t at) noexcept nogil:
    """Cost of row `at`, its outputs first..last changed by `dz`."""
    cdef Py_ssize_t c, classes = wp.net.table[6 * (wp.net.layers - 1) + OUT]
    cdef float value, a, t, top = 0, total = 0, expected = 0
    for c in range(classes):
        value = z[c * ld] + (dz[(c - first) * ld] if first <= c < last else 0)
        t = target_of(&wp.target, at, c)
        expected += t * value
        if wp.cost == BINARY:
            total += binary_cost(value, t)
        elif wp.cost != CROSS_ENTROPY:
            a = (value if wp.cost == HALF_SQUARES else sigmoid(value)) - t
            total += <float>0.5 * a * a
        elif c == 0:
            top, total = value, 1
        elif value > top:
            total = total * expf(top - value) + 1
            top = value
        else:
            total += expf(value - top)
    return total if wp.cost != CROSS_ENTROPY else logf(total) + (top - expected)


cdef void large_change(Perturbed *wp, const float *dz_ob, Py_ssize_t first, Py_ssize_t last,
                       const int *rows, Py_ssize_t samples,
                       float *line) noexcept nogil:
    """Delta E of every sample from large changes of the outputs first..last."""
    cdef Py_ssize_t b, ld = padded(samples)
    cdef const float *z = wp.z[wp.net.layers]
    for b in range(samples):
        line[b] = (shifted_cost(wp, z + b, ld, dz_ob + b, first, last, rows[b])
                   - shifted_cost(wp, z + b, ld, NULL, 0, 0, rows[b]))


cdef void expected_change(Perturbed *wp, const float *dz_ob, Py_ssize_t first, Py_ssize_t last,
                          const int *rows, Py_ssize_t samples, float *line) noexcept nogil:
    """What a softmax's targets make of changes of the outputs first..last: sum of t Delta z."""
    cdef Py_ssize_t c, b, true, ld = padded(samples)
    for b in range(samples):
        true = wp.target.labels[rows[b]]
        line[b] = wp.target.lift * dz_ob[(true - first) * ld + b] if first <= true < last else 0
    if wp.target.off > 0:
        for c in range(last - first):
            for b in range(samples):
                line[b] += wp.target.off * dz_ob[c * ld + b]


cdef void output_change(Perturbed *wp, const float *dz_ob, const int *rows,
                        Py_ssize_t samples, float *lines) noexcept nogil:
    """Delta E of every sample, in the first of `lines`, from changes of all outputs."""
    cdef Py_ssize_t o, ld = padded(samples), classes = wp.net.table[6 * (wp.net.layers - 1) + OUT]
    cdef float top = biggest(dz_ob, classes * ld)
    cdef bint small = top < SMALL
    cdef float *dz_true = lines + ld
    if top > LARGE:
        large_change(wp, dz_ob, 0, classes, rows, samples, lines)
        return
    memset(lines, 0, ld * sizeof(float))
    for o in range(classes):
        add_output_change(wp, o, dz_ob + o * ld, ld, small, lines)
    if wp.cost == CROSS_ENTROPY:
        expected_change(wp, dz_ob, 0, classes, rows, samples, dz_true)
    finish_change(wp, lines, dz_true, samples, small)


cdef void carried_change(Perturbed *wp, Py_ssize_t layer, Py_ssize_t unit, const float *dh,
                         const int *rows, Py_ssize_t samples,
                         float *scratch) noexcept nogil:
    """Delta E of every sample, in the second line, from the change `dh` of one hidden unit."""
    cdef Py_ssize_t l = layer + 1, o, b, ld = padded(samples)
    cdef const long long *row = wp.net.table + 6 * l
    cdef const float *column = wp.net.params + row[WEIGHT] + unit
    cdef float *dz = scratch + LINES * ld
    cdef float *above = dz + wp.widest * ld
    cdef float *swap
    cdef float w
    cdef bint large
    for o in range(row[OUT]):
        w = column[o * row[IN]]
        for b in range(ld):
            dz[o * ld + b] = w * dh[b]
    while l + 1 < wp.net.layers:
        large = push(dz, row[OUT] * ld, row[ACTIVATION])
        unit_change(wp.z[l + 1], wp.net.acts[l + 1], dz, dz, row[OUT] * ld, row[ACTIVATION],
                    large)
        l += 1
        row = wp.net.table + 6 * l
        product_rows(wp.net.params + row[WEIGHT], row[IN], 1, dz, ld, 0, row[OUT], ld, row[IN],
                     LWNN_SET, 1.0, above, ld, NULL)
        swap = dz
        dz = above
        above = swap
    output_change(wp, dz, rows, samples, scratch + ld)


cdef void own_change(Perturbed *wp, Py_ssize_t unit, const float *dz, const int *rows, Py_ssize_t samples, float *lines) noexcept nogil:
    """Delta E of every sample, in the first line, from a change at the input of an output."""
    cdef Py_ssize_t b, ld = padded(samples)
    cdef float top = biggest(dz, ld)
    cdef bint small = top < SMALL
    cdef float *dz_true = lines + ld
    if top > LARGE:
        large_change(wp, dz, unit, unit + 1, rows, samples, lines)
        return
    memset(lines, 0, ld * sizeof(float))
    add_output_change(wp, unit, dz, ld, small, lines)
    if wp.cost == CROSS_ENTROPY:
        expected_change(wp, dz, unit, unit + 1, rows, samples, dz_true)
    finish_change(wp, lines, dz_true, samples, small)


# ---------------------------------------------------------------- the curve of a unit

# Terms of a series, and the line behind them: the weight to the expected output.
cdef enum:
    TERMS = 4


cdef void add_to_series(Perturbed *wp, Py_ssize_t o, float v, Py_ssize_t ld,
                        float *c) noexcept nogil:
    """Add output o, reached by weight v, to the coefficients `c` [term][sample]."""
    cdef Py_ssize_t b
    cdef const float *p = wp.net.acts[wp.net.layers] + o * ld
    cdef const float *gap = wp.errors + o * ld
    cdef float v2 = v * v, v3 = v2 * v, v4 = v2 * v2
    cdef float a, s1, s2, s3, s4
    if wp.cost == CROSS_ENTROPY:
        for b in range(ld):
            c[b] += p[b] * v
            c[ld + b] += p[b] * v2 * <float>0.5
            c[2 * ld + b] += p[b] * v3 * <float>(1 / 6.0)
            c[3 * ld + b] += p[b] * v4 * <float>(1 / 24.0)
        return
    if wp.cost == HALF_SQUARES:
        for b in range(ld):
            c[b] += v * gap[b]
            c[ld + b] += v2 * <float>0.5
        return
    for b in range(ld):
        a = p[b]
        s1 = a * (1 - a)
        s2 = s1 * (1 - 2 * a)
        s3 = s1 * (1 - 6 * s1)
        if wp.cost == BINARY:
            c[b] += v * gap[b]
            c[ld + b] += v2 * <float>0.5 * s1
            c[2 * ld + b] += v3 * <float>(1 / 6.0) * s2
            c[3 * ld + b] += v4 * <float>(1 / 24.0) * s3
            continue
        s4 = s2 * (1 - 12 * s1)
        c[b] += v * gap[b] * s1
        c[ld + b] += v2 * <float>0.5 * (gap[b] * s2 + s1 * s1)
        c[2 * ld + b] += v3 * (gap[b] * s3 * <float>(1 / 6.0) + s1 * s2 * <float>0.5)
        c[3 * ld + b] += v4 * (gap[b] * s4 * <float>(1 / 24.0) + s2 * s2 * <float>0.125
                               + s1 * s3 * <float>(1 / 6.0))


cdef float unit_series(Perturbed *wp, Py_ssize_t layer, Py_ssize_t unit, const int *rows, Py_ssize_t samples, float *c) noexcept nogil:
    """Coefficients of E over a change of one unit of the last two layers, [term][sample].

    The last line of `c` is the sum of t v over the outputs. Returns the largest |weight|.
    """
    cdef const long long *row = wp.net.table + 6 * (wp.net.layers - 1)
    cdef const float *column = wp.net.params + row[WEIGHT] + unit
    cdef Py_ssize_t o, b, ld = padded(samples)
    cdef float *expected = c + TERMS * ld
    cdef float reach = 0
    memset(c, 0, (TERMS + 1) * ld * sizeof(float))
    if layer + 1 == wp.net.layers:
        add_to_series(wp, unit, 1, ld, c)
        for b in range(samples):
            expected[b] = target_of(&wp.target, rows[b], unit)
        return 1
    for o in range(row[OUT]):
        add_to_series(wp, o, column[o * row[IN]], ld, c)
        reach = max(reach, fabsf(column[o * row[IN]]))
    if wp.cost == CROSS_ENTROPY:
        for o in range(row[OUT]):
            for b in range(samples):
                expected[b] += target_of(&wp.target, rows[b], o) * column[o * row[IN]]
    return reach


cdef void series_change(const float *c, const float *dh, Py_ssize_t samples, Py_ssize_t ld,
                        int cost, float *line) noexcept nogil:
    """Delta E of every sample, along the curve."""
    cdef Py_ssize_t b
    cdef float s, t
    cdef const float *expected = c + TERMS * ld
    for b in range(samples):
        s = dh[b]
        t = s * (c[b] + s * (c[ld + b] + s * (c[2 * ld + b] + s * c[3 * ld + b])))
        line[b] = log1p_series(t) - expected[b] * s if cost == CROSS_ENTROPY else t


# ---------------------------------------------------------------- the gradient

cdef void input_change(Perturbed *wp, Py_ssize_t layer, Py_ssize_t unit, const float *moved,
                       bint large, bint series, const int *rows,
                       Py_ssize_t samples, float *scratch) noexcept nogil:
    """Delta E of every sample, in the second line, when the input of `unit` changes.

    `moved` is the change, or what `push` made of it. With `series` the coefficients of
    `unit_series` stand from the fourth line on.
    """
    cdef const long long *row = wp.net.table + 6 * layer
    cdef Py_ssize_t ld = padded(samples)
    cdef float *line = scratch + ld
    cdef const float *dh = moved
    if layer + 1 < wp.net.layers:
        dh = scratch
        unit_change(wp.z[layer + 1] + unit * ld, wp.net.acts[layer + 1] + unit * ld, moved,
                    scratch, ld, row[ACTIVATION], large)
    if series:
        series_change(scratch + 3 * ld, dh, samples, ld, wp.cost, line)
    elif layer + 1 == wp.net.layers:
        own_change(wp, unit, dh, rows, samples, line)
    else:
        carried_change(wp, layer, unit, dh, rows, samples, scratch)


cdef float unit_reach(Perturbed *wp, Py_ssize_t layer, Py_ssize_t unit, const int *rows, Py_ssize_t samples, float *scratch) noexcept nogil:
    """Ready the series of a unit where it has one; the largest weight that a change meets."""
    # A step leaps however little its input changes.
    if layer + 2 < wp.net.layers or (
            layer + 1 < wp.net.layers and wp.net.table[6 * layer + ACTIVATION] == STEP):
        return <float>1e30
    return unit_series(wp, layer, unit, rows, samples, scratch + 3 * padded(samples))


cdef void wp_unit(Perturbed *wp, Py_ssize_t layer, Py_ssize_t unit, const int *rows, Py_ssize_t samples, float *scratch) noexcept nogil:
    """Gradient of all weights into one unit, and of its bias."""
    cdef const long long *row = wp.net.table + 6 * layer
    cdef Py_ssize_t i, ld = padded(samples), n_in = row[IN]
    cdef float change, reach = unit_reach(wp, layer, unit, rows, samples, scratch)
    # Input n_in is the bias: it always reads 1.
    for i in range(n_in + 1):
        change = 0
        if wp.top[i] > 0:
            # No activation changes by more than its input does.
            input_change(wp, layer, unit, wp.moved + i * ld, wp.large,
                         wp.top[i] * reach < SMALL, rows, samples, scratch)
            change = lwnn_sum(scratch + ld, samples)
        wp.gradient[row[BIAS] + unit if i == n_in else row[WEIGHT] + unit * n_in + i] += (
            change * wp.scale)


cdef void wp_units(Perturbed *wp, Py_ssize_t layer, Py_ssize_t first, Py_ssize_t last,
                   const int *rows, Py_ssize_t samples,
                   float *scratch) noexcept nogil:
    cdef Py_ssize_t unit
    for unit in range(first, last):
        wp_unit(wp, layer, unit, rows, samples, scratch)


cdef void wp_layer(Perturbed *wp, Py_ssize_t layer, const int *rows,
                   Py_ssize_t samples) noexcept nogil:
    cdef const long long *row = wp.net.table + 6 * layer
    cdef Py_ssize_t i, b, ld = padded(samples), n_out = row[OUT]
    cdef int t, team = wp.net.team.threads
    cdef long kind = row[ACTIVATION]
    cdef const float *x = wp.net.acts[layer]
    for i in range(row[IN] * ld):
        wp.moved[i] = wp.delta * x[i]
    for b in range(ld):
        wp.moved[row[IN] * ld + b] = wp.delta
    for i in range(row[IN] + 1):
        wp.top[i] = biggest(wp.moved + i * ld, samples)
    wp.large = push(wp.moved, (row[IN] + 1) * ld, kind)
    if team <= 1:
        wp_units(wp, layer, 0, n_out, rows, samples, wp.scratch)
        return
    for t in prange(team, num_threads=team, schedule='static', chunksize=1):
        wp_units(wp, layer, n_out * t // team, n_out * (t + 1) // team, rows, samples,
                 wp.scratch + t * wp.share)


cdef double wp_forward(Perturbed *wp, const int *rows,
                       Py_ssize_t samples) noexcept nogil:
    """The unperturbed pass, keeping what the changes are computed from; returns E, summed."""
    cdef Dense *net = &wp.net
    cdef Py_ssize_t l, i, ld = padded(samples)
    cdef const long long *row
    transpose(net.input, padded(net.table[IN]), samples, net.table[IN], net.acts[0], ld)
    clear_padding(net.acts[0], net.table[IN], samples, ld)
    for l in range(net.layers):
        row = net.table + 6 * l
        product(net.params + row[WEIGHT], row[IN], 1, net.acts[l], ld, row[OUT], ld, row[IN],
                LWNN_SET, 1.0, wp.z[l + 1], ld, &net.team)
        bias_activate(wp.z[l + 1], net.params + row[BIAS], row[OUT], ld, LINEAR)
        for i in range(row[OUT] * ld):
            net.acts[l + 1][i] = activate(wp.z[l + 1][i], row[ACTIVATION])
    return output_values(wp, rows, samples)


cdef double output_values(Perturbed *wp, const int *rows, Py_ssize_t samples) noexcept nogil:
    """From the scores to the values that the cost reads, and their errors; returns E, summed."""
    cdef Dense *net = &wp.net
    cdef Py_ssize_t i, b, c, ld = padded(samples), classes = net.table[6 * (net.layers - 1) + OUT]
    cdef float *out = net.acts[net.layers]
    cdef float t
    cdef double loss
    memcpy(out, wp.z[net.layers], classes * ld * sizeof(float))
    # Both a and a - t are kept: a softmax's is got back from the error, the others' from z.
    memcpy(wp.errors, out, classes * ld * sizeof(float))
    loss = target_error(wp.errors, classes, ld, &wp.target, rows, samples, wp.cost)
    for c in range(classes):
        for b in range(ld):
            i = c * ld + b
            t = target_of(&wp.target, rows[b], c) if b < samples else 0
            if wp.cost == CROSS_ENTROPY:
                out[i] = wp.errors[i] + t
                continue
            out[i] = out[i] if wp.cost == HALF_SQUARES else sigmoid(out[i])
            wp.errors[i] = out[i] - t
    return loss
