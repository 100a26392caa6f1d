#ifndef TG_VALUES_RICE_C
#define TG_VALUES_RICE_C
#include "tg_piece.c"
#include "tg_platform.h"
#include "tg_rice.c"

/* Values -127..127: the first byte is the smallest magnitude, then 2 * (magnitude - smallest) + sign follows for each
 * in the Rice code.
 */
typedef struct {
    tg_rice numbers;
    uint8_t smallest;
} tg_values_rice;

static inline void tg_values_rice_init(tg_values_rice *values, const uint8_t *stream)
{
    values->smallest = TG_READ_U8(stream);
    tg_rice_init(&values->numbers, stream + 1);
}

TG_PIECE int16_t tg_times_rice(tg_values_rice *values, int8_t x)
{
    const uint16_t number = tg_rice_next(&values->numbers);
    const int16_t product = (int16_t)((int8_t)((uint8_t)(number >> 1) + values->smallest) * x);
    return (int16_t)((number & 1u) ? -product : product);
}
#endif /* TG_VALUES_RICE_C */
