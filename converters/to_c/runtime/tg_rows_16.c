#ifndef TG_ROWS_16_C
#define TG_ROWS_16_C
#include "tg_mac_16.c"
#include "tg_platform.h"

/* TG_ROWS_16(INDEX, VALUES) is TG_ROWS of tg_rows.c for vectors of 16 bits: tg_rows_16_<index>_<values>, and
 * tg_dot_16_<index>_<values>, which returns the product of the next row with x[columns], x -32767..32767.
 */
#define TG_ROWS_16(INDEX, VALUES) \
    typedef struct { \
        tg_index_##INDEX index; \
        tg_values_##VALUES values; \
    } tg_rows_16_##INDEX##_##VALUES; \
    TG_SHARED int32_t tg_dot_16_##INDEX##_##VALUES(tg_rows_16_##INDEX##_##VALUES *rows, const int16_t *x, \
                                                   uint16_t columns) \
    { \
        tg_index_##INDEX index = rows->index; \
        tg_values_##VALUES values = rows->values; \
        int32_t sum = 0; \
        uint16_t column; \
        tg_row_##INDEX(&index); \
        while (tg_column_##INDEX(&index, columns, &column)) { \
            sum = tg_mac_16(sum, (int8_t)tg_times_##VALUES(&values, 1), x[column]); \
        } \
        rows->index = index; \
        rows->values = values; \
        return sum; \
    }
#endif /* TG_ROWS_16_C */
