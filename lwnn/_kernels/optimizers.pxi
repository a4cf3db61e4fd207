# Optimizers, penalties, bounds and noise of the gradient.

# What the entries of `hyper` mean, as lwnn.learning.optimizers writes it; a shorter one ends in
# zeros, which turn each of them off.
cdef enum:
    RATE = 0
    BETA1 = 1            # momentum, RMSprop's decay or Adam's first
    BETA2 = 2            # Adam's second
    EPSILON = 3
    L1 = 4
    L2 = 5
    CLIP = 6             # bound of each component of a gradient
    GRADIENT_NOISE = 7   # variance of the noise in step 0
    NOISE_DECAY = 8      # its power of 1 / (1 + step)
    WEIGHT_NOISE = 9     # standard deviation
    INPUT_NOISE = 10     # the same, of scaled inputs
    SEED = 11
    DROPOUT = 12         # share of hidden units that are silent
    SMOOTHING = 13       # share of a target that goes to all classes alike
    HYPER = 14

# Each purpose draws from a stream of its own.
cdef enum:
    FOR_GRADIENTS = 1
    FOR_WEIGHTS = 2
    FOR_INPUTS = 3
    FOR_DROPOUT = 4

cdef struct Optimizer:
    int method        # one of those above
    float rate
    float beta1
    float beta2
    float epsilon
    long step         # mini-batches done before this one
    float corrected   # Adam's rate and the factor of its root, corrected for this step
    float root
    float *first      # velocity, sum of squares or first moment, one per parameter
    float *second     # second moment
    bint shaped       # whether a gradient is bounded, made noisy or a weight decays
    float bound       # of a gradient's components; 0 is none
    float shrink      # L2: rate * l2
    float threshold   # L1: rate * l1
    float sigma       # of this step's gradient noise
    double eta
    double gamma
    float weight_noise
    float input_noise
    unsigned long long seed
    float dropout
    float smoothing
    bint quiet            # whether neither weights nor inputs are noisy


