/* lwnn layout `blocks` in C, on any processor. */
#ifndef LWNN_BLOCKS_C_H
#define LWNN_BLOCKS_C_H

LWNN_INLINE void lwnn_four_rows(const lwnn_weight *weight, const lwnn_act *x, lwnn_count inputs,
                                int32_t sums[4])
{
    lwnn_count i, n, k;
    for (i = 0; i < inputs; i += 16, weight += 64)
        for (n = 0; n < 4; n++)
            for (k = 0; k < 16 && i + k < inputs; k++)
                sums[n] += x[i + k] * weight[16 * n + k];
}

#endif
