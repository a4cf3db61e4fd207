/* lwnn layout `pairs` on a Cortex-M with the DSP extension: inputs, and layers that are not fused. */
#ifndef LWNN_PAIRS_DSP_H
#define LWNN_PAIRS_DSP_H

/* Sixteen inputs at a time, where they lie on words; returns how many were taken. */
LWNN_INLINE lwnn_count lwnn_prepare_most(const int8_t *input, lwnn_count inputs, lwnn_act *out)
{
    const int8_t *const end = input + (inputs & ~15u);
    if (((uintptr_t)input & 3u) || input == end)
        return 0;
    __asm__ volatile("1:\n\t"
                     "ldmia %[in]!, {r3, r5, r8, r10}\n\t"
                     "sxtb16 r4, r3, ror #8\n\t"
                     "sxtb16 r3, r3\n\t"
                     "sxtb16 r6, r5, ror #8\n\t"
                     "sxtb16 r5, r5\n\t"
                     "sxtb16 r9, r8, ror #8\n\t"
                     "sxtb16 r8, r8\n\t"
                     "sxtb16 r11, r10, ror #8\n\t"
                     "sxtb16 r10, r10\n\t"
                     "stmia %[out]!, {r3, r4, r5, r6, r8, r9, r10, r11}\n\t"
                     "cmp %[in], %[end]\n\t"
                     "bne 1b"
                     : [in] "+r"(input), [out] "+r"(out)
                     : [end] "r"(end)
                     : "r3", "r4", "r5", "r6", "r8", "r9", "r10", "r11", "cc", "memory");
    return inputs & ~15u;
}

/* Outputs a, b of `inputs` inputs, a multiple of 4, not 0: 256 A + B and B are added to. */
LWNN_INLINE const lwnn_weight *lwnn_pair(const lwnn_act *x, const lwnn_weight *weight,
                                         lwnn_count inputs, int32_t *ab, int32_t *b)
{
    const lwnn_act *const end = x + inputs;
    __asm__ volatile("1:\n\t"
                     "ldmia %[x]!, {r4, r5}\n\t"
                     "ldmia %[w]!, {r8, r9}\n\t"
                     "smlad %[ab], r8, r4, %[ab]\n\t"
                     "sxtb16 r8, r8\n\t"
                     "smlad %[b], r8, r4, %[b]\n\t"
                     "smlad %[ab], r9, r5, %[ab]\n\t"
                     "sxtb16 r9, r9\n\t"
                     "smlad %[b], r9, r5, %[b]\n\t"
                     "cmp %[x], %[end]\n\t"
                     "bne 1b"
                     : [x] "+r"(x), [w] "+r"(weight), [ab] "+r"(*ab), [b] "+r"(*b)
                     : [end] "r"(end)
                     : "r4", "r5", "r8", "r9", "cc", "memory");
    return weight;
}

/* The same with words for outputs c, d between. */
LWNN_INLINE const lwnn_weight *lwnn_two_pairs(const lwnn_act *x, const lwnn_weight *weight,
                                              lwnn_count inputs, int32_t *ab, int32_t *b,
                                              int32_t *cd, int32_t *d)
{
    const lwnn_act *const end = x + inputs;
    __asm__ volatile("1:\n\t"
                     "ldmia %[x]!, {r4, r5}\n\t"
                     "ldmia %[w]!, {r8, r9, r10, r11}\n\t"
                     "smlad %[ab], r8, r4, %[ab]\n\t"
                     "sxtb16 r8, r8\n\t"
                     "smlad %[b], r8, r4, %[b]\n\t"
                     "smlad %[cd], r9, r4, %[cd]\n\t"
                     "sxtb16 r9, r9\n\t"
                     "smlad %[d], r9, r4, %[d]\n\t"
                     "smlad %[ab], r10, r5, %[ab]\n\t"
                     "sxtb16 r10, r10\n\t"
                     "smlad %[b], r10, r5, %[b]\n\t"
                     "smlad %[cd], r11, r5, %[cd]\n\t"
                     "sxtb16 r11, r11\n\t"
                     "smlad %[d], r11, r5, %[d]\n\t"
                     "cmp %[x], %[end]\n\t"
                     "bne 1b"
                     : [x] "+r"(x), [w] "+r"(weight), [ab] "+r"(*ab), [b] "+r"(*b),
                       [cd] "+r"(*cd), [d] "+r"(*d)
                     : [end] "r"(end)
                     : "r4", "r5", "r8", "r9", "r10", "r11", "cc", "memory");
    return weight;
}

LWNN_INLINE void lwnn_products(const lwnn_weight *weight, const lwnn_act *x, lwnn_count inputs,
                               lwnn_count output, lwnn_count outputs, int32_t sums[4])
{
    lwnn_count left = (inputs + 3u) & ~3u;
    weight += output / 4 * left;
    while (left) {
        const lwnn_count part = left < LWNN_STEP ? left : (lwnn_count)LWNN_STEP;
        int32_t ab = 0, b = 0, cd = 0, d = 0;
        if (outputs - output < 3)
            weight = lwnn_pair(x, weight, part, &ab, &b);
        else
            weight = lwnn_two_pairs(x, weight, part, &ab, &b, &cd, &d);
        sums[0] += (ab - b) >> 8;
        sums[1] += b;
        sums[2] += (cd - d) >> 8;
        sums[3] += d;
        x += part;
        left -= part;
    }
}

#endif
