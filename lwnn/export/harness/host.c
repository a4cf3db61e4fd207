/* On the PC: rows from stdin, records to stdout. Nothing is counted. */
#include <stdio.h>

#include "harness.h"

void platform_start(void)
{
}

int platform_read(void *data, uint32_t size)
{
    return fread(data, size, 1, stdin) == 1;
}

void platform_write(const void *data, uint32_t size)
{
    (void)fwrite(data, size, 1, stdout);
}

void platform_end(void)
{
}

uint32_t platform_clock(void)
{
    return 0;
}

uint32_t platform_since(uint32_t start)
{
    return start;
}

void platform_paint(void)
{
}

uint32_t platform_painted(void)
{
    return 0;
}
