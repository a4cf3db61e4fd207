# Weight perturbation of Elman nets, in every form. Jabri & Flower 1992 mean it for such nets, too:
# it needs forward passes only.
#
# A weight that is moved changes its unit at every step, by what it reads then; the change of the
# unit at one step changes the whole layer at the next. Changes are carried as changes, as in
# perturbation.pxi, whose functions the output layer is left to:
#
#     Delta z_u(t) += delta (r_j(t) + Delta r_j(t))        r(t) = [a_{l-1}(t), a_l(t-1)]
#     Delta z_l(t) += W_l Delta r_l(t)
#
# A step at which all that the weight reads is 0, and all before it, cost nothing; nor do the
# layers below. The form `node` moves the input of one unit at one step.

cdef struct Wobbled:
    Elman net
    Perturbed wp                    # the output layer, and what its changes are computed from
    float *z[MAX_LAYERS]            # [step][unit][sample] inputs of activations
    float *changes                  # per thread: `LINES` lines, a layer's Delta z, every Delta r
    Py_ssize_t at[MAX_LAYERS]       # where in a thread's share Delta r of a layer stands
    Py_ssize_t share                # floats of a thread
    float *nodes                    # [unit][step, sample] dE/dz of a layer, for PER_NODE


cdef Wobbled wobbled_layout(Arena *arena, const long long[:, ::1] table, Py_ssize_t steps,
                            Py_ssize_t batch, int form, int threads):
    cdef Wobbled wob
    cdef Py_ssize_t l, ld = padded(batch), at
    wob.net = elman_layout(arena, table, steps, batch, True, False, threads)
    wob.wp = wp_layout(arena, table, batch, form, threads)
    at = (LINES + wob.wp.widest) * ld
    for l in range(wob.net.layers - 1):
        wob.z[l] = carve(arena, table[l, OUT] * steps * ld)
        wob.at[l] = at
        at += table[l, IN] * ld
    wob.share = (at + LWNN_LANES + 15) // 16 * 16
    wob.changes = carve(arena, wob.share * threads)
    wob.nodes = carve(arena, wob.wp.widest * steps * ld) if form == PER_NODE else NULL
    return wob


def elman_wp_workspace(const long long[:, ::1] table, Py_ssize_t steps, Py_ssize_t batch,
                       int form, int threads):
    """Floats of workspace that `elman_wp_epoch` needs."""
    cdef Arena arena
    arena.base = NULL
    arena.used = 0
    wobbled_layout(&arena, table, steps, batch, form, threads)
    return arena.used


cdef double wobbled_forward(Wobbled *wob, const int *rows, Py_ssize_t samples) noexcept nogil:
    """The unperturbed pass, keeping what the changes are computed from; returns E, summed."""
    cdef Elman *net = &wob.net
    cdef Py_ssize_t ld = padded(samples), top = net.layers - 2
    elman_forward(net, samples, wob.z)
    wob.wp.net.acts[top + 1] = state_after(net, top, net.steps - 1, ld)
    wob.wp.z[net.layers] = net.out
    return output_values(&wob.wp, rows, samples)


# ---------------------------------------------------------------- carrying a change

# What is moved: the weight of one input of a unit, all that it reads by signs, or its own input.
cdef struct Move:
    int form
    Py_ssize_t layer
    Py_ssize_t unit
    Py_ssize_t read               # the weight's input; the one behind the last is the bias
    Py_ssize_t start              # the first step that anything changes at
    unsigned long long key        # of the signs
    float by


cdef void moved_input(Wobbled *wob, const Move *move, Py_ssize_t t, const float *changed,
                      Py_ssize_t ld, float *dz) noexcept nogil:
    """Add to `dz` what the move itself does to its unit's input at step t.

    `changed` is how much what the layer reads has changed: [unit][sample].
    """
    cdef const long long *row = wob.net.table + 6 * move.layer
    cdef const float *reads = read_at(&wob.net, move.layer, t)
    cdef Py_ssize_t b, i, weights = row[WEIGHT] + move.unit * row[IN]
    cdef float by = move.by
    if move.form == PER_NODE:
        if t == move.start:
            for b in range(ld):
                dz[b] += by
        return
    if move.form == PER_WEIGHT and move.read < row[IN]:
        i = move.read * ld
        for b in range(ld):
            dz[b] += by * (reads[i + b] + changed[i + b])
        return
    if move.form == PER_FAN_IN:
        by *= sign_of(move.key, row[BIAS] + move.unit)
    for b in range(ld):
        dz[b] += by
    if move.form == PER_FAN_IN:
        for i in range(row[IN]):
            by = move.by * sign_of(move.key, weights + i)
            lwnn_axpy(dz, reads + i * ld, by, ld)
            lwnn_axpy(dz, changed + i * ld, by, ld)


