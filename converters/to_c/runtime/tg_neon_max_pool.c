#ifndef TG_NEON_MAX_POOL_C
#define TG_NEON_MAX_POOL_C
#include "tg_neon_layer.c"
#include "tg_window.c"

static inline int8x8_t tg_neon_four_at(const int8_t *at)
{
    uint32_t word;
    __builtin_memcpy(&word, at, sizeof word);
    return vreinterpret_s8_u32(vdup_n_u32(word));
}

/* The largest of what a kernel sees inside a map in planes, four channels at a time, clamped; channels: of `map`. */
static TG_NOINLINE void tg_neon_max_pool(const tg_window *window, const int8_t *map, int8_t *out, uint32_t channels,
                                         int8_t low, int8_t high)
{
    const uint32_t in_step = tg_plane_bytes((uint32_t)window->rows * window->columns);
    const uint32_t out_step = tg_plane_bytes((uint32_t)window->rows_out * window->columns_out);
    const int8x8_t least = vdup_n_s8(low), greatest = vdup_n_s8(high);
    uint32_t plane, row, column;
    for (plane = 0; plane < (channels + 3u) / 4u; plane++, map += in_step) {
        int8_t *to = out + plane * out_step;
        for (row = 0; row < window->rows_out; row++) {
            const int32_t y = (int32_t)row * window->stride_rows - window->top;
            for (column = 0; column < window->columns_out; column++, to += 4) {
                const int32_t x = (int32_t)column * window->stride_columns - window->left;
                int8x8_t most = vdup_n_s8(-128);
                int32_t i, j;
                for (i = y < 0 ? -y : 0; i < window->kernel_rows && y + i < window->rows; i++) {
                    for (j = x < 0 ? -x : 0; j < window->kernel_columns && x + j < window->columns; j++) {
                        most = vmax_s8(most, tg_neon_four_at(map + 4 * ((y + i) * (int32_t)window->columns + x + j)));
                    }
                }
                most = vmax_s8(vmin_s8(most, greatest), least);
                vst1_lane_s32((int32_t *)(void *)to, vreinterpret_s32_s8(most), 0);
            }
        }
    }
}
#endif /* TG_NEON_MAX_POOL_C */
