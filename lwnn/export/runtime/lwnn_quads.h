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
LWNN_APART void lwnn_widen(const int8_t *input, lwnn_count inputs, lwnn_act *out)
{
    lwnn_count i;
    for (i = 0; i < inputs; i++)
        out[i] = (lwnn_act)((uint8_t)input[i] ^ 0x80u);
}

LWNN_INLINE const lwnn_act *lwnn_prepare(const int8_t *input, lwnn_count inputs, lwnn_act *out)
{
    lwnn_widen(input, inputs, out);
    return out;
}

LWNN_INLINE int32_t lwnn_start(const lwnn_act *x, lwnn_count inputs)
{
    int32_t sum = 0;
    lwnn_count i;
    /* Four at a time, whose sum has 16 bits. */
    for (i = 0; i + 4 <= inputs; i += 4)
        sum += (uint16_t)(x[i] + x[i + 1] + x[i + 2] + x[i + 3]);
    for (; i < inputs; i++)
        sum += x[i];
    return -(sum * 128);
}

#if defined(__GNUC__) && defined(__OPTIMIZE__) && defined(__thumb__) && !defined(__thumb2__)
#include "lwnn_quads_m0.h"
#elif defined(__OPTIMIZE__) && defined(__AVR_HAVE_MUL__) && defined(__AVR_HAVE_LPMX__)
#include "lwnn_quads_avr.h"
#else
#include "lwnn_quads_c.h"
#endif

/* Sums are taken modulo 2^32: only the final ones are known to fit. */
LWNN_INLINE void lwnn_products(const lwnn_weight *weight, const lwnn_act *x, lwnn_count inputs,
                               lwnn_count output, lwnn_count outputs, int32_t sums[4])
{
    uint32_t quad[4];
    int n;
    (void)outputs;
    lwnn_quad(weight + (uint32_t)(output / 4) * inputs, x, inputs, quad);
    for (n = 0; n < 4; n++)
        sums[n] = (int32_t)((uint32_t)sums[n] + quad[n]);
}

#include "lwnn_layers.h"

#endif
