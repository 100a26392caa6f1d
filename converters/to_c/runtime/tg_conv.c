#ifndef TG_CONV_C
#define TG_CONV_C
#include "tg_dense_pair.c"
#include "tg_window.c"

/* Write `count` bytes of padding and return their end. */
static inline int8_t *tg_fill(int8_t *next, int8_t value, uint32_t count)
{
    for (; count != 0; count--) {
        *next++ = value;
    }
    return next;
}

/* Unpack what one output position sees of an int8 map [rows][columns][channels] into a vector.
 *
 * patch: kernel positions * channels bytes of work space.
 */
static void tg_patch(const tg_window *window, const int8_t *map, uint16_t row, uint16_t column, int8_t *patch,
                     tg_lane *vector)
{
    const uint16_t channels = window->channels;
    const int32_t left = (int32_t)column * window->stride_columns - window->left;
    int8_t *next = patch;
    uint8_t i, j;
    for (i = 0; i < window->kernel_rows; i++) {
        const int32_t y = (int32_t)row * window->stride_rows + i * TG_DILATION_ROWS(window) - window->top;
        for (j = 0; j < window->kernel_columns; j++) {
            const int32_t x = left + j * TG_DILATION_COLUMNS(window);
            int8_t *const end = next + channels;
            if (y < 0 || x < 0 || y >= window->rows || x >= window->columns) {
                next = tg_fill(next, window->padding, channels);
            } else {
                const int8_t *at = map + ((uint32_t)y * window->columns + (uint32_t)x) * channels;
                while (next != end) {
                    *next++ = (int8_t)(*at++ ^ window->flip);
                }
            }
        }
    }
    tg_vector_load(vector, patch, (uint16_t)(next - patch));
}

/* A convolution with dense weights, patch by patch, two positions at a time.
 *
 * work: a pair and a patch of kernel positions * channels, at most 65535. The input may lie behind the output in the same
 * memory, from the offset on that the converter proved.
 */
static TG_NOINLINE void tg_conv(const tg_layer *layer, const tg_window *window, const int8_t *weights,
                                const int8_t *map, int8_t *out, uint32_t *work)
{
    const uint16_t n = (uint16_t)(window->kernel_rows * window->kernel_columns * window->channels);
    tg_lane *const lanes = (tg_lane *)work;
    int8_t *const patch = (int8_t *)(work + TG_PAIR_BYTES(n) / 4u);
    uint16_t row, column;
    for (row = 0; row < window->rows_out; row++) {
        for (column = 0; column < window->columns_out; column = (uint16_t)(column + 2u)) {
            const uint16_t pair = (uint16_t)(column + 1u < window->columns_out ? 1u : 0u);
            tg_patch(window, map, row, column, patch, lanes);
            tg_patch(window, map, row, (uint16_t)(column + pair), patch, TG_SECOND_VECTOR(lanes, n));
            tg_dense_pair(layer, weights, lanes, n, out, out + pair * layer->outputs);
            out += (1u + pair) * layer->outputs;
        }
    }
}
#endif /* TG_CONV_C */
