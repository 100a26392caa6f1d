#ifndef TG_POINTWISE_DENSE_C
#define TG_POINTWISE_DENSE_C
#include "tg_dense_block.c"

/* A 1x1 convolution with dense weights of a map of so many positions, `out` may be `map`: a block of 2, 4 or 8 positions
 * at a time is unpacked before it is overwritten.
 *
 * Where outputs are more than inputs it runs from the end, so that no output falls on an input still to be read.
 * work: a pair of `inputs` for every two positions of a block.
 */
static TG_NOINLINE void tg_pointwise_dense(const tg_layer *layer, const int8_t *weights, const int8_t *map, int8_t *out,
                                           uint32_t positions, uint32_t block, uint32_t *work)
{
    const uint16_t n = layer->inputs, m = layer->outputs;
    const int backward = m > n;
    const uint32_t pair = TG_PAIR_BYTES(n) / sizeof(tg_lane);
    uint32_t done, count, i;
    for (done = 0; done < positions; done += count) {
        const uint32_t left = positions - done;
        uint32_t first;
        count = left < block ? left : block;
        first = backward ? left - count : done;
        for (i = 0; i < count; i++) {
            tg_lane *const lanes = (tg_lane *)work + (i >> 1) * pair;
            tg_vector_load(i & 1u ? TG_SECOND_VECTOR(lanes, n) : lanes, map + (first + i) * n, n);
        }
        tg_dense_block(layer, weights, (tg_lane *)work, n, count, out + first * m);
    }
}
#endif /* TG_POINTWISE_DENSE_C */
