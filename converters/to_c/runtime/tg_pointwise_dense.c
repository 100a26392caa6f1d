#ifndef TG_POINTWISE_DENSE_C
#define TG_POINTWISE_DENSE_C
#include "tg_dense_block.c"
#include "tg_map.c"

#if TG_DSP
#define TG_LOW_HALVES(a, b) (((a) & 0xFFFFu) | (b) << 16)
#define TG_HIGH_HALVES(a, b) ((a) >> 16 | ((b) & 0xFFFF0000u))

/* Unpack four neighbouring positions of n planes `run` bytes apart into two pairs. */
static void tg_planes_load(tg_lane *lanes, const int8_t *plane, uint32_t run, uint16_t n)
{
    tg_lane *const end = lanes + TG_PAIR_BYTES(n) / sizeof(tg_lane);
    tg_lane *second = end;
    uint32_t left = n;
    while (lanes != end) {
        /* Channels 0 and 2, 1 and 3 go together; those that are not there meet weights of 0. */
        uint32_t a = tg_word_at(plane), b = 0, c = 0, d = 0;
        if (left >= 4) {
            b = tg_word_at(plane + run);
            c = tg_word_at(plane + 2 * run);
            d = tg_word_at(plane + 3 * run);
        } else {
            b = left > 1 ? tg_word_at(plane + run) : 0;
            c = left > 2 ? tg_word_at(plane + 2 * run) : 0;
        }
        plane += 4 * run;
        left -= 4;
        lanes[0] = TG_LOW_HALVES(TG_SXTB16(a), TG_SXTB16(c));
        lanes[1] = TG_LOW_HALVES(TG_SXTB16(b), TG_SXTB16(d));
        lanes[2] = TG_LOW_HALVES(TG_ODD_BYTES(a), TG_ODD_BYTES(c));
        lanes[3] = TG_LOW_HALVES(TG_ODD_BYTES(b), TG_ODD_BYTES(d));
        second[0] = TG_HIGH_HALVES(TG_SXTB16(a), TG_SXTB16(c));
        second[1] = TG_HIGH_HALVES(TG_SXTB16(b), TG_SXTB16(d));
        second[2] = TG_HIGH_HALVES(TG_ODD_BYTES(a), TG_ODD_BYTES(c));
        second[3] = TG_HIGH_HALVES(TG_ODD_BYTES(b), TG_ODD_BYTES(d));
        lanes += 4;
        second += 4;
    }
}
#elif TG_WORD_LANES
static void tg_planes_load(tg_lane *lanes, const int8_t *plane, uint32_t run, uint16_t n)
{
    const uint32_t pair = TG_PAIR_BYTES(n) / sizeof *lanes;
    const tg_lane *const end = lanes + n;
    while (lanes != end) {
        lanes[pair] = (uint32_t)plane[2] + ((uint32_t)plane[3] << 16);
        *lanes++ = (uint32_t)plane[0] + ((uint32_t)plane[1] << 16);
        plane += run;
    }
    tg_lanes_end(lanes, n);
    tg_lanes_end(lanes + pair, n);
}
#else
static void tg_planes_load(tg_lane *lanes, const int8_t *plane, uint32_t run, uint16_t n)
{
    uint8_t i;
    for (i = 0; i < 4; i++) {
        tg_lane *const end = lanes + n;
        const int8_t *value = plane + i;
        while (lanes != end) {
            *lanes++ = *value;
            value += run;
        }
        if (i == 1) {
            lanes += TG_PAIR_BYTES(n) - 2u * n;
        }
    }
}
#endif

/* A 1x1 convolution with dense weights of a map of so many positions, `out` may be `map`: a block of 2, 4 or 8 positions
 * at a time is unpacked before it is overwritten, of 4 or 8 where the channels of the map lie apart.
 *
 * from, to: the runs of map and output, 1 or all positions rounded up to a multiple of 4, both 1 or neither where `out` is
 * `map`. Where outputs lie together and are more than inputs it runs from the end, so that no output falls on an input
 * still to be read.
 * work: a pair of `inputs` for every two positions of a block.
 */
static TG_NOINLINE void tg_pointwise_dense(const tg_layer *layer, const int8_t *weights, const int8_t *map, uint32_t from,
                                           int8_t *out, uint32_t to, uint32_t positions, uint32_t block, uint32_t *work)
{
    const uint16_t n = layer->inputs, m = layer->outputs;
    const int backward = to == 1 && m > n;
    const uint32_t pair = TG_PAIR_BYTES(n) / sizeof(tg_lane), step = tg_column_step(to, m);
    uint32_t done, count, i;
    for (done = 0; done < positions; done += count) {
        const uint32_t left = positions - done;
        uint32_t first;
        count = left < block ? left : block;
        first = backward ? left - count : done;
        if (from == 1) {
            for (i = 0; i < count; i++) {
                tg_lane *const lanes = (tg_lane *)work + (i >> 1) * pair;
                tg_vector_load(lanes, map + (first + i) * n, n, i & 1u);
            }
        } else {
            for (i = 0; i < count; i += 4) {
                tg_planes_load((tg_lane *)work + (i >> 1) * pair, map + first + i, from, n);
            }
        }
        tg_dense_block(layer, weights, (tg_lane *)work, n, count, out + first * step, to, step);
    }
}
#endif /* TG_POINTWISE_DENSE_C */
