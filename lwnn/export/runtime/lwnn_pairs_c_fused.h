/* lwnn layout `pairs` in C: a fused layer. */
#ifndef LWNN_PAIRS_C_FUSED_H
#define LWNN_PAIRS_C_FUSED_H

LWNN_INLINE lwnn_act lwnn_rescale(uint32_t sum, int32_t multiplier, uint32_t right,
                                  int32_t zero_point)
{
    const int64_t upper = lwnn_upper((int32_t)sum, multiplier);
    return lwnn_act_of(lwnn_clamp((int32_t)(((upper >> (right - 1)) + 1) >> 1) + zero_point));
}

LWNN_APART void lwnn_fused(const lwnn_layer *layer, const lwnn_act *x, lwnn_act *out)
{
    const lwnn_count padded = (layer->inputs + 3u) & ~3u;
    const lwnn_weight *weight = layer->weight;
    const int32_t *constants = layer->bias;
    lwnn_count o, i, n;
    for (o = 0; o < layer->outputs; o += 4) {
        const lwnn_count words = layer->outputs - o < 3 ? 1 : 2;
        const int32_t *const multiplier = constants + 2 * words;
        uint32_t right = (uint32_t)multiplier[2 * words], sums[4] = {0, 0, 0, 0};
        for (n = 0; n < 2 * words; n++)
            sums[n] = (uint32_t)constants[n];
        for (i = 0; i < padded; i += 2)
            for (n = 0; n < words; n++, weight++) {
                const uint32_t low = (uint32_t)(x[i] * lwnn_low(*weight)) +
                                     (uint32_t)(x[i + 1] * lwnn_low(*weight >> 16));
                const uint32_t high = (uint32_t)(x[i] * lwnn_high(*weight)) +
                                      (uint32_t)(x[i + 1] * lwnn_high(*weight >> 16));
                sums[2 * n] += 256u * high + low;
                sums[2 * n + 1] += low;
            }
        for (n = 0; n < 2 * words; n++, right >>= 8)
            out[o + n] = lwnn_rescale(n % 2 ? sums[n] : sums[n] - sums[n + 1], multiplier[n],
                                      right & 255u, layer->zero_point);
        for (; n < 4; n++)
            out[o + n] = 0;
        constants = multiplier + 2 * words + 1;
    }
    lwnn_look_up(layer, out);
}

#endif
