#ifndef TG_ROWS_C
#define TG_ROWS_C
#include "tg_platform.h"

/* TG_ROWS(INDEX, VALUES) defines tg_rows_<index>_<values>, the rows of a matrix whose positions come from
 * tg_index_<index>.c and whose values from tg_values_<values>.c, and tg_dot_<index>_<values>, which returns the product
 * of the next row with x[columns], x -127..127.
 *
 * tg_row_<index> begins a row; tg_column_<index> gives its next column, or 0 at its end; tg_times_<values> multiplies
 * by the next value.
 */
#define TG_ROWS(INDEX, VALUES) \
    typedef struct { \
        tg_index_##INDEX index; \
        tg_values_##VALUES values; \
    } tg_rows_##INDEX##_##VALUES; \
    TG_SHARED int32_t tg_dot_##INDEX##_##VALUES(tg_rows_##INDEX##_##VALUES *rows, const int8_t *x, uint16_t columns) \
    { \
        tg_index_##INDEX index = rows->index; \
        tg_values_##VALUES values = rows->values; \
        int32_t sum = 0; \
        uint16_t column; \
        tg_row_##INDEX(&index); \
        while (tg_column_##INDEX(&index, columns, &column)) { \
            sum += tg_times_##VALUES(&values, x[column]); \
        } \
        rows->index = index; \
        rows->values = values; \
        return sum; \
    }
#endif /* TG_ROWS_C */
