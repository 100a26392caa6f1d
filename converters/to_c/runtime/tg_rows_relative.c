#ifndef TG_ROWS_RELATIVE_C
#define TG_ROWS_RELATIVE_C
#include "tg_platform.h"
#include "tg_bits.c"

/* Rows of a matrix stored as gap codes of `width` bits (2..8) and the int8 values of the survivors.
 *
 * next: column of the next survivor, counted from the start of the next row; the largest code skips that many
 * zeros without a value. A last gap runs to the end of the matrix, so no row reads beyond the stream.
 */
typedef struct {
    tg_bits bits;
    const int8_t *values;
    uint16_t next;
    uint8_t width;
} tg_rows_relative;

static inline uint16_t tg_relative_gap(tg_bits *bits, uint8_t width)
{
    const uint16_t escape = (uint16_t)((1u << width) - 1u);
    uint16_t gap = 0;
    uint16_t code;
    do {
        code = tg_bits_take(bits, width);
        gap = (uint16_t)(gap + code);
    } while (code == escape);
    return gap;
}

static inline void tg_rows_relative_init(tg_rows_relative *rows, const uint8_t *index, const int8_t *values, uint8_t width)
{
    rows->bits.next = index;
    rows->bits.window = 0;
    rows->bits.have = 0;
    rows->values = values;
    rows->width = width;
    rows->next = tg_relative_gap(&rows->bits, width);
}

/* Return the product of the next row with x[columns], x -127..127. */
TG_SHARED int32_t tg_dot_relative_int8(tg_rows_relative *rows, const int8_t *x, uint16_t columns)
{
    tg_bits bits = rows->bits;
    const int8_t *values = rows->values;
    const uint8_t width = rows->width;
    uint16_t next = rows->next;
    int32_t sum = 0;
    while (next < columns) {
        sum += (int16_t)TG_READ_I8(values) * (int16_t)x[next];
        values++;
        next = (uint16_t)(next + 1u + tg_relative_gap(&bits, width));
    }
    rows->bits = bits;
    rows->values = values;
    rows->next = (uint16_t)(next - columns);
    return sum;
}
#endif /* TG_ROWS_RELATIVE_C */
