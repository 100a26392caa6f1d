#ifndef TG_DEPTHWISE3_C
#define TG_DEPTHWISE3_C
#include "tg_channel_scale.c"

/* Copy one row of one channel between borders of padding; rows beyond the map are all padding. */
static void tg_channel_row(const tg_layer *layer, const int8_t *channel, int32_t row, int8_t *line, uint16_t width)
{
    const int8_t *const end = line + width;
    const int8_t padding = (int8_t)layer->padding;
    if (row >= 0 && row < layer->rows) {
        const uint16_t room = (uint16_t)(width - layer->left);
        const uint16_t step = layer->inputs;
        const int8_t *inner_end;
        channel += (uint32_t)row * layer->rows * step;
        for (inner_end = line + layer->left; line != inner_end;) {
            *line++ = padding;
        }
        inner_end = line + (layer->rows < room ? layer->rows : room);
        while (line != inner_end) {
            *line++ = *channel;
            channel += step;
        }
    }
    while (line != end) {
        *line++ = padding;
    }
}

/* One output row of one channel from three lines. */
static inline void tg_depthwise_row(const tg_layer *layer, const int8_t *w, const tg_channel *by, const int8_t *above,
                                    const int8_t *at, const int8_t *below, int8_t *out)
{
    const int32_t w0 = w[0], w1 = w[1], w2 = w[2], w3 = w[3], w4 = w[4], w5 = w[5], w6 = w[6], w7 = w[7], w8 = w[8];
    const uint8_t stride = layer->stride;
    const uint16_t step = layer->outputs;
    uint16_t left;
    for (left = layer->rows_out; left != 0; left--) {
        int32_t sum = above[0] * w0 + above[1] * w1 + above[2] * w2;
        sum += at[0] * w3 + at[1] * w4 + at[2] * w5;
        sum += below[0] * w6 + below[1] * w7 + below[2] * w8;
        *out = tg_scale_channel(sum, by, layer);
        out += step;
        above += stride;
        at += stride;
        below += stride;
    }
}

/* A 3x3 depthwise convolution, in place, channel by channel: three padded lines of a channel are kept aside, so every
 * input is copied before its place is overwritten.
 *
 * work: three lines of (rows_out - 1) * stride + 3 bytes.
 */
static void tg_depthwise3(const tg_layer *layer, const int8_t *weights, int8_t *map, uint32_t *work)
{
    const uint16_t width = (uint16_t)((layer->rows_out - 1u) * layer->stride + 3u);
    uint16_t channel;
    for (channel = 0; channel < layer->outputs; channel++) {
        const tg_channel by = tg_channel_of(layer, channel);
        int8_t *lines[3];
        int32_t next = -(int32_t)layer->top; /* first row not yet in a line */
        int8_t *out = map + channel;
        uint16_t row;
        uint8_t i;
        for (i = 0; i < 3; i++) {
            lines[i] = (int8_t *)work + i * width;
        }
        for (row = 0; row < layer->rows_out; row++) {
            const int32_t last = (int32_t)row * layer->stride - layer->top + 2;
            for (; next <= last; next++) {
                int8_t *const oldest = lines[0];
                lines[0] = lines[1];
                lines[1] = lines[2];
                lines[2] = oldest;
                tg_channel_row(layer, map + channel, next, oldest, width);
            }
            tg_depthwise_row(layer, weights, &by, lines[0], lines[1], lines[2], out);
            out += (uint32_t)layer->rows_out * layer->outputs;
        }
        weights += 9;
    }
}
#endif /* TG_DEPTHWISE3_C */
