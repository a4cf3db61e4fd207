/* A layer for a tile of rows: products, requantization, and what the next layer reads.
 *
 * Lanes run along the rows, so a weight is broadcast and nothing is summed across lanes. The
 * inputs of a row lie in words of four bytes, those of the tile's rows beside each other,
 *
 *     x    [word][row][4], moved up by 128: bytes without sign
 *     w    [output][word][4], rows of whole chains, zeros behind the last weight
 *
 * and as four outputs of a tile make a word of the next layer, that layout is also what comes
 * out. The bias makes up for the 128.
 *
 * Two words are a chain. With `maddubs` a chain's products are summed in 16 bits, four at a time
 * in a lane, before they are widened, which takes a third of the instructions of widening first.
 * 16 bits hold any such sum if neither the positive nor the negative weights of a lane exceed 128
 * together: 255 * 128 < 2^15. Weights that do are split (see lwnn.quantization.packing): what is
 * beyond goes to a list of further words, each with a place, of which any two make a chain.
 */
#ifndef LWNN_INT8_MANY_H
#define LWNN_INT8_MANY_H

#include "int8_ends.h"
#include "int8_vectors.h"

/* Bytes of a chain; vectors, rows and outputs of a tile. */
enum { LWNN_CHAIN8 = 8, LWNN_VECTORS8 = 2, LWNN_ROWS8 = LWNN_VECTORS8 * LWNN_INTS8 };
enum { LWNN_TILE8 = 4, LWNN_WORD8 = LWNN_ROWS8 * 4 };

/* Whether sums of 16 bits saturate, so that weights have to be split. */
#if defined(__AVX2__) && !defined(__AVX512VNNI__) && !defined(__AVXVNNI__)
enum { LWNN_SATURATES8 = 1 };
#else
enum { LWNN_SATURATES8 = 0 };
#endif

/* A layer as lwnn.quantization.packing lays it out. */
typedef struct {
    ptrdiff_t n_in, n_out;
    const signed char *weight;     /* [output][input] */
    const signed char *chains;     /* the same in rows of whole chains, split */
    const int *starts;             /* of each output's further words, and their end */
    const int *further;            /* (word of the input, four weights), an even number of them */
    const int *bias, *moved_bias;  /* the second makes up for the 128 */
    const int *multiplier;
    const signed char *shift;
    const signed char *table;      /* of the activation, or NULL */
    int zero_point;
} lwnn_layer8;

/* sum + x0 w0 + x1 w1, four products a lane each. */
LWNN_INLINE8 lwnn_ints lwnn_chain8(lwnn_ints sum, lwnn_ints x0, lwnn_ints w0, lwnn_ints x1,
                                   lwnn_ints w1)
{
#if defined(__AVX512VNNI__)
    sum = (lwnn_ints)_mm512_dpbusd_epi32((__m512i)sum, (__m512i)x0, (__m512i)w0);
    return (lwnn_ints)_mm512_dpbusd_epi32((__m512i)sum, (__m512i)x1, (__m512i)w1);
#elif defined(__AVX512BW__)
    const __m512i pairs = _mm512_add_epi16(_mm512_maddubs_epi16((__m512i)x0, (__m512i)w0),
                                           _mm512_maddubs_epi16((__m512i)x1, (__m512i)w1));
    return sum + (lwnn_ints)_mm512_madd_epi16(pairs, _mm512_set1_epi16(1));
#elif defined(__AVXVNNI__)
    sum = (lwnn_ints)_mm256_dpbusd_avx_epi32((__m256i)sum, (__m256i)x0, (__m256i)w0);
    return (lwnn_ints)_mm256_dpbusd_avx_epi32((__m256i)sum, (__m256i)x1, (__m256i)w1);
#elif defined(__AVX2__)
    __m256i pairs = _mm256_add_epi16(_mm256_maddubs_epi16((__m256i)x0, (__m256i)w0),
                                     _mm256_maddubs_epi16((__m256i)x1, (__m256i)w1));
    LWNN_KEEP8(pairs);
    return sum + (lwnn_ints)_mm256_madd_epi16(pairs, _mm256_set1_epi16(1));
#else
    const lwnn_ints low = (lwnn_ints){0} + 0xff00ff;
#define LWNN_EVEN8(w) (lwnn_ints)(((lwnn_shorts)(w) << 8) >> 8)
#define LWNN_ODD8(w) (lwnn_ints)((lwnn_shorts)(w) >> 8)
    return sum + lwnn_pairs(x0 & low, LWNN_EVEN8(w0)) + lwnn_pairs(x0 >> 8 & low, LWNN_ODD8(w0)) +
           lwnn_pairs(x1 & low, LWNN_EVEN8(w1)) + lwnn_pairs(x1 >> 8 & low, LWNN_ODD8(w1));
#undef LWNN_EVEN8
#undef LWNN_ODD8
#endif
}

/* Four weights in every lane. */
LWNN_INLINE8 lwnn_ints lwnn_weights8(const void *w)
{
    int word;
    memcpy(&word, w, sizeof word);
    return (lwnn_ints){0} + word;
}

