#ifndef TG_DEPTHWISE3_C
#define TG_DEPTHWISE3_C
#include "tg_band.c"

/* A 3x3 depthwise convolution without dilation, channel by channel: the lines of a band of rows are kept aside, so every
 * input is copied before its place is overwritten where `out` is `map`, lies alike and has neither more rows nor more
 * columns.
 *
 * from, to: the runs of map and output. rows: of outputs made at once.
 */
static TG_NOINLINE void tg_depthwise3(const tg_layer *layer, const tg_window *window, const int8_t *weights,
                                      const int8_t *map, uint32_t from, int8_t *out, uint32_t to, uint16_t rows,
                                      uint32_t *work)
{
    const uint32_t row_step = tg_row_step(from, window->columns, window->channels);
    const uint32_t step = tg_column_step(from, window->channels), step_out = tg_column_step(to, window->channels);
    const uint32_t row_step_out = tg_row_step(to, window->columns_out, window->channels);
    const uint32_t columns = window->columns_out, stride = window->stride_rows;
    /* Rows of an output channel follow each other: they are scaled at once. */
    const uint32_t together = row_step_out == columns * step_out ? rows : 1u;
    const tg_band band = tg_band_of(window, rows, work);
    uint16_t channel;
    for (channel = 0; channel < window->channels; channel++) {
        const tg_channel by = tg_channel_of(layer, channel);
        const tg_filter filter = tg_filter_of(TG_LAYER weights);
        int8_t *at = out;
        uint32_t row, now, kept = 0, i;
        for (row = 0; row < window->rows_out; row += now) {
            const uint32_t left = window->rows_out - row;
            const int32_t first = (int32_t)(row * stride) - window->top; /* row of the map in the first line */
            uint32_t lines;
            now = left < rows ? left : rows;
            lines = (now - 1u) * stride + 3u;
            tg_band_fill(&band, window, kept, first + (int32_t)kept, lines - kept, map, step, row_step);
            tg_band_sums(&band, window, &filter, now);
            for (i = 0; i < now; i += together) {
                const uint32_t count = together < now ? together : now;
                tg_scale_run(&by, band.sums + i * columns, at, step_out, count * columns);
                at += count * row_step_out;
            }
            kept = stride < 3 ? 3u - stride : 0;
            if (now < left) {
                tg_band_move(&band, now * stride, lines);
            }
        }
        map += from;
        out += to;
        weights += 9;
    }
}
#endif /* TG_DEPTHWISE3_C */
