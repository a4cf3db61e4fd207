/* What stands before and behind the products: real rows to int8, sums to int8. */
#ifndef LWNN_INT8_ENDS_H
#define LWNN_INT8_ENDS_H

#include <limits.h>

#include "int8_vectors.h"

/* Half away from zero, saturated. Not a number becomes the least: it is not above it. Each step
 * is rounded to float32, and none is a product that flows into a sum. */
#define LWNN_INPUT8(name, type)                                                              \
    static void name(const type *restrict x, const float *restrict offset,                   \
                     const float *restrict multiplier, ptrdiff_t n, int zero_point,          \
                     signed char *restrict out)                                              \
    {                                                                                        \
        const float low = (float)(-128 - zero_point), high = (float)(127 - zero_point);      \
        for (ptrdiff_t i = 0; i < n; i++) {                                                  \
            float t = ((float)x[i] - offset[i]) * multiplier[i];                             \
            t = t > low ? t : low;                                                           \
            t = t < high ? t : high;                                                         \
            t = t < 0 ? t - 0.5f : t + 0.5f;                                                 \
            out[i] = (signed char)((int)t + zero_point);                                     \
        }                                                                                    \
    }
LWNN_INPUT8(lwnn_input_float8, float)
LWNN_INPUT8(lwnn_input_byte8, unsigned char)
#undef LWNN_INPUT8

/* sum * multiplier * 2^(shift - 31), rounded once, half up. The arithmetic shift is a logical one
 * of the number moved up by 2^63, moved back afterwards, which C defines for every sign. */
LWNN_INLINE8 long long lwnn_once8(int sum, int multiplier, int shift)
{
    const unsigned long long middle = 1ULL << 63;
    const unsigned right = (unsigned)(31 - shift);
    const long long product = (long long)sum * multiplier;
    const unsigned long long up = (unsigned long long)product + (1ULL << (right - 1)) + middle;
    return (long long)((up >> right) - (middle >> right));
}

/* The same rounded twice: the product to multiples of 2^31, half up, then what is left of the
 * shift, half away from zero. A shift to the left comes first, and saturates. */
LWNN_INLINE8 long long lwnn_twice8(int sum, int multiplier, int shift)
{
    const unsigned long long middle = 1ULL << 63;
    const unsigned left = shift > 0 ? (unsigned)shift : 0, by = shift < 0 ? (unsigned)-shift : 0;
    long long total = sum * (1LL << left);
    total = total > INT_MIN ? total : INT_MIN;
    total = total < INT_MAX ? total : INT_MAX;
    const unsigned long long up = (unsigned long long)(total * multiplier) + (1ULL << 30) + middle;
    const long long high = (long long)((up >> 31) - (middle >> 31));
    const unsigned long long half = by ? (1ULL << (by - 1)) - (high < 0) : 0;
    const unsigned long long moved = (unsigned long long)high + half + middle;
    return (long long)((moved >> by) - (middle >> by));
}

/* How the sums of one output become int8. */
typedef struct {
    int bias, multiplier, shift;
} lwnn_rounding8;

/* One sum to int8. */
LWNN_INLINE8 signed char lwnn_round8(int sum, lwnn_rounding8 how, int twice, int zero_point)
{
    const int total = (int)((unsigned)sum + (unsigned)how.bias);
    long long q = twice ? lwnn_twice8(total, how.multiplier, how.shift)
                        : lwnn_once8(total, how.multiplier, how.shift);
    q += zero_point;
    q = q > -128 ? q : -128;
    return (signed char)(q < 127 ? q : 127);
}

#if defined(__AVX2__)
/* The vectors below take factors below 1/2 only, a negative shift: then the shifted products, but
 * for the last bit, which rounds, fit 32 bits. */

