#ifndef TG_VALUES_TERNARY_ZERO_C
#define TG_VALUES_TERNARY_ZERO_C
#include "tg_bits.c"
#include "tg_piece.c"
#include "tg_platform.h"

/* Values -1, 0 and 1, 2 bits in two's complement each. */
typedef struct {
    tg_bits bits;
} tg_values_ternary_zero;

static inline void tg_values_ternary_zero_init(tg_values_ternary_zero *values, const uint8_t *stream)
{
    values->bits.next = stream;
    values->bits.window = 0;
    values->bits.have = 0;
}

TG_PIECE int16_t tg_times_ternary_zero(tg_values_ternary_zero *values, int8_t x)
{
    const uint16_t code = tg_bits_take(&values->bits, 2);
    return (int16_t)(code == 0 ? 0 : code == 1 ? x : -x);
}
#endif /* TG_VALUES_TERNARY_ZERO_C */
