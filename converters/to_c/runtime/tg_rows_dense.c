#ifndef TG_ROWS_DENSE_C
#define TG_ROWS_DENSE_C
#include "tg_platform.h"

/* Rows of a dense int8 matrix, row-major; values -127..127. */
typedef struct {
    const int8_t *values;
} tg_rows_dense;

static inline void tg_rows_dense_init(tg_rows_dense *rows, const int8_t *values)
{
    rows->values = values;
}

/* Return the product of the next row with x[columns], x -127..127. */
TG_SHARED int32_t tg_dot_dense_int8(tg_rows_dense *rows, const int8_t *x, uint16_t columns)
{
    const int8_t *values = rows->values;
    const int8_t *end = x + columns;
    int32_t sum = 0;
    while (x != end) {
        sum += (int16_t)TG_READ_I8(values) * (int16_t)*x;
        values++;
        x++;
    }
    rows->values = values;
    return sum;
}
#endif /* TG_ROWS_DENSE_C */
