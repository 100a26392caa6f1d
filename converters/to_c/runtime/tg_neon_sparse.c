#ifndef TG_NEON_SPARSE_C
#define TG_NEON_SPARSE_C
#include "tg_neon_dot.c"
#include "tg_neon_store.c"

/* Keeps loads behind what stands before it, else sums would be moved to memory to make room for them. */
#define TG_IN_ORDER(pointer) __asm__ volatile("" : "+r"(pointer) : : "memory")

#define TG_TILE 112 /* positions; up to 100 have their sums in registers */

/* Add one four of inputs at 4 * `n` positions to `sums`; w: its weights, in `lane` (a digit). */
#define TG_ADD_FOUR(w, lane, group) \
    { \
        const int8_t *here = x + (uintptr_t)(group) * step; \
        TG_UNROLLED \
        for (at = 0; at + 4 <= n; at += 4) { \
            const int8x16x4_t fours = vld1q_s8_x4(here); \
            here += 64; \
            TG_DOT_LANE(dot, sums[at], fours.val[0], w, lane); \
            TG_DOT_LANE(dot, sums[at + 1], fours.val[1], w, lane); \
            TG_DOT_LANE(dot, sums[at + 2], fours.val[2], w, lane); \
            TG_DOT_LANE(dot, sums[at + 3], fours.val[3], w, lane); \
            TG_IN_ORDER(here); \
        } \
        TG_UNROLLED \
        for (; at < n; at++) { \
            const int8x16_t four = vld1q_s8(here); \
            here += 16; \
            TG_DOT_LANE(dot, sums[at], four, w, lane); \
        } \
    }

/* One output at 4 * `n` positions (n 1..25, constant), int8, one behind the other. */
TG_INTO void tg_neon_sparse_row(const tg_neon_layer *layer, uint32_t channel,
                                                       const uint16_t *index, const int8_t *values, const int8_t *x,
                                                       uint32_t step, int8_t *outputs, int n, int dot)
{
    const tg_neon_by by = tg_neon_by_channel(layer, channel);
    const int32x4_t bias = vld1q_dup_s32(layer->bias + channel);
    uint32_t left = layer->counts[channel];
    int32x4_t sums[28];
    int at;
    TG_UNROLLED
    for (at = 0; at < 28; at++) {
        sums[at] = bias;
    }
    for (; left >= 4; left -= 4) {
        const int8x16_t w = vld1q_s8(values);
        TG_ADD_FOUR(w, 0, index[0])
        TG_ADD_FOUR(w, 1, index[1])
        TG_ADD_FOUR(w, 2, index[2])
        TG_ADD_FOUR(w, 3, index[3])
        index += 4;
        values += 16;
    }
    for (; left != 0; left--) {
        const int8x16_t w = vreinterpretq_s8_s32(vld1q_dup_s32((const int32_t *)(const void *)values));
        TG_ADD_FOUR(w, 0, *index)
        index++;
        values += 4;
    }
    TG_UNROLLED
    for (at = 0; at < n; at += 4) {
        vst1q_s8(outputs + 4 * at, tg_neon_outputs(sums[at], sums[at + 1], sums[at + 2], sums[at + 3], &by));
    }
}

/* All outputs at `count` positions, at most 4 * n. */
TG_INTO void tg_neon_sparse_tile(const tg_neon_layer *layer, const int8_t *x, uint32_t step,
                                                        int8_t *out, uint32_t out_step, uint32_t count, int n, int dot)
{
    int8_t rows[4][TG_TILE];
    const uint16_t *index = layer->index;
    const int8_t *values = layer->values;
    uint32_t block, row, first;
    for (block = 0; block < layer->blocks; block++, out += out_step) {
        for (row = 0; row < 4; row++) {
            const uint32_t channel = 4u * block + row;
            tg_neon_sparse_row(layer, channel, index, values, x, step, rows[row], n, dot);
            index += layer->counts[channel];
            values += 4u * layer->counts[channel];
        }
        for (first = 0; first < count; first += 16) {
            int8x16x4_t channels;
            channels.val[0] = vld1q_s8(rows[0] + first);
            channels.val[1] = vld1q_s8(rows[1] + first);
            channels.val[2] = vld1q_s8(rows[2] + first);
            channels.val[3] = vld1q_s8(rows[3] + first);
            tg_neon_store_part(out + 4u * first, channels, count - first);
        }
    }
}

TG_INTO void tg_neon_sparse_all(const tg_neon_layer *layer, const int8_t *x, uint32_t step,
                                                       int8_t *out, uint32_t out_step, uint32_t positions, int dot)
{
    uint32_t done = 0;
    while (done < positions) {
        const uint32_t left = positions - done, fours = (left + 3) / 4;
        uint32_t count;
#define TG_TAKE(n) \
    { \
        count = left < 4u * (n) ? left : 4u * (n); \
        tg_neon_sparse_tile(layer, x + 4u * done, step, out + 4u * done, out_step, count, n, dot); \
    }
        if (fours % 24 == 1 && fours > 24) { /* none is left alone: 14 x 14 are 49 fours */
            TG_TAKE(25)
        } else if (fours >= 24) {
            TG_TAKE(24)
        } else if (fours >= 16) {
            TG_TAKE(16)
        } else if (fours >= 12) {
            if (fours == 13) {
                TG_TAKE(13)
            } else {
                TG_TAKE(12)
            }
        } else if (fours >= 8) {
            TG_TAKE(8)
        } else if (fours >= 4) {
            TG_TAKE(4)
        } else if (fours >= 2) {
            TG_TAKE(2)
        } else {
            TG_TAKE(1)
        }
#undef TG_TAKE
        done += count;
    }
}

/* Outputs of so many positions; step, out_step: bytes of a plane. Reads up to 12 bytes beyond the last plane. */
static TG_NOINLINE void tg_neon_sparse(const tg_neon_layer *layer, const int8_t *x, uint32_t step, int8_t *out,
                                       uint32_t out_step, uint32_t positions)
{
    if (tg_has_dot()) {
        tg_neon_sparse_all(layer, x, step, out, out_step, positions, 1);
    } else {
        tg_neon_sparse_all(layer, x, step, out, out_step, positions, 0);
    }
}
#endif /* TG_NEON_SPARSE_C */
