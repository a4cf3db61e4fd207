/* lwnn layout `quads`: the products of inputs that are listed. */
#ifndef LWNN_QUADS_SKIP_H
#define LWNN_QUADS_SKIP_H

LWNN_INLINE int32_t lwnn_some_start(const int16_t *value, lwnn_count count)
{
    int32_t sum = 0;
    lwnn_count i;
    for (i = 0; i < count; i++)
        sum += value[i];
    return -(sum * 128);
}

LWNN_INLINE void lwnn_some(const lwnn_layer *layer, const uint16_t *index, const int16_t *value,
                           lwnn_count count, lwnn_count output, int32_t sums[4])
{
    const lwnn_weight *const weight = layer->weight + (uint32_t)(output / 4) * layer->inputs;
    uint32_t a = 0, b = 0, c = 0, d = 0;
    lwnn_count i;
    for (i = 0; i < count; i++) {
        const uint32_t w = LWNN_WORD(weight + index[i]);
        const uint8_t v = (uint8_t)value[i];
        a += (uint16_t)(v * (uint16_t)(uint8_t)w);
        b += (uint16_t)(v * (uint16_t)(uint8_t)(w >> 8));
        c += (uint16_t)(v * (uint16_t)(uint8_t)(w >> 16));
        d += (uint16_t)(v * (uint16_t)(uint8_t)(w >> 24));
    }
    sums[0] = (int32_t)((uint32_t)sums[0] + a);
    sums[1] = (int32_t)((uint32_t)sums[1] + b);
    sums[2] = (int32_t)((uint32_t)sums[2] + c);
    sums[3] = (int32_t)((uint32_t)sums[3] + d);
}

#include "lwnn_skip.h"

#endif
