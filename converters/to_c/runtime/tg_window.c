#ifndef TG_WINDOW_C
#define TG_WINDOW_C
#include "tg_platform.h"

/* How a kernel moves over a map, rows before columns; in flash. Sizes are 1..65535, steps 1..255.
 *
 * TG_DILATED: some kernel of the model leaves positions out.
 */
typedef struct {
    uint16_t rows; /* of the input */
    uint16_t columns;
    uint16_t channels;
    uint16_t rows_out;
    uint16_t columns_out;
    uint8_t kernel_rows;
    uint8_t kernel_columns;
    uint8_t stride_rows;
    uint8_t stride_columns;
    uint8_t top; /* rows of padding above */
    uint8_t left;
    int8_t padding; /* the input's zero point, which lies around the map */
    uint8_t flip;   /* 0x80 where the map is uint8 pixels and q = pixel - 128, else 0 */
#ifdef TG_DILATED
    uint8_t dilation_rows;
    uint8_t dilation_columns;
#endif
} tg_window;

#ifdef TG_DILATED
#define TG_DILATION_ROWS(window) ((int32_t)(window)->dilation_rows)
#define TG_DILATION_COLUMNS(window) ((int32_t)(window)->dilation_columns)
#else
#define TG_DILATION_ROWS(window) 1
#define TG_DILATION_COLUMNS(window) 1
#endif
#endif /* TG_WINDOW_C */
