/* Port of the simulated AVR: bytes through the general-purpose I/O registers, which hang on no pin. */
#include <avr/io.h>

#include "port.h"

int16_t tg_port_read(void)
{
    const uint8_t low = GPIOR0;
    const uint8_t high = GPIOR0;

    return (int16_t)((uint16_t)high << 8 | low);
}

void tg_port_write(int16_t word)
{
    GPIOR1 = (uint8_t)((uint16_t)word & 0xFFu);
    GPIOR1 = (uint8_t)((uint16_t)word >> 8);
}

/* The simulator stops when it sees this write. */
void tg_port_stop(void)
{
    GPIOR2 = 1;
    for (;;) {
    }
}
