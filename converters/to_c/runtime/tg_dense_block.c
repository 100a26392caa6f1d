#ifndef TG_DENSE_BLOCK_C
#define TG_DENSE_BLOCK_C
#include "tg_dot_pair.c"
#include "tg_scale_run.c"

/* All outputs of `count` positions, 1..TG_BLOCK: dense weights [outputs][n] times pairs of vectors, TG_PAIR_BYTES(n) each.
 *
 * channel_step, step: bytes from output to output and from position to position.
 * The last pair of an odd count has a second vector too, of anything.
 */
static TG_NOINLINE void tg_dense_block(const tg_layer *layer, const int8_t *weights, const tg_lane *lanes, uint16_t n,
                                       uint32_t count, int8_t *out, uint32_t channel_step, uint32_t step)
{
#if TG_WORD_LANES
    uint16_t row;
    int32_t sums[TG_BLOCK];
    for (row = 0; row < layer->outputs; row++) {
        const tg_channel by = tg_channel_of(layer, row);
        tg_dot_lanes(weights, lanes, n, sums, count, row + 1u == layer->outputs);
        tg_scale_run(&by, sums, out, step, count);
        out += channel_step;
        weights += n;
    }
#else
    const uint32_t pair = TG_PAIR_BYTES(n) / sizeof(tg_lane);
    const uint16_t outputs = layer->outputs;
    uint16_t row = 0;
    int32_t sums[2 * TG_BLOCK];
    while (row < outputs) {
        const int two = row + 1u < outputs;
        const tg_lane *next = lanes;
        tg_channel by;
        uint32_t i;
        i = 0;
#if defined(TG_DSP_ASSEMBLER)
        /* Words that run into the next row meet zeros; behind the last row there is nothing to read. */
        if (two && ((n & 3u) == 0 || (n > 4 && row + 2u < outputs))) {
            tg_dot_words(weights, next, n, (n + 3u) & ~3u, sums, sums + count);
            i = count;
        }
#endif
        for (; i < count; i += 2) {
            if (two) {
                tg_dot_two_rows(TG_LAYER weights, next, n, sums + i);
            } else {
                tg_dot_one_row(TG_LAYER weights, next, n, sums + i);
            }
            next += pair;
        }
        by = tg_channel_of(layer, row);
        tg_scale_run(&by, sums, out, step, count);
        out += channel_step;
        row++;
        if (two) {
            by = tg_channel_of(layer, row);
            tg_scale_run(&by, sums + TG_BLOCK, out, step, count);
            out += channel_step;
            row++;
        }
        weights += two ? 2 * n : n;
    }
#endif
}
#endif /* TG_DENSE_BLOCK_C */
