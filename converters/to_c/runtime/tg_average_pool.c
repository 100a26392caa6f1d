#ifndef TG_AVERAGE_POOL_C
#define TG_AVERAGE_POOL_C
#include "tg_clamp.c"
#include "tg_map.c"
#include "tg_window.c"

/* The mean of what a kernel sees inside an int8 map, channel by channel, rounded half away from zero, clamped.
 *
 * Positions beyond the map do not count; at least one lies inside. out: another place than map; from: the run of the map.
 */
static TG_NOINLINE void tg_average_pool(const tg_window *window, const int8_t *map, uint32_t from, int8_t *out, uint16_t channels,
                                        int8_t low, int8_t high)
{
    const uint32_t row_step = tg_row_step(from, window->columns, channels), step = tg_column_step(from, channels);
    uint16_t row, column, channel;
    for (row = 0; row < window->rows_out; row++) {
        for (column = 0; column < window->columns_out; column++) {
            for (channel = 0; channel < channels; channel++) {
                int32_t sum = 0;
                uint32_t count = 0, size;
                uint8_t i, j;
                for (i = 0; i < window->kernel_rows; i++) {
                    const int32_t y = (int32_t)row * window->stride_rows + i - window->top;
                    for (j = 0; j < window->kernel_columns; j++) {
                        const int32_t x = (int32_t)column * window->stride_columns + j - window->left;
                        if (y >= 0 && x >= 0 && y < window->rows && x < window->columns) {
                            sum += map[(uint32_t)y * row_step + (uint32_t)x * step + channel * from];
                            count++;
                        }
                    }
                }
                size = (sum < 0 ? 0u - (uint32_t)sum : (uint32_t)sum) + count / 2u;
                size /= count;
                *out++ = tg_clamp(sum < 0 ? -(int32_t)size : (int32_t)size, low, high);
            }
        }
    }
}
#endif /* TG_AVERAGE_POOL_C */
