/* Sums of products of a few rows: weights are read once, as they lie.
 *
 * Lanes run along the inputs, four outputs at a time. One row has nothing to do but wait for its
 * weights, so those of the next four outputs are asked for while these are used. */
#ifndef LWNN_INT8_FEW_H
#define LWNN_INT8_FEW_H

#include "int8_vectors.h"

enum { LWNN_OUTPUTS8 = 4, LWNN_LINE8 = 64, LWNN_FEW8 = 32 };

/* Sums over the lanes of four vectors. */
LWNN_INLINE8 void lwnn_lanes8(const lwnn_ints sums[LWNN_OUTPUTS8], int out[LWNN_OUTPUTS8])
{
#if defined(__AVX2__)
    __m256i part[LWNN_OUTPUTS8];
#pragma GCC unroll 4
    for (int o = 0; o < LWNN_OUTPUTS8; o++)
#if defined(__AVX512BW__)
        part[o] = _mm256_add_epi32(_mm512_castsi512_si256((__m512i)sums[o]),
                                   _mm512_extracti64x4_epi64((__m512i)sums[o], 1));
#else
        part[o] = (__m256i)sums[o];
#endif
    const __m256i four = _mm256_hadd_epi32(_mm256_hadd_epi32(part[0], part[1]),
                                           _mm256_hadd_epi32(part[2], part[3]));
    _mm_storeu_si128((__m128i *)out, _mm_add_epi32(_mm256_castsi256_si128(four),
                                                   _mm256_extracti128_si256(four, 1)));
#else
#pragma GCC unroll 4
    for (int o = 0; o < LWNN_OUTPUTS8; o++) {
        out[o] = 0;
        for (int l = 0; l < LWNN_INTS8; l++)
            out[o] += sums[o][l];
    }
#endif
}

/* The last bytes of a row, behind as many zeros as fill a vector. */
LWNN_INLINE8 lwnn_bytes lwnn_last8(const signed char *row, ptrdiff_t size, ptrdiff_t count)
{
    signed char line[LWNN_BYTES8] = {0};
    memcpy(line + LWNN_BYTES8 - count, row + size - count, (size_t)count);
    return lwnn_load_bytes(line);
}

/* Four outputs of one row. What is left behind the last whole vector comes in `last`, and meets
 * the vector of weights that ends where the row does: the zeros of `last` hide what was counted
 * before. */
LWNN_INLINE8 void lwnn_dots8(const signed char *x, lwnn_bytes last,
                             const signed char *const w[LWNN_OUTPUTS8], ptrdiff_t ahead,
                             ptrdiff_t n_in, int out[LWNN_OUTPUTS8])
{
    lwnn_ints sums[LWNN_OUTPUTS8] = {{0}};
    ptrdiff_t k = 0;
    for (; k + LWNN_LINE8 <= n_in; k += LWNN_LINE8) {
#pragma GCC unroll 4
        for (int o = 0; o < LWNN_OUTPUTS8; o++)
            __builtin_prefetch(w[o] + k + ahead);
#pragma GCC unroll 4
        for (int i = 0; i < LWNN_LINE8; i += LWNN_BYTES8) {
            const lwnn_bytes line = lwnn_load_bytes(x + k + i);
#pragma GCC unroll 4
            for (int o = 0; o < LWNN_OUTPUTS8; o++) {
                sums[o] += lwnn_fours(line, lwnn_load_bytes(w[o] + k + i));
                LWNN_KEEP8(sums[o]);
            }
        }
    }
    for (; k + LWNN_BYTES8 <= n_in; k += LWNN_BYTES8)
#pragma GCC unroll 4
        for (int o = 0; o < LWNN_OUTPUTS8; o++)
            sums[o] += lwnn_fours(lwnn_load_bytes(x + k), lwnn_load_bytes(w[o] + k));
    if (k < n_in)
#pragma GCC unroll 4
        for (int o = 0; o < LWNN_OUTPUTS8; o++) {
            const lwnn_bytes v = n_in < LWNN_BYTES8
                                     ? lwnn_last8(w[o], n_in, n_in)
                                     : lwnn_load_bytes(w[o] + n_in - LWNN_BYTES8);
            sums[o] += lwnn_fours(last, v);
        }
    lwnn_lanes8(sums, out);
}

/* out[r][o] = sum over k of x[r][k] w[o][k], for at most LWNN_FEW8 rows. */
static void lwnn_few8(const signed char *x, ptrdiff_t rows, const signed char *w, ptrdiff_t n_in,
                      ptrdiff_t n_out, int *out)
{
    lwnn_bytes last[LWNN_FEW8];
    for (ptrdiff_t r = 0; r < rows; r++)
        last[r] = lwnn_last8(x + r * n_in, n_in, n_in % LWNN_BYTES8);
    for (ptrdiff_t o = 0; o < n_out; o += LWNN_OUTPUTS8) {
        const ptrdiff_t left = n_out - o;
        const ptrdiff_t ahead = left < 2 * LWNN_OUTPUTS8 ? 0 : LWNN_OUTPUTS8 * n_in;
        const signed char *four[LWNN_OUTPUTS8];
        for (int i = 0; i < LWNN_OUTPUTS8; i++)
            four[i] = w + (o + (i < left ? i : 0)) * n_in;
        for (ptrdiff_t r = 0; r < rows; r++) {
            int *const row = out + r * n_out + o;
            int line[LWNN_OUTPUTS8];
            lwnn_dots8(x + r * n_in, last[r], four, ahead, n_in, line);
            if (left >= LWNN_OUTPUTS8)
                memcpy(row, line, sizeof line);
            else
                memcpy(row, line, (size_t)left * sizeof *line);
        }
    }
}

#endif
