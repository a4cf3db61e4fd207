# Relatives of per-weight perturbation: fewer passes, paid for with variance or with more than
# forward passes.
#
#     node            one unit's input at a time: dE/dz_ub = Delta E_b / delta for every sample b,
#                     then dE/dw_ui = mean_b dE/dz_ub x_ib; one pass a unit
#     fan-in          all weights into a unit at once, by delta s_i with random signs s:
#                     dE/dw_ui = Delta E / (delta s_i)   (Flower & Jabri, NIPS 1992)
#     simultaneous    all weights at once, likewise (Spall 1992; Cauwenberghs 1993)
#
# Estimates of the last two are averaged over draws. Signs are bits of a counter's hash
# (splitmix64, Steele et al. 2014), so that they do not depend on the number of threads.

cdef enum:
    PER_WEIGHT = 0
    PER_NODE = 1
    PER_FAN_IN = 2
    SIMULTANEOUS = 3


cdef inline unsigned long long sign_key(long long seed, long step, Py_ssize_t draw) noexcept nogil:
    return mix(mix(mix(<unsigned long long>seed) + <unsigned long long>step)
               + <unsigned long long>draw)


cdef inline float sign_of(unsigned long long key, Py_ssize_t index) noexcept nogil:
    """+1 or -1 for parameter `index`."""
    cdef unsigned long long word = mix(key + <unsigned long long>(index >> 6))
    return 1 if (word >> (index & 63)) & 1 else -1


# ---------------------------------------------------------------- one unit's input

cdef void node_units(Perturbed *wp, Py_ssize_t layer, Py_ssize_t first, Py_ssize_t last,
                     const int *rows, Py_ssize_t samples,
                     float *scratch) noexcept nogil:
    """Add dE/dz of the units first..last to `wp.nodes`; the change stands in `wp.moved`."""
    cdef Py_ssize_t unit, b, ld = padded(samples)
    cdef float *line = scratch + ld
    cdef float reach
    for unit in range(first, last):
        reach = unit_reach(wp, layer, unit, rows, samples, scratch)
        input_change(wp, layer, unit, wp.moved, wp.large, fabsf(wp.delta) * reach < SMALL, rows, samples, scratch)
        for b in range(samples):
            wp.nodes[unit * ld + b] += line[b] * wp.scale


cdef void node_layer(Perturbed *wp, Py_ssize_t layer, const int *rows,
                     Py_ssize_t samples, Py_ssize_t sides) noexcept nogil:
    cdef const long long *row = wp.net.table + 6 * layer
    cdef Py_ssize_t b, o, side, ld = padded(samples), n_out = row[OUT]
    cdef const float *below = wp.net.input
    cdef int t, team = wp.net.team.threads
    memset(wp.nodes, 0, n_out * ld * sizeof(float))
    for side in range(sides):
        for b in range(ld):
            wp.moved[b] = wp.delta
        wp.large = push(wp.moved, ld, row[ACTIVATION])
        if team <= 1:
            node_units(wp, layer, 0, n_out, rows, samples, wp.scratch)
        else:
            for t in prange(team, num_threads=team, schedule='static', chunksize=1):
                node_units(wp, layer, n_out * t // team, n_out * (t + 1) // team, rows,
                           samples, wp.scratch + t * wp.share)
        other_side(wp)
    if sides == 1:
        other_side(wp)
    if layer > 0:
        transpose(wp.net.acts[layer], ld, row[IN], samples, wp.net.rows, padded(row[IN]))
        below = wp.net.rows
    product(wp.nodes, ld, 1, below, padded(row[IN]), n_out, row[IN], samples, LWNN_SET, 1.0,
            wp.gradient + row[WEIGHT], row[IN], &wp.net.team)
    for o in range(n_out):
        wp.gradient[row[BIAS] + o] = lwnn_sum(wp.nodes + o * ld, samples)


cdef void other_side(Perturbed *wp) noexcept nogil:
    """The next change goes the other way."""
    wp.delta = -wp.delta
    wp.scale = -wp.scale


# ---------------------------------------------------------------- all weights into a unit

