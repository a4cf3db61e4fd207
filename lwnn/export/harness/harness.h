/* What runs an exported model over rows and tells what it computed, on a PC or on a device.
 *
 * MODEL and MODEL_HEADER are given on the command line of the compiler.
 */
#ifndef LWNN_HARNESS_H
#define LWNN_HARNESS_H

#include <stdint.h>

#include MODEL_HEADER

#define JOINED(a, b) a##b
#define JOIN(a, b) JOINED(a, b)
#define MODEL_(name) JOIN(MODEL, name)

/* The platform's part. */
void platform_start(void);
int platform_read(void *data, uint32_t size); /* 0 at the end */
void platform_write(const void *data, uint32_t size);
void platform_end(void);
uint32_t platform_clock(void); /* instructions or cycles, modulo what `platform_since` knows */
uint32_t platform_since(uint32_t start);
void platform_paint(void);       /* fill the stack below here */
uint32_t platform_painted(void); /* bytes of it that were used since */

#endif
