#ifndef TG_DENSE_PAIR_C
#define TG_DENSE_PAIR_C
#include "tg_channel_scale.c"
#include "tg_dot_pair.c"

/* All outputs of two positions: dense weights [outputs][n] times a pair of vectors, to out_a and out_b. */
static TG_NOINLINE void tg_dense_pair(const tg_layer *layer, const int8_t *weights, const tg_lane *lanes, uint16_t n,
                                      int8_t *out_a, int8_t *out_b)
{
    const uint16_t outputs = layer->outputs;
    uint16_t row = 0;
    for (; row + 1u < outputs; row = (uint16_t)(row + 2u)) {
        tg_pair upper, lower;
        tg_channel by = tg_channel_of(layer, row);
        tg_dot_two_rows(weights, lanes, n, &upper, &lower);
        out_a[row] = tg_scale_channel(upper.first, &by);
        out_b[row] = tg_scale_channel(upper.second, &by);
        by = tg_channel_of(layer, (uint16_t)(row + 1u));
        out_a[row + 1] = tg_scale_channel(lower.first, &by);
        out_b[row + 1] = tg_scale_channel(lower.second, &by);
        weights += 2 * n;
    }
    if (row < outputs) {
        tg_pair sums;
        const tg_channel by = tg_channel_of(layer, row);
        tg_dot_one_row(weights, lanes, n, &sums);
        out_a[row] = tg_scale_channel(sums.first, &by);
        out_b[row] = tg_scale_channel(sums.second, &by);
    }
}
#endif /* TG_DENSE_PAIR_C */