cdef void layer_change(Wobbled *wob, const Move *move, Py_ssize_t layer, Py_ssize_t t,
                       Py_ssize_t ld, float *dz, float *changed) noexcept nogil:
    """Change of a layer's inputs at step t, from that of what it reads."""
    cdef const long long *row = wob.net.table + 6 * layer
    cdef const float *w = wob.net.params + row[WEIGHT]
    cdef Py_ssize_t below = units_below(row)
    if layer > move.layer:
        product_rows(w, row[IN], 1, changed, ld, 0, row[OUT], ld,
                     row[IN] if t > move.start else below, LWNN_SET, 1.0, dz, ld, NULL)
        return
    # Nothing changes below the moved unit.
    if t > move.start:
        product_rows(w + below, row[IN], 1, changed + below * ld, ld, 0, row[OUT], ld, row[OUT],
                     LWNN_SET, 1.0, dz, ld, NULL)
    else:
        memset(changed, 0, row[IN] * ld * sizeof(float))
        memset(dz, 0, row[OUT] * ld * sizeof(float))
    moved_input(wob, move, t, changed, ld, dz + move.unit * ld)


cdef void carry(Wobbled *wob, const Move *move, const int *rows, Py_ssize_t samples,
                float *scratch) noexcept nogil:
    """Delta E of every sample, in the first line of `scratch`, when a hidden unit is moved."""
    cdef Elman *net = &wob.net
    cdef Py_ssize_t t, l, size, ld = padded(samples), top = net.layers - 2
    cdef const long long *row
    cdef float *dz = scratch + LINES * ld
    cdef float *changed
    cdef float *own
    cdef bint large
    for t in range(move.start, net.steps):
        for l in range(move.layer, top + 1):
            row = net.table + 6 * l
            size = row[OUT] * ld
            changed = scratch + wob.at[l]
            own = changed + units_below(row) * ld
            layer_change(wob, move, l, t, ld, dz, changed)
            large = push(dz, size, row[ACTIVATION])
            unit_change(wob.z[l] + t * size, state_after(net, l, t, ld), dz, own, size,
                        row[ACTIVATION], large)
            if l < top:
                memcpy(scratch + wob.at[l + 1], own, size * sizeof(float))
    row = net.table + 6 * (net.layers - 1)
    product_rows(net.params + row[WEIGHT], row[IN], 1, own, ld, 0, row[OUT], ld, row[IN],
                 LWNN_SET, 1.0, dz, ld, NULL)
    output_change(&wob.wp, dz, rows, samples, scratch)


# ---------------------------------------------------------------- the forms

cdef Py_ssize_t first_read(Wobbled *wob, Py_ssize_t layer, Py_ssize_t read,
                           Py_ssize_t ld) noexcept nogil:
    """The first step at which what a weight reads is not 0; the number of steps if none is."""
    cdef Py_ssize_t t = 0
    if read == wob.net.table[6 * layer + IN]:
        return 0
    while t < wob.net.steps and biggest(read_at(&wob.net, layer, t) + read * ld, ld) == 0:
        t += 1
    return t


