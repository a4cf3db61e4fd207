# The int8 arithmetic: every step from raw rows to scores, in integers after the first.
#
#     real value     scale * (q - zero_point), q in [-128, 127]
#     accumulate     a[o] = sum over i of w[o][i] q[i], int32; the zero point is in the bias
#     requantize     a * multiplier * 2^(shift - 31), with the bias in a, rounded
#       once         (a * multiplier + 2^(30 - shift)) >> (31 - shift), 64 bits, half up
#                    (single rounding, as in LiteRT's reference kernels and ONNX Runtime's QGemm)
#       twice        h = (a * 2^max(shift, 0) * multiplier + 2^30) >> 31, half up; then
#                    h / 2^max(-shift, 0), half away from zero
#                    (double rounding, as in TensorFlow Lite for Microcontrollers and CMSIS-NN)
#     normalise      s = floor(sqrt(sum of v^2 << 16)), M = (256 factor + s / 2) / s,
#                    v M + 2^15 >> 16: 32 bits hold it, since |v| <= sqrt(sum of v^2)
#
# Every sum is exact and every row stands alone, so neither the build nor the number of threads
# can change a bit, nor whether a row goes by itself or in a tile. Threads each take a share of the
# rows through a whole dense net. The doors of single steps take no number of threads: a step of a
# small net is too short to wait for a team at its end, so whoever scores by them gives each thread
# rows of its own.
#
# Nothing here needs a maths library, memory of its own, or more than 64 bits, so that C on a
# small device repeats it. `>>` of a negative number is arithmetic. Refuses nothing: shapes, and
# that no sum leaves its type, were checked in Python.

cdef extern from "int8.h" nogil:
    ctypedef struct lwnn_layer8:
        Py_ssize_t n_in, n_out
        const signed char *weight
        const signed char *chains
        const int *order
        const int *starts
        const int *further
        const int *bias
        const int *moved_bias
        const int *multiplier
        const signed char *shift
        const signed char *table
        int zero_point, twice

    const int LWNN_FEW8, LWNN_ROWS8, LWNN_TILE8, LWNN_WORD8, LWNN_CHAIN8, LWNN_SATURATES8
    void lwnn_input_float8(const float *x, const float *offset, const float *multiplier,
                           Py_ssize_t n, int zero_point, signed char *out)
    void lwnn_input_byte8(const unsigned char *x, const float *offset, const float *multiplier,
                          Py_ssize_t n, int zero_point, signed char *out)
    void lwnn_few8(const signed char *x, Py_ssize_t rows, const signed char *w,
                   Py_ssize_t n_in, Py_ssize_t n_out, int *out)
    void lwnn_requantize8(const int *sums, const int *bias, const int *multiplier,
                          const signed char *shift, Py_ssize_t n, int twice, int zero_point,
                          signed char *out)
    void lwnn_to_words8(const signed char *x, Py_ssize_t rows, Py_ssize_t n_in,
                        unsigned char *out)
    void lwnn_layer_tile8(const lwnn_layer8 *layer, const unsigned char *x, unsigned char *out)
    void lwnn_pair8(const signed char *w, Py_ssize_t size, Py_ssize_t outputs, Py_ssize_t words,
                    unsigned char *sums, int *left, int *order)
    void lwnn_from_words8(const unsigned char *x, Py_ssize_t rows, Py_ssize_t n,
                          signed char *out)

# Columns of the table of a dense net's layers, as lwnn.quantization.packing writes it.
cdef enum:
    IN8 = 0
    OUT8 = 1
    ZERO8 = 2
    WEIGHT8 = 3
    SHIFT8 = 4
    TABLE8 = 5
    CHAINS8 = 6
    BIAS8 = 7
    MULTIPLIER8 = 8
    MOVED_BIAS8 = 9
    ORDER8 = 10
    STARTS8 = 11
    FURTHER8 = 12
    COLUMNS8 = 13


# ---------------------------------------------------------------- rows in

cdef void input_rows(const data_t *x, Py_ssize_t n, const float *offset, const float *multiplier,
                     Py_ssize_t inputs, int zero_point, signed char *out) noexcept nogil:
    cdef Py_ssize_t r
    for r in range(n):
        if data_t is float:
            lwnn_input_float8(x + r * inputs, offset, multiplier, inputs, zero_point,
                              out + r * inputs)
        else:
            lwnn_input_byte8(x + r * inputs, offset, multiplier, inputs, zero_point,
                             out + r * inputs)