/* Eight sums of as many outputs, rounded once. */
LWNN_INLINE8 __m256i lwnn_once_eight8(__m256i sum, __m256i multiplier, __m256i shift)
{
    const __m256i one = _mm256_set1_epi32(1);
    const __m256i middle = _mm256_set1_epi64x((long long)(1ULL << 63));
    const __m256i by = _mm256_sub_epi32(_mm256_set1_epi32(30), shift);
    const __m256i low = _mm256_srlv_epi64(
        _mm256_add_epi64(_mm256_mul_epi32(sum, multiplier), middle),
        _mm256_blend_epi32(by, _mm256_setzero_si256(), 0xaa));
    const __m256i high = _mm256_srlv_epi64(
        _mm256_add_epi64(_mm256_mul_epi32(_mm256_srli_epi64(sum, 32),
                                          _mm256_srli_epi64(multiplier, 32)),
                         middle),
        _mm256_srli_epi64(by, 32));
    const __m256i moved = _mm256_blend_epi32(low, _mm256_slli_epi64(high, 32), 0xaa);
    const __m256i back = _mm256_sllv_epi32(one, _mm256_sub_epi32(_mm256_set1_epi32(63), by));
    return _mm256_srai_epi32(_mm256_add_epi32(_mm256_sub_epi32(moved, back), one), 1);
}

/* Eight products, to multiples of 2^31, half up; `odd` are the multipliers of every second sum, in
 * the lower halves of words of 64 bits. */
LWNN_INLINE8 __m256i lwnn_products_eight8(__m256i sum, __m256i even, __m256i odd)
{
    const __m256i half = _mm256_set1_epi64x(1LL << 30);
    const __m256i low = _mm256_add_epi64(_mm256_mul_epi32(sum, even), half);
    const __m256i high = _mm256_add_epi64(_mm256_mul_epi32(_mm256_srli_epi64(sum, 32), odd), half);
    return _mm256_blend_epi32(_mm256_srli_epi64(low, 31), _mm256_slli_epi64(high, 1), 0xaa);
}

/* Eight integers divided by `power`, half away from zero; `floors` are rounded down already. */
LWNN_INLINE8 __m256i lwnn_away_eight8(__m256i values, __m256i floors, __m256i power)
{
    const __m256i mask = _mm256_sub_epi32(power, _mm256_set1_epi32(1));
    const __m256i below = _mm256_srai_epi32(values, 31);
    const __m256i most = _mm256_sub_epi32(_mm256_srli_epi32(mask, 1), below);
    /* What holds is -1. */
    return _mm256_sub_epi32(floors, _mm256_cmpgt_epi32(_mm256_and_si256(values, mask), most));
}

/* Eight sums of as many outputs, rounded twice. */
LWNN_INLINE8 __m256i lwnn_twice_eight8(__m256i sum, __m256i multiplier, __m256i shift)
{
    const __m256i by = _mm256_sub_epi32(_mm256_setzero_si256(), shift);
    const __m256i values = lwnn_products_eight8(sum, multiplier, _mm256_srli_epi64(multiplier, 32));
    return lwnn_away_eight8(values, _mm256_srav_epi32(values, by),
                            _mm256_sllv_epi32(_mm256_set1_epi32(1), by));
}

LWNN_INLINE8 void lwnn_store_eight8(__m256i q, int zero_point, signed char *out)
{
    const __m128i words = _mm_adds_epi16(
        _mm_packs_epi32(_mm256_castsi256_si128(q), _mm256_extracti128_si256(q, 1)),
        _mm_set1_epi16((short)zero_point));
    _mm_storel_epi64((__m128i *)out, _mm_packs_epi16(words, words));
}
#endif

/* A row of sums to int8. */
static void lwnn_requantize8(const int *restrict sums, const int *restrict bias,
                             const int *restrict multiplier, const signed char *restrict shift,
                             ptrdiff_t n, int twice, int zero_point, signed char *restrict out)
{
    for (ptrdiff_t o = 0; o < n;) {
#if defined(__AVX2__)
        if (o + 8 <= n) {
            const __m256i by = _mm256_cvtepi8_epi32(_mm_loadl_epi64((const __m128i *)(shift + o)));
            const __m256i small = _mm256_cmpgt_epi32(_mm256_setzero_si256(), by);
            if (_mm256_movemask_epi8(small) == -1) {
                const __m256i sum =
                    _mm256_add_epi32(_mm256_loadu_si256((const __m256i *)(sums + o)),
                                     _mm256_loadu_si256((const __m256i *)(bias + o)));
                const __m256i factor = _mm256_loadu_si256((const __m256i *)(multiplier + o));
                lwnn_store_eight8(twice ? lwnn_twice_eight8(sum, factor, by)
                                        : lwnn_once_eight8(sum, factor, by),
                                  zero_point, out + o);
                o += 8;
                continue;
            }
        }
#endif
        out[o] = lwnn_round8(sums[o], (lwnn_rounding8){bias[o], multiplier[o], shift[o]}, twice,
                             zero_point);
        o++;
    }
}

