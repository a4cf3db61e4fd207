/* lwnn runtime: rows divided by their root mean square, in integers. */
#ifndef LWNN_NORM_H
#define LWNN_NORM_H

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

#endif
