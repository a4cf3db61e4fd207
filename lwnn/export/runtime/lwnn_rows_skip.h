/* lwnn layout `rows`: the products of inputs that are listed. */
#ifndef LWNN_ROWS_SKIP_H
#define LWNN_ROWS_SKIP_H

LWNN_INLINE int32_t lwnn_some_start(const int16_t *value, lwnn_count count)
{
    (void)value;
    (void)count;
    return 0;
}

LWNN_INLINE void lwnn_some(const lwnn_layer *layer, const uint16_t *index, const int16_t *value,
                           lwnn_count count, lwnn_count output, int32_t sums[4])
{
    lwnn_count i, n;
    for (n = 0; n < 4 && output + n < layer->outputs; n++) {
        const lwnn_weight *const row = layer->weight + (uint32_t)(output + n) * layer->inputs;
        int32_t sum = sums[n];
        for (i = 0; i < count; i++)
            sum += value[i] * (int32_t)(int8_t)LWNN_BYTE(row + index[i]);
        sums[n] = sum;
    }
}

#include "lwnn_skip.h"

#endif
