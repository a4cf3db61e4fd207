/* lwnn layout `blocks`: int8 weights in blocks of four outputs by sixteen inputs, zeros where
 * there are fewer. For Cortex-M55 and M85 with MVE (Helium).
 *
 *     byte [output / 4][input / 16][4 outputs][16 inputs]
 *
 * A layer whose sums need only the upper half of a product is `fused`: its constants stand
 * together, group by group: four biases, four multipliers, four amounts of left shift, a byte
 * each, none of them positive.
 */
#ifndef LWNN_BLOCKS_H
#define LWNN_BLOCKS_H

#include "lwnn_runtime.h"

typedef int8_t lwnn_weight;
typedef int8_t lwnn_act;
enum { LWNN_PAD = 1 };

#if defined(__GNUC__) && defined(__OPTIMIZE__) && defined(__ARM_FEATURE_MVE)
#define LWNN_MVE
#endif

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

#if defined(LWNN_MVE)
#include "lwnn_blocks_mve.h"
#else
#include "lwnn_blocks_c.h"
#endif

LWNN_INLINE void lwnn_products(const lwnn_weight *weight, const lwnn_act *x, lwnn_count inputs,
                               lwnn_count output, lwnn_count outputs, int32_t sums[4])
{
    (void)outputs;
    lwnn_four_rows(weight + output * ((inputs + 15u) & ~15u), x, inputs, sums);
}

#include "lwnn_layers.h"

#if defined(LWNN_MVE)
#include "lwnn_blocks_mve_fused.h"
#else
LWNN_APART void lwnn_fused(const lwnn_layer *layer, const lwnn_act *x, lwnn_act *out)
{
    const int32_t *constants = layer->bias;
    lwnn_count o, n;
    for (o = 0; o < layer->outputs; o += 4, constants += 9) {
        int32_t sums[4];
        uint32_t left = (uint32_t)constants[8];
        for (n = 0; n < 4; n++)
            sums[n] = constants[n];
        lwnn_products(layer->weight, x, layer->inputs, o, layer->outputs, sums);
        for (n = 0; n < 4; n++, left >>= 8) {
            const int32_t upper = lwnn_upper(sums[n], constants[4 + n]);
            const int32_t right = -(int8_t)(left & 255u);
            out[o + n] = lwnn_act_of(
                lwnn_clamp((((upper >> (right - 1)) + 1) >> 1) + layer->zero_point));
        }
    }
    lwnn_look_up(layer, out);
}
#endif

#endif
