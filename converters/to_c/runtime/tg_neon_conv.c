#ifndef TG_NEON_CONV_C
#define TG_NEON_CONV_C
#include "tg_neon_layer.c"
#include "tg_window.c"

typedef void (*tg_neon_matrix)(const tg_neon_layer *layer, const int8_t *x, uint32_t step, int8_t *out,
                               uint32_t out_step, uint32_t positions);

/* Copy what one tap sees of one plane for a row of outputs, four channels at a time. y: row of the map. */
static void tg_neon_tap_row(const tg_window *window, const int8_t *plane, int32_t y, int32_t x, int8_t *to)
{
    const int8_t pad[4] = {window->padding, window->padding, window->padding, window->padding};
    const int8_t *from;
    int32_t column = 0, end = window->columns_out;
    for (; column < end && (y < 0 || y >= window->rows || x < 0); column++, x += window->stride_columns, to += 4) {
        __builtin_memcpy(to, pad, 4);
    }
    if (column == end) {
        return;
    }
    from = plane + 4 * (y * (int32_t)window->columns + x);
    for (; column < end && x < window->columns; column++, x += window->stride_columns, to += 4) {
        __builtin_memcpy(to, from, 4);
        from += 4u * window->stride_columns;
    }
    for (; column < end; column++, to += 4) {
        __builtin_memcpy(to, pad, 4);
    }
}

/* A convolution as a matrix times patches, `rows` rows of outputs at a time.
 *
 * work: patches [kernel positions][channels / 4][positions of so many rows, rounded up to four][4], and 16 bytes.
 */
static TG_NOINLINE void tg_neon_conv(const tg_neon_layer *layer, const tg_window *window, tg_neon_matrix multiply,
                                     const int8_t *map, int8_t *out, uint16_t rows, uint32_t *work)
{
    const uint32_t in_step = tg_plane_bytes((uint32_t)window->rows * window->columns);
    const uint32_t out_step = tg_plane_bytes((uint32_t)window->rows_out * window->columns_out);
    const uint32_t planes = (window->channels + 3u) / 4u;
    const uint32_t step = ((uint32_t)rows * window->columns_out + 3u) / 4u * 16u;
    uint32_t first, row, plane;
    uint8_t i, j;
    for (first = 0; first < window->rows_out; first += rows) {
        const uint32_t count = window->rows_out - first < rows ? window->rows_out - first : rows;
        int8_t *to = (int8_t *)work;
        for (i = 0; i < window->kernel_rows; i++) {
            for (j = 0; j < window->kernel_columns; j++) {
                for (plane = 0; plane < planes; plane++, to += step) {
                    for (row = 0; row < count; row++) {
                        const int32_t y = (int32_t)(first + row) * window->stride_rows + i * TG_DILATION_ROWS(window);
                        tg_neon_tap_row(window, map + plane * in_step, y - window->top,
                                        j * TG_DILATION_COLUMNS(window) - window->left,
                                        to + 4u * row * window->columns_out);
                    }
                }
            }
        }
        multiply(layer, (const int8_t *)work, step, out + 4u * first * window->columns_out, out_step,
                 count * window->columns_out);
    }
}
#endif /* TG_NEON_CONV_C */
