/* lwnn layout `quads` on an AVR with a multiplier: four outputs for each input that is read.
 *
 * Sums have 24 bits, which hold the products of 256 inputs.
 */
#ifndef LWNN_QUADS_AVR_H
#define LWNN_QUADS_AVR_H

#define LWNN_TIMES(sum)                                                                           \
    "lpm %[w], Z+\n\t"                                                                            \
    "mul %[w], %[v]\n\t"                                                                          \
    "add %A[" sum "], r0\n\t"                                                                     \
    "adc %B[" sum "], r1\n\t"                                                                     \
    "adc %C[" sum "], %[zero]\n\t"

#define LWNN_INPUT                                                                                \
    "ld %[v], X+\n\t" LWNN_TIMES("a") LWNN_TIMES("b") LWNN_TIMES("c") LWNN_TIMES("d")

LWNN_INLINE void lwnn_quad(const lwnn_weight *weight, const lwnn_act *x, lwnn_count inputs,
                           uint32_t sums[4])
{
    sums[0] = sums[1] = sums[2] = sums[3] = 0;
    while (inputs) {
        const lwnn_count part = inputs < 256u ? inputs : 256u;
        /* The loop takes two inputs; of an odd number the first one is taken by itself. */
        uint8_t pairs = (uint8_t)(part / 2), v, w;
        const uint8_t zero = 0;
        __uint24 a = 0, b = 0, c = 0, d = 0;
        __asm__ volatile("sbrs %[part], 0\n\t"
                         "rjmp 2f\n\t" LWNN_INPUT "tst %[pairs]\n\t"
                         "breq 3f\n"
                         "2:\n\t" LWNN_INPUT LWNN_INPUT "dec %[pairs]\n\t"
                         "brne 2b\n"
                         "3:\n\t"
                         "clr __zero_reg__"
                         : [a] "+&r"(a), [b] "+&r"(b), [c] "+&r"(c), [d] "+&r"(d),
                           [pairs] "+&r"(pairs), [v] "=&r"(v), [w] "=&r"(w), "+&x"(x), "+&z"(weight)
                         : [part] "r"((uint8_t)part), [zero] "r"(zero)
                         : "r0", "memory");
        sums[0] += a;
        sums[1] += b;
        sums[2] += c;
        sums[3] += d;
        inputs -= part;
    }
}

#define LWNN_COLUMN(a, b)                                                                         \
    "mul %" a "[a], %" b "[b]\n\t"                                                                \
    "add %[l], r0\n\t"                                                                           \
    "adc %[m], r1\n\t"                                                                           \
    "adc %[h], %[zero]\n\t"
#define LWNN_NEXT                                                                                 \
    "mov %[l], %[m]\n\t"                                                                         \
    "mov %[m], %[h]\n\t"                                                                         \
    "clr %[h]\n\t"

/* The upper half of a product; b is not negative. Byte by byte, as numbers without a sign: then
 * b is too much where a is negative. */
#define LWNN_OWN_UPPER
LWNN_APART int32_t lwnn_upper(int32_t a, int32_t b)
{
    uint32_t upper = a < 0 ? (uint32_t)-b : 0;
    const uint8_t zero = 0;
    uint8_t l = 0, m = 0, h = 0;
    __asm__("mul %A[a], %A[b]\n\t"
            "mov %[l], r1\n\t" LWNN_COLUMN("A", "B") LWNN_COLUMN("B", "A") LWNN_NEXT
                LWNN_COLUMN("A", "C") LWNN_COLUMN("B", "B") LWNN_COLUMN("C", "A") LWNN_NEXT
                    LWNN_COLUMN("A", "D") LWNN_COLUMN("B", "C") LWNN_COLUMN("C", "B")
                        LWNN_COLUMN("D", "A") LWNN_NEXT LWNN_COLUMN("B", "D")
                            LWNN_COLUMN("C", "C") LWNN_COLUMN("D", "B")
            "add %A[u], %[l]\n\t"
            "adc %B[u], %[m]\n\t"
            "adc %C[u], %[h]\n\t"
            "adc %D[u], %[zero]\n\t"
            "mul %C[a], %D[b]\n\t"
            "add %B[u], r0\n\t"
            "adc %C[u], r1\n\t"
            "adc %D[u], %[zero]\n\t"
            "mul %D[a], %C[b]\n\t"
            "add %B[u], r0\n\t"
            "adc %C[u], r1\n\t"
            "adc %D[u], %[zero]\n\t"
            "mul %D[a], %D[b]\n\t"
            "add %C[u], r0\n\t"
            "adc %D[u], r1\n\t"
            "clr __zero_reg__"
            : [u] "+&r"(upper), [l] "+&r"(l), [m] "+&r"(m), [h] "+&r"(h)
            : [a] "r"(a), [b] "r"(b), [zero] "r"(zero)
            : "r0");
    return (int32_t)upper;
}

#endif
