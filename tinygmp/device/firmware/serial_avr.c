/* Serial link of a bare ATmega328P (Arduino Uno): UART 0, and timer 1 as the clock. */
#include <avr/interrupt.h>
#include <avr/io.h>

#include "serial_link.h"

#ifndef TG_BAUD
#define TG_BAUD 115200UL
#endif

static volatile uint16_t overflows;

ISR(TIMER1_OVF_vect)
{
    overflows++;
}

void tg_link_put(uint8_t byte)
{
    while ((UCSR0A & (1 << UDRE0)) == 0) {
    }
    UDR0 = byte;
}

uint8_t tg_link_get(void)
{
    while ((UCSR0A & (1 << RXC0)) == 0) {
    }
    return UDR0;
}

/* Timer 1 counts every 8 cycles. */
uint32_t tg_link_microseconds(void)
{
    uint16_t low, high;
    uint8_t pending;

    cli();
    low = TCNT1;
    high = overflows;
    pending = TIFR1 & (1 << TOV1);
    sei();
    if (pending != 0 && low < 0x8000) {
        high++;
    }
    return ((uint32_t)high << 16 | low) / (F_CPU / 8000000UL);
}

uint16_t tg_link_free_ram(void)
{
    extern uint8_t __heap_start;

    return (uint16_t)(SP - (uint16_t)&__heap_start);
}

int main(void)
{
    UCSR0A = 1 << U2X0;
    UBRR0 = (uint16_t)((F_CPU + TG_BAUD * 4) / (TG_BAUD * 8) - 1);
    UCSR0B = (1 << RXEN0) | (1 << TXEN0);
    UCSR0C = (1 << UCSZ01) | (1 << UCSZ00);
    TCCR1B = 1 << CS11;
    TIMSK1 = 1 << TOIE1;
    sei();
    tg_serial_loop();
    return 0;
}
