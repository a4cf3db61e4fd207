# Supervised Forward-Forward (Hinton 2022, arXiv 2212.13345), every layer learning on every batch.
#
#     layer 1    h_c = relu(W x + s U_c + b) under label c; W x is one product for all labels
#     later      h' = relu(W n + b)
#     hand-on    n = h / (rms(h) + tiny), from before the update; nothing flows back through it
#     dropout    silences units in n: a layer's goodness is that of all of them
#     goodness   G = g * sum of e(h), e by its code; losses and their errors are in ff_losses.pxi
#     neutral    every label at s / classes: what the head reads
#     head       softmax over M n + c, cross-entropy, no gradient into the layers
#
# Outputs of a layer are kept `[unit][column]`. What a product reads stands in tiles: its inputs in
# tiles of columns, `[tile][unit][lane]`, those of a gradient in tiles of units,
# `[tile][column][lane]`. The passes between the products are shared out like the products: a thread
# takes units, or columns, for itself, and every sum has one owner.
#
# Where `form` says so, x is divided by its root mean square as well. A batch goes through the net
# twice: under the neutral label, from which the head learns and from whose scores hard negatives are
# drawn; then under the labels that the loss compares, a pass for each. Their columns stand side by
# side, `[pass 0 | pass 1 | ...]`, so that each later layer is one product for all of them. Steps
# and scores are in ff_learning.pxi.
#
# Embedding. Append: the label has inputs of its own, of value s. Overwrite: it stands in the first
# inputs, one for each class, in the place of what the row has there, and counts in the root mean
# square. Either way its weights are U; those of W that would read the overwritten inputs always
# read 0.

cdef float TINY = 1e-6

# What a row of `goals` says of a layer.
cdef enum:
    GOODNESS = 0    # g
    THRESHOLD = 1   # theta
    READOUT = 2     # weight of the layer's sum when labels are scored

# What `form` says of a net and of how it learns; lwnn.network writes it.
cdef enum:
    LOSS = 0
    ELEMENT = 1
    EMBED = 2
    HOT = 3         # s, or the value that overwrites an input
    PEER = 4        # strength of peer normalisation
    HEAD_RATE = 5   # the head's rate as a multiple of the layers'
    ONLY = 6        # the one layer that learns; -1: all
    LEVEL = 7       # 1: rows are divided by their root mean square

cdef enum:
    APPEND = 0
    OVERWRITE = 1

# Columns of `report`.
cdef enum:
    SUM_LOSS = 0
    SUM_POSITIVE = 1
    SUM_NEGATIVE = 2
    SUM_RIGHT = 3
    REPORTED = 4


cdef struct Forward:
    Py_ssize_t layers             # hidden ones
    Py_ssize_t classes
    Py_ssize_t passes             # labels that a sample is seen under at a time
    Py_ssize_t head_from          # first layer that the head reads
    Py_ssize_t only
    int loss
    int element
    int embed
    bint level
    float hot
    float peer
    float head_rate
    const long long *table
    const float *goals
    float *params
    float *peers                  # mean output of every unit of every layer
    unsigned char *alive          # whether a unit has given an output
    float *input                  # [sample][unit] normalised rows
    float *input_t                # the same in tiles of samples
    float *shared                 # [unit][sample] W x of layer 1
    float *value                  # [sample] of the one hot label input
    float *neutral                # [sample] of every label input under the neutral label
    float *gain                   # [sample] what the neutral label makes of W x
    int *labels                   # [pass][sample] of a pair
    float *h                      # [unit][column] outputs of the layer at hand
    float *n_t                    # normalised inputs of the next, in tiles of columns
    float *rows                   # the same in tiles of units
    float *head_t                 # normalised states that the head reads, in tiles of samples
    float *head                   # the same in tiles of units
    float *scores                 # [class][sample]
    float *squares                # [column] sum of squares
    float *good                   # [column] sum that the goodness is made of
    float *factor                 # [column] dL/d(sum), or 1 / rms
    float *pull                   # [unit] what peer normalisation adds to an error
    float *grad
    const Optimizer *how          # in training: what dropout reads
    Team team


