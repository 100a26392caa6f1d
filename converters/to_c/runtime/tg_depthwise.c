#ifndef TG_DEPTHWISE_C
#define TG_DEPTHWISE_C
#include "tg_channel_scale.c"
#include "tg_window.c"

/* The sum of one filter at one position of one channel; taps beyond the map count as the input's zero point. */
static inline int32_t tg_depthwise_sum(TG_TAKES_LAYER const tg_window *window, const int8_t *w, const int8_t *channel, int32_t top,
                                       int32_t left)
{
    int32_t sum = 0;
    uint8_t i, j;
    for (i = 0; i < window->kernel_rows; i++) {
        const int32_t y = top + i * TG_DILATION_ROWS(window);
        for (j = 0; j < window->kernel_columns; j++) {
            const int32_t x = left + j * TG_DILATION_COLUMNS(window);
            int32_t value = window->padding;
            if (y >= 0 && x >= 0 && y < window->rows && x < window->columns) {
                value = channel[((uint32_t)y * window->columns + (uint32_t)x) * window->channels];
            }
            sum += value * TG_READ_WEIGHT(w);
            w++;
        }
    }
    return sum;
}

/* A depthwise convolution of any kernel, outputs / channels filters a channel; weights [outputs][kernel positions].
 *
 * out: another place than map.
 */
static TG_NOINLINE void tg_depthwise(const tg_layer *layer, const tg_window *window, const int8_t *weights,
                                     const int8_t *map, int8_t *out)
{
    const uint16_t taps = (uint16_t)(window->kernel_rows * window->kernel_columns);
    const uint16_t multiplier = (uint16_t)(layer->outputs / window->channels);
    uint16_t channel, row, column;
    for (channel = 0; channel < layer->outputs; channel++) {
        const tg_channel by = tg_channel_of(layer, channel);
        const int8_t *const from = map + channel / multiplier;
        int8_t *to = out + channel;
        for (row = 0; row < window->rows_out; row++) {
            const int32_t top = (int32_t)row * window->stride_rows - window->top;
            for (column = 0; column < window->columns_out; column++) {
                const int32_t left = (int32_t)column * window->stride_columns - window->left;
                *to = tg_scale_channel(tg_depthwise_sum(TG_LAYER window, weights, from, top, left), &by);
                to += layer->outputs;
            }
        }
        weights += taps;
    }
}
#endif /* TG_DEPTHWISE_C */
