# Random numbers, and the units that they silence.

# Drawn by counter, not in sequence: whoever asks for number n of a stream gets the same one, in
# any order and from any thread. The generator is SplitMix64 (Steele, Lea & Flood 2014), whose
# n-th output is a function of n; two of them in a row make a key of seed, purpose and step.

cdef inline unsigned long long mix(unsigned long long x) noexcept nogil:
    """The step of SplitMix64: every bit of the result hangs on every bit of x."""
    x += <unsigned long long>0x9E3779B97F4A7C15
    x = (x ^ (x >> 30)) * <unsigned long long>0xBF58476D1CE4E5B9
    x = (x ^ (x >> 27)) * <unsigned long long>0x94D049BB133111EB
    return x ^ (x >> 31)


cdef inline unsigned long long mixed(unsigned long long key, unsigned long long n) noexcept nogil:
    """Number n of the stream that starts at `key`."""
    return mix(key + n * <unsigned long long>0x9E3779B97F4A7C15)


cdef unsigned long long stream_key(const Optimizer *how, int purpose) noexcept nogil:
    return mixed(mixed(how.seed, purpose), how.step)


cdef inline float gaussian(unsigned long long key, unsigned long long n) noexcept nogil:
    """Number n of a standard normal stream, by Box & Muller 1958; never beyond ±6."""
    cdef unsigned long long bits = mixed(key, n)
    # 24 bits each: what a float holds. The half keeps the logarithm finite.
    cdef float radius = (<float>(bits >> 40) + <float>0.5) * <float>(1 / 16777216.0)
    cdef float turn = <float>((bits >> 16) & 0xFFFFFF) * <float>(6.283185307179586 / 16777216.0)
    return sqrtf(-2 * logf(radius)) * cosf(turn)


cdef void add_gaussians(float *a, Py_ssize_t at, Py_ssize_t n, float sigma,
                        unsigned long long key) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(n):
        a[i] += sigma * gaussian(key, at + i)


# Hinton et al. 2012 (1207.0580): in training a share p of the hidden units is silent, anew for
# every sample; the others are 1 / (1 - p) times as loud, so that scoring needs no change.

cdef inline bint silent(const Optimizer *how, unsigned long long key, Py_ssize_t unit,
                        Py_ssize_t sample) noexcept nogil:
    """Whether this unit is; samples of a mini-batch are no more than 2^16."""
    cdef float chance = <float>(mixed(key, (unit << 16) + sample) >> 40) * <float>(1 / 16777216.0)
    return chance < how.dropout


cdef void drop(const Optimizer *how, Py_ssize_t layer, float *a, Py_ssize_t units,
               Py_ssize_t first, Py_ssize_t samples, Py_ssize_t unit_step,
               Py_ssize_t sample_step) noexcept nogil:
    """Silence units of the outputs `a` of a hidden layer, of the samples from `first` on."""
    cdef Py_ssize_t u, b
    cdef unsigned long long key = mixed(stream_key(how, FOR_DROPOUT), layer)
    cdef float louder = 1 / (1 - how.dropout)
    cdef float *one
    for u in range(units):
        for b in range(samples):
            one = a + u * unit_step + b * sample_step
            one[0] = 0 if silent(how, key, u, first + b) else one[0] * louder


cdef void drop_error(const Optimizer *how, Py_ssize_t layer, const float *a, float *d,
                     Py_ssize_t units, long kind, Py_ssize_t first, Py_ssize_t samples,
                     Py_ssize_t unit_step, Py_ssize_t sample_step) noexcept nogil:
    """From dC/da to dC/dz of a hidden layer whose outputs `a` went through `drop`."""
    cdef Py_ssize_t u, b, i
    cdef unsigned long long key = mixed(stream_key(how, FOR_DROPOUT), layer)
    cdef float keep = 1 - how.dropout
    for u in range(units):
        for b in range(samples):
            i = u * unit_step + b * sample_step
            if silent(how, key, u, first + b):
                d[i] = 0
            else:
                d[i] = d[i] * slope(a[i] * keep, kind) / keep
