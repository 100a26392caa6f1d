#ifndef TG_NEON_DENSE_C
#define TG_NEON_DENSE_C
#include "tg_neon_dot.c"
#include "tg_neon_store.c"

/* Four outputs of up to 4 * `n` positions (n 1..4, constant): sums of positions in the lanes of four registers each. */
TG_INTO void tg_neon_dense_tile(const tg_neon_layer *layer, uint32_t block, const int8_t *x,
                                                       uint32_t step, int8_t *out, uint32_t count, int n, int dot)
{
    const int8_t *values = layer->values + (uint32_t)layer->groups * block * 16u;
    int32x4_t sums[4][4];
    int8x16x4_t channels;
    uint32_t left;
    int row, at;
    for (row = 0; row < 4; row++) {
        for (at = 0; at < 4; at++) {
            sums[row][at] = vld1q_dup_s32(layer->bias + 4u * block + row);
        }
    }
#define TG_GROUP(w, here) \
    for (at = 0; at < n; at++) { \
        const int8x16_t four = vld1q_s8((here) + 16 * at); \
        TG_DOT_LANE(dot, sums[0][at], four, w, 0); \
        TG_DOT_LANE(dot, sums[1][at], four, w, 1); \
        TG_DOT_LANE(dot, sums[2][at], four, w, 2); \
        TG_DOT_LANE(dot, sums[3][at], four, w, 3); \
    }
#define TG_GROUP_OF_FOUR(w, here) \
    { \
        const int8x16x4_t fours = vld1q_s8_x4(here); \
        for (at = 0; at < 4; at++) { \
            TG_DOT_LANE(dot, sums[0][at], fours.val[at], w, 0); \
            TG_DOT_LANE(dot, sums[1][at], fours.val[at], w, 1); \
            TG_DOT_LANE(dot, sums[2][at], fours.val[at], w, 2); \
            TG_DOT_LANE(dot, sums[3][at], fours.val[at], w, 3); \
        } \
    }
    for (left = layer->groups; left >= 2; left -= 2) {
        const int8x16x2_t w = vld1q_s8_x2(values);
        if (n == 4) {
            TG_GROUP_OF_FOUR(w.val[0], x)
            TG_GROUP_OF_FOUR(w.val[1], x + step)
        } else {
            TG_GROUP(w.val[0], x)
            TG_GROUP(w.val[1], x + step)
        }
        x += 2 * (uintptr_t)step;
        values += 32;
    }
    if (left != 0) {
        const int8x16_t w = vld1q_s8(values);
        TG_GROUP(w, x)
    }
#undef TG_GROUP
#undef TG_GROUP_OF_FOUR
    for (row = 0; row < 4; row++) {
        const tg_neon_by by = tg_neon_by_channel(layer, 4u * block + (uint32_t)row);
        channels.val[row] = tg_neon_outputs(sums[row][0], sums[row][1], sums[row][2], sums[row][3], &by);
    }
    tg_neon_store_part(out, channels, count);
}

TG_INTO void tg_neon_dense_all(const tg_neon_layer *layer, const int8_t *x, uint32_t step,
                                                      int8_t *out, uint32_t out_step, uint32_t positions, int dot)
{
    uint32_t first, block;
    for (first = 0; first < positions; first += 16) {
        const uint32_t left = positions - first;
        const int8_t *const from = x + 4u * first;
        int8_t *to = out + 4u * first;
        for (block = 0; block < layer->blocks; block++, to += out_step) {
            if (left > 12) {
                tg_neon_dense_tile(layer, block, from, step, to, left, 4, dot);
            } else if (left > 8) {
                tg_neon_dense_tile(layer, block, from, step, to, left, 3, dot);
            } else if (left > 4) {
                tg_neon_dense_tile(layer, block, from, step, to, left, 2, dot);
            } else {
                tg_neon_dense_tile(layer, block, from, step, to, left, 1, dot);
            }
        }
    }
}

/* Outputs of so many positions; step, out_step: bytes of a plane. Reads up to 12 bytes beyond the last plane. */
static TG_NOINLINE void tg_neon_dense(const tg_neon_layer *layer, const int8_t *x, uint32_t step, int8_t *out,
                                      uint32_t out_step, uint32_t positions)
{
    if (tg_has_dot()) {
        tg_neon_dense_all(layer, x, step, out, out_step, positions, 1);
    } else {
        tg_neon_dense_all(layer, x, step, out, out_step, positions, 0);
    }
}
#endif /* TG_NEON_DENSE_C */
