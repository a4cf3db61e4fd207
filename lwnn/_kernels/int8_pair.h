/* Pairs of words of weights that share sums of 16 bits, chosen so that few sums exceed 128. */
#ifndef LWNN_INT8_PAIR_H
#define LWNN_INT8_PAIR_H

#include <stddef.h>

/* Outputs of a tile; their sums in a word: the positive and the negative weights of either half. */
enum { LWNN_PAIR_OUTPUTS8 = 4, LWNN_PAIR_SUMS8 = 4 * LWNN_PAIR_OUTPUTS8 };
/* What a sum may come to, and how many partners are tried for a word. */
enum { LWNN_PAIR_MOST8 = 128, LWNN_PAIR_TRIED8 = 256 };

static void lwnn_word_sums8(const signed char *w, ptrdiff_t size, ptrdiff_t outputs,
                            unsigned char sums[LWNN_PAIR_SUMS8])
{
    for (ptrdiff_t o = 0; o < LWNN_PAIR_OUTPUTS8; o++)
        for (int half = 0; half < 2; half++) {
            int above = 0, below = 0;
            for (int i = 2 * half; i < 2 * half + 2 && o < outputs; i++) {
                const int v = w[o * size + i];
                above += v > 0 ? v : 0;
                below += v < 0 ? -v : 0;
            }
            sums[4 * o + 2 * half] = (unsigned char)above;
            sums[4 * o + 2 * half + 1] = (unsigned char)below;
        }
}

/* Outputs of which a sum is exceeded when two words share it. */
static int lwnn_exceeded8(const unsigned char a[LWNN_PAIR_SUMS8],
                          const unsigned char b[LWNN_PAIR_SUMS8])
{
    int count = 0;
    for (int o = 0; o < LWNN_PAIR_SUMS8; o += 4)
        count += a[o] + b[o] > LWNN_PAIR_MOST8 || a[o + 1] + b[o + 1] > LWNN_PAIR_MOST8 ||
                 a[o + 2] + b[o + 2] > LWNN_PAIR_MOST8 || a[o + 3] + b[o + 3] > LWNN_PAIR_MOST8;
    return count;
}

/* The words of a tile of outputs, an even number of them, in pairs.
 *
 * The fullest word that is left takes the fullest one with which the fewest outputs exceed. Full
 * is a word by its largest sum; of equally full ones the first comes first. Only the emptiest are
 * tried, so that the work grows with the number of words and not with its square. */
static void lwnn_pair8(const signed char *w, ptrdiff_t size, ptrdiff_t outputs, ptrdiff_t words,
                       unsigned char *sums, int *left, int *order)
{
    ptrdiff_t count[257] = {0};
    for (ptrdiff_t k = 0; k < words; k++) {
        unsigned char *const of = sums + k * LWNN_PAIR_SUMS8;
        lwnn_word_sums8(w + 4 * k, size, outputs, of);
        int most = 0;
        for (int i = 0; i < LWNN_PAIR_SUMS8; i++)
            most = of[i] > most ? of[i] : most;
        order[k] = most;
        count[256 - most]++;
    }
    for (int i = 0; i < 256; i++)
        count[i + 1] += count[i];
    for (ptrdiff_t k = 0; k < words; k++)
        left[count[255 - order[k]]++] = (int)k;
    for (ptrdiff_t k = 0; k < words; k += 2) {
        /* `left` holds the words without a partner, from `k` on. */
        const ptrdiff_t from = words - k > LWNN_PAIR_TRIED8 ? words - LWNN_PAIR_TRIED8 : k + 1;
        ptrdiff_t best = from;
        int fewest = LWNN_PAIR_OUTPUTS8 + 1;
        for (ptrdiff_t i = from; i < words && fewest; i++) {
            const int exceeded = lwnn_exceeded8(sums + (ptrdiff_t)left[k] * LWNN_PAIR_SUMS8,
                                                sums + (ptrdiff_t)left[i] * LWNN_PAIR_SUMS8);
            if (exceeded < fewest)
                fewest = exceeded, best = i;
        }
        order[k] = left[k];
        order[k + 1] = left[best];
        for (ptrdiff_t i = best; i > k + 1; i--)
            left[i] = left[i - 1];
    }
}

#endif
