#ifndef TG_NEON_VECTOR_SPARSE_C
#define TG_NEON_VECTOR_SPARSE_C
#include "tg_neon_dot.c"
#include "tg_neon_store.c"

/* Return the products of one sparse row with a vector; index and values go on to the next row. */
TG_INTO int32_t tg_neon_sparse_dot(uint32_t left, const uint16_t **index, const int8_t **values, const int8_t *x,
                                   int dot)
{
    int32x4_t sums = vdupq_n_s32(0);
    const uint16_t *at = *index;
    const int8_t *w = *values;
    const int32_t *const fours = (const int32_t *)(const void *)x;
    int32x4_t taken = vdupq_n_s32(0);
    for (; left >= 4; left -= 4) {
        taken = vld1q_lane_s32(fours + at[0], taken, 0);
        taken = vld1q_lane_s32(fours + at[1], taken, 1);
        taken = vld1q_lane_s32(fours + at[2], taken, 2);
        taken = vld1q_lane_s32(fours + at[3], taken, 3);
        TG_DOT(dot, sums, vreinterpretq_s8_s32(taken), vld1q_s8(w));
        at += 4;
        w += 16;
    }
    for (; left != 0; left--) {
        int32_t word;
        __builtin_memcpy(&word, w, sizeof word);
        taken = vld1q_lane_s32(fours + *at, vdupq_n_s32(0), 0);
        TG_DOT(dot, sums, vreinterpretq_s8_s32(taken), vreinterpretq_s8_s32(vdupq_n_s32(word)));
        at++;
        w += 4;
    }
    *index = at;
    *values = w;
    return vaddvq_s32(sums);
}

TG_INTO void tg_neon_vector_sparse_all(const tg_neon_layer *layer, const int8_t *x, int8_t *out, int dot)
{
    const uint16_t *index = layer->index, *counts = layer->counts;
    const int8_t *values = layer->values;
    uint32_t block;
    for (block = 0; block < layer->blocks; block++, counts += 4) {
        const tg_neon_by by = tg_neon_by_four(layer, 4u * block);
        int32x4_t sums = vdupq_n_s32(tg_neon_sparse_dot(counts[0], &index, &values, x, dot));
        sums = vsetq_lane_s32(tg_neon_sparse_dot(counts[1], &index, &values, x, dot), sums, 1);
        sums = vsetq_lane_s32(tg_neon_sparse_dot(counts[2], &index, &values, x, dot), sums, 2);
        sums = vsetq_lane_s32(tg_neon_sparse_dot(counts[3], &index, &values, x, dot), sums, 3);
        sums = vaddq_s32(sums, vld1q_s32(layer->bias + 4u * block));
        tg_neon_store_few(out + 4u * block, tg_neon_outputs(sums, sums, sums, sums, &by), 1);
    }
}

/* Outputs of one position with sparse weights: what tg_neon_sparse does, without planes. x: at a multiple of four. */
static TG_NOINLINE void tg_neon_vector_sparse(const tg_neon_layer *layer, const int8_t *x, int8_t *out)
{
    if (tg_has_dot()) {
        tg_neon_vector_sparse_all(layer, x, out, 1);
    } else {
        tg_neon_vector_sparse_all(layer, x, out, 0);
    }
}
#endif /* TG_NEON_VECTOR_SPARSE_C */
