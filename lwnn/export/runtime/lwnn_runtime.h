/* lwnn runtime: the int8 arithmetic that every exported model shares.
 *
 *     real value   scale * (q - zero point), q in -128 .. 127
 *     sum          bias + sum of w * q, 32 bits; the inputs' zero point is in the bias
 *     output       sum * multiplier / 2^(32 + right), rounded, + zero point, saturated
 *
 * All functions are static: any number of models, of any version of lwnn, link into one firmware.
 * Nothing is allocated, nothing is kept between calls, and no library is needed. `>>` of a
 * negative number is taken to be arithmetic, as it is in every compiler for these processors.
 *
 * A layout (lwnn_rows.h, lwnn_quads.h, lwnn_pairs.h) says how weights and activations lie in
 * memory, and gives
 *
 *     lwnn_act                 an activation, as a layer reads and writes it
 *     LWNN_PAD                 activations are padded to a multiple of this
 *     lwnn_act_of, lwnn_value  from and to -128 .. 127
 *     lwnn_widen               a model's input as activations
 *     lwnn_prepare             the same for the first layer, in the order that it likes best
 *     lwnn_start               what the sums of a layer begin with
 *     lwnn_products            the sums of four outputs
 */
#ifndef LWNN_RUNTIME_H
#define LWNN_RUNTIME_H

#include <stdint.h>

/* Constants stay in flash on AVR, where loads from there are a matter of their own. */
#if defined(__AVR__)
#include <avr/pgmspace.h>
#define LWNN_FLASH PROGMEM
#define LWNN_BYTE(p) pgm_read_byte(p)
#define LWNN_WORD(p) pgm_read_dword(p)
#define LWNN_REAL(p) pgm_read_float(p)
typedef uint16_t lwnn_count;
#else
#define LWNN_FLASH
#define LWNN_BYTE(p) (*(p))
#define LWNN_WORD(p) (*(p))
#define LWNN_REAL(p) (*(p))
typedef uint32_t lwnn_count;
#endif

#if defined(__GNUC__)
#define LWNN_APART static __attribute__((noinline, unused))
#define LWNN_INLINE static inline __attribute__((always_inline, unused))
#else
#define LWNN_APART static
#define LWNN_INLINE static inline
#endif

/* Copy constants, wherever they are. */
LWNN_INLINE void lwnn_fetch(void *to, const void *from, lwnn_count size)
{
    lwnn_count i;
    for (i = 0; i < size; i++)
        ((uint8_t *)to)[i] = LWNN_BYTE((const uint8_t *)from + i);
}

LWNN_INLINE int32_t lwnn_clamp(int32_t value)
{
    value = value > -128 ? value : -128;
    return value < 127 ? value : 127;
}

/* (x - offset) * multiplier to the nearest whole number, halves away from zero. */
LWNN_INLINE int8_t lwnn_quantize(float x, float offset, float multiplier, int zero_point)
{
    const float low = (float)(-128 - zero_point), high = (float)(127 - zero_point);
    float t = x - offset;
    t = t * multiplier;
    /* Not a number becomes `low`: it is not above it. */
    t = t > low ? t : low;
    t = t < high ? t : high;
    return (int8_t)((int)(t < 0.0f ? t - 0.5f : t + 0.5f) + zero_point);
}

/* `step` is 0 where all readings are scaled alike. */
LWNN_APART void lwnn_quantize_row(const float *x, const float *offset, const float *multiplier,
                                  int step, lwnn_count inputs, int zero_point, int8_t *out)
{
    lwnn_count i;
    for (i = 0; i < inputs; i++, offset += step, multiplier += step)
        out[i] = lwnn_quantize(x[i], LWNN_REAL(offset), LWNN_REAL(multiplier), zero_point);
}

#endif
