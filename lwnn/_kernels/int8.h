/* Sums of products of int8: the loop in which int8 prediction spends its time.
 *
 * Both sides are widened to 16 bits, products are added in pairs to 32 bits: exact for every
 * value, so neither the width of a vector nor the order of a sum can change a bit.
 *
 *     lwnn_dots    some outputs of one sample; weights are widened as they are read
 *     lwnn_panel   some outputs of some samples, from a panel of weights widened before
 *
 * Where a compiler has no multiply-and-add-pairs, plain vector extensions say the same.
 */
#ifndef LWNN_INT8_H
#define LWNN_INT8_H

#include <stddef.h>
#include <string.h>

#if defined(__AVX512BW__)
#include <immintrin.h>
enum { LWNN_SHORTS = 32 };
#elif defined(__AVX2__)
#include <immintrin.h>
enum { LWNN_SHORTS = 16 };
#else
#if defined(__SSE2__)
#include <emmintrin.h>
#endif
enum { LWNN_SHORTS = 8 };
#endif

/* Outputs and samples of a tile; samples and inputs that are widened at a time, and so held in
 * the first cache beside the weights that they meet. */
enum { LWNN_OUTPUTS8 = 4, LWNN_SAMPLES8 = 3, LWNN_ROWS8 = 12, LWNN_DEPTH8 = 1024 };
/* Of a row in 16 bits; no power of two, which would crowd the rows into few sets of the cache. */
enum { LWNN_ROW8 = LWNN_DEPTH8 + 32 };

typedef signed char lwnn_bytes __attribute__((vector_size(LWNN_SHORTS)));
typedef short lwnn_shorts __attribute__((vector_size(2 * LWNN_SHORTS)));
typedef int lwnn_ints __attribute__((vector_size(2 * LWNN_SHORTS)));

#define LWNN_INLINE8 static inline __attribute__((always_inline))

/* Sums of neighbouring products. */
LWNN_INLINE8 lwnn_ints lwnn_pairs(lwnn_shorts a, lwnn_shorts b)
{
#if defined(__AVX512BW__)
    return (lwnn_ints)_mm512_madd_epi16((__m512i)a, (__m512i)b);
#elif defined(__AVX2__)
    return (lwnn_ints)_mm256_madd_epi16((__m256i)a, (__m256i)b);
#elif defined(__SSE2__)
    return (lwnn_ints)_mm_madd_epi16((__m128i)a, (__m128i)b);
#else
    const lwnn_ints c = (lwnn_ints)a, d = (lwnn_ints)b;
    return (c >> 16) * (d >> 16) + ((c << 16) >> 16) * ((d << 16) >> 16);
#endif
}

LWNN_INLINE8 lwnn_shorts lwnn_load_shorts(const short *p)
{
    lwnn_shorts v;
    memcpy(&v, p, sizeof v);
    return v;
}

LWNN_INLINE8 void lwnn_store_shorts(short *p, lwnn_shorts v)
{
    memcpy(p, &v, sizeof v);
}

/* A vector of bytes in 16 bits. */
LWNN_INLINE8 lwnn_shorts lwnn_load_bytes(const signed char *p)
{
#if defined(__AVX512BW__)
    return (lwnn_shorts)_mm512_cvtepi8_epi16(_mm256_loadu_si256((const __m256i *)p));
#elif defined(__AVX2__)
    return (lwnn_shorts)_mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i *)p));
#else
    lwnn_bytes v;
    memcpy(&v, p, sizeof v);
    return __builtin_convertvector(v, lwnn_shorts);
#endif
}

/* The same of fewer bytes, with zeros behind them. */
LWNN_INLINE8 lwnn_shorts lwnn_load_some(const signed char *p, ptrdiff_t count)
{
    signed char line[LWNN_SHORTS] = {0};
    for (ptrdiff_t i = 0; i < count; i++)
        line[i] = p[i];
    return lwnn_load_bytes(line);
}

