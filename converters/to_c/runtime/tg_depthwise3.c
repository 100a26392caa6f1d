#ifndef TG_DEPTHWISE3_C
#define TG_DEPTHWISE3_C
#include "tg_channel_scale.c"
#include "tg_dsp.c"
#include "tg_window.c"

/* Copy one row of one channel between borders of padding; rows beyond the map are all padding. */
static void tg_channel_row(const tg_window *window, const int8_t *channel, int32_t row, int8_t *line, uint16_t width)
{
    const int8_t *const end = line + width;
    const int8_t padding = window->padding;
    if (row >= 0 && row < window->rows) {
        const uint16_t room = (uint16_t)(width - window->left);
        const uint16_t step = window->channels;
        const int8_t *inner_end;
        channel += (uint32_t)row * window->columns * step;
        for (inner_end = line + window->left; line != inner_end;) {
            *line++ = padding;
        }
        inner_end = line + (window->columns < room ? window->columns : room);
        while (line != inner_end) {
            *line++ = *channel;
            channel += step;
        }
    }
    while (line != end) {
        *line++ = padding;
    }
}

#if TG_DSP
/* One line's part of a sum: four bytes are fetched, the outer two multiplied in one instruction. */
static inline int32_t tg_add_three(const int8_t *x, uint32_t outer, int32_t middle, int32_t sum)
{
    const uint32_t word = tg_word_at(x);
    sum = TG_SMLAD(TG_SXTB16(word), outer, sum);
    return sum + (int16_t)TG_ODD_BYTES(word) * middle;
}
typedef uint32_t tg_outer;
#define TG_OUTER(w) ((uint32_t)(uint16_t)(w)[0] | (uint32_t)(uint16_t)(w)[2] << 16)
#else
static inline int32_t tg_add_three(const int8_t *x, const int8_t *w, int32_t middle, int32_t sum)
{
    return sum + x[0] * w[0] + x[1] * middle + x[2] * w[2];
}
typedef const int8_t *tg_outer;
#define TG_OUTER(w) (w)
#endif

/* One output row of one channel from three lines. */
static TG_NOINLINE void tg_depthwise_row(const tg_window *window, const int8_t *w, const tg_channel *of,
                                         int8_t *const lines[3], int8_t *out)
{
    const tg_channel by = *of;
    const int8_t *above = lines[0], *at = lines[1], *below = lines[2];
    const uint8_t stride = window->stride_columns;
    const uint16_t step = window->channels;
    const tg_outer outer_above = TG_OUTER(w), outer_at = TG_OUTER(w + 3), outer_below = TG_OUTER(w + 6);
    const int32_t middle_above = w[1], middle_at = w[4], middle_below = w[7];
    uint16_t left;
    for (left = window->columns_out; left != 0; left--) {
        int32_t sum = tg_add_three(above, outer_above, middle_above, 0);
        sum = tg_add_three(at, outer_at, middle_at, sum);
        sum = tg_add_three(below, outer_below, middle_below, sum);
        *out = tg_scale_channel(sum, &by);
        out += step;
        above += stride;
        at += stride;
        below += stride;
    }
}

/* A 3x3 depthwise convolution without dilation, channel by channel: three padded lines of a channel are kept aside, so
 * every input is copied before its place is overwritten where `out` is `map` and has neither more rows nor more columns.
 *
 * work: three lines of (columns_out - 1) * stride + 3 bytes, and one byte that may be read beyond them.
 */
static TG_NOINLINE void tg_depthwise3(const tg_layer *layer, const tg_window *window, const int8_t *weights,
                                      const int8_t *map, int8_t *out, uint32_t *work)
{
    const uint16_t width = (uint16_t)((window->columns_out - 1u) * window->stride_columns + 3u);
    uint16_t channel;
    for (channel = 0; channel < window->channels; channel++) {
        const tg_channel by = tg_channel_of(layer, channel);
        int8_t *lines[3];
        int32_t next = -(int32_t)window->top; /* first row not yet in a line */
        int8_t *at = out + channel;
        uint16_t row;
        uint8_t i;
        for (i = 0; i < 3; i++) {
            lines[i] = (int8_t *)work + i * width;
        }
        for (row = 0; row < window->rows_out; row++) {
            const int32_t last = (int32_t)row * window->stride_rows - window->top + 2;
            for (; next <= last; next++) {
                int8_t *const oldest = lines[0];
                lines[0] = lines[1];
                lines[1] = lines[2];
                lines[2] = oldest;
                tg_channel_row(window, map + channel, next, oldest, width);
            }
            tg_depthwise_row(window, weights, &by, lines, at);
            at += (uint32_t)window->columns_out * window->channels;
        }
        weights += 9;
    }
}
#endif /* TG_DEPTHWISE3_C */
