#ifndef TG_VALUES_TERNARY_C
#define TG_VALUES_TERNARY_C
#include "tg_bits.c"
#include "tg_piece.c"
#include "tg_platform.h"

/* Values +1 and -1, a bit each: 1 is -1. */
typedef struct {
    tg_bits bits;
} tg_values_ternary;

static inline void tg_values_ternary_init(tg_values_ternary *values, const uint8_t *stream)
{
    values->bits.next = stream;
    values->bits.window = 0;
    values->bits.have = 0;
}

TG_PIECE int16_t tg_times_ternary(tg_values_ternary *values, int8_t x)
{
    return (int16_t)(tg_bits_take(&values->bits, 1) ? -x : x);
}
#endif /* TG_VALUES_TERNARY_C */
