# The int8 arithmetic: every step from raw rows to scores, in integers after the first.
#
#     real value     scale * (q - zero_point), q in [-128, 127]
#     accumulate     a[o] = sum over i of w[o][i] q[i], int32; the zero point is in the bias
#     requantize     ((a + bias) * multiplier + 2^(30 - shift)) >> (31 - shift), 64 bits, half up
#                    (single rounding, as in LiteRT's reference kernels and ONNX Runtime's QGemm)
#     normalise      s = floor(sqrt(sum of v^2 << 16)), M = (256 factor + s / 2) / s,
#                    v M + 2^15 >> 16: 32 bits hold it, since |v| <= sqrt(sum of v^2)
#
# Every sum is exact and every row stands alone, so neither the build nor the number of threads
# can change a bit. The doors take no number of threads: a step of a small net is too short to
# wait for a team at its end, so whoever scores gives each thread rows of its own.
#
# Nothing here needs a maths library, memory of its own, or more than 64 bits, so that C on a
# small device repeats it. `>>` of a negative number is arithmetic. Refuses nothing: shapes, and
# that no sum leaves its type, were checked in Python.

cdef extern from "int8.h" nogil:
    void lwnn_accumulate8(const signed char *x, Py_ssize_t n, const signed char *w,
                          Py_ssize_t n_in, Py_ssize_t n_out, int *out)
    void lwnn_requantize8(const int *sums, const int *bias, const int *multiplier,
                          const signed char *shift, Py_ssize_t n, int zero_point,
                          signed char *out)

# Columns of the table of a dense net's layers, as lwnn.quantization.packing writes it.
cdef enum:
    IN8 = 0
    OUT8 = 1
    WEIGHT8 = 2
    SHIFT8 = 3
    TABLE8 = 4
    BIAS8 = 5
    MULTIPLIER8 = 6
    ZERO8 = 7


# ---------------------------------------------------------------- rows in

cdef inline int nearest(float t, float low, float high) noexcept nogil:
    """Half away from zero, saturated. Not a number becomes `low`: it is not above it."""
    t = t if t > low else low
    t = t if t < high else high
    return <int>(t - <float>0.5 if t < 0 else t + <float>0.5)


cdef void input_row(const data_t *x, const float *offset, const float *multiplier,
                    Py_ssize_t inputs, int zero_point, signed char *out) noexcept nogil:
    cdef float low = -128 - zero_point, high = 127 - zero_point
    cdef Py_ssize_t i
    for i in range(inputs):
        out[i] = <signed char>(zero_point + nearest(
            (<float>x[i] - offset[i]) * multiplier[i], low, high))


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
    cdef Py_ssize_t n = x.shape[0], inputs = x.shape[1], r
    with nogil:
        for r in range(n):
            input_row(&x[r, 0], &offset[0], &multiplier[0], inputs, zero_point, &out[r, 0])


# ---------------------------------------------------------------- products

def int8_accumulate(const signed char[:, ::1] x, const signed char[:, ::1] weight,
                    int[:, ::1] out):
    """Sums of products, without bias or zero point.

    Parameters
    ----------
    x : int8 (n, inputs)
        IN.
    weight : int8 (outputs, inputs)
        IN.
    out : int32 (n, outputs)
        OUT.
    """
    cdef Py_ssize_t n = x.shape[0]
    if n == 0:
        return
    with nogil:
        lwnn_accumulate8(&x[0, 0], n, &weight[0, 0], x.shape[1], weight.shape[0], &out[0, 0])


def int8_requantize(const int[:, ::1] sums, const int[:, ::1] bias, const int[::1] multiplier,
                    const signed char[::1] shift, int zero_point, signed char[:, ::1] out):
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
    zero_point : int
        IN. Of the output. With -128 the saturation is a ReLU.
    out : int8 (n * passes, outputs)
        OUT. Row r * passes + p belongs to sums[r] and bias[p].
    """
    cdef Py_ssize_t passes = bias.shape[0], n = out.shape[0], r
    with nogil:
        for r in range(n):
            lwnn_requantize8(&sums[r // passes, 0], &bias[r % passes, 0], &multiplier[0],
                             &shift[0], out.shape[1], zero_point, &out[r, 0])


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

cdef void dense_layer8(const signed char *x, Py_ssize_t n, const long long *layer,
                       const signed char *octets, const int *words, int *sums,
                       signed char *out) noexcept nogil:
    """Outputs of a layer for n rows; the table of its activation is applied in place."""
    cdef Py_ssize_t n_out = layer[OUT8], r
    lwnn_accumulate8(x, n, octets + layer[WEIGHT8], layer[IN8], n_out, sums)
    for r in range(n):
        lwnn_requantize8(sums + r * n_out, words + layer[BIAS8], words + layer[MULTIPLIER8],
                         octets + layer[SHIFT8], n_out, <int>layer[ZERO8], out + r * n_out)
    if layer[TABLE8] >= 0:
        look_up(out, octets + layer[TABLE8], n * n_out, out)


def int8_dense(const signed char[:, ::1] x, const long long[:, ::1] layers,
               const signed char[::1] octets, const int[::1] words, int[::1] sums,
               signed char[:, ::1] states, signed char[:, ::1] out):
    """All layers of a dense net: accumulate, requantize and look up, one after the other.

    Parameters
    ----------
    x : int8 (n, inputs)
        IN. Quantized rows.
    layers : int64 (layers, 8)
        IN. Per layer: inputs, outputs, offsets in `octets` of the weight, the shift and the
        activation's table (-1: none), offsets in `words` of the bias and the multiplier, zero
        point.
    octets : int8
        IN. Weights, shifts and tables of all layers.
    words : int32
        IN. Biases and multipliers of all layers.
    sums : int32 (n * widest layer,)
        Workspace.
    states : int8 (2, n * widest layer)
        Workspace.
    out : int8 (n, outputs)
        OUT.
    """
    cdef Py_ssize_t n = x.shape[0], last = layers.shape[0] - 1, i
    cdef const signed char *source
    cdef signed char *target
    if n == 0:
        return
    source = &x[0, 0]
    with nogil:
        for i in range(last + 1):
            target = &out[0, 0] if i == last else &states[i % 2, 0]
            dense_layer8(source, n, &layers[i, 0], &octets[0], &words[0], &sums[0], target)
            source = target


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
