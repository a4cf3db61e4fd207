# The perceptron rule (Rosenblatt 1958), one step unit per class, one row at a time.
#
#     y = 1 if w x + b > 0, else 0
#     w += rate (t - y) x,  b += rate (t - y)
#
# A unit that answers right is left alone. The loss of a row is how far the wrong units are on the
# wrong side, sum of |w x + b|; the rule is its gradient. Single-threaded: a row waits for the one
# before it.


def perceptron_workspace(const long long[:, ::1] table):
    """Floats of workspace that `perceptron_epoch` needs."""
    cdef Arena arena
    arena.base = NULL
    arena.used = 0
    carve(&arena, padded(table[0, IN]))
    carve(&arena, table[0, OUT])
    return arena.used


cdef double perceptron_row(float *w_oi, float *bias, const float *x, Py_ssize_t n_in,
                           Py_ssize_t n_out, int true, float rate, float *z) noexcept nogil:
    """Learn from one row; returns its loss from before."""
    cdef Py_ssize_t o
    cdef float error
    cdef double loss = 0
    lwnn_dot(n_out, w_oi, n_in, x, z)
    for o in range(n_out):
        z[o] += bias[o]
        error = (1 if o == true else 0) - (1 if z[o] > 0 else 0)
        if error != 0:
            loss -= error * z[o]
            lwnn_axpy(w_oi + o * n_in, x, rate * error, n_in)
            bias[o] += rate * error
    return loss


def perceptron_epoch(float[::1] params, const long long[:, ::1] table, const data_t[:, ::1] x,
                     const float[:, ::1] scaler, float clip, const int[::1] y,
                     const int[::1] order, float rate, float[::1] workspace):
    """Train a single layer by the perceptron rule on the rows that `order` names.

    Parameters
    ----------
    params : float32 (size,)
        IN/OUT.
    table, x, scaler, clip
        As in `dense_scores`; the table has one row.
    y : int32 (n,)
        IN. Class of every row of `x`.
    order : int32 (m,)
        IN. Rows to visit, one after the other.
    rate : float
        IN.
    workspace : float32 (perceptron_workspace(table),)

    Returns
    -------
    float
        Sum over the rows of the wrong units' |w x + b|, each taken before its update.
    """
    cdef Arena arena = arena_over(workspace)
    cdef Py_ssize_t n_in = table[0, IN], n_out = table[0, OUT], n = order.shape[0], i
    cdef float *row = carve(&arena, padded(n_in))
    cdef float *z = carve(&arena, n_out)
    cdef double loss = 0
    check_room(&arena, workspace)
    if n == 0:
        return 0.0
    with nogil:
        for i in range(n):
            gather(&x[0, 0], &scaler[0, 0], clip, n_in, &order[i], 1, row, padded(n_in))
            loss += perceptron_row(&params[table[0, WEIGHT]], &params[table[0, BIAS]], row, n_in,
                                   n_out, y[order[i]], rate, z)
    return loss
