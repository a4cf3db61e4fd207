/* lwnn layout `pairs`: the weights a, b of two outputs as the one 16-bit number 256 a + b, two
 * inputs in a word. For Cortex-M4, M7 and M33 with the DSP extension.
 *
 *     word [output / 4][input / 2][2]   low half: one input, high half: the next one;
 *                                       first word: outputs 0 and 1, second: outputs 2 and 3.
 *                                       A last group of one or two outputs has one word.
 *
 * SMLAD of a word sums 256 A + B, SMLAD of its low bytes (SXTB16) sums B: four products in three
 * instructions. 256 A = (256 A + B) - B is exact modulo 2^32 while |A| < 2^23. A layer whose
 * weights promise that is `fused`: its constants stand together, group by group,
 *
 *     256 a + b and b of the biases, pair after pair; multipliers; the amounts of right shift,
 *     one a byte, 8 more for a than for b, as 256 A is what is multiplied
 *
 * A model says LWNN_SIXTEENS when each of its fused layers has a multiple of 16 inputs.
 * Any other layer is split after LWNN_STEP inputs, with which no weights reach the limit.
 */
#ifndef LWNN_PAIRS_H
#define LWNN_PAIRS_H

#include "lwnn_runtime.h"

typedef uint32_t lwnn_weight;
typedef int16_t lwnn_act;
enum { LWNN_PAD = 4, LWNN_STEP = 512 };

#if defined(__GNUC__) && defined(__OPTIMIZE__) && defined(__ARM_FEATURE_DSP) && \
    defined(__thumb2__)
#define LWNN_DSP
#endif

LWNN_INLINE lwnn_act lwnn_act_of(int32_t value)
{
    return (lwnn_act)value;
}

LWNN_INLINE int32_t lwnn_value(lwnn_act act)
{
    return act;
}

/* `input` may be the last bytes of `out`. */
LWNN_APART void lwnn_widen(const int8_t *input, lwnn_count inputs, lwnn_act *out)
{
    lwnn_count i;
    for (i = 0; i < inputs; i++)
        out[i] = input[i];
    for (; i % LWNN_PAD != 0; i++)
        out[i] = 0;
}

LWNN_INLINE int32_t lwnn_start(const lwnn_act *x, lwnn_count inputs)
{
    (void)x;
    (void)inputs;
    return 0;
}

#if defined(LWNN_DSP)
#include "lwnn_pairs_dsp.h"
#else
#include "lwnn_pairs_c.h"
#endif

/* The same for the layer that reads it next, each four inputs in the order 0, 2, 1, 3. */
LWNN_APART const lwnn_act *lwnn_prepare(const int8_t *input, lwnn_count inputs, lwnn_act *out)
{
    lwnn_count i = lwnn_prepare_most(input, inputs, out);
    for (; i < inputs; i++)
        out[(i & ~3u) + (i % 2 * 2) + i / 2 % 2] = input[i];
    for (; i % LWNN_PAD != 0; i++)
        out[(i & ~3u) + (i % 2 * 2) + i / 2 % 2] = 0;
    return out;
}

#include "lwnn_layers.h"

#if defined(LWNN_DSP)
#include "lwnn_pairs_dsp_fused.h"
#else
#include "lwnn_pairs_c_fused.h"
#endif

#endif
