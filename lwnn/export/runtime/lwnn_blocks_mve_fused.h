/* lwnn layout `blocks` on a Cortex-M with MVE: a fused layer in one go. */
#ifndef LWNN_BLOCKS_MVE_FUSED_H
#define LWNN_BLOCKS_MVE_FUSED_H

/* r5 constants, r7 outputs, r9 their end, r10 inputs, r11 how many, r12 zero point. r7, which may
 * not be named, is kept. */
LWNN_APART void lwnn_fused(const lwnn_layer *layer, const lwnn_act *x, lwnn_act *out)
{
    register const lwnn_weight *r3 __asm__("r3");
    register const int32_t *r5 __asm__("r5");
    register lwnn_act *r8 __asm__("r8");
    register const lwnn_act *r9 __asm__("r9");
    register const lwnn_act *r10 __asm__("r10");
    register lwnn_count r11 __asm__("r11");
    register int32_t r12 __asm__("r12");
    r3 = layer->weight;
    r5 = layer->bias;
    r8 = out;
    r9 = out + layer->outputs;
    r10 = x;
    r11 = layer->inputs;
    r12 = layer->zero_point;
    __asm__ volatile("push {r7}\n\t"
                     "mov r7, r8\n"
                     "1:\n\t"
                     "ldmia r5!, {r0, r2, r4, r6}\n\t"
                     "mov r1, r10\n\t"
                     "dlstp.8 lr, r11\n"
                     "2:\n\t" LWNN_BLOCK "letp lr, 2b\n\t"
                     "vmov.32 q0[0], r0\n\t"
                     "vmov.32 q0[1], r2\n\t"
                     "vmov.32 q0[2], r4\n\t"
                     "vmov.32 q0[3], r6\n\t"
                     "vldrw.32 q1, [r5], #16\n\t"
                     "vldrb.s32 q2, [r5], #4\n\t"
                     "vmulh.s32 q0, q0, q1\n\t"
                     "vrshl.s32 q0, q0, q2\n\t"
                     "vadd.i32 q0, q0, r12\n\t"
                     "vqmovnb.s32 q0, q0\n\t"
                     "vqmovnb.s16 q0, q0\n\t"
                     "vstrb.32 q0, [r7], #4\n\t"
                     "cmp r7, r9\n\t"
                     "blo 1b\n\t"
                     "pop {r7}"
                     : "+r"(r3), "+r"(r5)
                     : "r"(r8), "r"(r9), "r"(r10), "r"(r11), "r"(r12)
                     : "r0", "r1", "r2", "r4", "r6", "lr", "q0", "q1", "q2", "q3", "cc", "memory");
    lwnn_look_up(layer, out);
}

#endif
