#ifndef TG_PAD_C
#define TG_PAD_C
#include "tg_platform.h"

/* Put a border of `value` around a map of rows x columns x channels bytes; `row` and `left` are columns * channels and
 * left * channels, `width` is a whole row of the output. before, after: bytes above the first row and below the last.
 *
 * Runs from the end, so that out may begin where the map does, and hold it behind the border's first bytes.
 */
static void tg_pad(const int8_t *map, int8_t *out, uint32_t rows, uint32_t row, uint32_t left, uint32_t width,
                   uint32_t before, uint32_t after, int8_t value)
{
    int8_t *to = out + before + rows * width + after;
    const int8_t *from = map + rows * row;
    uint32_t count;
    for (count = after; count != 0; count--) {
        *--to = value;
    }
    for (; rows != 0; rows--) {
        for (count = width - left - row; count != 0; count--) {
            *--to = value;
        }
        for (count = row; count != 0; count--) {
            *--to = *--from;
        }
        for (count = left; count != 0; count--) {
            *--to = value;
        }
    }
    while (to != out) {
        *--to = value;
    }
}
#endif /* TG_PAD_C */
