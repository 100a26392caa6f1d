#ifndef TG_NEON_VECTOR_DENSE_C
#define TG_NEON_VECTOR_DENSE_C
#include "tg_neon_dot.c"
#include "tg_neon_store.c"

TG_INTO void tg_neon_vector_dense_all(const tg_neon_layer *layer, const int8_t *x, int8_t *out, int dot)
{
    const int8_t *values = layer->values;
    const int8_t *const end = x + 4u * layer->groups;
    uint32_t block;
    for (block = 0; block < layer->blocks; block++, out += 4) {
        const tg_neon_by by = tg_neon_by_four(layer, 4u * block);
        int32x4_t sums = vld1q_s32(layer->bias + 4u * block), more = vdupq_n_s32(0);
        const int8_t *four = x;
        for (; end - four >= 16; four += 16, values += 64) {
            const int8x16_t taken = vld1q_s8(four);
            const int8x16x4_t w = vld1q_s8_x4(values);
            TG_DOT_LANE(dot, sums, w.val[0], taken, 0);
            TG_DOT_LANE(dot, more, w.val[1], taken, 1);
            TG_DOT_LANE(dot, sums, w.val[2], taken, 2);
            TG_DOT_LANE(dot, more, w.val[3], taken, 3);
        }
        for (; four != end; four += 4, values += 16) {
            int32_t word;
            __builtin_memcpy(&word, four, sizeof word);
            TG_DOT(dot, sums, vld1q_s8(values), vreinterpretq_s8_s32(vdupq_n_s32(word)));
        }
        sums = vaddq_s32(sums, more);
        tg_neon_store_few(out, tg_neon_outputs(sums, sums, sums, sums, &by), 1);
    }
}

/* Outputs of one position with dense weights: what tg_neon_dense does, four outputs in the lanes of a register. */
static TG_NOINLINE void tg_neon_vector_dense(const tg_neon_layer *layer, const int8_t *x, int8_t *out)
{
    if (tg_has_dot()) {
        tg_neon_vector_dense_all(layer, x, out, 1);
    } else {
        tg_neon_vector_dense_all(layer, x, out, 0);
    }
}
#endif /* TG_NEON_VECTOR_DENSE_C */
