/* lwnn runtime: what a Forward-Forward net does between its layers and at its end. */
#ifndef LWNN_FF_H
#define LWNN_FF_H

/* floor(sqrt(value)), a binary digit at a time. */
LWNN_APART uint32_t lwnn_root(uint64_t value)
{
    uint64_t rest = value, result = 0, digit = (uint64_t)1 << 62;
    while (digit > rest)
        digit >>= 2;
    for (; digit; digit >>= 2) {
        if (rest >= result + digit) {
            rest -= result + digit;
            result = (result >> 1) + digit;
        } else {
            result >>= 1;
        }
    }
    return (uint32_t)result;
}

LWNN_APART uint32_t lwnn_squares(const lwnn_act *x, lwnn_count units, int zero_point)
{
    uint32_t total = 0;
    lwnn_count i;
    for (i = 0; i < units; i++) {
        const int32_t v = lwnn_value(x[i]) - zero_point;
        total += (uint32_t)(v * v);
    }
    return total;
}

/* Divide by the root mean square, in place. `factor` is 2^16 sqrt(units) / scale of the output. */
LWNN_APART void lwnn_normalize(lwnn_act *x, lwnn_count units, int zero_point, int32_t factor,
                               int zero_out)
{
    const uint32_t total = lwnn_squares(x, units, zero_point);
    int32_t m = 0;
    lwnn_count i;
    if (total) {
        const uint32_t root = lwnn_root((uint64_t)total << 16);
        m = (int32_t)(((uint64_t)factor * 256 + root / 2) / root);
    }
    for (i = 0; i < units; i++) {
        const int32_t v = lwnn_value(x[i]) - zero_point;
        x[i] = lwnn_act_of(lwnn_clamp(((v * m + 32768) >> 16) + zero_out));
    }
}

/* Copy activations to `out` from `start` on, with padding behind. */
LWNN_APART void lwnn_join(const lwnn_act *x, lwnn_count units, lwnn_act *out, lwnn_count start)
{
    lwnn_count i;
    for (i = 0; i < units; i++)
        out[start + i] = x[i];
    for (i += start; i % LWNN_PAD != 0; i++)
        out[i] = lwnn_act_of(0);
}

/* Index of the greatest score; of equal ones the first. */
LWNN_APART int lwnn_greatest(const int64_t *scores, int classes)
{
    int best = 0, c;
    for (c = 1; c < classes; c++)
        if (scores[c] > scores[best])
            best = c;
    return best;
}

#endif
