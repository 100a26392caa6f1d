#ifndef TG_CONV_C
#define TG_CONV_C
#include "tg_dense_block.c"
#include "tg_map.c"
#include "tg_window.c"

/* Write `count` bytes of padding and return their end. */
static inline int8_t *tg_fill(int8_t *next, int8_t value, uint32_t count)
{
    for (; count != 0; count--) {
        *next++ = value;
    }
    return next;
}

/* Copy `count` bytes, pixels as their int8 values, and return the end of the copy. */
static inline TG_ALWAYS_INLINE int8_t *tg_run(int8_t *next, const int8_t *at, uint32_t count, uint8_t flip)
{
#if TG_DSP
    const uint32_t flips = flip * 0x01010101u;
    for (; count >= 4; count -= 4) {
        tg_word_to(next, tg_word_at(at) ^ flips);
        next += 4;
        at += 4;
    }
#endif
    for (; count != 0; count--) {
        *next++ = (int8_t)(*at++ ^ flip);
    }
    return next;
}

/* Unpack what one output position sees of an int8 map [rows][columns][channels] into a vector of a pair.
 *
 * patch: kernel positions * channels bytes of work space.
 */
static void tg_patch(const tg_window *window, const int8_t *map, uint16_t row, uint16_t column, int8_t *patch,
                     tg_lane *lanes, uint32_t second)
{
    const uint16_t channels = window->channels;
    const int32_t left = (int32_t)column * window->stride_columns - window->left;
    const int whole = TG_DILATION_COLUMNS(window) == 1 && left >= 0 && left + window->kernel_columns <= window->columns;
    int8_t *next = patch;
    uint8_t i, j;
    for (i = 0; i < window->kernel_rows; i++) {
        const int32_t y = (int32_t)row * window->stride_rows + i * TG_DILATION_ROWS(window) - window->top;
        if (whole && y >= 0 && y < window->rows) { /* a row of the kernel lies in one piece */
            next = tg_run(next, map + ((uint32_t)y * window->columns + (uint32_t)left) * channels,
                          (uint32_t)window->kernel_columns * channels, window->flip);
            continue;
        }
        for (j = 0; j < window->kernel_columns; j++) {
            const int32_t x = left + j * TG_DILATION_COLUMNS(window);
            if (y < 0 || x < 0 || y >= window->rows || x >= window->columns) {
                next = tg_fill(next, window->padding, channels);
            } else {
                next = tg_run(next, map + ((uint32_t)y * window->columns + (uint32_t)x) * channels, channels, window->flip);
            }
        }
    }
    tg_vector_load(lanes, patch, (uint16_t)(next - patch), second);
}

/* A convolution with dense weights, patch by patch, a block of 2, 4 or 8 positions of one row at a time; `to` is the run
 * of the output.
 *
 * work: a pair of kernel positions * channels, at most 65535, for every two positions of a block, and one patch. The input
 * may lie behind the output in the same memory, from the offset on that the converter proved.
 */
static TG_NOINLINE void tg_conv(const tg_layer *layer, const tg_window *window, const int8_t *weights,
                                const int8_t *map, int8_t *out, uint32_t to, uint32_t block, uint32_t *work)
{
    const uint16_t n = (uint16_t)(window->kernel_rows * window->kernel_columns * window->channels);
    const uint32_t pair = TG_PAIR_BYTES(n) / sizeof(tg_lane);
    int8_t *const patch = (int8_t *)(work + block / 2u * (TG_PAIR_BYTES(n) / 4u));
    const uint32_t step = tg_column_step(to, layer->outputs);
    uint16_t row;
    uint32_t column;
    for (row = 0; row < window->rows_out; row++) {
        for (column = 0; column < window->columns_out; column += block) {
            const uint32_t left = window->columns_out - column;
            const uint32_t count = left < block ? left : block;
            uint32_t i;
            for (i = 0; i < count; i++) {
                tg_lane *const lanes = (tg_lane *)work + (i >> 1) * pair;
                tg_patch(window, map, row, (uint16_t)(column + i), patch, lanes, i & 1u);
            }
            tg_dense_block(layer, weights, (tg_lane *)work, n, count, out + column * step, to, step);
        }
        out += tg_row_step(to, window->columns_out, layer->outputs);
    }
}
#endif /* TG_CONV_C */
