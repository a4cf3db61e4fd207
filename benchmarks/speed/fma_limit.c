/* The most multiply-adds that one core does: independent chains in registers, no memory.
 *
 * 12 chains cover the latency of 4 cycles times the 2 units of today's x86-64 and leave room for
 * the two constants in 16 registers; where there are 32 registers, 16 chains serve 4 units. */

#if defined(__AVX512F__)
#define BYTES 64
#elif defined(__AVX__)
#define BYTES 32
#else
#define BYTES 16
#endif
#if defined(__AVX512F__) || defined(__aarch64__)
#define CHAINS 16
#else
#define CHAINS 12
#endif
#define LANES (BYTES / (int)sizeof(float))

typedef float lanes __attribute__((vector_size(BYTES)));

/* Floating-point operations of one turn of the loop; a multiply-add is two. */
long fma_operations(void) { return 2L * CHAINS * LANES; }

/* Factor and term come from outside and the sum goes back, so that no turn can be left out. */
float fma_run(long turns, float factor, float term)
{
    lanes chain[CHAINS], by, plus, sum = {0};
    float total = 0;
    for (int i = 0; i < LANES; i++) {
        by[i] = factor;
        plus[i] = term;
    }
    for (int c = 0; c < CHAINS; c++)
        chain[c] = plus * (float)(c + 1);
    for (long turn = 0; turn < turns; turn++) {
#pragma GCC unroll 16
        for (int c = 0; c < CHAINS; c++)
            chain[c] = chain[c] * by + plus;
    }
    for (int c = 0; c < CHAINS; c++)
        sum += chain[c];
    for (int i = 0; i < LANES; i++)
        total += sum[i];
    return total;
}
