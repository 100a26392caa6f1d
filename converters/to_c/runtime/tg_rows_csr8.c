#include "tg_platform.h"

/* Rows of a matrix stored as a count byte and that many column bytes a row, and the int8 values. */
typedef struct {
    const uint8_t *index;
    const int8_t *values;
} tg_rows_csr8;

static inline void tg_rows_csr8_init(tg_rows_csr8 *rows, const uint8_t *index, const int8_t *values)
{
    rows->index = index;
    rows->values = values;
}

/* Return the product of the next row with x, x -127..127; longest is not needed. */
TG_SHARED int32_t tg_dot_csr8_int8(tg_rows_csr8 *rows, const int8_t *x, uint16_t longest)
{
    const int8_t *values = rows->values;
    const uint8_t *index = rows->index + 1;
    const uint8_t *end = index + TG_READ_U8(rows->index);
    int32_t sum = 0;
    (void)longest;
    while (index != end) {
        sum += (int16_t)TG_READ_I8(values) * (int16_t)x[TG_READ_U8(index)];
        values++;
        index++;
    }
    rows->index = index;
    rows->values = values;
    return sum;
}
