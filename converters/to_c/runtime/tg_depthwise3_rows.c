#ifndef TG_DEPTHWISE3_ROWS_C
#define TG_DEPTHWISE3_ROWS_C
#include "tg_band.c"

/* A 3x3 depthwise convolution without dilation of a map of which only the last three rows are kept: row y lies in slot
 * y % 3 of `slots`, the channels of a slot `run` bytes apart. Writes the rows of outputs that need no row behind `last`,
 * the newest, and needed that one.
 */
static TG_NOINLINE void tg_depthwise3_rows(const tg_layer *layer, const tg_window *window, const int8_t *weights,
                                           const int8_t *slots, uint32_t run, uint32_t last, int8_t *out,
                                           uint32_t to, uint32_t *work)
{
    const uint32_t step_out = tg_column_step(to, window->channels);
    const uint32_t row_step_out = tg_row_step(to, window->columns_out, window->channels);
    uint16_t row;
    for (row = 0; row < window->rows_out; row++) {
        const int32_t first = (int32_t)row * window->stride_rows - window->top;
        const uint32_t needed = first + 2 < (int32_t)window->rows ? (uint32_t)(first + 2) : window->rows - 1u;
        const int8_t *w = weights;
        const int8_t *slot[3];
        tg_band band;
        uint16_t channel;
        uint8_t i;
        if (needed != last) {
            continue;
        }
        band = tg_band_of(window, 1, work);
        for (i = 0; i < 3; i++) {
            slot[i] = slots + (uint32_t)(first + i) % 3u * window->channels * run;
        }
        for (channel = 0; channel < window->channels; channel++) {
            const tg_channel by = tg_channel_of(layer, channel);
            const tg_filter filter = tg_filter_of(TG_LAYER w);
            for (i = 0; i < 3; i++) {
                tg_band_fill(&band, window, i, first + i, 1, slot[i], 1, 0);
                slot[i] += run;
            }
            tg_band_sums(&band, window, &filter, 1);
            tg_scale_run(&by, band.sums, out + row * row_step_out + channel * to, step_out, window->columns_out);
            w += 9;
        }
    }
}
#endif /* TG_DEPTHWISE3_ROWS_C */
