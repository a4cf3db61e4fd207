/* lwnn layout `blocks` on a Cortex-M with MVE. */
#ifndef LWNN_BLOCKS_MVE_H
#define LWNN_BLOCKS_MVE_H

/* Sixteen inputs at r1, or what is left of them, times four outputs at r3, into r0, r2, r4, r6. */
#define LWNN_BLOCK                                                                                \
    "vldrb.u8 q0, [r1], #16\n\t"                                                                  \
    "vldrb.u8 q1, [r3], #16\n\t"                                                                  \
    "vmladava.s8 r0, q0, q1\n\t"                                                                  \
    "vldrb.u8 q2, [r3], #16\n\t"                                                                  \
    "vmladava.s8 r2, q0, q2\n\t"                                                                  \
    "vldrb.u8 q3, [r3], #16\n\t"                                                                  \
    "vmladava.s8 r4, q0, q3\n\t"                                                                  \
    "vldrb.u8 q1, [r3], #16\n\t"                                                                  \
    "vmladava.s8 r6, q0, q1\n\t"

LWNN_INLINE void lwnn_four_rows(const lwnn_weight *weight, const lwnn_act *x, lwnn_count inputs,
                                int32_t sums[4])
{
    register int32_t r0 __asm__("r0");
    register const lwnn_act *r1 __asm__("r1");
    register int32_t r2 __asm__("r2");
    register const lwnn_weight *r3 __asm__("r3");
    register int32_t r4 __asm__("r4");
    register int32_t r6 __asm__("r6");
    r0 = sums[0];
    r1 = x;
    r2 = sums[1];
    r3 = weight;
    r4 = sums[2];
    r6 = sums[3];
    __asm__ volatile("dlstp.8 lr, %[inputs]\n"
                     "1:\n\t" LWNN_BLOCK "letp lr, 1b"
                     : "+r"(r0), "+r"(r1), "+r"(r2), "+r"(r3), "+r"(r4), "+r"(r6)
                     : [inputs] "r"(inputs)
                     : "lr", "q0", "q1", "q2", "q3", "cc", "memory");
    sums[0] = r0;
    sums[1] = r2;
    sums[2] = r4;
    sums[3] = r6;
}

#endif
