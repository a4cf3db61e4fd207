/* lwnn runtime: the same as lwnn_columns.h, to inputs in single precision. */
#ifndef LWNN_FLOAT_COLUMNS_H
#define LWNN_FLOAT_COLUMNS_H

#include "lwnn_columns.h"

typedef struct {
    const int32_t *columns;
    const float *offset, *scale, *low, *high, *fill;
    lwnn_count count;
} lwnn_float_columns;

LWNN_APART void lwnn_float_encode_row(const lwnn_float_columns *of, const float *x, float *out)
{
    lwnn_float_columns t;
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
            const float low = LWNN_REAL(t.low++), high = LWNN_REAL(t.high++);
            float value = (x[c] - LWNN_REAL(t.offset++)) * LWNN_REAL(t.scale++);
            value = value > low ? value : low;
            value = value < high ? value : high;
            *out++ = lwnn_is_missing(x[c]) ? LWNN_REAL(t.fill) : value;
            t.fill++;
        }
        for (i = 0; i < levels; i++, t.low++, t.high++)
            *out++ = LWNN_REAL(i == level ? t.high : t.low);
        if (column & 1u) {
            *out++ = LWNN_REAL(lwnn_is_missing(x[c]) ? t.high : t.low);
            t.low++;
            t.high++;
        }
    }
}

#endif