/* out[o] (+)= sum over the lanes of sums[o], for LWNN_OUTPUTS8 of them. */
LWNN_INLINE8 void lwnn_lanes_end(const lwnn_ints sums[LWNN_OUTPUTS8], int outputs, int add,
                                 int *out)
{
    int line[LWNN_OUTPUTS8];
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
    _mm_storeu_si128((__m128i *)line, _mm_add_epi32(_mm256_castsi256_si128(four),
                                                    _mm256_extracti128_si256(four, 1)));
#else
#pragma GCC unroll 4
    for (int o = 0; o < LWNN_OUTPUTS8; o++) {
        line[o] = 0;
        for (int l = 0; l < LWNN_SHORTS / 2; l++)
            line[o] += sums[o][l];
    }
#endif
    for (int o = 0; o < outputs; o++)
        out[o] = add ? out[o] + line[o] : line[o];
}

/* Rows in 16 bits, LWNN_ROW8 apart, zeros up to whole vectors. */
static void lwnn_widen(const signed char *x, ptrdiff_t ldx, ptrdiff_t rows, ptrdiff_t depth,
                       short *out)
{
    const ptrdiff_t whole = depth / LWNN_SHORTS * LWNN_SHORTS;
    for (ptrdiff_t r = 0; r < rows; r++, x += ldx, out += LWNN_ROW8) {
        for (ptrdiff_t k = 0; k < whole; k += LWNN_SHORTS)
            lwnn_store_shorts(out + k, lwnn_load_bytes(x + k));
        if (whole < depth)
            lwnn_store_shorts(out + whole, lwnn_load_some(x + whole, depth - whole));
    }
}

/* LWNN_OUTPUTS8 outputs of one sample, from weights as they lie. */
LWNN_INLINE8 void lwnn_dots(const short *x, const signed char *w, ptrdiff_t ldw, ptrdiff_t depth,
                            lwnn_ints sums[LWNN_OUTPUTS8])
{
    const ptrdiff_t whole = depth / LWNN_SHORTS * LWNN_SHORTS;
    for (ptrdiff_t k = 0; k < whole; k += LWNN_SHORTS) {
        const lwnn_shorts line = lwnn_load_shorts(x + k);
#pragma GCC unroll 4
        for (int o = 0; o < LWNN_OUTPUTS8; o++)
            sums[o] += lwnn_pairs(lwnn_load_bytes(w + o * ldw + k), line);
    }
    if (whole < depth) {
        const lwnn_shorts line = lwnn_load_shorts(x + whole);
#pragma GCC unroll 4
        for (int o = 0; o < LWNN_OUTPUTS8; o++)
            sums[o] += lwnn_pairs(lwnn_load_some(w + o * ldw + whole, depth - whole), line);
    }
}

/* The same of some samples, from a panel of weights in 16 bits. */
LWNN_INLINE8 void lwnn_panel(int samples, const short *x, const short *w, ptrdiff_t depth,
                             lwnn_ints sums[][LWNN_OUTPUTS8])
{
    for (ptrdiff_t k = 0; k < depth; k += LWNN_SHORTS) {
        lwnn_shorts line[LWNN_SAMPLES8];
#pragma GCC unroll 4
        for (int s = 0; s < samples; s++)
            line[s] = lwnn_load_shorts(x + s * LWNN_ROW8 + k);
#pragma GCC unroll 4
        for (int o = 0; o < LWNN_OUTPUTS8; o++) {
            const lwnn_shorts v = lwnn_load_shorts(w + o * LWNN_ROW8 + k);
#pragma GCC unroll 4
            for (int s = 0; s < samples; s++)
                sums[s][o] += lwnn_pairs(v, line[s]);
        }
    }
}

LWNN_INLINE8 void lwnn_panel_samples(int samples, const short *x, const short *w, int outputs,
                                     ptrdiff_t depth, int add, int *out, ptrdiff_t ldo)
{
    lwnn_ints sums[LWNN_SAMPLES8][LWNN_OUTPUTS8] = {{{0}}};
    lwnn_panel(samples, x, w, depth, sums);
#pragma GCC unroll 4
    for (int s = 0; s < samples; s++)
        lwnn_lanes_end(sums[s], outputs, add, out + s * ldo);
}

