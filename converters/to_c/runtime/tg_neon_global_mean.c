#ifndef TG_NEON_GLOBAL_MEAN_C
#define TG_NEON_GLOBAL_MEAN_C
#include "tg_mean_scale.c"
#include "tg_neon_sums_of_planes.c"

/* The mean of each channel of a map in planes, with a scale and zero point of its own, as tg_global_mean. */
static TG_NOINLINE void tg_neon_global_mean(const tg_mean *by, const int8_t *map, int8_t *out, uint32_t positions,
                                            uint32_t channels)
{
    uint32_t channel;
    for (channel = 0; channel < channels; channel += 4, map += tg_plane_bytes(positions)) {
        int32_t sums[4];
        uint32_t at;
        vst1q_s32(sums, tg_neon_plane_sum(map, positions));
        for (at = 0; at < 4 && channel + at < channels; at++) {
            out[channel + at] = tg_scale_mean(sums[at], by);
        }
    }
}
#endif /* TG_NEON_GLOBAL_MEAN_C */
