/* What the processor, and the operating system below it, can run. */
#ifndef LWNN_PROCESSOR_H
#define LWNN_PROCESSOR_H

#if defined(__x86_64__) && defined(__GNUC__)
static int lwnn_has_avx2(void)
{
    __builtin_cpu_init();
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}

static int lwnn_has_avx512(void)
{
    __builtin_cpu_init();
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
}

static int lwnn_has_avx512vnni(void)
{
    return lwnn_has_avx512() && __builtin_cpu_supports("avx512vnni");
}
#else
static int lwnn_has_avx2(void) { return 0; }
static int lwnn_has_avx512(void) { return 0; }
static int lwnn_has_avx512vnni(void) { return 0; }
#endif

#endif
