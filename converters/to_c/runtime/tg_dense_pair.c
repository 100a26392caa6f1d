#ifndef TG_DENSE_PAIR_C
#define TG_DENSE_PAIR_C
#include "tg_channel_scale.c"
#include "tg_dot_pair.c"

/* All outputs of two positions: dense weights [outputs][n] times the vectors a and b, to out_a and out_b. */
static TG_NOINLINE void tg_dense_pair(const tg_layer *layer, const int8_t *weights, const tg_lane *a,
                                      const tg_lane *b, uint16_t n, int8_t *out_a, int8_t *out_b)
{
    const uint16_t outputs = layer->outputs;
    uint16_t row = 0;
    for (; row + 1u < outputs; row = (uint16_t)(row + 2u)) {
        tg_pair upper = {0, 0}, lower = {0, 0};
        tg_channel by = tg_channel_of(layer, row);
        tg_dot_two_rows(weights, a, b, n, &upper, &lower);
        out_a[row] = tg_scale_channel(upper.first, &by, layer);
        out_b[row] = tg_scale_channel(upper.second, &by, layer);
        by = tg_channel_of(layer, (uint16_t)(row + 1u));
        out_a[row + 1] = tg_scale_channel(lower.first, &by, layer);
        out_b[row + 1] = tg_scale_channel(lower.second, &by, layer);
        weights += 2 * n;
    }
    if (row < outputs) {
        tg_pair sums = {0, 0};
        const tg_channel by = tg_channel_of(layer, row);
        tg_dot_one_row(weights, a, b, n, &sums);
        out_a[row] = tg_scale_channel(sums.first, &by, layer);
        out_b[row] = tg_scale_channel(sums.second, &by, layer);
    }
}
#endif /* TG_DENSE_PAIR_C */
