#ifndef TG_ROWS_BITMASK_C
#define TG_ROWS_BITMASK_C
#include "tg_platform.h"

/* Rows of a matrix stored as one bit for each weight (LSB first, rows not padded) and the int8 values of the ones. */
typedef struct {
    const uint8_t *index;
    const int8_t *values;
    uint8_t bits; /* what remains of the current byte, next bit lowest */
    uint8_t left; /* number of bits that remain, 0..7 */
} tg_rows_bitmask;

static inline void tg_rows_bitmask_init(tg_rows_bitmask *rows, const uint8_t *index, const int8_t *values)
{
    rows->index = index;
    rows->values = values;
    rows->bits = 0;
    rows->left = 0;
}

/* Return the product of the next row with x[columns], x -127..127. */
TG_SHARED int32_t tg_dot_bitmask_int8(tg_rows_bitmask *rows, const int8_t *x, uint16_t columns)
{
    const uint8_t *index = rows->index;
    const int8_t *values = rows->values;
    const int8_t *end = x + columns;
    uint8_t bits = rows->bits;
    uint8_t left = rows->left;
    int32_t sum = 0;
    while (x != end) {
        if (left == 0) {
            bits = TG_READ_U8(index);
            index++;
            left = 8;
        }
        if (bits & 1u) {
            sum += (int16_t)TG_READ_I8(values) * (int16_t)*x;
            values++;
        }
        bits = (uint8_t)(bits >> 1);
        left--;
        x++;
    }
    rows->index = index;
    rows->values = values;
    rows->bits = bits;
    rows->left = left;
    return sum;
}
#endif /* TG_ROWS_BITMASK_C */