cdef void elman_unit(Wobbled *wob, Py_ssize_t layer, Py_ssize_t unit, const int *rows,
                     Py_ssize_t samples, unsigned long long key,
                     float *scratch) noexcept nogil:
    """Gradient by one unit's weights, or by its inputs."""
    cdef const long long *row = wob.net.table + 6 * layer
    cdef Perturbed *wp = &wob.wp
    cdef Py_ssize_t i, b, side, ld = padded(samples), weights = row[WEIGHT] + unit * row[IN]
    cdef Py_ssize_t ldd = wob.net.steps * ld
    cdef float change = 0
    cdef Move move
    move.form, move.layer, move.unit, move.key = wp.form, layer, unit, key
    move.read = move.start = 0
    for side in range(wp.sides):
        move.by = wp.delta if side == 0 else -wp.delta
        if wp.form == PER_WEIGHT:
            for i in range(row[IN] + 1):
                move.read, move.start = i, first_read(wob, layer, i, ld)
                if move.start == wob.net.steps:
                    continue
                carry(wob, &move, rows, samples, scratch)
                wp.gradient[row[BIAS] + unit if i == row[IN] else weights + i] += (
                    lwnn_sum(scratch, samples) * (wp.scale if side == 0 else -wp.scale))
        elif wp.form == PER_NODE:
            for i in range(wob.net.steps):
                move.start = i
                carry(wob, &move, rows, samples, scratch)
                for b in range(samples):
                    wob.nodes[unit * ldd + i * ld + b] += (
                        scratch[b] * (wp.scale if side == 0 else -wp.scale))
        else:
            carry(wob, &move, rows, samples, scratch)
            change += (1 if side == 0 else -1) * lwnn_sum(scratch, samples)
    if wp.form == PER_FAN_IN:
        for i in range(row[IN]):
            wp.gradient[weights + i] += change * wp.scale * sign_of(key, weights + i)
        wp.gradient[row[BIAS] + unit] += change * wp.scale * sign_of(key, row[BIAS] + unit)


cdef void elman_units(Wobbled *wob, Py_ssize_t layer, Py_ssize_t first, Py_ssize_t last,
                      const int *rows, Py_ssize_t samples, unsigned long long key,
                      float *scratch) noexcept nogil:
    cdef Py_ssize_t unit
    for unit in range(first, last):
        elman_unit(wob, layer, unit, rows, samples, key, scratch)


cdef void elman_layer(Wobbled *wob, Py_ssize_t layer, const int *rows, Py_ssize_t samples,
                      unsigned long long key) noexcept nogil:
    """Add the gradient of a hidden layer; threads share out its units."""
    cdef const long long *row = wob.net.table + 6 * layer
    cdef Py_ssize_t u, ld = padded(samples), ldd = wob.net.steps * ld, n_out = row[OUT]
    cdef int t, team = wob.net.team.threads
    if wob.wp.form == PER_NODE:
        memset(wob.nodes, 0, n_out * ldd * sizeof(float))
    if team <= 1:
        elman_units(wob, layer, 0, n_out, rows, samples, key, wob.changes)
    else:
        for t in prange(team, num_threads=team, schedule='static', chunksize=1):
            elman_units(wob, layer, n_out * t // team, n_out * (t + 1) // team, rows, samples,
                        key, wob.changes + t * wob.share)
    if wob.wp.form != PER_NODE:
        return
    layer_rows(&wob.net, layer, ld)
    product(wob.nodes, ldd, 1, wob.net.rows, padded(row[IN]), n_out, row[IN], ldd, LWNN_SET, 1.0,
            wob.wp.gradient + row[WEIGHT], row[IN], &wob.net.team)
    for u in range(n_out):
        wob.wp.gradient[row[BIAS] + u] = lwnn_sum(wob.nodes + u * ldd, ldd)


cdef void elman_output(Wobbled *wob, const int *rows, Py_ssize_t samples,
                       unsigned long long key) noexcept nogil:
    """Add the gradient of the output layer, which time does not come into."""
    cdef Perturbed *wp = &wob.wp
    cdef Py_ssize_t side, layer = wp.net.layers - 1
    if wp.form == PER_NODE:
        node_layer(wp, layer, rows, samples, wp.sides)
    elif wp.form == PER_FAN_IN:
        fan_in_layer(wp, layer, rows, samples, key, wp.sides)
    else:
        for side in range(wp.sides):
            wp_layer(wp, layer, rows, samples)
            other_side(wp)
        if wp.sides == 1:
            other_side(wp)


cdef double wobbled_cost(Wobbled *wob, float way, unsigned long long key, Py_ssize_t size,
                         const int *rows, Py_ssize_t samples) noexcept nogil:
    """Cost, summed, with every parameter moved by way * its sign."""
    cdef Py_ssize_t i
    cdef float *params = wob.net.params
    cdef double cost
    for i in range(size):
        wob.wp.elsewhere[i] = params[i] + way * sign_of(key, i)
    wob.net.params = wob.wp.elsewhere
    cost = wobbled_forward(wob, rows, samples)
    wob.net.params = params
    return cost


