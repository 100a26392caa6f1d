#ifndef TG_POINTWISE_SPARSE_C
#define TG_POINTWISE_SPARSE_C
#include "tg_channel_scale.c"
#include "tg_dsp.c"
#include "tg_survivors.c"

/* Sums of four neighbouring positions. */
typedef struct {
    int32_t at[4];
} tg_four;

/* Add one survivor times four bytes of a plane, which begin at a multiple of four. */
static inline void tg_add_four(tg_four *sums, const int8_t *plane, int32_t value)
{
#if TG_DSP
    const uint32_t word = tg_word_at(plane);
    const uint32_t even = TG_SXTB16(word);
    const uint32_t odd = TG_SXTB16(word >> 8 | word << 24);
    sums->at[0] += (int16_t)even * value;
    sums->at[1] += (int16_t)odd * value;
    sums->at[2] += (int16_t)(even >> 16) * value;
    sums->at[3] += (int16_t)(odd >> 16) * value;
#else
    sums->at[0] += plane[0] * value;
    sums->at[1] += plane[1] * value;
    sums->at[2] += plane[2] * value;
    sums->at[3] += plane[3] * value;
#endif
}

/* Four outputs of one channel, of which `count` are stored, `step` bytes apart. */
static inline void tg_store_four(const tg_channel *by, const tg_four *sums, int8_t *out,
                                 uint32_t count, uint16_t step)
{
    out[0] = tg_scale_channel(sums->at[0], by);
    if (count > 1) {
        out[step] = tg_scale_channel(sums->at[1], by);
    }
    if (count > 2) {
        out[2 * step] = tg_scale_channel(sums->at[2], by);
    }
    if (count > 3) {
        out[3 * step] = tg_scale_channel(sums->at[3], by);
    }
}

/* One output channel at all positions; a plane has as many bytes, rounded up to a multiple of four. */
static TG_NOINLINE void tg_sparse_channel(const tg_layer *layer, const tg_channel *by, const tg_survivor *entries,
                                          const tg_survivor *end, const int8_t *planes, uint32_t width, int8_t *out, int32_t left)
{
    const uint16_t step = layer->outputs;
    for (; left > 4; left -= 8) {
        tg_four first = {{0, 0, 0, 0}}, second = {{0, 0, 0, 0}};
        const tg_survivor *entry;
        for (entry = entries; entry != end; entry++) {
            const int8_t *const plane = planes + tg_survivor_column(*entry) * width;
            const int32_t value = tg_survivor_value(*entry);
            tg_add_four(&first, plane, value);
            tg_add_four(&second, plane + 4, value);
        }
        tg_store_four(by, &first, out, 4, step);
        tg_store_four(by, &second, out + 4u * step, (uint32_t)left - 4u, step);
        out += 8u * step;
        planes += 8;
    }
    if (left > 0) {
        tg_four sums = {{0, 0, 0, 0}};
        const tg_survivor *entry;
        for (entry = entries; entry != end; entry++) {
            tg_add_four(&sums, planes + tg_survivor_column(*entry) * width, tg_survivor_value(*entry));
        }
        tg_store_four(by, &sums, out, (uint32_t)left, step);
    }
}

/* A 1x1 convolution with sparse weights, `out` may be `map`: the inputs are copied aside as planes, then each row of
 * weights is read from flash once and goes over all positions.
 *
 * work: inputs * (positions rounded up to a multiple of 4) bytes for planes, and room for one row's survivors.
 */
static TG_NOINLINE void tg_pointwise_sparse(const tg_layer *layer, tg_begin_rows begin, const int8_t *map, int8_t *out,
                                            uint32_t positions, uint32_t *work)
{
    const uint16_t inputs = layer->inputs;
    int8_t *const planes = (int8_t *)work;
    const uint32_t width = (positions + 3u) & ~(uint32_t)3u;
    tg_survivor *const entries = work + inputs * width / 4u;
    tg_survivor_rows rows;
    uint16_t channel;
    begin(&rows, layer->index, layer->values);
    for (channel = 0; channel < inputs; channel++) {
        const int8_t *value = map + channel;
        int8_t *plane = planes + channel * width;
        uint32_t left;
        for (left = positions; left != 0; left--) {
            *plane++ = *value;
            value += inputs;
        }
        for (left = width - positions; left != 0; left--) {
            *plane++ = 0;
        }
    }
    for (channel = 0; channel < layer->outputs; channel++) {
        const tg_channel by = tg_channel_of(layer, channel);
        const tg_survivor *const end = rows.next_row(&rows, entries, inputs);
        tg_sparse_channel(layer, &by, entries, end, planes, width, out + channel, (int32_t)positions);
    }
}
#endif /* TG_POINTWISE_SPARSE_C */
