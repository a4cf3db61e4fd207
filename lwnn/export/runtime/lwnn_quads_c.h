/* lwnn layout `quads` in C, on any processor. */
#ifndef LWNN_QUADS_C_H
#define LWNN_QUADS_C_H

LWNN_INLINE void lwnn_quad(const lwnn_weight *weight, const lwnn_act *x, lwnn_count inputs,
                           uint32_t sums[4])
{
    uint32_t a = 0, b = 0, c = 0, d = 0;
    lwnn_count i;
    for (i = 0; i < inputs; i++) {
        const uint32_t v = x[i], w = LWNN_WORD(weight + i);
        a += v * (w & 255u);
        b += v * (w >> 8 & 255u);
        c += v * (w >> 16 & 255u);
        d += v * (w >> 24);
    }
    sums[0] = a;
    sums[1] = b;
    sums[2] = c;
    sums[3] = d;
}

#endif
