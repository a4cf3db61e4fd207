/* lwnn layout `quads` on a Cortex-M0, M0+ or M23: two products in one multiplication.
 *
 * Of a word, bytes 0 and 2 become the halves of a number, bytes 1 and 3 of another. Such a number
 * times x is a product in each half; neither leaves its 16 bits. Summed up whole, modulo 2^32,
 * and as upper halves alone: the first minus 2^16 times the second is the sum of lower halves.
 */
#ifndef LWNN_QUADS_M0_H
#define LWNN_QUADS_M0_H

/* r4 a word of weights, r7 its input, r2 the mask; r8 to r11 sums. */
#define LWNN_TIMES(word, offset)                                                                  \
    "ldrb r7, [r1, #" offset "]\n\t"                                                              \
    "movs r3, r2\n\t"                                                                             \
    "ands r3, " word "\n\t"                                                                       \
    "muls r3, r7\n\t"                                                                             \
    "add r8, r3\n\t"                                                                              \
    "lsrs r3, r3, #16\n\t"                                                                        \
    "add r9, r3\n\t"                                                                              \
    "lsrs " word ", " word ", #8\n\t"                                                             \
    "ands " word ", r2\n\t"                                                                       \
    "muls " word ", r7\n\t"                                                                       \
    "add r10, " word "\n\t"                                                                       \
    "lsrs " word ", " word ", #16\n\t"                                                            \
    "add r11, " word "\n\t"

#define LWNN_TWICE(first, second)                                                                 \
    "ldmia r0!, {r4, r5}\n\t" LWNN_TIMES("r4", first) LWNN_TIMES("r5", second)

/* r7 may not be named, but must be kept. */
#define LWNN_UNTIL(end, step, size)                                                               \
    __asm__ volatile(".syntax unified\n\tpush {r7}\n"                                             \
                     "1:\n\t" step "adds r1, #" size "\n\t"                                       \
                     "cmp r1, r12\n\t"                                                            \
                     "bne 1b\n\t"                                                                 \
                     "pop {r7}"                                                                   \
                     : "+r"(r0), "+r"(r1), "+r"(r8), "+r"(r9), "+r"(r10), "+r"(r11)               \
                     : "r"(r2), "r"(end)                                                          \
                     : "r3", "r4", "r5", "cc", "memory")

LWNN_INLINE void lwnn_quad(const lwnn_weight *weight, const lwnn_act *x, lwnn_count inputs,
                           uint32_t sums[4])
{
    register const lwnn_weight *r0 __asm__("r0");
    register const lwnn_act *r1 __asm__("r1");
    register uint32_t r2 __asm__("r2");
    register uint32_t r8 __asm__("r8");
    register uint32_t r9 __asm__("r9");
    register uint32_t r10 __asm__("r10");
    register uint32_t r11 __asm__("r11");
    register const lwnn_act *r12 __asm__("r12");
    r0 = weight;
    r1 = x;
    r2 = 0x00ff00ffu;
    r8 = 0;
    r9 = 0;
    r10 = 0;
    r11 = 0;
    r12 = x + (inputs & ~7u);
    if (r1 != r12)
        LWNN_UNTIL(r12,
                   LWNN_TWICE("0", "1") LWNN_TWICE("2", "3") LWNN_TWICE("4", "5")
                       LWNN_TWICE("6", "7"),
                   "8");
    r12 += inputs & 7u;
    if (r1 != r12)
        LWNN_UNTIL(r12, "ldmia r0!, {r4}\n\t" LWNN_TIMES("r4", "0"), "1");
    sums[0] = r8 - (r9 << 16);
    sums[1] = r10 - (r11 << 16);
    sums[2] = r9;
    sums[3] = r11;
}

/* The upper half of a product, from four multiplications of 16 bits. */
#define LWNN_OWN_UPPER
LWNN_INLINE int32_t lwnn_upper(int32_t a, int32_t b)
{
    const int32_t ah = a >> 16, bh = b >> 16, al = a & 0xffff, bl = b & 0xffff;
    const uint32_t low = (uint32_t)al * (uint32_t)bl;
    const int32_t first = ah * bl + (int32_t)(low >> 16);
    const int32_t second = al * bh + (first & 0xffff);
    return ah * bh + (first >> 16) + (second >> 16);
}

#endif
