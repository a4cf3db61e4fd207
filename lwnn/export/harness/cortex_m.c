/* On a Cortex-M in QEMU: rows from a file, records to another, by semihosting; SysTick counts.
 *
 * With -icount shift=6 the virtual clock goes on by 64 ns for each instruction, and SysTick runs
 * on it. QEMU loads every section where it belongs, so nothing is copied at the start.
 */
#include "harness.h"

enum { SYS_OPEN = 1, SYS_WRITE = 5, SYS_READ = 6, SYS_EXIT = 0x18 };
enum { EXITED = 0x20026, PAINT = 1024 };

#define REGISTER(address) (*(volatile uint32_t *)(address))
#define CPACR REGISTER(0xE000ED88u)
#define SYST_CSR REGISTER(0xE000E010u)
#define SYST_RVR REGISTER(0xE000E014u)
#define SYST_CVR REGISTER(0xE000E018u)

extern uint32_t __bss_start__, __bss_end__;
int main(void);

static int rows, records;
static volatile uint32_t wraps;
static uint32_t overhead;

static int host(uint32_t operation, const void *argument)
{
    register uint32_t r0 __asm__("r0") = operation;
    register const void *r1 __asm__("r1") = argument;
    __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
    return (int)r0;
}

static int open_file(const char *name, uint32_t length, uint32_t mode)
{
    const uint32_t block[3] = {(uint32_t)name, mode, length};
    return host(SYS_OPEN, block);
}

static void stop(void)
{
    (void)host(SYS_EXIT, (const void *)EXITED);
    for (;;) {
    }
}

static void fault(void)
{
    (void)host(SYS_EXIT, 0);
    for (;;) {
    }
}

static void tick(void)
{
    wraps++;
}

static void reset(void)
{
    uint32_t *p;
#if defined(__ARM_FP) || defined(__ARM_FEATURE_MVE)
    CPACR |= 0xfu << 20;
    __asm__ volatile("dsb\n isb");
#endif
    for (p = &__bss_start__; p < &__bss_end__; p++)
        *p = 0;
    (void)main();
    stop();
}

typedef void (*handler)(void);
extern const handler platform_vectors[16];
__attribute__((section(".vectors"))) const handler platform_vectors[16] = {
    (handler)STACK_TOP, reset, fault, fault, fault, fault, fault, fault,
    fault,              fault, fault, fault, fault, fault, fault, tick,
};

uint32_t platform_clock(void)
{
    uint32_t high, low;
    do {
        high = wraps;
        low = 0xffffffu - SYST_CVR;
    } while (high != wraps);
    return (high << 24) + low;
}

uint32_t platform_since(uint32_t start)
{
    const uint32_t passed = platform_clock() - start;
    return passed > overhead ? passed - overhead : 0;
}

void platform_start(void)
{
    uint32_t start;
    rows = open_file("rows", 4, 1);
    records = open_file("records", 7, 5);
    SYST_RVR = 0xffffffu;
    SYST_CVR = 0;
    SYST_CSR = 7;
    start = platform_clock();
    overhead = platform_since(start);
}

int platform_read(void *data, uint32_t size)
{
    const uint32_t block[3] = {(uint32_t)rows, (uint32_t)data, size};
    return host(SYS_READ, block) == 0;
}

void platform_write(const void *data, uint32_t size)
{
    const uint32_t block[3] = {(uint32_t)records, (uint32_t)data, size};
    (void)host(SYS_WRITE, block);
}

void platform_end(void)
{
    stop();
}

static uint32_t *painted;

__attribute__((noinline)) void platform_paint(void)
{
    /* Where the caller stands; what this function itself pushes is less than eight words. */
    uint32_t *p = (uint32_t *)__builtin_dwarf_cfa() - 8;
    painted = p;
    for (uint32_t i = 0; i < PAINT / 4; i++)
        *--p = 0xa5a5a5a5u;
}

__attribute__((noinline)) uint32_t platform_painted(void)
{
    const uint32_t *p = painted - PAINT / 4;
    while (p < painted && *p == 0xa5a5a5a5u)
        p++;
    return (uint32_t)((const uint8_t *)(painted + 8) - (const uint8_t *)p);
}