/* out[s][o] (+)= sum over k of x[s][k] w[o][k], for one block of samples and inputs. */
static void lwnn_block8(const short *x, ptrdiff_t rows, const signed char *w, ptrdiff_t ldw,
                        ptrdiff_t n_out, ptrdiff_t depth, int add, int *out)
{
    short panel[LWNN_OUTPUTS8 * LWNN_ROW8] __attribute__((aligned(64)));
    if (n_out < LWNN_OUTPUTS8)
        memset(panel, 0, sizeof panel);
    for (ptrdiff_t o = 0; o < n_out; o += LWNN_OUTPUTS8, w += LWNN_OUTPUTS8 * ldw) {
        const int outputs = (int)(n_out - o < LWNN_OUTPUTS8 ? n_out - o : LWNN_OUTPUTS8);
        if (rows == 1 && outputs == LWNN_OUTPUTS8) {
            lwnn_ints sums[LWNN_OUTPUTS8] = {{0}};
            lwnn_dots(x, w, ldw, depth, sums);
            lwnn_lanes_end(sums, LWNN_OUTPUTS8, add, out + o);
            continue;
        }
        lwnn_widen(w, ldw, outputs, depth, panel);
        ptrdiff_t s = 0;
        for (; s + LWNN_SAMPLES8 <= rows; s += LWNN_SAMPLES8)
            lwnn_panel_samples(LWNN_SAMPLES8, x + s * LWNN_ROW8, panel, outputs, depth, add,
                               out + s * n_out + o, n_out);
        for (; s < rows; s++)
            lwnn_panel_samples(1, x + s * LWNN_ROW8, panel, outputs, depth, add,
                               out + s * n_out + o, n_out);
    }
}

/* Sums of products of n rows. */
static void lwnn_accumulate8(const signed char *x, ptrdiff_t n, const signed char *w,
                             ptrdiff_t n_in, ptrdiff_t n_out, int *out)
{
    short wide[LWNN_ROWS8 * LWNN_ROW8] __attribute__((aligned(64)));
    for (ptrdiff_t r = 0; r < n; r += LWNN_ROWS8) {
        const ptrdiff_t rows = n - r < LWNN_ROWS8 ? n - r : LWNN_ROWS8;
        for (ptrdiff_t k = 0; k < n_in; k += LWNN_DEPTH8) {
            const ptrdiff_t depth = n_in - k < LWNN_DEPTH8 ? n_in - k : LWNN_DEPTH8;
            lwnn_widen(x + r * n_in + k, n_in, rows, depth, wide);
            lwnn_block8(wide, rows, w + k, n_in, n_out, depth, k > 0, out + r * n_out);
        }
    }
}

/* One row of sums to int8. The arithmetic shift is a logical one of the number moved up by 2^63,
 * moved back afterwards, which C defines for every sign. */
static void lwnn_requantize8(const int *restrict sums, const int *restrict bias,
                             const int *restrict multiplier, const signed char *restrict shift,
                             ptrdiff_t n, int zero_point, signed char *restrict out)
{
    const unsigned long long middle = 1ULL << 63;
    const long long low = -128 - zero_point, high = 127 - zero_point;
    for (ptrdiff_t o = 0; o < n; o++) {
        const int sum = (int)((unsigned)sums[o] + (unsigned)bias[o]);
        const unsigned long long right = 31 - (long long)shift[o];
        const unsigned long long product = (unsigned long long)((long long)sum * multiplier[o]);
        const unsigned long long up = product + (1ULL << (right - 1)) + middle;
        long long q = (long long)((up >> right) - (middle >> right));
        q = q > low ? q : low;
        q = q < high ? q : high;
        out[o] = (signed char)((int)q + zero_point);
    }
}

#endif
