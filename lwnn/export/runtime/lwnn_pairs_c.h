/* lwnn layout `pairs` in C: what the kernels for the DSP extension compute, on any processor. */
#ifndef LWNN_PAIRS_C_H
#define LWNN_PAIRS_C_H

LWNN_INLINE lwnn_count lwnn_prepare_most(const int8_t *input, lwnn_count inputs, lwnn_act *out)
{
    (void)input;
    (void)inputs;
    (void)out;
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
    const lwnn_count padded = (inputs + 3u) & ~3u, words = outputs - output < 3 ? 1 : 2;
    lwnn_count i, n;
    weight += output / 4 * padded;
    for (i = 0; i < padded; i += 2)
        for (n = 0; n < words; n++, weight++) {
            sums[2 * n] += x[i] * lwnn_high(*weight) + x[i + 1] * lwnn_high(*weight >> 16);
            sums[2 * n + 1] += x[i] * lwnn_low(*weight) + x[i + 1] * lwnn_low(*weight >> 16);
        }
}

#endif
