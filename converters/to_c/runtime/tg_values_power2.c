#ifndef TG_VALUES_POWER2_C
#define TG_VALUES_POWER2_C
#include "tg_bits.c"
#include "tg_piece.c"
#include "tg_platform.h"

/* Values +-2^e, e 0..6, 4 bits each: e and above it the sign; e = 7 is 0. A shift instead of a product. */
typedef struct {
    tg_bits bits;
} tg_values_power2;

static inline void tg_values_power2_init(tg_values_power2 *values, const uint8_t *stream)
{
    values->bits.next = stream;
    values->bits.window = 0;
    values->bits.have = 0;
}

TG_PIECE int16_t tg_times_power2(tg_values_power2 *values, int8_t x)
{
    const uint16_t code = tg_bits_take(&values->bits, 4);
    const uint8_t exponent = (uint8_t)(code & 7u);
    int16_t product;
    if (exponent == 7u) {
        return 0;
    }
    product = (int16_t)((uint16_t)x << exponent);
    return (int16_t)((code & 8u) ? -product : product);
}
#endif /* TG_VALUES_POWER2_C */
