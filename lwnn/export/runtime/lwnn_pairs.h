/* lwnn layout `pairs`: the weights a, b of two outputs as the one 16-bit number 256 a + b, two
 * inputs in a word. For Cortex-M4, M7 and M33 with the DSP extension.
 *
 *     word [output / 4][input / 2][2]   low half: even input, high half: odd input;
 *                                       first word: outputs 0 and 1, second: outputs 2 and 3
 *
 * SMLAD of a word sums 256 A + B, SMLAD of its low bytes (SXTB16) sums B: four products in three
 * instructions. A = (256 A + B - B) / 256 is exact modulo 2^32 while |A| < 2^23. Where the
 * weights do not promise that, the model says LWNN_STEP, after how many inputs to split.
 */
#ifndef LWNN_PAIRS_H
#define LWNN_PAIRS_H

#include "lwnn_runtime.h"

typedef uint32_t lwnn_weight;
typedef int16_t lwnn_act;
enum { LWNN_PAD = 4 };

LWNN_INLINE lwnn_act lwnn_act_of(int32_t value)
{
    return (lwnn_act)value;
}

LWNN_INLINE int32_t lwnn_value(lwnn_act act)
{
    return act;
}

/* `input` may be the last bytes of `out`. */
LWNN_APART const lwnn_act *lwnn_prepare(const int8_t *input, lwnn_count inputs, lwnn_act *out)
{
    lwnn_count i;
    for (i = 0; i < inputs; i++)
        out[i] = input[i];
    for (; i % LWNN_PAD != 0; i++)
        out[i] = 0;
    return out;
}

LWNN_INLINE int32_t lwnn_start(const lwnn_act *x, lwnn_count inputs)
{
    (void)x;
    (void)inputs;
    return 0;
}

LWNN_INLINE int32_t lwnn_low(uint32_t half)
{
    return (int8_t)(half & 255u);
}

LWNN_INLINE int32_t lwnn_high(uint32_t half)
{
    return ((int16_t)(half & 0xffffu) - lwnn_low(half)) / 256;
}

LWNN_INLINE void lwnn_products(const lwnn_weight *weight, const lwnn_act *x, lwnn_count inputs,
                               lwnn_count output, lwnn_count outputs, int32_t sums[4])
{
    const lwnn_count padded = (inputs + 3u) / 4u * 4u;
    lwnn_count i;
    (void)outputs;
    weight += (uint32_t)(output / 4) * padded;
    for (i = 0; i < padded; i += 2, weight += 2) {
        const int32_t even = x[i], odd = x[i + 1];
        sums[0] += even * lwnn_high(weight[0]) + odd * lwnn_high(weight[0] >> 16);
        sums[1] += even * lwnn_low(weight[0]) + odd * lwnn_low(weight[0] >> 16);
        sums[2] += even * lwnn_high(weight[1]) + odd * lwnn_high(weight[1] >> 16);
        sums[3] += even * lwnn_low(weight[1]) + odd * lwnn_low(weight[1] >> 16);
    }
}

#include "lwnn_layers.h"

#endif
