/* Vectors of int8 and of what its sums pass through, as wide as the build has them. */
#ifndef LWNN_INT8_VECTORS_H
#define LWNN_INT8_VECTORS_H

#include <stddef.h>
#include <string.h>

#if defined(__AVX512BW__)
#include <immintrin.h>
enum { LWNN_BYTES8 = 64 };
#elif defined(__AVX2__)
#include <immintrin.h>
enum { LWNN_BYTES8 = 32 };
#else
#if defined(__SSE2__)
#include <emmintrin.h>
#endif
enum { LWNN_BYTES8 = 16 };
#endif
enum { LWNN_INTS8 = LWNN_BYTES8 / 4 };

typedef signed char lwnn_bytes __attribute__((vector_size(LWNN_BYTES8)));
typedef short lwnn_shorts __attribute__((vector_size(LWNN_BYTES8)));
typedef int lwnn_ints __attribute__((vector_size(LWNN_BYTES8)));

#define LWNN_INLINE8 static inline __attribute__((always_inline))

/* Keeps a sum in its register from one step to the next. Without it GCC moves the products of a
 * step ahead of the sums that take them up, and there are no registers for both. */
#if defined(__x86_64__)
#define LWNN_KEEP8(v) __asm__ volatile("" : "+v"(v))
#else
#define LWNN_KEEP8(v) (void)(v)
#endif

LWNN_INLINE8 lwnn_bytes lwnn_load_bytes(const signed char *p)
{
    lwnn_bytes v;
    memcpy(&v, p, sizeof v);
    return v;
}

LWNN_INLINE8 lwnn_ints lwnn_load_ints(const void *p)
{
    lwnn_ints v;
    memcpy(&v, p, sizeof v);
    return v;
}

LWNN_INLINE8 void lwnn_store_ints(int *p, lwnn_ints v)
{
    memcpy(p, &v, sizeof v);
}

/* Sums of two neighbouring products of 16 bits. */
LWNN_INLINE8 lwnn_ints lwnn_pairs(lwnn_ints a, lwnn_ints b)
{
#if defined(__AVX512BW__)
    return (lwnn_ints)_mm512_madd_epi16((__m512i)a, (__m512i)b);
#elif defined(__AVX2__)
    return (lwnn_ints)_mm256_madd_epi16((__m256i)a, (__m256i)b);
#elif defined(__SSE2__)
    return (lwnn_ints)_mm_madd_epi16((__m128i)a, (__m128i)b);
#else
    const lwnn_shorts c = (lwnn_shorts)a, d = (lwnn_shorts)b;
    lwnn_ints sums;
    for (int l = 0; l < LWNN_INTS8; l++)
        sums[l] = c[2 * l] * d[2 * l] + c[2 * l + 1] * d[2 * l + 1];
    return sums;
#endif
}

/* Sums of four products of int8.
 *
 * With `maddubs` one side has no sign: |x| is that side, and the sign of x goes to w. As w is no
 * less than -127, a sum of two is at most 2 * 128 * 127, which fits 16 bits. */
LWNN_INLINE8 lwnn_ints lwnn_fours(lwnn_bytes x, lwnn_bytes w)
{
#if defined(__AVX512BW__)
    const __m512i a = (__m512i)x, b = (__m512i)w;
    const __m512i c = _mm512_mask_sub_epi8(b, _mm512_movepi8_mask(a), _mm512_setzero_si512(), b);
    return (lwnn_ints)_mm512_madd_epi16(_mm512_maddubs_epi16(_mm512_abs_epi8(a), c),
                                        _mm512_set1_epi16(1));
#elif defined(__AVX2__)
    const __m256i a = (__m256i)x, b = _mm256_sign_epi8((__m256i)w, a);
    return (lwnn_ints)_mm256_madd_epi16(_mm256_maddubs_epi16(_mm256_abs_epi8(a), b),
                                        _mm256_set1_epi16(1));
#elif defined(__SSE2__)
    const __m128i a = (__m128i)x, b = (__m128i)w;
    const __m128i low = _mm_madd_epi16(_mm_srai_epi16(_mm_unpacklo_epi8(a, a), 8),
                                       _mm_srai_epi16(_mm_unpacklo_epi8(b, b), 8));
    const __m128i high = _mm_madd_epi16(_mm_srai_epi16(_mm_unpackhi_epi8(a, a), 8),
                                        _mm_srai_epi16(_mm_unpackhi_epi8(b, b), 8));
    return (lwnn_ints)_mm_add_epi32(low, high);
#else
    lwnn_ints sums;
    for (int l = 0; l < LWNN_INTS8; l++)
        sums[l] = x[4 * l] * w[4 * l] + x[4 * l + 1] * w[4 * l + 1] +
                  x[4 * l + 2] * w[4 * l + 2] + x[4 * l + 3] * w[4 * l + 3];
    return sums;
#endif
}

#endif