cdef void fan_in_change(Perturbed *wp, Py_ssize_t layer, Py_ssize_t unit, Py_ssize_t samples,
                        unsigned long long key, float *dz) noexcept nogil:
    """What moving all weights into `unit`, and its bias, adds to its input."""
    cdef const long long *row = wp.net.table + 6 * layer
    cdef Py_ssize_t i, b, ld = padded(samples), weights = row[WEIGHT] + unit * row[IN]
    cdef float bias = wp.delta * sign_of(key, row[BIAS] + unit)
    for b in range(ld):
        dz[b] = bias
    for i in range(row[IN]):
        lwnn_axpy(dz, wp.net.acts[layer] + i * ld, wp.delta * sign_of(key, weights + i), ld)


cdef void fan_in_unit(Perturbed *wp, Py_ssize_t layer, Py_ssize_t unit, const int *rows, Py_ssize_t samples, unsigned long long key,
                      Py_ssize_t sides, float *scratch) noexcept nogil:
    """Add one draw's estimate for all weights into `unit`."""
    cdef const long long *row = wp.net.table + 6 * layer
    cdef Py_ssize_t i, side, b, ld = padded(samples), weights = row[WEIGHT] + unit * row[IN]
    cdef float *dz = scratch + (LINES - 1) * ld
    cdef float reach = unit_reach(wp, layer, unit, rows, samples, scratch)
    cdef float top, change = 0
    cdef bint large
    for side in range(sides):
        fan_in_change(wp, layer, unit, samples, key, dz)
        if side == 1:
            for b in range(ld):
                dz[b] = -dz[b]
        top = biggest(dz, samples)
        large = push(dz, ld, row[ACTIVATION])
        input_change(wp, layer, unit, dz, large, top * reach < SMALL, rows, samples, scratch)
        change += (1 if side == 0 else -1) * lwnn_sum(scratch + ld, samples)
    for i in range(row[IN]):
        wp.gradient[weights + i] += change * wp.scale * sign_of(key, weights + i)
    wp.gradient[row[BIAS] + unit] += change * wp.scale * sign_of(key, row[BIAS] + unit)


cdef void fan_in_units(Perturbed *wp, Py_ssize_t layer, Py_ssize_t first, Py_ssize_t last,
                       const int *rows, Py_ssize_t samples,
                       unsigned long long key, Py_ssize_t sides, float *scratch) noexcept nogil:
    cdef Py_ssize_t unit
    for unit in range(first, last):
        fan_in_unit(wp, layer, unit, rows, samples, key, sides, scratch)


cdef void fan_in_layer(Perturbed *wp, Py_ssize_t layer, const int *rows,
                       Py_ssize_t samples, unsigned long long key,
                       Py_ssize_t sides) noexcept nogil:
    cdef Py_ssize_t n_out = wp.net.table[6 * layer + OUT]
    cdef int t, team = wp.net.team.threads
    if team <= 1:
        fan_in_units(wp, layer, 0, n_out, rows, samples, key, sides, wp.scratch)
        return
    for t in prange(team, num_threads=team, schedule='static', chunksize=1):
        fan_in_units(wp, layer, n_out * t // team, n_out * (t + 1) // team, rows, samples,
                     key, sides, wp.scratch + t * wp.share)


# ---------------------------------------------------------------- all weights at once

cdef double moved_cost(Perturbed *wp, float way, unsigned long long key, Py_ssize_t size,
                       const int *rows, Py_ssize_t samples) noexcept nogil:
    """Cost, summed, with every parameter moved by way * its sign."""
    cdef Py_ssize_t i
    cdef float *params = wp.net.params
    cdef double cost
    for i in range(size):
        wp.elsewhere[i] = params[i] + way * sign_of(key, i)
    wp.net.params = wp.elsewhere
    cost = wp_forward(wp, rows, samples)
    wp.net.params = params
    return cost


cdef void all_at_once(Perturbed *wp, double base, unsigned long long key, Py_ssize_t size,
                      const int *rows, Py_ssize_t samples,
                      Py_ssize_t sides) noexcept nogil:
    """Add one draw's estimate of the whole gradient."""
    cdef Py_ssize_t i
    cdef double change = moved_cost(wp, wp.delta, key, size, rows, samples)
    if sides == 2:
        base = moved_cost(wp, -wp.delta, key, size, rows, samples)
    change -= base
    for i in range(size):
        wp.gradient[i] += <float>change * wp.scale * sign_of(key, i)


