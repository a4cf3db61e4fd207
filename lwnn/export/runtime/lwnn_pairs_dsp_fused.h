/* lwnn layout `pairs` on a Cortex-M with the DSP extension: a fused layer in one go. */
#ifndef LWNN_PAIRS_DSP_FUSED_H
#define LWNN_PAIRS_DSP_FUSED_H

/* The carry of the shift is the bit that decides which way to round. */
LWNN_INLINE lwnn_act lwnn_rescale(int32_t sum, int32_t multiplier, uint32_t right,
                                  int32_t zero_point)
{
    int32_t q;
    __asm__("smmul %0, %1, %2\n\t"
            "asrs %0, %0, %3\n\t"
            "adc %0, %0, %4\n\t"
            "ssat %0, #8, %0"
            : "=&r"(q)
            : "r"(sum), "r"(multiplier), "r"(right), "r"(zero_point)
            : "cc");
    return (lwnn_act)q;
}

/* Four inputs and four outputs: r6 inputs, lr weights, r0 to r3 sums. */
#define LWNN_FOUR_BY_FOUR                                                                         \
    "ldmia r6!, {r4, r5}\n\t"                                                                     \
    "ldmia lr!, {r8, r9, r10, r11}\n\t"                                                           \
    "smlad r0, r8, r4, r0\n\t"                                                                    \
    "sxtb16 r8, r8\n\t"                                                                           \
    "smlad r1, r8, r4, r1\n\t"                                                                    \
    "smlad r2, r9, r4, r2\n\t"                                                                    \
    "sxtb16 r9, r9\n\t"                                                                           \
    "smlad r3, r9, r4, r3\n\t"                                                                    \
    "smlad r0, r10, r5, r0\n\t"                                                                   \
    "sxtb16 r10, r10\n\t"                                                                         \
    "smlad r1, r10, r5, r1\n\t"                                                                   \
    "smlad r2, r11, r5, r2\n\t"                                                                   \
    "sxtb16 r11, r11\n\t"                                                                         \
    "smlad r3, r11, r5, r3\n\t"

/* Inputs of every layer may be a whole number of sixteens, or there may be some more. */
#if defined(LWNN_SIXTEENS)
#define LWNN_BEFORE_SIXTEENS
#define LWNN_AFTER_SIXTEENS
#else
#define LWNN_BEFORE_SIXTEENS                                                                      \
    "cmp r6, r12\n\t"                                                                             \
    "beq 3f\n"
#define LWNN_AFTER_SIXTEENS                                                                       \
    "3:\n\t"                                                                                      \
    "ldr r12, [sp, #16]\n\t"                                                                      \
    "cmp r6, r12\n\t"                                                                             \
    "beq 5f\n"                                                                                    \
    "4:\n\t" LWNN_FOUR_BY_FOUR                                                                    \
    "cmp r6, r12\n\t"                                                                             \
    "bne 4b\n"                                                                                    \
    "5:\n\t"
#endif

/* The groups of four outputs; returns the constants and weights behind them.
 *
 *     r0-r3 256 A + B, B, 256 C + D, D   r6 inputs, r12 their end   r7 constants   lr weights
 *     stack: 0 inputs, 4 end of sixteens, 8 outputs, 12 their end, 16 end of inputs,
 *            20 zero point, 24 r7, which may not be named
 */
