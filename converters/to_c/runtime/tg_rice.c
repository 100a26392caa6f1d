#ifndef TG_RICE_C
#define TG_RICE_C
#include "tg_bits.c"
#include "tg_platform.h"

/* Numbers 0..65535 in the Rice code: number >> k ones, a zero, then the k low bits, least significant first.
 *
 * The first byte of the stream is k, 0..15.
 */
typedef struct {
    tg_bits bits;
    uint8_t k;
} tg_rice;

static inline void tg_rice_init(tg_rice *numbers, const uint8_t *stream)
{
    numbers->k = TG_READ_U8(stream);
    numbers->bits.next = stream + 1;
    numbers->bits.window = 0;
    numbers->bits.have = 0;
}

TG_SHARED uint16_t tg_rice_next(tg_rice *numbers)
{
    const uint8_t k = numbers->k;
    uint16_t number = 0;
    while (tg_bits_take(&numbers->bits, 1) != 0) {
        number++;
    }
    if (k > 8) {
        number = (uint16_t)(number << k);
        number = (uint16_t)(number + tg_bits_take(&numbers->bits, 8));
        return (uint16_t)(number + (uint16_t)(tg_bits_take(&numbers->bits, (uint8_t)(k - 8u)) << 8));
    }
    return (uint16_t)((uint16_t)(number << k) + tg_bits_take(&numbers->bits, k));
}
#endif /* TG_RICE_C */