def int8_input(const data_t[:, ::1] x, const float[::1] offset, const float[::1] multiplier,
               int zero_point, signed char[:, ::1] out):
    """Quantize raw rows: round((x - offset) * multiplier) + zero_point, saturated.

    Each operation is rounded to float32; the last one adds or subtracts 0.5 and truncates. No
    product flows straight into a sum, so a compiler that fuses the two changes nothing.

    Parameters
    ----------
    x : float32 or uint8 (n, inputs)
        IN. Raw rows.
    offset, multiplier : float32 (inputs,)
        IN. Offset of each feature, and its scale divided by the scale of the quantized input.
    zero_point : int
        IN. Of the quantized input.
    out : int8 (n, inputs)
        OUT.
    """
    if x.shape[0] == 0:
        return
    with nogil:
        input_rows(&x[0, 0], x.shape[0], &offset[0], &multiplier[0], x.shape[1], zero_point,
                   &out[0, 0])


# ---------------------------------------------------------------- products

def int8_accumulate(const signed char[:, ::1] x, const signed char[:, ::1] weight,
                    int[:, ::1] out):
    """Sums of products, without bias or zero point.

    Parameters
    ----------
    x : int8 (n, inputs)
        IN.
    weight : int8 (outputs, inputs)
        IN. -127 to 127.
    out : int32 (n, outputs)
        OUT.
    """
    cdef Py_ssize_t n = x.shape[0], r = 0, rows
    with nogil:
        # So few that they stay in the first cache while the weights pass.
        while r < n:
            rows = min(n - r, <Py_ssize_t>LWNN_FEW8)
            lwnn_few8(&x[r, 0], rows, &weight[0, 0], x.shape[1], weight.shape[0], &out[r, 0])
            r += rows


