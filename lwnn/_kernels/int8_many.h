/* A layer for a tile of rows: products, requantization, and what the next layer reads.
 *
 * Lanes run along the rows, so a weight is broadcast and nothing is summed across lanes. The
 * inputs of a row lie in words of four bytes, those of the tile's rows beside each other,
 *
 *     x    [word][row][4], moved up by 128: bytes without sign
 *     w    [tile of outputs][chain][output][2][4], zeros behind the last weight
 *
 * and as four outputs make a word of the next layer, that layout is also what comes out. The bias
 * makes up for the 128.
 *
 * Two words are a chain. With `maddubs` a chain's products are summed in 16 bits, four at a time
 * in a lane, before they are widened, which takes a third less of the instructions. 16 bits hold
 * any such sum if neither the positive nor the negative weights of a lane exceed 128 together:
 * 255 * 128 < 2^15. So the words of a tile of outputs are paired, large with small ones, and
 * weights that exceed it all the same are split: what is beyond goes to a list of further words,
 * each with its place, of which any two make a chain. See lwnn.quantization.packing.
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
    const signed char *chains;     /* the same in chains, split */
    const int *order;              /* [tile][word]: the input's word that meets one of chains */
    const int *starts;             /* [tile + 1]: of each tile's further chains, and their end */
    const int *further;            /* [chain][output][two of (word of the input, weights)] */
    const int *bias, *moved_bias;  /* the second makes up for the 128 */
    const int *multiplier;
    const signed char *shift;
    const signed char *table;      /* of the activation, or NULL */
    int zero_point, twice;
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

/* Sums of a tile of outputs for a tile of rows. Not inlined: it needs every
 * register there is. */
__attribute__((noinline)) static void lwnn_tile8(const lwnn_layer8 *layer, ptrdiff_t tile,
                                                 const unsigned char *x,
                                                 int out[LWNN_TILE8][LWNN_ROWS8])
{
    const ptrdiff_t words = (layer->n_in + LWNN_CHAIN8 - 1) / LWNN_CHAIN8 * 2;
    const signed char *w = layer->chains + tile * LWNN_TILE8 * words * 4;
    const int *const order = layer->order + tile * words;
    const int *further = layer->further + (ptrdiff_t)layer->starts[tile] * LWNN_TILE8 * 4;
    const int *const end = layer->further + (ptrdiff_t)layer->starts[tile + 1] * LWNN_TILE8 * 4;
    lwnn_ints sums[LWNN_TILE8][LWNN_VECTORS8];
#pragma GCC unroll 4
    for (int o = 0; o < LWNN_TILE8; o++)
#pragma GCC unroll 2
        for (int v = 0; v < LWNN_VECTORS8; v++)
            sums[o][v] = (lwnn_ints){0};
    for (ptrdiff_t k = 0; k < words; k += 2, w += LWNN_TILE8 * LWNN_CHAIN8) {
        const unsigned char *const a = x + (ptrdiff_t)order[k] * LWNN_WORD8;
        const unsigned char *const b = x + (ptrdiff_t)order[k + 1] * LWNN_WORD8;
        lwnn_ints first[LWNN_VECTORS8], second[LWNN_VECTORS8];
#pragma GCC unroll 2
        for (int v = 0; v < LWNN_VECTORS8; v++) {
            first[v] = lwnn_load_ints(a + v * LWNN_BYTES8);
            second[v] = lwnn_load_ints(b + v * LWNN_BYTES8);
        }
#pragma GCC unroll 4
        for (int o = 0; o < LWNN_TILE8; o++) {
            const lwnn_ints c = lwnn_weights8(w + o * LWNN_CHAIN8);
            const lwnn_ints d = lwnn_weights8(w + o * LWNN_CHAIN8 + 4);
#pragma GCC unroll 2
            for (int v = 0; v < LWNN_VECTORS8; v++) {
                sums[o][v] = lwnn_chain8(sums[o][v], first[v], c, second[v], d);
                LWNN_KEEP8(sums[o][v]);
            }
        }
    }
    for (; further < end; further += LWNN_TILE8 * 4) {
#pragma GCC unroll 4
        for (int o = 0; o < LWNN_TILE8; o++) {
            const int *const two = further + o * 4;
            const unsigned char *const a = x + (ptrdiff_t)two[0] * LWNN_WORD8;
            const unsigned char *const b = x + (ptrdiff_t)two[2] * LWNN_WORD8;
            const lwnn_ints c = lwnn_weights8(two + 1), d = lwnn_weights8(two + 3);
#pragma GCC unroll 2
            for (int v = 0; v < LWNN_VECTORS8; v++) {
                sums[o][v] = lwnn_chain8(sums[o][v], lwnn_load_ints(a + v * LWNN_BYTES8), c,
                                         lwnn_load_ints(b + v * LWNN_BYTES8), d);
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

/* All outputs of a layer for a tile of rows, laid out as `x`. */
static void lwnn_layer_tile8(const lwnn_layer8 *layer, const unsigned char *x, unsigned char *out)
{
    const ptrdiff_t tiles = (layer->n_out + LWNN_TILE8 - 1) / LWNN_TILE8;
    int sums[LWNN_TILE8][LWNN_ROWS8] __attribute__((aligned(64)));
    for (ptrdiff_t t = 0; t < tiles; t++) {
        lwnn_rounding8 how[LWNN_TILE8];
        for (int i = 0; i < LWNN_TILE8; i++) {
            /* What is beyond the last output is dropped: any way to round it will do. */
            const ptrdiff_t o = t * LWNN_TILE8 + i < layer->n_out ? t * LWNN_TILE8 + i : 0;
            how[i] = (lwnn_rounding8){layer->moved_bias[o], layer->multiplier[o],
                                      layer->shift[o]};
        }
        lwnn_tile8(layer, t, x, sums);
        lwnn_requantize_words8(sums[0], LWNN_ROWS8, how, layer->twice, layer->zero_point,
                               out + t * LWNN_WORD8);
    }
    if (layer->table)
        for (ptrdiff_t i = 0; i < tiles * LWNN_WORD8; i++)
            out[i] = (unsigned char)(layer->table[out[i]] + 128);
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
