#ifndef TG_NEON_SUMS_OF_PLANES_C
#define TG_NEON_SUMS_OF_PLANES_C
#include "tg_neon_layer.c"

/* Return the sums of the four channels of a plane over all its positions. */
static inline int32x4_t tg_neon_plane_sum(const int8_t *plane, uint32_t positions)
{
    int32x4_t sums = vdupq_n_s32(0);
    for (; positions >= 4; positions -= 4, plane += 16) {
        const int8x16_t four = vld1q_s8(plane);
        const int16x8_t pairs = vaddl_s8(vget_low_s8(four), vget_high_s8(four));
        sums = vaddw_high_s16(vaddw_s16(sums, vget_low_s16(pairs)), pairs);
    }
    for (; positions != 0; positions--, plane += 4) {
        const int32_t one[4] = {plane[0], plane[1], plane[2], plane[3]};
        sums = vaddq_s32(sums, vld1q_s32(one));
    }
    return sums;
}
#endif /* TG_NEON_SUMS_OF_PLANES_C */
