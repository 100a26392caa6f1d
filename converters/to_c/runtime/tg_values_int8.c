#ifndef TG_VALUES_INT8_C
#define TG_VALUES_INT8_C
#include "tg_piece.c"
#include "tg_platform.h"

/* Values -127..127, a byte each. */
typedef struct {
    const int8_t *next;
} tg_values_int8;

static inline void tg_values_int8_init(tg_values_int8 *values, const int8_t *stream)
{
    values->next = stream;
}

TG_PIECE int16_t tg_times_int8(tg_values_int8 *values, int8_t x)
{
    const int8_t value = TG_READ_I8(values->next);
    values->next++;
    return (int16_t)(value * x);
}
#endif /* TG_VALUES_INT8_C */
