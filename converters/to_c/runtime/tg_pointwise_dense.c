#ifndef TG_POINTWISE_DENSE_C
#define TG_POINTWISE_DENSE_C
#include "tg_dense_pair.c"

/* A 1x1 convolution with dense weights of a map of so many positions, `out` may be `map`: two positions at a time are
 * unpacked before they are overwritten.
 *
 * Where outputs are more than inputs it runs from the end, so that no output falls on an input still to be read.
 * work: a pair of `inputs`.
 */
static TG_NOINLINE void tg_pointwise_dense(const tg_layer *layer, const int8_t *weights, const int8_t *map, int8_t *out,
                                           uint32_t positions, uint32_t *work)
{
    const uint16_t n = layer->inputs, m = layer->outputs;
    const int backward = m > n;
    tg_lane *const lanes = (tg_lane *)work;
    uint32_t done;
    for (done = 0; done < positions; done += 2) {
        uint32_t first = done, second = done + 1;
        if (backward) {
            first = positions - 1 - done;
            second = first - 1;
        }
        second = done + 1 < positions ? second : first;
        tg_vector_load(lanes, map + first * n, n);
        tg_vector_load(TG_SECOND_VECTOR(lanes, n), map + second * n, n);
        tg_dense_pair(layer, weights, lanes, n, out + first * m, out + second * m);
    }
}
#endif /* TG_POINTWISE_DENSE_C */
