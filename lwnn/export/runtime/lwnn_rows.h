/* lwnn layout `rows`: int8 weights, a row per output, as on the PC. For any processor. */
#ifndef LWNN_ROWS_H
#define LWNN_ROWS_H

#include "lwnn_runtime.h"

typedef int8_t lwnn_weight;
typedef int8_t lwnn_act;
enum { LWNN_PAD = 1 };

LWNN_INLINE lwnn_act lwnn_act_of(int32_t value)
{
    return (lwnn_act)value;
}

LWNN_INLINE int32_t lwnn_value(lwnn_act act)
{
    return act;
}

LWNN_INLINE void lwnn_widen(const int8_t *input, lwnn_count inputs, lwnn_act *out)
{
    lwnn_count i;
    for (i = 0; i < inputs; i++)
        out[i] = input[i];
}

LWNN_INLINE const lwnn_act *lwnn_prepare(const int8_t *input, lwnn_count inputs, lwnn_act *out)
{
    (void)inputs;
    (void)out;
    return input;
}

LWNN_INLINE int32_t lwnn_start(const lwnn_act *x, lwnn_count inputs)
{
    (void)x;
    (void)inputs;
    return 0;
}

LWNN_INLINE void lwnn_products(const lwnn_weight *weight, const lwnn_act *x, lwnn_count inputs,
                               lwnn_count output, lwnn_count outputs, int32_t sums[4])
{
    const lwnn_count left = outputs - output;
    lwnn_count i, n;
    weight += (uint32_t)output * inputs;
    if (left >= 4) {
        int32_t a = sums[0], b = sums[1], c = sums[2], d = sums[3];
        for (i = 0; i < inputs; i++, weight++) {
            const int32_t v = x[i];
            a += v * (int8_t)LWNN_BYTE(weight);
            b += v * (int8_t)LWNN_BYTE(weight + inputs);
            c += v * (int8_t)LWNN_BYTE(weight + 2 * (uint32_t)inputs);
            d += v * (int8_t)LWNN_BYTE(weight + 3 * (uint32_t)inputs);
        }
        sums[0] = a;
        sums[1] = b;
        sums[2] = c;
        sums[3] = d;
        return;
    }
    for (n = 0; n < left; n++)
        for (i = 0; i < inputs; i++)
            sums[n] += x[i] * (int32_t)(int8_t)LWNN_BYTE(weight++);
}

#include "lwnn_layers.h"

#endif
