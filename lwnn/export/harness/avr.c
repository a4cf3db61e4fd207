/* On an ATmega328P in simavr: rows from flash, records as hexadecimal lines over the UART.
 * Timer 1 counts cycles. ROWS names a file with the rows, COUNT says how many. */
#include <avr/interrupt.h>
#include <avr/io.h>
#include <avr/pgmspace.h>
#include <avr/sleep.h>
#include <math.h>

#include "harness.h"

static const float rows[COUNT][FEATURES] PROGMEM = {
#include ROWS
};

static uint16_t next;
static uint8_t column;
static volatile uint16_t overflows;
static uint32_t overhead;

ISR(TIMER1_OVF_vect)
{
    overflows++;
}

uint32_t platform_clock(void)
{
    uint16_t high, low;
    cli();
    low = TCNT1;
    high = overflows;
    if ((TIFR1 & _BV(TOV1)) && low < 0x8000)
        high++;
    sei();
    return ((uint32_t)high << 16) + low;
}

uint32_t platform_since(uint32_t start)
{
    return platform_clock() - start - overhead;
}

static void put(char c)
{
    while (!(UCSR0A & _BV(UDRE0))) {
    }
    UDR0 = (uint8_t)c;
}

void platform_start(void)
{
    uint32_t start;
    UBRR0 = 0;
    UCSR0B = _BV(TXEN0);
    UCSR0C = _BV(UCSZ01) | _BV(UCSZ00);
    TCCR1A = 0;
    TIMSK1 = _BV(TOIE1);
    TCCR1B = _BV(CS10);
    sei();
    start = platform_clock();
    overhead = platform_since(start);
}

int platform_read(void *data, uint32_t size)
{
    if (next == COUNT)
        return 0;
    memcpy_P(data, rows[next++], (uint16_t)size);
    return 1;
}

void platform_write(const void *data, uint32_t size)
{
    static const char digits[] = "0123456789abcdef";
    const uint8_t *p = (const uint8_t *)data;
    while (size--) {
        put(digits[*p >> 4]);
        put(digits[*p++ & 15]);
        if (++column == 32) {
            put('\n');
            column = 0;
        }
    }
}

void platform_end(void)
{
    put('\n');
    cli();
    sleep_mode();
    for (;;) {
    }
}

static uint8_t *painted;
enum { PAINT = 256 };

__attribute__((noinline)) void platform_paint(void)
{
    uint8_t *p = (uint8_t *)SP - 16;
    painted = p;
    for (uint16_t i = 0; i < PAINT; i++)
        *--p = 0xa5;
}

__attribute__((noinline)) uint32_t platform_painted(void)
{
    const uint8_t *p = painted - PAINT;
    while (p < painted && *p == 0xa5)
        p++;
    return (uint32_t)(painted + 16 - p);
}