cdef void optimize(float *w, float *g, Py_ssize_t start, Py_ssize_t size,
                   const Optimizer *how, const Team *team) noexcept nogil:
    """Update the weights w[start:start+size] by the gradient g[0:size], which is used up."""
    cdef int t, threads = team.threads if size > 65536 else 1
    if threads <= 1:
        optimize_range(w, g, start, 0, size, how)
        return
    for t in prange(threads, num_threads=threads, schedule='static', chunksize=1):
        optimize_range(w, g, start, size * t // threads, size * (t + 1) // threads, how)


cdef void optimize_biases(float *w, float *g, Py_ssize_t start, Py_ssize_t size,
                          const Optimizer *how, const Team *team) noexcept nogil:
    """Likewise for biases, which no penalty is put on."""
    cdef Optimizer free
    if how.shrink == 0 and how.threshold == 0:
        optimize(w, g, start, size, how, team)
        return
    free = how[0]
    free.shrink = free.threshold = 0
    optimize(w, g, start, size, &free, team)


cdef void optimize_range(float *w, float *g, Py_ssize_t start, Py_ssize_t first,
                         Py_ssize_t last, const Optimizer *how) noexcept nogil:
    """The methods' equations and where they come from are in lwnn.learning.optimizers."""
    cdef Py_ssize_t i, k
    cdef float rate = how.rate, b1 = how.beta1, b2 = how.beta2, epsilon = how.epsilon
    cdef float c1 = 1 - b1, c2 = 1 - b2, root = how.root
    cdef float *m = how.first
    cdef float *v = how.second
    if how.shaped:
        shape_gradient(w + start + first, g + first, start + first, last - first, how)
    if how.method == ADAM:
        rate = how.corrected
        for i in range(first, last):
            k = start + i
            m[k] = b1 * m[k] + c1 * g[i]
            v[k] = b2 * v[k] + c2 * g[i] * g[i]
            w[k] -= rate * m[k] / (sqrtf(v[k]) * root + epsilon)
    elif how.method == SGD or how.method == STEPPED:
        for i in range(first, last):
            w[start + i] -= rate * g[i]
    elif how.method == MOMENTUM:
        for i in range(first, last):
            k = start + i
            m[k] = b1 * m[k] + g[i]
            w[k] -= rate * m[k]
    elif how.method == NESTEROV:
        for i in range(first, last):
            k = start + i
            m[k] = b1 * m[k] + g[i]
            w[k] -= rate * (g[i] + b1 * m[k])
    elif how.method == ADAGRAD:
        for i in range(first, last):
            k = start + i
            m[k] += g[i] * g[i]
            w[k] -= rate * g[i] / (sqrtf(m[k]) + epsilon)
    elif how.method == RMSPROP:
        for i in range(first, last):
            k = start + i
            m[k] = b1 * m[k] + c1 * g[i] * g[i]
            w[k] -= rate * g[i] / (sqrtf(m[k]) + epsilon)
    if how.threshold > 0:
        soft_threshold(w + start + first, last - first, how.threshold)


cdef void shape_gradient(float *w, float *g, Py_ssize_t at, Py_ssize_t n,
                         const Optimizer *how) noexcept nogil:
    """Bound the gradient of parameters at, at + 1, …, add noise to it, and let them decay.

    The decay is decoupled from the gradient (Loshchilov & Hutter 2019): neither bound, noise nor
    the method's scaling changes it.
    """
    cdef Py_ssize_t i
    cdef float bound = how.bound, sigma = how.sigma, keep = 1 - how.shrink
    cdef unsigned long long key
    if bound > 0:
        for i in range(n):
            g[i] = max(-bound, min(bound, g[i]))
    if sigma > 0:
        key = stream_key(how, FOR_GRADIENTS)
        for i in range(n):
            g[i] += sigma * gaussian(key, at + i)
    if how.shrink > 0:
        for i in range(n):
            w[i] *= keep


cdef void soft_threshold(float *w, Py_ssize_t n, float threshold) noexcept nogil:
    """The proximal step of an L1 penalty: what it would carry past 0 stops there."""
    cdef Py_ssize_t i
    for i in range(n):
        w[i] = w[i] - max(-threshold, min(threshold, w[i]))


cdef void begin_step(Optimizer *how, long step) noexcept nogil:
    how.step = step
    if how.method == ADAM:
        how.corrected = <float>(how.rate / (1 - powi(how.beta1, step + 1)))
        how.root = <float>(1 / sqrtf(<float>(1 - powi(how.beta2, step + 1))))
    if how.eta > 0:
        how.sigma = <float>sqrt(how.eta / pow(1.0 + step, how.gamma))


cdef double powi(double base, long n) noexcept nogil:
    """base to the n-th by squaring; the same on every build."""
    cdef double result = 1
    while n > 0:
        if n & 1:
            result *= base
        base *= base
        n >>= 1
    return result


cdef Optimizer optimizer_from(int method, const double[::1] hyper, float[:, ::1] state, long step):
    """The optimizer's settings as the kernels hold them."""
    cdef Optimizer how
    cdef double[HYPER] given
    cdef Py_ssize_t i
    for i in range(HYPER):
        given[i] = hyper[i] if i < hyper.shape[0] else 0
    how.method = method
    how.rate = <float>given[RATE]
    how.beta1 = <float>given[BETA1]
    how.beta2 = <float>given[BETA2]
    how.epsilon = <float>given[EPSILON]
    how.corrected = how.root = how.sigma = 0
    how.first = &state[0, 0] if state.shape[0] > 0 else NULL
    how.second = &state[1, 0] if state.shape[0] > 1 else NULL
    how.bound = <float>given[CLIP]
    how.shrink = <float>(given[RATE] * given[L2])
    how.threshold = <float>(given[RATE] * given[L1])
    how.eta = given[GRADIENT_NOISE]
    how.gamma = given[NOISE_DECAY]
    how.weight_noise = <float>given[WEIGHT_NOISE]
    how.input_noise = <float>given[INPUT_NOISE]
    how.seed = <unsigned long long>given[SEED]
    how.dropout = <float>given[DROPOUT]
    how.smoothing = <float>given[SMOOTHING]
    how.quiet = how.weight_noise <= 0 and how.input_noise <= 0
    how.shaped = how.bound > 0 or how.eta > 0 or how.shrink > 0
    if method == SGD and (how.shaped or how.threshold > 0):
        how.method = STEPPED
    begin_step(&how, step)
    return how