#if defined(__AVX2__)
/* Sums of one output for eight rows, rounded once. */
LWNN_INLINE8 __m256i lwnn_once_rows8(__m256i sums, __m256i multiplier, int shift)
{
    const int right = 31 - shift;
    const __m128i by = _mm_cvtsi32_si128(right);
    const __m256i up = _mm256_set1_epi64x((long long)((1ULL << 63) + (1ULL << (right - 1))));
    const __m256i low = _mm256_mul_epi32(sums, multiplier);
    const __m256i high = _mm256_mul_epi32(_mm256_srli_epi64(sums, 32), multiplier);
    const __m256i moved = _mm256_blend_epi32(
        _mm256_srl_epi64(_mm256_add_epi64(low, up), by),
        _mm256_slli_epi64(_mm256_srl_epi64(_mm256_add_epi64(high, up), by), 32), 0xaa);
    /* Less what 2^63 has become. */
    return _mm256_sub_epi32(moved, _mm256_set1_epi32((int)((1ULL << 63) >> right)));
}

/* The same, rounded twice. */
LWNN_INLINE8 __m256i lwnn_twice_rows8(__m256i sums, __m256i multiplier, int shift)
{
    const __m256i values = lwnn_products_eight8(sums, multiplier, multiplier);
    return lwnn_away_eight8(values, _mm256_sra_epi32(values, _mm_cvtsi32_si128(-shift)),
                            _mm256_set1_epi32((int)(1U << -shift)));
}

/* Sums of one output for eight rows to 0 … 255. */
LWNN_INLINE8 __m256i lwnn_round_rows8(__m256i sums, lwnn_rounding8 how, int twice, int zero_point)
{
    const __m256i multiplier = _mm256_set1_epi32(how.multiplier);
    sums = _mm256_add_epi32(sums, _mm256_set1_epi32(how.bias));
    const __m256i q = twice ? lwnn_twice_rows8(sums, multiplier, how.shift)
                            : lwnn_once_rows8(sums, multiplier, how.shift);
    /* 128 more, for bytes without sign. */
    const __m256i moved = _mm256_add_epi32(q, _mm256_set1_epi32(zero_point + 128));
    return _mm256_min_epi32(_mm256_max_epi32(moved, _mm256_setzero_si256()),
                            _mm256_set1_epi32(255));
}
#endif

/* Sums of four outputs for some rows, a multiple of eight, to words of four bytes without sign. */
LWNN_INLINE8 void lwnn_requantize_words8(const int *sums, int rows, const lwnn_rounding8 how[4],
                                         int twice, int zero_point, unsigned char *out)
{
#if defined(__AVX2__)
    if (how[0].shift < 0 && how[1].shift < 0 && how[2].shift < 0 && how[3].shift < 0) {
        for (int r = 0; r < rows; r += 8) {
            __m256i words = _mm256_setzero_si256();
#pragma GCC unroll 4
            for (int i = 0; i < 4; i++) {
                const __m256i line = _mm256_loadu_si256((const __m256i *)(sums + i * rows + r));
                const __m256i bytes = lwnn_round_rows8(line, how[i], twice, zero_point);
                words = _mm256_or_si256(words, _mm256_slli_epi32(bytes, 8 * i));
            }
            _mm256_storeu_si256((__m256i *)(out + 4 * r), words);
        }
        return;
    }
#endif
    for (int i = 0; i < 4; i++)
        for (int r = 0; r < rows; r++)
            out[4 * r + i] = (unsigned char)(lwnn_round8(sums[i * rows + r], how[i], twice,
                                                         zero_point) +
                                             128);
}

#endif
