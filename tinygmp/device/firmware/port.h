/* Where the test firmware's samples come from and its answers go to: 16-bit words, in order.
 *
 * Samples arrive as: windows, steps, then windows * steps * channels counts. For each window the answer is the class
 * and then each logit, low half first.
 */
#ifndef TG_PORT_H
#define TG_PORT_H

#include <stdint.h>

int16_t tg_port_read(void);
void tg_port_write(int16_t word);
void tg_port_stop(void);

#endif
