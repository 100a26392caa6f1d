#ifndef TG_BITS_C
#define TG_BITS_C
#include "tg_platform.h"

/* Reads a stream of bits, least significant bit first, one byte of look-ahead at most.
 *
 * next: next unread byte; window: bits read but not taken, 0..2^have - 1; have: their number, 0..15.
 */
typedef struct {
    const uint8_t *next;
    uint16_t window;
    uint8_t have;
} tg_bits;

/* Return the next count bits, count 0..8. */
static inline uint16_t tg_bits_take(tg_bits *bits, uint8_t count)
{
    uint16_t taken;
    if (bits->have < count) {
        bits->window = (uint16_t)(bits->window | (uint16_t)((uint16_t)TG_READ_U8(bits->next) << bits->have));
        bits->next++;
        bits->have = (uint8_t)(bits->have + 8u);
    }
    taken = (uint16_t)(bits->window & (uint16_t)((1u << count) - 1u));
    bits->window = (uint16_t)(bits->window >> count);
    bits->have = (uint8_t)(bits->have - count);
    return taken;
}
#endif /* TG_BITS_C */
