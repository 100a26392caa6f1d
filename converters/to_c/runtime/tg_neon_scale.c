#ifndef TG_NEON_SCALE_C
#define TG_NEON_SCALE_C
#include "tg_neon_layer.c"

/* How sums become int8, in float32 as XNNPACK does: lane by lane the factor of one channel or of four. */
typedef struct {
    float32x4_t factor;
    int16x8_t zero;
    int8x16_t low;
    int8x16_t high;
} tg_neon_by;

/* multiplier: 24 bits; its factor is multiplier * 2^-(31 + shift), exactly. */
TG_INTO tg_neon_by tg_neon_by_of(const tg_neon_layer *layer, int32x4_t multiplier, int32x4_t shift)
{
    tg_neon_by by;
    const int32x4_t exponent = vshlq_n_s32(vsubq_s32(vdupq_n_s32(127 - 31), shift), 23);
    by.factor = vmulq_f32(vcvtq_f32_s32(multiplier), vreinterpretq_f32_s32(exponent));
    by.zero = vdupq_n_s16(layer->zero);
    by.low = vdupq_n_s8(layer->low);
    by.high = vdupq_n_s8(layer->high);
    return by;
}

/* Return the integers of four sums: rounded half to even, cut to 32 bits. */
TG_INTO int32x4_t tg_neon_scaled(int32x4_t sums, const tg_neon_by *by)
{
    return vcvtnq_s32_f32(vmulq_f32(vcvtq_f32_s32(sums), by->factor));
}
#endif /* TG_NEON_SCALE_C */