LWNN_INLINE const int32_t *lwnn_fours(const lwnn_layer *layer, const lwnn_act *x, lwnn_act *out,
                                      const lwnn_weight **weight)
{
    const uint32_t padded = (layer->inputs + 3u) & ~3u;
    register const lwnn_act *r0 __asm__("r0");
    register const lwnn_act *r1 __asm__("r1");
    register lwnn_act *r2 __asm__("r2");
    register lwnn_act *r3 __asm__("r3");
    register const lwnn_act *r4 __asm__("r4");
    register int32_t r5 __asm__("r5");
    register const lwnn_weight *r6 __asm__("r6");
    register const int32_t *r8 __asm__("r8");
    r0 = x;
    r1 = x + (padded & ~15u);
    r2 = out;
    r3 = out + ((layer->outputs + 1u) & ~3u);
    r4 = x + padded;
    r5 = layer->zero_point;
    r6 = layer->weight;
    r8 = layer->bias;
    if (r2 != r3)
        __asm__ volatile(
            "push {r0, r1, r2, r3, r4, r5, r7}\n\t"
            "mov lr, r6\n\t"
            "mov r7, r8\n"
            "1:\n\t"
            "ldmia r7!, {r0, r1, r2, r3}\n\t"
            "ldrd r6, r12, [sp]\n\t" LWNN_BEFORE_SIXTEENS
            "2:\n\t" LWNN_FOUR_BY_FOUR LWNN_FOUR_BY_FOUR LWNN_FOUR_BY_FOUR LWNN_FOUR_BY_FOUR
            "cmp r6, r12\n\t"
            "bne 2b\n\t" LWNN_AFTER_SIXTEENS
            "ldmia r7!, {r4, r5, r8, r9, r10}\n\t"
            "ldr r11, [sp, #20]\n\t"
            "ldrd r6, r12, [sp, #8]\n\t"
            "subs r0, r0, r1\n\t"
            "subs r2, r2, r3\n\t"
            "smmul r0, r0, r4\n\t"
            "smmul r1, r1, r5\n\t"
            "smmul r2, r2, r8\n\t"
            "smmul r3, r3, r9\n\t"
            "asrs r0, r0, r10\n\t"
            "adc r0, r0, r11\n\t"
            "ssat r0, #8, r0\n\t"
            "lsr r10, r10, #8\n\t"
            "asrs r1, r1, r10\n\t"
            "adc r1, r1, r11\n\t"
            "ssat r1, #8, r1\n\t"
            "lsr r10, r10, #8\n\t"
            "asrs r2, r2, r10\n\t"
            "adc r2, r2, r11\n\t"
            "ssat r2, #8, r2\n\t"
            "lsr r10, r10, #8\n\t"
            "asrs r3, r3, r10\n\t"
            "adc r3, r3, r11\n\t"
            "ssat r3, #8, r3\n\t"
            "pkhbt r0, r0, r1, lsl #16\n\t"
            "pkhbt r2, r2, r3, lsl #16\n\t"
            "strd r0, r2, [r6], #8\n\t"
            "str r6, [sp, #8]\n\t"
            "cmp r6, r12\n\t"
            "bne 1b\n\t"
            "mov r6, lr\n\t"
            "mov r8, r7\n\t"
            "add sp, sp, #24\n\t"
            "pop {r7}"
            : "+r"(r0), "+r"(r1), "+r"(r2), "+r"(r3), "+r"(r4), "+r"(r5), "+r"(r6), "+r"(r8)
            :
            : "r9", "r10", "r11", "r12", "lr", "cc", "memory");
    *weight = r6;
    return r8;
}

LWNN_APART void lwnn_fused(const lwnn_layer *layer, const lwnn_act *x, lwnn_act *out)
{
    const lwnn_weight *weight;
    const int32_t *constants = lwnn_fours(layer, x, out, &weight);
    const uint32_t last = layer->outputs % 4u;
    if (last == 1 || last == 2) {
        lwnn_act *const to = out + (layer->outputs & ~3u);
        const uint32_t right = (uint32_t)constants[4];
        int32_t ab = constants[0], b = constants[1];
        (void)lwnn_pair(x, weight, (layer->inputs + 3u) & ~3u, &ab, &b);
        to[0] = lwnn_rescale(ab - b, constants[2], right, layer->zero_point);
        to[1] = lwnn_rescale(b, constants[3], right >> 8, layer->zero_point);
        to[2] = to[3] = 0;
    }
    lwnn_look_up(layer, out);
}

#endif