def int8_requantize(const int[:, ::1] sums, const int[:, ::1] bias, const int[::1] multiplier,
                    const signed char[::1] shift, bint twice, int zero_point,
                    signed char[:, ::1] out):
    """Add a bias and bring the sums to the scale of the layer's output.

    Parameters
    ----------
    sums : int32 (n, outputs)
        IN. What `int8_accumulate` made; with the bias they fit 32 bits.
    bias : int32 (passes, outputs)
        IN. Each row of sums is used with each of them: one for most layers, one per label where
        the passes of a Forward-Forward net share their first product.
    multiplier : int32 (outputs,)
        IN. 2^31 times a number from [0.5, 1), or 0.
    shift : int8 (outputs,)
        IN. -31 to 30; the real factor is multiplier * 2^(shift - 31).
    twice : bool
        IN. Whether to round twice; then what a positive shift moves out of 32 bits saturates.
    zero_point : int
        IN. Of the output. With -128 the saturation is a ReLU.
    out : int8 (n * passes, outputs)
        OUT. Row r * passes + p belongs to sums[r] and bias[p].
    """
    cdef Py_ssize_t passes = bias.shape[0], n = out.shape[0], r
    with nogil:
        for r in range(n):
            lwnn_requantize8(&sums[r // passes, 0], &bias[r % passes, 0], &multiplier[0],
                             &shift[0], out.shape[1], twice, zero_point, &out[r, 0])


cdef void look_up(const signed char *x, const signed char *table, Py_ssize_t size,
                  signed char *out) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(size):
        out[i] = table[128 + x[i]]


def int8_lookup(const signed char[:, ::1] x, const signed char[::1] table,
                signed char[:, ::1] out):
    """out = table[x + 128]: an activation that is not piecewise linear.

    Parameters
    ----------
    x : int8 (n, units)
        IN.
    table : int8 (256,)
        IN. The activation of -128, -127, … 127.
    out : int8 (n, units)
        OUT.
    """
    if x.shape[0] == 0:
        return
    with nogil:
        look_up(&x[0, 0], &table[0], x.shape[0] * x.shape[1], &out[0, 0])


# ---------------------------------------------------------------- dense nets

cdef struct Dense8:
    Py_ssize_t layers, inputs, widest
    bint twice
    const long long *table
    const signed char *octets
    const int *words
    signed char *states[2]        # [row][unit] of some rows: quantized input, layers in turn
    unsigned char *tiles[2]       # [word][row][4] of a tile of rows
    int *sums                     # [row][unit]


def int8_saturates():
    """Whether this build needs weights to be split; see `lwnn.quantization.packing`."""
    return bool(LWNN_SATURATES8)


def int8_pair(const signed char[:, ::1] weight, unsigned char[:, ::1] sums, int[::1] left,
              int[:, ::1] order):
    """Pair the words of four weights of each tile of four outputs; see int8_pair.h.

    Parameters
    ----------
    weight : int8 (outputs, inputs)
        IN. A multiple of 8 inputs.
    sums : uint8 (inputs / 4, 16)
        Workspace.
    left : int32 (inputs / 4,)
        Workspace.
    order : int32 (outputs / 4, rounded up, inputs / 4)
        OUT. Every word once; those at 2 c and 2 c + 1 are a pair.
    """
    cdef Py_ssize_t tile
    with nogil:
        for tile in range(order.shape[0]):
            lwnn_pair8(&weight[tile * LWNN_TILE8, 0], weight.shape[1],
                       weight.shape[0] - tile * LWNN_TILE8, order.shape[1], &sums[0, 0],
                       &left[0], &order[tile, 0])


cdef Py_ssize_t few_rows8() noexcept nogil:
    """Most rows for which a tile would take longer than one after the other."""
    return LWNN_ROWS8 * 5 // 8


cdef Py_ssize_t dense_layout8(Dense8 *net, const long long[:, ::1] layers, char *base) noexcept:
    """Share out a workspace from `base` on; returns its size, in bytes."""
    cdef Py_ssize_t i, used = 0, state, tile, widest = 0
    net.layers = layers.shape[0]
    net.table = &layers[0, 0]
    net.inputs = layers[0, IN8]
    for i in range(net.layers):
        widest = max(widest, layers[i, OUT8])
    net.widest = widest
    widest = max(widest, net.inputs)
    state = (LWNN_ROWS8 * widest + 63) // 64 * 64
    tile = (widest + LWNN_CHAIN8 - 1) // LWNN_CHAIN8 * 2 * LWNN_WORD8
    for i in range(2):
        net.states[i] = <signed char *>base + used
        used += state
        net.tiles[i] = <unsigned char *>base + used
        used += tile
    net.sums = <int *>(base + used)
    # In whole lines of a cache, since the next thread's begins behind.
    return (used + LWNN_ROWS8 * net.widest * <Py_ssize_t>sizeof(int) + 63) // 64 * 64


def int8_dense_workspace(const long long[:, ::1] layers, int threads):
    """Bytes of workspace that `int8_dense` needs, for any number of rows."""
    cdef Dense8 net
    return dense_layout8(&net, layers, NULL) * threads


cdef lwnn_layer8 layer_of8(const Dense8 *net, Py_ssize_t i) noexcept nogil:
    cdef const long long *at = net.table + i * COLUMNS8
    cdef lwnn_layer8 layer
    layer.n_in, layer.n_out, layer.zero_point = at[IN8], at[OUT8], <int>at[ZERO8]
    layer.twice = net.twice
    layer.weight = net.octets + at[WEIGHT8]
    layer.shift = net.octets + at[SHIFT8]
    layer.table = net.octets + at[TABLE8] if at[TABLE8] >= 0 else NULL
    layer.chains = net.octets + at[CHAINS8]
    layer.bias = net.words + at[BIAS8]
    layer.multiplier = net.words + at[MULTIPLIER8]
    layer.moved_bias = net.words + at[MOVED_BIAS8]
    layer.order = net.words + at[ORDER8]
    layer.starts = net.words + at[STARTS8]
    layer.further = net.words + at[FURTHER8]
    return layer


cdef void few_dense8(const Dense8 *net, Py_ssize_t n, signed char *out) noexcept nogil:
    """All layers for a few quantized rows, which are in the first of the states."""
    cdef Py_ssize_t i, r
    cdef lwnn_layer8 layer
    cdef signed char *target
    for i in range(net.layers):
        layer = layer_of8(net, i)
        lwnn_few8(net.states[i % 2], n, layer.weight, layer.n_in, layer.n_out, net.sums)
        target = out if i == net.layers - 1 else net.states[(i + 1) % 2]
        for r in range(n):
            lwnn_requantize8(net.sums + r * layer.n_out, layer.bias, layer.multiplier,
                             layer.shift, layer.n_out, layer.twice, layer.zero_point,
                             target + r * layer.n_out)
        if layer.table:
            look_up(target, layer.table, n * layer.n_out, target)


cdef void tile_dense8(const Dense8 *net, Py_ssize_t n, signed char *out) noexcept nogil:
    """The same for a tile of rows, of which `n` are there."""
    cdef Py_ssize_t i
    cdef lwnn_layer8 layer
    lwnn_to_words8(net.states[0], n, net.inputs, net.tiles[0])
    for i in range(net.layers):
        layer = layer_of8(net, i)
        lwnn_layer_tile8(&layer, net.tiles[i % 2], net.tiles[(i + 1) % 2])
    lwnn_from_words8(net.tiles[net.layers % 2], n, net.table[(net.layers - 1) * COLUMNS8 + OUT8],
                     out)


cdef Dense8 moved8(const Dense8 *net, Py_ssize_t by) noexcept nogil:
    """The same net with its workspace so many bytes further on."""
    cdef Dense8 other = net[0]
    cdef Py_ssize_t i
    for i in range(2):
        other.states[i] += by
        other.tiles[i] += by
    other.sums = <int *>(<char *>net.sums + by)
    return other


cdef void dense_rows8(const Dense8 *given, Py_ssize_t by, const data_t *x, const float *scaler,
                      int zero_point, Py_ssize_t n, signed char *out) noexcept nogil:
    """`n` rows, a tile at a time, in the workspace `by` bytes behind that of `given`."""
    cdef Dense8 net = moved8(given, by)
    cdef Py_ssize_t r = 0, rows, few = few_rows8()
    cdef Py_ssize_t classes = net.table[(net.layers - 1) * COLUMNS8 + OUT8]
    while r < n:
        rows = min(n - r, <Py_ssize_t>LWNN_ROWS8)
        input_rows(x + r * net.inputs, rows, scaler, scaler + net.inputs, net.inputs, zero_point,
                   net.states[0])
        if rows > few and net.table[CHAINS8] >= 0:
            tile_dense8(&net, rows, out + r * classes)
        else:
            few_dense8(&net, rows, out + r * classes)
        r += rows


cdef Py_ssize_t row_work8(const Dense8 *net) noexcept nogil:
    """Multiply-accumulates a row."""
    cdef Py_ssize_t i, work = 0
    for i in range(net.layers):
        work += net.table[i * COLUMNS8 + IN8] * net.table[i * COLUMNS8 + OUT8]
    return work


def int8_dense(const data_t[:, ::1] x, const float[:, ::1] scaler, int zero_point,
               const long long[:, ::1] layers, const signed char[::1] octets,
               const int[::1] words, bint twice, signed char[::1] workspace, int threads,
               signed char[:, ::1] out):
    """A dense net from raw rows on: `int8_input`, then accumulate, requantize and look up.

    Parameters
    ----------
    x : float32 or uint8 (n, inputs)
        IN. Raw rows.
    scaler : float32 (2, inputs)
        IN. Offset and multiplier of `int8_input`.
    zero_point : int
        IN. Of the quantized input.
    layers : int64 (layers, 13)
        IN. Per layer: inputs, outputs, zero point; offsets in `octets` of the weight, the shift,
        the activation's table (-1: none) and the weight in chains (-1: none, then a tile of rows
        goes row by row); offsets in `words` of the bias and the multiplier, and, for the chains,
        of the moved bias, the order, the starts and the further words.
    octets : int8
        IN. Weights, shifts and tables of all layers.
    words : int32
        IN. Biases, multipliers and further words of all layers.
    twice : bool
        IN. Whether `int8_requantize` rounds twice.
    workspace : int8 (int8_dense_workspace(layers, threads),)
        Workspace.
    threads : int
        At most; each takes a share of whole tiles of rows. Few rows are not worth a second one.
    out : int8 (n, outputs)
        OUT.
    """
    cdef Dense8 net
    cdef Py_ssize_t n = x.shape[0], share, tiles, first
    cdef int t, team
    share = dense_layout8(&net, layers, <char *>&workspace[0])
    if workspace.shape[0] < share * threads:
        raise ValueError("the workspace is smaller than its size function says")
    net.octets, net.words, net.twice = &octets[0], &words[0], twice
    if n == 0:
        return
    with nogil:
        tiles = (n + LWNN_ROWS8 - 1) // LWNN_ROWS8
        team = <int>min(<Py_ssize_t>threads, tiles)
        if team <= 1 or n * row_work8(&net) < WORTH_A_TEAM:
            dense_rows8(&net, 0, &x[0, 0], &scaler[0, 0], zero_point, n, &out[0, 0])
        else:
            for t in prange(team, num_threads=team, schedule='static', chunksize=1):
                first = tiles * t // team * LWNN_ROWS8
                dense_rows8(&net, t * share, &x[0, 0] + first * net.inputs, &scaler[0, 0],
                            zero_point, min(n, tiles * (t + 1) // team * LWNN_ROWS8) - first,
                            &out[0, 0] + first * out.shape[1])


# ---------------------------------------------------------------- Forward-Forward

cdef unsigned int root(unsigned long long value) noexcept nogil:
    """floor(sqrt(value)), a binary digit at a time."""
    cdef unsigned long long rest = value, result = 0, digit = <unsigned long long>1 << 62
    while digit > rest:
        digit >>= 2
    while digit:
        if rest >= result + digit:
            rest -= result + digit
            result = (result >> 1) + digit
        else:
            result >>= 1
        digit >>= 2
    return <unsigned int>result


def integer_root(unsigned long long value):
    """The root that `int8_normalize` takes, floor(sqrt(value)); a door for the tests."""
    return root(value)


cdef unsigned int squares(const signed char *x, Py_ssize_t units, int zero_point) noexcept nogil:
    """Sum of (x - zero_point)^2; 65,536 units fit, 255^2 each."""
    cdef unsigned int total = 0
    cdef int v
    cdef Py_ssize_t i
    for i in range(units):
        v = x[i] - zero_point
        total += <unsigned int>(v * v)
    return total


cdef void normalize_row(const signed char *x, Py_ssize_t units, int zero_point, long long factor,
                        int zero_out, signed char *out) noexcept nogil:
    cdef unsigned int total = squares(x, units, zero_point)
    cdef long long s
    cdef int m = 0, q
    cdef Py_ssize_t i
    if total:
        s = root(<unsigned long long>total << 16)
        m = <int>((factor * 256 + s // 2) // s)
    for i in range(units):
        q = (((x[i] - zero_point) * m + 32768) >> 16) + zero_out
        q = q if q > -128 else -128
        out[i] = <signed char>(q if q < 127 else 127)


def int8_normalize(const signed char[:, ::1] x, int zero_point, int factor, int zero_out,
                   signed char[:, ::1] out):
    """Divide each row by its root mean square; a row of zeros stays one.

    Parameters
    ----------
    x : int8 (n, units)
        IN.
    zero_point : int
        IN. Of `x`; its scale cancels.
    factor : int
        IN. 2^16 sqrt(units) / (scale of the output), at most 2^30.
    zero_out : int
        IN. Zero point of the output.
    out : int8 (n, units)
        OUT.
    """
    cdef Py_ssize_t n = x.shape[0], r
    with nogil:
        for r in range(n):
            normalize_row(&x[r, 0], x.shape[1], zero_point, factor, zero_out, &out[r, 0])


def int8_goodness(const signed char[:, ::1] x, int zero_point, int factor, long long[::1] scores):
    """Add a layer's weighted goodness, factor * sum of (x - zero_point)^2.

    Parameters
    ----------
    x : int8 (n, units)
        IN. Outputs of the layer.
    zero_point : int
        IN. Of `x`.
    factor : int
        IN. Weight of the layer, squared scale included.
    scores : int64 (n,)
        IN/OUT.
    """
    cdef Py_ssize_t n = x.shape[0], r
    with nogil:
        for r in range(n):
            scores[r] += factor * <long long>squares(&x[r, 0], x.shape[1], zero_point)
