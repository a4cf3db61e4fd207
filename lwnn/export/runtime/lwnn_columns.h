/* lwnn runtime: readings to inputs as the columns of the training table say.
 *
 * A number is clipped, and something stands in for it where it is missing. A category, of which
 * the reading is the index of its level, has an input for each level. Both may have one input more
 * for whether the value is missing.
 */
#ifndef LWNN_COLUMNS_H
#define LWNN_COLUMNS_H

#include "lwnn_runtime.h"

typedef struct {
    const int32_t *columns; /* 2 * levels, and 1 more with an input for missing; none: numbers */
    const float *offset, *multiplier; /* of each number */
    const int8_t *low, *high;         /* of each input; of a level: where it is not, and is */
    const int8_t *fill;               /* of each number */
    lwnn_count count;
    int16_t zero_point;
} lwnn_columns;

/* Not x != x, which -ffast-math takes to be impossible. */
LWNN_INLINE int lwnn_is_missing(float x)
{
    union {
        float real;
        uint32_t bits;
    } value;
    value.real = x;
    return (value.bits & 0x7fffffffu) > 0x7f800000u;
}

/* Index of the level that a reading tells, or `levels`. */
LWNN_INLINE lwnn_count lwnn_level_of(float x, lwnn_count levels)
{
    return !lwnn_is_missing(x) && x >= 0.0f && x < (float)levels ? (lwnn_count)x : levels;
}

LWNN_APART void lwnn_encode_row(const lwnn_columns *of, const float *x, int8_t *out)
{
    lwnn_columns t;
    lwnn_count c, i;
#if defined(__AVR__)
    lwnn_fetch(&t, of, sizeof t);
#else
    t = *of;
#endif
    for (c = 0; c < t.count; c++) {
        const uint32_t column = t.columns ? (uint32_t)LWNN_WORD(t.columns + c) : 0;
        const lwnn_count levels = (lwnn_count)(column >> 1);
        const lwnn_count level = lwnn_level_of(x[c], levels);
        if (levels == 0) {
            const int8_t low = (int8_t)LWNN_BYTE(t.low++), high = (int8_t)LWNN_BYTE(t.high++);
            int8_t q = lwnn_quantize(x[c], LWNN_REAL(t.offset++), LWNN_REAL(t.multiplier++),
                                     t.zero_point);
            q = q > low ? q : low;
            q = q < high ? q : high;
            *out++ = lwnn_is_missing(x[c]) ? (int8_t)LWNN_BYTE(t.fill) : q;
            t.fill++;
        }
        for (i = 0; i < levels; i++, t.low++, t.high++)
            *out++ = (int8_t)LWNN_BYTE(i == level ? t.high : t.low);
        if (column & 1u) {
            *out++ = (int8_t)LWNN_BYTE(lwnn_is_missing(x[c]) ? t.high : t.low);
            t.low++;
            t.high++;
        }
    }
}

#endif