cdef Forward ff_layout(Arena *arena, const long long[:, ::1] table, const double[::1] form,
                       Py_ssize_t batch, bint training, int threads) noexcept nogil:
    cdef Forward net
    cdef Py_ssize_t l, ld = columns(batch), wide, widest = 0, head
    net.layers = table.shape[0] - 1
    net.classes = table[net.layers, OUT]
    net.table = &table[0, 0]
    net.loss = <int>form[LOSS]
    net.element = <int>form[ELEMENT]
    net.embed = <int>form[EMBED]
    net.level = form[LEVEL] != 0
    net.hot = <float>form[HOT]
    net.peer = <float>form[PEER]
    net.head_rate = <float>form[HEAD_RATE]
    net.only = <Py_ssize_t>form[ONLY]
    net.passes = 2 if training and net.loss != LABELS else net.classes
    wide = columns(net.passes * batch)
    head = table[net.layers, IN]
    for l in range(net.layers):
        widest = max(widest, table[l, OUT])
    net.input = carve(arena, batch * padded(table[0, IN]))
    net.input_t = carve(arena, table[0, IN] * ld)
    net.shared = carve(arena, table[0, OUT] * ld)
    net.value = carve(arena, batch)
    net.neutral = carve(arena, batch)
    net.gain = carve(arena, batch)
    net.labels = <int *>carve(arena, 2 * batch)
    net.h = carve(arena, widest * wide)
    net.n_t = carve(arena, widest * wide)
    net.rows = carve(arena, wide * padded(widest))
    net.head_t = carve(arena, head * ld)
    net.head = carve(arena, batch * padded(head))
    net.scores = carve(arena, net.classes * ld)
    net.squares = carve(arena, wide)
    net.good = net.squares if net.element == SQUARES else carve(arena, wide)
    net.factor = carve(arena, wide)
    net.pull = carve(arena, widest)
    net.grad = carve(arena, gradient_size(table)) if training else NULL
    net.team = team_layout(arena, panel_size(table, wide), training, threads)
    net.peers = NULL
    net.alive = NULL
    net.how = NULL
    net.head_from = 0
    wide = 0
    for l in range(net.layers - 1, -1, -1):
        wide += table[l, OUT]
        if wide == head:
            net.head_from = l
            break
    return net


cdef Py_ssize_t ff_size(const long long[:, ::1] table, const double[::1] form, Py_ssize_t batch,
                        bint training, int threads) noexcept nogil:
    cdef Arena arena
    arena.base = NULL
    arena.used = 0
    ff_layout(&arena, table, form, batch, training, threads if training else 1)
    return arena.used if training else arena.used * threads


def ff_workspace(const long long[:, ::1] table, const double[::1] form, Py_ssize_t batch,
                 bint training, int threads):
    """Floats of workspace that the Forward-Forward kernels need for `batch` rows at a time."""
    return ff_size(table, form, batch, training, threads)


cdef Forward ff_from(float[::1] params, const long long[:, ::1] table, const float[:, ::1] goals,
                     const double[::1] form, Py_ssize_t batch, float[::1] workspace,
                     int threads):
    cdef Arena arena = arena_over(workspace)
    cdef Forward net = ff_layout(&arena, table, form, batch, True, threads)
    check_room(&arena, workspace)
    net.params = &params[0]
    net.goals = &goals[0, 0]
    return net


# ---------------------------------------------------------------- pieces of a pass

cdef float inverse_rms(float squares, Py_ssize_t n) noexcept nogil:
    return 1 / (sqrtf(squares / n) + TINY)


cdef void normalise_rows(float *x_bi, Py_ssize_t samples, Py_ssize_t n,
                         Py_ssize_t ld) noexcept nogil:
    """Each row divided by its root mean square."""
    cdef Py_ssize_t b, i
    cdef float inverse
    for b in range(samples):
        inverse = inverse_rms(lwnn_squares(x_bi + b * ld, n), n)
        for i in range(n):
            x_bi[b * ld + i] *= inverse