cdef void wobble_all(Wobbled *wob, double base, unsigned long long key, Py_ssize_t size,
                     const int *rows, Py_ssize_t samples) noexcept nogil:
    """Add one draw's estimate of the whole gradient."""
    cdef Py_ssize_t i
    cdef double change = wobbled_cost(wob, wob.wp.delta, key, size, rows, samples)
    if wob.wp.sides == 2:
        base = wobbled_cost(wob, -wob.wp.delta, key, size, rows, samples)
    change -= base
    for i in range(size):
        wob.wp.gradient[i] += <float>change * wob.wp.scale * sign_of(key, i)


# ---------------------------------------------------------------- a mini-batch

cdef double elman_wp_batch(Wobbled *wob, const int *rows, Py_ssize_t samples, long long seed,
                           long step, Py_ssize_t size) noexcept nogil:
    """Gradient of a mini-batch, by the form asked for; the cost, summed."""
    cdef Perturbed *wp = &wob.wp
    cdef Py_ssize_t l, draw, draws = wp.draws if wp.form >= PER_FAN_IN else 1
    cdef unsigned long long key
    cdef double loss = wobbled_forward(wob, rows, samples)
    memset(wp.gradient, 0, size * sizeof(float))
    wp.scale = 1 / (wp.delta * samples * wp.sides * draws)
    for draw in range(draws):
        key = sign_key(seed, step, draw)
        if wp.form == SIMULTANEOUS:
            wobble_all(wob, loss, key, size, rows, samples)
            continue
        for l in range(wob.net.layers - 1):
            elman_layer(wob, l, rows, samples, key)
        elman_output(wob, rows, samples, key)
    return loss


def elman_wp_epoch(float[::1] params, const long long[:, ::1] table, Py_ssize_t steps, int cost,
                   float delta, int form, int sides, int draws, long long seed,
                   const data_t[:, ::1] x, const float[:, ::1] scaler, float clip,
                   const target_t[::1] y, const int[::1] order, Py_ssize_t batch,
                   int method, const double[::1] hyper, float[:, ::1] state, long step,
                   float[::1] workspace, int threads):
    """Train an Elman net by perturbation on the rows that `order` names, in mini-batches.

    Parameters
    ----------
    table, steps, x, scaler
        As in `elman_scores`.
    form : int
        IN. As in `wp_epoch`; 1 is one unit's input at one step.
    workspace : float32 (elman_wp_workspace(table, steps, batch, form, threads),)

    The other arguments, and the value, are those of `wp_epoch`.
    """
    cdef Arena arena = arena_over(workspace)
    cdef Wobbled wob = wobbled_layout(&arena, table, steps, batch, form, threads)
    cdef Optimizer how = optimizer_from(method, hyper, state, step)
    cdef Py_ssize_t n = order.shape[0], width = steps * wob.net.features, start, samples
    cdef double loss = 0
    check_room(&arena, workspace)
    if n == 0:
        return 0.0
    wob.net.params = wob.wp.net.params = &params[0]
    if target_t is int:
        wob.wp.target = target_from(&y[0], NULL, table[wob.net.layers - 1, OUT], how.smoothing)
    else:
        wob.wp.target = target_from(NULL, &y[0], 1, 0)
    wob.wp.delta, wob.wp.cost, wob.wp.form = delta, cost, form
    wob.wp.sides, wob.wp.draws = sides, draws
    with nogil:
        start = 0
        while start < n:
            samples = min(batch, n - start)
            gather(&x[0, 0], &scaler[0, 0], clip, width, &order[start], samples, wob.net.input,
                   padded(width))
            open_sequences(&wob.net, samples, &how)
            loss += elman_wp_batch(&wob, &order[start], samples, seed, step, params.shape[0])
            optimize_net(&params[0], wob.wp.gradient, wob.net.table, wob.net.layers, &how,
                         &wob.net.team)
            step += 1
            close_batch(&params[0], wob.net.table, wob.net.layers, &how)
            start += samples
    return loss
