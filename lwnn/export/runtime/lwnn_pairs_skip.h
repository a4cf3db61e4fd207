/* lwnn layout `pairs`: the products of inputs that are listed.
 *
 *     word [output / 4][input]   low half: outputs 0 and 1, high half: outputs 2 and 3
 */
#ifndef LWNN_PAIRS_SKIP_H
#define LWNN_PAIRS_SKIP_H

LWNN_INLINE int32_t lwnn_some_start(const int16_t *value, lwnn_count count)
{
    (void)value;
    (void)count;
    return 0;
}

LWNN_INLINE void lwnn_some(const lwnn_layer *layer, const uint16_t *index, const int16_t *value,
                           lwnn_count count, lwnn_count output, int32_t sums[4])
{
    const lwnn_weight *const weight = layer->weight + output / 4 * layer->inputs;
#if defined(LWNN_DSP)
    const uint16_t *const end = index + count;
    int32_t ab = 0, b = 0, cd = 0, d = 0;
    if (index != end)
        __asm__ volatile("1:\n\t"
                         "ldr r4, [%[index]], #4\n\t"
                         "ldr r5, [%[value]], #4\n\t"
                         "uxth r8, r4\n\t"
                         "lsr r4, r4, #16\n\t"
                         "ldr r8, [%[w], r8, lsl #2]\n\t"
                         "ldr r9, [%[w], r4, lsl #2]\n\t"
                         "pkhbt r4, r8, r9, lsl #16\n\t"
                         "pkhtb r8, r9, r8, asr #16\n\t"
                         "smlad %[ab], r4, r5, %[ab]\n\t"
                         "sxtb16 r4, r4\n\t"
                         "smlad %[b], r4, r5, %[b]\n\t"
                         "smlad %[cd], r8, r5, %[cd]\n\t"
                         "sxtb16 r8, r8\n\t"
                         "smlad %[d], r8, r5, %[d]\n\t"
                         "cmp %[index], %[end]\n\t"
                         "bne 1b"
                         : [index] "+r"(index), [value] "+r"(value), [ab] "+r"(ab), [b] "+r"(b),
                           [cd] "+r"(cd), [d] "+r"(d)
                         : [w] "r"(weight), [end] "r"(end)
                         : "r4", "r5", "r8", "r9", "cc", "memory");
    sums[0] += (ab - b) >> 8;
    sums[1] += b;
    sums[2] += (cd - d) >> 8;
    sums[3] += d;
#else
    lwnn_count i;
    for (i = 0; i < count; i++) {
        const uint32_t w = weight[index[i]];
        sums[0] += value[i] * lwnn_high(w);
        sums[1] += value[i] * lwnn_low(w);
        sums[2] += value[i] * lwnn_high(w >> 16);
        sums[3] += value[i] * lwnn_low(w >> 16);
    }
#endif
}

#include "lwnn_skip.h"

#endif
