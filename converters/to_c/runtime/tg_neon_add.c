#ifndef TG_NEON_ADD_C
#define TG_NEON_ADD_C
#include "tg_add.c"
#include "tg_neon.c"

static inline int16x8_t tg_neon_sum(const tg_sum *by, int16x8_t a, int16x8_t b)
{
    const int32x4_t bias = vdupq_n_s32(by->bias), right = vdupq_n_s32(-(int32_t)by->shift);
    int32x4_t low = vmlaq_n_s32(bias, vmovl_s16(vget_low_s16(a)), by->multiplier_a);
    int32x4_t high = vmlaq_n_s32(bias, vmovl_high_s16(a), by->multiplier_a);
    low = vmlaq_n_s32(low, vmovl_s16(vget_low_s16(b)), by->multiplier_b);
    high = vmlaq_n_s32(high, vmovl_high_s16(b), by->multiplier_b);
    return vqaddq_s16(vqmovn_high_s32(vqmovn_s32(vshlq_s32(low, right)), vshlq_s32(high, right)),
                      vdupq_n_s16(by->zero));
}

/* As tg_add, sixteen at a time; out may be a or b. */
static TG_NOINLINE void tg_neon_add(const tg_sum *by, const int8_t *a, const int8_t *b, int8_t *out, uint32_t count)
{
    uint32_t done;
    for (done = 0; done + 16 <= count; done += 16) {
        const int8x16_t x = vld1q_s8(a + done), y = vld1q_s8(b + done);
        const int16x8_t low = tg_neon_sum(by, vmovl_s8(vget_low_s8(x)), vmovl_s8(vget_low_s8(y)));
        const int16x8_t high = tg_neon_sum(by, vmovl_high_s8(x), vmovl_high_s8(y));
        const int8x16_t both = vqmovn_high_s16(vqmovn_s16(low), high);
        vst1q_s8(out + done, vmaxq_s8(vminq_s8(both, vdupq_n_s8(by->high)), vdupq_n_s8(by->low)));
    }
    tg_add(by, a + done, b + done, out + done, count - done);
}
#endif /* TG_NEON_ADD_C */
