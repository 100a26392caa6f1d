#ifndef TG_VALUES_INT4_C
#define TG_VALUES_INT4_C
#include "tg_bits.c"
#include "tg_piece.c"
#include "tg_platform.h"

/* Values -7..7, 4 bits in two's complement each. */
typedef struct {
    tg_bits bits;
} tg_values_int4;

static inline void tg_values_int4_init(tg_values_int4 *values, const uint8_t *stream)
{
    values->bits.next = stream;
    values->bits.window = 0;
    values->bits.have = 0;
}

TG_PIECE int16_t tg_times_int4(tg_values_int4 *values, int8_t x)
{
    const int8_t value = (int8_t)((int8_t)(tg_bits_take(&values->bits, 4) ^ 8u) - 8);
    return (int16_t)(value * x);
}
#endif /* TG_VALUES_INT4_C */
