#ifndef TG_POINTWISE_SPARSE_C
#define TG_POINTWISE_SPARSE_C
#include "tg_map.c"
#include "tg_sparse_channel.c"

/* Copy a channel of `count` positions, 1 or more, into its plane of `width` bytes. */
static inline void tg_plane(const int8_t *value, uint16_t step, int8_t *plane, uint32_t count, uint32_t width)
{
    const int8_t *const end = plane + count, *const whole = plane + width;
    while (plane != end) {
        *plane++ = *value;
        value += step;
    }
    while (plane != whole) {
        *plane++ = 0;
    }
}

/* Copy so many neighbouring positions, rounded up to a multiple of 4, into a plane. */
static inline void tg_plane_words(const int8_t *positions, int8_t *plane, uint32_t count)
{
    const uint32_t *word = (const uint32_t *)(const void *)positions;
    uint32_t *to = (uint32_t *)(void *)plane;
    const uint32_t *const end = to + (count + 3u) / 4u;
    while (to != end) {
        *to++ = *word++;
    }
}

/* A 1x1 convolution with sparse weights, `out` may be `map`: the inputs of a band of positions are copied aside as planes,
 * then each row of weights is read from flash and goes over the band.
 *
 * from, to: the runs of map and output, 1 or all positions rounded up to a multiple of 4, both 1 or neither where `out` is
 * `map`. Where outputs lie together and are more than inputs it runs from the end, so that no output falls on an input
 * still to be read.
 * band: positions, a multiple of 4; inputs * band at most 65536. 0: `out` lies elsewhere, and the map, whose channels lie
 * apart, is read where it is; inputs * from at most 65536.
 * work: inputs * band bytes for planes, room for one row's survivors and for two words more.
 */
static TG_NOINLINE void tg_pointwise_sparse(const tg_layer *layer, tg_begin_rows begin, const int8_t *map, uint32_t from,
                                            int8_t *out, uint32_t to, uint32_t positions, uint32_t band, uint32_t *work)
{
    const uint16_t inputs = layer->inputs, outputs = layer->outputs;
    const uint32_t step = tg_column_step(to, outputs);
    const int backward = to == 1 && outputs > inputs;
    const int8_t *const planes = band == 0 ? map : (int8_t *)work;
    tg_survivor *const entries = work + inputs * band / 4u;
    tg_survivor_rows rows;
    uint32_t done, count;
    for (done = 0; done < positions; done += count) {
        const uint32_t left = positions - done;
        uint32_t first;
        uint16_t channel;
        int8_t *at;
        count = left < band || band == 0 ? left : band;
        first = backward ? left - count : done;
        if (band != 0) {
            int8_t *plane = (int8_t *)work;
            for (channel = 0; channel < inputs; channel++) {
                if (from == 1) {
                    tg_plane(map + first * inputs + channel, inputs, plane, count, band);
                } else {
                    tg_plane_words(map + channel * from + first, plane, count);
                }
                plane += band;
            }
        }
        begin(&rows, layer->index, layer->values);
        rows.step = (uint16_t)(band == 0 ? from : band);
        at = out + first * step;
        for (channel = 0; channel < outputs; channel++) {
            const tg_channel by = tg_channel_of(layer, channel);
            *rows.next_row(&rows, entries, inputs) = 0;
            tg_sparse_channel(&by, entries, planes, at, step, count);
            at += to;
        }
    }
}
#endif /* TG_POINTWISE_SPARSE_C */
