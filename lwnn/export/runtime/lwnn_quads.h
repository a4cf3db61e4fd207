/* lwnn layout `quads`: the weights of four outputs in a word, 128 added so that no byte has a
 * sign. For Cortex-M0 and AVR, whose multipliers know no signed bytes.
 *
 *     word [output / 4][input]   bits 0-7 output 0, 8-15 output 1, 16-23 output 2, 24-31 output 3
 *     sum of x w = sum of (x + 128)(w + 128) - 128 (sum of (x + 128)) - 128 (sum of w)
 *
 * The last term is in the bias, the one before it in `lwnn_start`.
 */
#ifndef LWNN_QUADS_H
#define LWNN_QUADS_H

#include "lwnn_runtime.h"

typedef uint32_t lwnn_weight;
typedef uint8_t lwnn_act;
enum { LWNN_PAD = 4 };

LWNN_INLINE lwnn_act lwnn_act_of(int32_t value)
{
    return (lwnn_act)(value + 128);
}

LWNN_INLINE int32_t lwnn_value(lwnn_act act)
{
    return (int32_t)act - 128;
}

/* `input` may be the last bytes of `out`. */
LWNN_APART const lwnn_act *lwnn_prepare(const int8_t *input, lwnn_count inputs, lwnn_act *out)
{
    lwnn_count i;
    for (i = 0; i < inputs; i++)
        out[i] = (lwnn_act)((uint8_t)input[i] ^ 0x80u);
    return out;
}

LWNN_INLINE int32_t lwnn_start(const lwnn_act *x, lwnn_count inputs)
{
    int32_t sum = 0;
    lwnn_count i;
    for (i = 0; i < inputs; i++)
        sum += x[i];
    return -128 * sum;
}

LWNN_INLINE void lwnn_products(const lwnn_weight *weight, const lwnn_act *x, lwnn_count inputs,
                               lwnn_count output, lwnn_count outputs, int32_t sums[4])
{
    /* Sums are taken modulo 2^32: only the final ones are known to fit. */
    uint32_t a = (uint32_t)sums[0], b = (uint32_t)sums[1];
    uint32_t c = (uint32_t)sums[2], d = (uint32_t)sums[3];
    lwnn_count i;
    (void)outputs;
    weight += (uint32_t)(output / 4) * inputs;
    for (i = 0; i < inputs; i++) {
        const uint32_t v = x[i], w = LWNN_WORD(weight + i);
        a += v * (w & 255u);
        b += v * (w >> 8 & 255u);
        c += v * (w >> 16 & 255u);
        d += v * (w >> 24);
    }
    sums[0] = (int32_t)a;
    sums[1] = (int32_t)b;
    sums[2] = (int32_t)c;
    sums[3] = (int32_t)d;
}

#include "lwnn_layers.h"

#endif
