#ifndef TG_MAX_POOL_C
#define TG_MAX_POOL_C
#include "tg_clamp.c"
#include "tg_map.c"
#include "tg_window.c"

/* The largest of what a kernel sees inside an int8 map, channel by channel, clamped; out: another place than
 * map; from: the run of the map.
 */
static TG_NOINLINE void tg_max_pool(const tg_window *window, const int8_t *map, uint32_t from, int8_t *out, uint16_t channels,
                                    int8_t low, int8_t high)
{
    const uint32_t row_step = tg_row_step(from, window->columns, channels), step = tg_column_step(from, channels);
    uint16_t row, column, channel;
    for (row = 0; row < window->rows_out; row++) {
        for (column = 0; column < window->columns_out; column++) {
            for (channel = 0; channel < channels; channel++) {
                int32_t most = -128;
                uint8_t i, j;
                for (i = 0; i < window->kernel_rows; i++) {
                    const int32_t y = (int32_t)row * window->stride_rows + i - window->top;
                    for (j = 0; j < window->kernel_columns; j++) {
                        const int32_t x = (int32_t)column * window->stride_columns + j - window->left;
                        if (y >= 0 && x >= 0 && y < window->rows && x < window->columns) {
                            const int8_t value = map[(uint32_t)y * row_step + (uint32_t)x * step + channel * from];
                            most = value > most ? value : most;
                        }
                    }
                }
                *out++ = tg_clamp(most, low, high);
            }
        }
    }
}
#endif /* TG_MAX_POOL_C */