cdef void add_squares(const float *line, float *sums, Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t b
    for b in range(n):
        sums[b] += line[b] * line[b]


cdef void ff_normalise_input(Forward *net, Py_ssize_t first, Py_ssize_t last) noexcept nogil:
    """Rows divided by their root mean square; what the labels are worth beside them."""
    cdef Py_ssize_t b, i, n = net.table[IN], classes = net.classes
    cdef float inverse, neutral, squares, low = net.hot / classes
    cdef float *line
    for b in range(first, last):
        line = net.input + b * padded(n)
        net.value[b] = net.hot
        net.neutral[b] = low
        net.gain[b] = 1
        if net.embed == APPEND:
            continue
        memset(line, 0, classes * sizeof(float))
        if not net.level:
            continue
        squares = lwnn_squares(line, n)
        inverse = inverse_rms(squares + net.hot * net.hot, n)
        neutral = inverse_rms(squares + classes * low * low, n)
        net.value[b] *= inverse
        net.neutral[b] *= neutral
        net.gain[b] = neutral / inverse
        for i in range(n):
            line[i] *= inverse
    if net.level and net.embed == APPEND:
        normalise_rows(net.input + first * padded(n), last - first, n, padded(n))


# ---------------------------------------------------------------- passes, shared out

# Floats of a pass below which threads cost more than they give.
cdef enum:
    WORTH_SHARING = 16384

# Does units or columns first..last; the first of them is that of a tile.
ctypedef void (*Pass)(Forward *net, Py_ssize_t layer, Py_ssize_t count, Py_ssize_t first,
                      Py_ssize_t last) noexcept nogil


cdef void share_pass(Forward *net, Pass work, Py_ssize_t layer, Py_ssize_t count, Py_ssize_t n,
                     Py_ssize_t floats) noexcept nogil:
    """A pass over n units or columns of so many floats each; `count` columns take part."""
    cdef Py_ssize_t tiles = (n + LWNN_LANES - 1) // LWNN_LANES
    cdef int t, threads = <int>min(<Py_ssize_t>net.team.threads, tiles)
    if threads <= 1 or n * floats < WORTH_SHARING:
        work(net, layer, count, 0, n)
        return
    for t in prange(threads, num_threads=threads, schedule='static', chunksize=1):
        work(net, layer, count, tiles * t // threads * LWNN_LANES,
             min(n, tiles * (t + 1) // threads * LWNN_LANES))


cdef void share_gather(Forward *net, const data_t *x, const float *scaler, float clip,
                       const int *rows, Py_ssize_t samples) noexcept nogil:
    """`gather` into `net.input`."""
    cdef Py_ssize_t n_in = net.table[IN], ld = padded(n_in), first
    cdef int t, threads = <int>min(<Py_ssize_t>net.team.threads, samples)
    if threads <= 1 or samples * n_in < WORTH_SHARING:
        gather(x, scaler, clip, n_in, rows, samples, net.input, ld)
        return
    for t in prange(threads, num_threads=threads, schedule='static', chunksize=1):
        first = samples * t // threads
        gather(x, scaler, clip, n_in, rows + first, samples * (t + 1) // threads - first,
               net.input + first * ld, ld)


cdef void input_pass(Forward *net, Py_ssize_t layer, Py_ssize_t samples, Py_ssize_t first,
                     Py_ssize_t last) noexcept nogil:
    """Samples of `net.input` normalised, and as columns."""
    cdef Py_ssize_t n_in = net.table[IN], start = first, n
    cdef float *tile
    ff_normalise_input(net, first, last)
    while start < last:
        n = min(<Py_ssize_t>LWNN_LANES, last - start)
        tile = net.input_t + start * n_in
        if n < LWNN_LANES:
            memset(tile, 0, n_in * LWNN_LANES * sizeof(float))
        transpose(net.input + start * padded(n_in), padded(n_in), n, n_in, tile, LWNN_LANES)
        start += LWNN_LANES


cdef void ff_input(Forward *net, Py_ssize_t samples) noexcept nogil:
    """From scaled rows in `net.input` to W x in `net.shared`."""
    cdef Py_ssize_t n_in = net.table[IN]
    share_pass(net, input_pass, 0, samples, samples, n_in)
    shared_multiply(net.params + net.table[WEIGHT], n_in, 1, in_tiles(net.input_t, n_in),
                    net.table[OUT], samples, n_in, plain_end(LWNN_SET, 1.0),
                    as_it_lies(net.shared, padded(samples)), &net.team)


cdef void own_label_line(const float *shared, const float *value, const float *labels,
                         const int *which, float base, Py_ssize_t samples,
                         float *out) noexcept nogil:
    """One unit of layer 1 under each sample's own label."""
    cdef Py_ssize_t b
    cdef float z
    for b in range(samples):
        z = shared[b] + base + value[b] * labels[which[b]]
        out[b] = z if z > 0 else 0


cdef void label_line(const float *shared, const float *value, float label, float base,
                     Py_ssize_t samples, float *out) noexcept nogil:
    """One unit of layer 1 under the same label for all samples."""
    cdef Py_ssize_t b
    cdef float z
    for b in range(samples):
        z = shared[b] + base + value[b] * label
        out[b] = z if z > 0 else 0


cdef void neutral_pass(Forward *net, Py_ssize_t layer, Py_ssize_t samples, Py_ssize_t first,
                       Py_ssize_t last) noexcept nogil:
    """Units of layer 1 under the neutral label."""
    cdef Py_ssize_t o, b, ld = padded(samples)
    cdef float z, base, labels
    cdef const float *shared
    cdef float *out
    for o in range(first, last):
        base = net.params[net.table[BIAS] + o]
        labels = lwnn_sum(net.params + net.table[LABEL] + o * net.classes, net.classes)
        shared = net.shared + o * ld
        out = net.h + o * ld
        for b in range(samples):
            z = shared[b] * net.gain[b] + base + net.neutral[b] * labels
            out[b] = z if z > 0 else 0


cdef void first_pass(Forward *net, Py_ssize_t every, Py_ssize_t samples, Py_ssize_t first,
                     Py_ssize_t last) noexcept nogil:
    """Units of layer 1 under every label in turn, or under those of `net.labels`."""
    cdef Py_ssize_t o, p, ld = padded(samples), wide = padded(net.passes * samples)
    cdef float *out
    cdef const float *labels
    cdef const float *shared
    cdef float bias
    for o in range(first, last):
        labels = net.params + net.table[LABEL] + o * net.classes
        bias = net.params[net.table[BIAS] + o]
        shared = net.shared + o * ld
        for p in range(net.passes):
            out = net.h + o * wide + p * samples
            if every:
                label_line(shared, net.value, labels[p], bias, samples, out)
            else:
                own_label_line(shared, net.value, labels, net.labels + p * samples, bias, samples,
                               out)


cdef void ff_first_layer(Forward *net, bint every, Py_ssize_t samples) noexcept nogil:
    """Layer 1 under every label in turn, or under those of `net.labels`."""
    share_pass(net, first_pass, every, samples, net.table[OUT], net.passes * samples)


cdef void sums_pass(Forward *net, Py_ssize_t layer, Py_ssize_t count, Py_ssize_t first,
                    Py_ssize_t last) noexcept nogil:
    """Sums over the units of columns: of squares, and those of the goodness."""
    cdef Py_ssize_t o, wide = padded(count), units = net.table[6 * layer + OUT]
    memset(net.squares + first, 0, (last - first) * sizeof(float))
    for o in range(units):
        add_squares(net.h + o * wide + first, net.squares + first, last - first)
    if net.element == SQUARES:
        return
    memset(net.good + first, 0, (last - first) * sizeof(float))
    for o in range(units):
        add_elements(net.h + o * wide + first, net.good + first, last - first, net.element)


cdef void hand_on_pass(Forward *net, Py_ssize_t layer, Py_ssize_t count, Py_ssize_t first,
                       Py_ssize_t last) noexcept nogil:
    """The same, and columns of normalised outputs; what is behind the last one becomes 0."""
    cdef Py_ssize_t o, b, start, wide = padded(count), units = net.table[6 * layer + OUT]
    cdef Py_ssize_t whole = last // LWNN_LANES * LWNN_LANES
    cdef const float *h
    cdef float *n
    sums_pass(net, layer, count, first, last)
    for b in range(first, last):
        net.factor[b] = inverse_rms(net.squares[b], units)
    for o in range(units):
        h = net.h + o * wide
        n = net.n_t + o * LWNN_LANES
        start = first
        while start < whole:
            lwnn_times(h + start, net.factor + start, n + start * units)
            start += LWNN_LANES
        for b in range(whole, last):
            n[whole * units + b - whole] = h[b] * net.factor[b]
        if whole < last:
            for b in range(last, whole + LWNN_LANES):
                n[whole * units + b - whole] = 0


cdef void ff_drop(Forward *net, Py_ssize_t layer, Py_ssize_t passes,
                  Py_ssize_t samples) noexcept nogil:
    """Silence, in training, what a layer hands on: the same of a row under every label."""
    cdef Py_ssize_t p, b, at, n, units = net.table[6 * layer + OUT]
    if net.how == NULL or net.how.dropout <= 0:
        return
    for p in range(passes):
        b = 0
        while b < samples:
            at = p * samples + b
            n = min(samples - b, LWNN_LANES - at % LWNN_LANES)
            drop(net.how, layer, net.n_t + (at - at % LWNN_LANES) * units + at % LWNN_LANES,
                 units, b, n, LWNN_LANES, 1)
            b += n


cdef void ff_next_layer(Forward *net, Py_ssize_t layer, Py_ssize_t count) noexcept nogil:
    """From normalised columns to the outputs of `layer` (not the first)."""
    cdef const long long *row = net.table + 6 * layer
    cdef End end = plain_end(LWNN_SET, 1.0)
    end.bias = net.params + row[BIAS]
    end.relu = True
    shared_multiply(net.params + row[WEIGHT], row[IN], 1, in_tiles(net.n_t, row[IN]), row[OUT],
                    count, row[IN], end, as_it_lies(net.h, padded(count)), &net.team)


cdef bint ff_ready(Forward *net, Py_ssize_t layer) noexcept nogil:
    """Whether a layer has begun to learn, when they learn one after the other."""
    return net.only < 0 or layer <= net.only


cdef void to_head_pass(Forward *net, Py_ssize_t layer, Py_ssize_t samples, Py_ssize_t first,
                       Py_ssize_t last) noexcept nogil:
    """Samples of what a layer hands on to where the head reads them."""
    cdef Py_ssize_t l, start = first, at = 0, units = net.table[6 * layer + OUT]
    for l in range(net.head_from, layer):
        at += net.table[6 * l + OUT]
    while start < last:
        memcpy(net.head_t + start * net.table[6 * net.layers + IN] + at * LWNN_LANES,
               net.n_t + start * units, units * LWNN_LANES * sizeof(float))
        start += LWNN_LANES


cdef void rows_pass(Forward *net, Py_ssize_t layer, Py_ssize_t count, Py_ssize_t first,
                    Py_ssize_t last) noexcept nogil:
    """Inputs of a layer as its gradient reads them."""
    some_rows_of(net.n_t, net.table[6 * layer + IN], count, first, last, net.rows)


cdef void head_rows_pass(Forward *net, Py_ssize_t layer, Py_ssize_t count, Py_ssize_t first,
                         Py_ssize_t last) noexcept nogil:
    """Likewise those of the head."""
    some_rows_of(net.head_t, net.table[6 * layer + IN], count, first, last, net.head)


cdef void ff_neutral(Forward *net, Py_ssize_t samples) noexcept nogil:
    """The head's scores from one pass under the neutral label; layers not ready give it 0."""
    cdef Py_ssize_t l, units, ld = padded(samples)
    cdef const long long *row = net.table + 6 * net.layers
    cdef End end = plain_end(LWNN_SET, 1.0)
    for l in range(net.layers):
        units = net.table[6 * l + OUT]
        if ff_ready(net, l):
            if l > 0:
                ff_next_layer(net, l, samples)
            else:
                share_pass(net, neutral_pass, 0, samples, units, samples)
            share_pass(net, hand_on_pass, l, samples, samples, units)
            ff_drop(net, l, 1, samples)
        else:
            memset(net.n_t, 0, units * ld * sizeof(float))
        if l >= net.head_from:
            share_pass(net, to_head_pass, l, samples, samples, units)
    end.bias = net.params + row[BIAS]
    shared_multiply(net.params + row[WEIGHT], row[IN], 1, in_tiles(net.head_t, row[IN]), row[OUT],
                    samples, row[IN], end, as_it_lies(net.scores, ld), &net.team)