/* Sums of a few outputs, those from `output` on, for a tile of rows. */
static void lwnn_tile8(const lwnn_layer8 *layer, ptrdiff_t output, const unsigned char *x,
                       int out[LWNN_TILE8][LWNN_ROWS8])
{
    const ptrdiff_t size = (layer->n_in + LWNN_CHAIN8 - 1) / LWNN_CHAIN8 * LWNN_CHAIN8;
    lwnn_ints sums[LWNN_TILE8][LWNN_VECTORS8];
    const signed char *w[LWNN_TILE8];
#pragma GCC unroll 4
    for (int o = 0; o < LWNN_TILE8; o++) {
        /* Past the last output the first one is taken again, and dropped. */
        w[o] = layer->chains + (output + (output + o < layer->n_out ? o : 0)) * size;
#pragma GCC unroll 2
        for (int v = 0; v < LWNN_VECTORS8; v++)
            sums[o][v] = (lwnn_ints){0};
    }
    for (ptrdiff_t k = 0; k < size; k += LWNN_CHAIN8, x += 2 * LWNN_WORD8) {
        lwnn_ints first[LWNN_VECTORS8], second[LWNN_VECTORS8];
#pragma GCC unroll 2
        for (int v = 0; v < LWNN_VECTORS8; v++) {
            first[v] = lwnn_load_ints(x + v * LWNN_BYTES8);
            second[v] = lwnn_load_ints(x + LWNN_WORD8 + v * LWNN_BYTES8);
        }
#pragma GCC unroll 4
        for (int o = 0; o < LWNN_TILE8; o++) {
            const lwnn_ints a = lwnn_weights8(w[o] + k), b = lwnn_weights8(w[o] + k + 4);
#pragma GCC unroll 2
            for (int v = 0; v < LWNN_VECTORS8; v++) {
                sums[o][v] = lwnn_chain8(sums[o][v], first[v], a, second[v], b);
                LWNN_KEEP8(sums[o][v]);
            }
        }
    }
#pragma GCC unroll 4
    for (int o = 0; o < LWNN_TILE8; o++)
#pragma GCC unroll 2
        for (int v = 0; v < LWNN_VECTORS8; v++)
            lwnn_store_ints(out[o] + v * LWNN_INTS8, sums[o][v]);
}

/* Adds what one output's further words make. */
static void lwnn_further8(const lwnn_layer8 *layer, ptrdiff_t output, const unsigned char *x,
                          int out[LWNN_ROWS8])
{
    const int *entry = layer->further + 2 * layer->starts[output];
    const int *const end = layer->further + 2 * layer->starts[output + 1];
    lwnn_ints sums[LWNN_VECTORS8];
#pragma GCC unroll 2
    for (int v = 0; v < LWNN_VECTORS8; v++)
        sums[v] = lwnn_load_ints(out + v * LWNN_INTS8);
    for (; entry < end; entry += 4) {
        const unsigned char *const first = x + (ptrdiff_t)entry[0] * LWNN_WORD8;
        const unsigned char *const second = x + (ptrdiff_t)entry[2] * LWNN_WORD8;
        const lwnn_ints a = lwnn_weights8(entry + 1), b = lwnn_weights8(entry + 3);
#pragma GCC unroll 2
        for (int v = 0; v < LWNN_VECTORS8; v++)
            sums[v] = lwnn_chain8(sums[v], lwnn_load_ints(first + v * LWNN_BYTES8), a,
                                  lwnn_load_ints(second + v * LWNN_BYTES8), b);
    }
#pragma GCC unroll 2
    for (int v = 0; v < LWNN_VECTORS8; v++)
        lwnn_store_ints(out + v * LWNN_INTS8, sums[v]);
}

/* All outputs of a layer for a tile of rows, laid out as `x`. */
static void lwnn_layer_tile8(const lwnn_layer8 *layer, const unsigned char *x, unsigned char *out)
{
    int sums[LWNN_TILE8][LWNN_ROWS8] __attribute__((aligned(64)));
    for (ptrdiff_t o = 0; o < layer->n_out; o += LWNN_TILE8, out += LWNN_WORD8) {
        const ptrdiff_t left = layer->n_out - o;
        lwnn_rounding8 how[LWNN_TILE8];
        lwnn_tile8(layer, o, x, sums);
        for (int i = 0; i < LWNN_TILE8; i++) {
            const ptrdiff_t at = o + (i < left ? i : 0);
            if (layer->starts[at] < layer->starts[at + 1])
                lwnn_further8(layer, at, x, sums[i]);
            how[i] = (lwnn_rounding8){layer->moved_bias[at], layer->multiplier[at],
                                      layer->shift[at]};
        }
        lwnn_requantize_words8(sums[0], LWNN_ROWS8, how, layer->zero_point, out);
    }
    if (layer->table) {
        unsigned char *const start = out - (layer->n_out + 3) / 4 * LWNN_WORD8;
        for (unsigned char *p = start; p < out; p++)
            *p = (unsigned char)(layer->table[*p] + 128);
    }
}

/* Quantized rows to words of a tile; rows that are not there become the first one. */
static void lwnn_to_words8(const signed char *x, ptrdiff_t rows, ptrdiff_t n_in,
                           unsigned char *out)
{
    for (ptrdiff_t r = 0; r < LWNN_ROWS8; r++) {
        const signed char *const row = x + (r < rows ? r : 0) * n_in;
        ptrdiff_t i = 0;
        for (; i + 4 <= n_in; i += 4) {
            unsigned word;
            memcpy(&word, row + i, sizeof word);
            word ^= 0x80808080;
            memcpy(out + (i / 4 * LWNN_ROWS8 + r) * 4, &word, sizeof word);
        }
        for (; i < n_in; i++)
            out[(i / 4 * LWNN_ROWS8 + r) * 4 + i % 4] = (unsigned char)(row[i] + 128);
    }
}

/* Words of a tile to rows. */
static void lwnn_from_words8(const unsigned char *x, ptrdiff_t rows, ptrdiff_t n, signed char *out)
{
    for (ptrdiff_t r = 0; r < rows; r++)
        for (ptrdiff_t i = 0; i < n; i++)
            out[r * n + i] = (signed char)(x[(i / 4 * LWNN_ROWS8 + r) * 4 + i % 4] - 128);
}

#endif
