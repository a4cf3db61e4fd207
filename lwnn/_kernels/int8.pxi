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

# Rows that share one reading of the weights, and inputs that are widened to 16 bits at a time,
# so that products can be added in pairs.
cdef enum:
    ROWS8 = 4
    DEPTH8 = 512


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

cdef void widen(const signed char *x, Py_ssize_t ldx, Py_ssize_t rows, Py_ssize_t depth,
                short *out) noexcept nogil:
    """Rows of `x` in 16 bits, each DEPTH8 long; zeros where there are fewer than ROWS8."""
    cdef Py_ssize_t r, k
    for r in range(ROWS8):
        for k in range(depth):
            out[r * DEPTH8 + k] = x[r * ldx + k] if r < rows else 0


cdef inline void dot_rows(const short *x, const signed char *w, Py_ssize_t depth,
                          int *sums) noexcept nogil:
    """sums[r] = sum over k of x[r][k] w[k] for ROWS8 rows."""
    cdef const short *x1 = x + DEPTH8
    cdef const short *x2 = x + 2 * DEPTH8
    cdef const short *x3 = x + 3 * DEPTH8
    cdef int a = 0, b = 0, c = 0, d = 0
    cdef short v
    cdef Py_ssize_t k
    for k in range(depth):
        v = w[k]
        a += x[k] * v
        b += x1[k] * v
        c += x2[k] * v
        d += x3[k] * v
    sums[0] = a
    sums[1] = b
    sums[2] = c
    sums[3] = d


cdef void accumulate_rows(const signed char *x, const signed char *w, Py_ssize_t rows,
                          Py_ssize_t n_in, Py_ssize_t n_out, int *out) noexcept nogil:
    cdef short wide[ROWS8 * DEPTH8]
    cdef int sums[ROWS8]
    cdef Py_ssize_t k = 0, depth, o, r
    memset(out, 0, rows * n_out * sizeof(int))
    while k < n_in:
        depth = min(<Py_ssize_t>DEPTH8, n_in - k)
        widen(x + k, n_in, rows, depth, wide)
        for o in range(n_out):
            dot_rows(wide, w + o * n_in + k, depth, sums)
            for r in range(rows):
                out[r * n_out + o] += sums[r]
        k += depth


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
    cdef Py_ssize_t n = x.shape[0], blocks = (n + ROWS8 - 1) // ROWS8, block
    with nogil:
        for block in range(blocks):
            accumulate_rows(&x[block * ROWS8, 0], &weight[0, 0],
                            min(<Py_ssize_t>ROWS8, n - block * ROWS8), x.shape[1], weight.shape[0],
                            &out[block * ROWS8, 0])


cdef void requantize_row(const int *sums, const int *bias, const int *multiplier,
                         const signed char *shift, Py_ssize_t outputs, int zero_point,
                         signed char *out) noexcept nogil:
    cdef Py_ssize_t o
    cdef int right
    cdef long long q, half = 1
    for o in range(outputs):
        right = 31 - shift[o]
        q = (<long long>sums[o] + bias[o]) * multiplier[o] + (half << (right - 1))
        q = (q >> right) + zero_point
        q = q if q > -128 else -128
        out[o] = <signed char>(q if q < 127 else 127)


def int8_requantize(const int[:, ::1] sums, const int[:, ::1] bias, const int[::1] multiplier,
                    const signed char[::1] shift, int zero_point, signed char[:, ::1] out):
    """Add a bias and bring the sums to the scale of the layer's output.

    Parameters
    ----------
    sums : int32 (n, outputs)
        IN. What `int8_accumulate` made.
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
            requantize_row(&sums[r // passes, 0], &bias[r % passes, 0], &multiplier[0], &shift[0],
                           out.shape[1], zero_point, &out[r, 0])


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
    cdef Py_ssize_t n = x.shape[0], units = x.shape[1], r, i
    with nogil:
        for r in range(n):
            for i in range(units):
                out[r, i] = table[128 + x[r, i]]


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