# ---------------------------------------------------------------- a mini-batch

cdef double wp_batch(Perturbed *wp, const int *rows, Py_ssize_t samples,
                     long long seed, long step, Py_ssize_t size) noexcept nogil:
    """Gradient of a mini-batch, by the form that `wp` names; the cost, summed."""
    cdef Py_ssize_t l, side, draw
    cdef unsigned long long key
    cdef double loss = wp_forward(wp, rows, samples)
    memset(wp.gradient, 0, size * sizeof(float))
    wp.scale = 1 / (wp.delta * samples * wp.sides)
    if wp.form == PER_WEIGHT:
        for side in range(wp.sides):
            for l in range(wp.net.layers):
                wp_layer(wp, l, rows, samples)
            other_side(wp)
        if wp.sides == 1:
            other_side(wp)
    elif wp.form == PER_NODE:
        for l in range(wp.net.layers):
            node_layer(wp, l, rows, samples, wp.sides)
    else:
        wp.scale /= wp.draws
        for draw in range(wp.draws):
            key = sign_key(seed, step, draw)
            if wp.form == SIMULTANEOUS:
                all_at_once(wp, loss, key, size, rows, samples, wp.sides)
                continue
            for l in range(wp.net.layers):
                fan_in_layer(wp, l, rows, samples, key, wp.sides)
    return loss


def wp_epoch(float[::1] params, const long long[:, ::1] table, int cost, float delta,
             int form, int sides, int draws, long long seed,
             const data_t[:, ::1] x, const float[:, ::1] scaler, float clip,
             const target_t[::1] y, const int[::1] order, Py_ssize_t batch,
             int method, const double[::1] hyper, float[:, ::1] state, long step,
             float[::1] workspace, int threads):
    """Train by perturbation on the rows that `order` names, in mini-batches.

    Parameters
    ----------
    delta : float
        IN. How far a weight, or a unit's input, is moved; not 0.
    form : int
        IN. 0 every weight in turn, 1 every unit's input, 2 all weights into a unit, 3 all weights.
    sides : int
        IN. 1 forward differences, 2 central ones.
    draws : int
        IN. Draws of signs that are averaged, for forms 2 and 3.
    seed : int
        IN. Of the signs; the same for every call of a run, as `step` counts on.
    workspace : float32 (wp_workspace(table, batch, form, threads),)

    The other arguments, and the value, are those of `bp_epoch`.
    """
    cdef Arena arena = arena_over(workspace)
    cdef Perturbed wp = wp_layout(&arena, table, batch, form, threads)
    cdef Optimizer how = optimizer_from(method, hyper, state, step)
    cdef Py_ssize_t n = order.shape[0], start, samples
    cdef double loss = 0
    check_room(&arena, workspace)
    if n == 0:
        return 0.0
    wp.net.params = &params[0]
    if target_t is int:
        wp.target = target_from(&y[0], NULL, table[wp.net.layers - 1, OUT], how.smoothing)
    else:
        wp.target = target_from(NULL, &y[0], 1, 0)
    wp.delta, wp.cost, wp.form, wp.sides, wp.draws = delta, cost, form, sides, draws
    with nogil:
        start = 0
        while start < n:
            samples = min(batch, n - start)
            gather(&x[0, 0], &scaler[0, 0], clip, wp.net.table[IN], &order[start], samples,
                   wp.net.input, padded(wp.net.table[IN]))
            open_batch(wp.net.params, wp.net.table, wp.net.layers, wp.net.input,
                       padded(wp.net.table[IN]), samples, &how)
            loss += wp_batch(&wp, &order[start], samples, seed, step, params.shape[0])
            optimize_net(wp.net.params, wp.gradient, wp.net.table, wp.net.layers, &how,
                         &wp.net.team)
            step += 1
            close_batch(wp.net.params, wp.net.table, wp.net.layers, &how)
            start += samples
    return loss
