#ifndef TG_NEON_SCALE_GEMMLOWP_C
#define TG_NEON_SCALE_GEMMLOWP_C
#include "tg_neon_layer.c"

/* How sums become int8, rounded twice as TFLite does: lane by lane the factor of one channel or of four. */
typedef struct {
    int32x4_t multiplier;
    int32x4_t left;  /* 0 or more */
    int32x4_t right; /* 0 or less */
    int16x8_t zero;
    int8x16_t low;
    int8x16_t high;
} tg_neon_by;

TG_INTO tg_neon_by tg_neon_by_of(const tg_neon_layer *layer, int32x4_t multiplier, int32x4_t shift)
{
    tg_neon_by by;
    const int32x4_t left = vnegq_s32(shift);
    by.multiplier = multiplier;
    by.left = vmaxq_s32(left, vdupq_n_s32(0));
    by.right = vminq_s32(left, vdupq_n_s32(0));
    by.zero = vdupq_n_s16(layer->zero);
    by.low = vdupq_n_s8(layer->low);
    by.high = vdupq_n_s8(layer->high);
    return by;
}

/* Return the integers of four sums: a doubling high multiply, then halves away from zero. */
TG_INTO int32x4_t tg_neon_scaled(int32x4_t sums, const tg_neon_by *by)
{
    const int32x4_t high = vqrdmulhq_s32(vqshlq_s32(sums, by->left), by->multiplier);
    const int32x4_t down = vshrq_n_s32(vandq_s32(high, by->right), 31); /* -1 where a negative one is shifted */
    return vrshlq_s32(vqaddq_s32(high, down), by->right);
}
#endif /* TG_NEON_SCALE_GEMMLOWP_C */
