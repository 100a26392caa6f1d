/* What serial_main.c needs from a board: bytes in and out, a clock, and how much RAM is left. */
#ifndef TG_SERIAL_LINK_H
#define TG_SERIAL_LINK_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

void tg_link_put(uint8_t byte);
uint8_t tg_link_get(void); /* waits */
uint32_t tg_link_microseconds(void);
uint16_t tg_link_free_ram(void); /* between the static data and the stack, at most 65,535 */
void tg_serial_loop(void);       /* never returns */

#ifdef __cplusplus
}
#endif

#endif
