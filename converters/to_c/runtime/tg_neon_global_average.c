#ifndef TG_NEON_GLOBAL_AVERAGE_C
#define TG_NEON_GLOBAL_AVERAGE_C
#include "tg_neon_sums_of_planes.c"

/* The mean of each channel of a map in planes, rounded half away from zero, as tg_global_average. */
static TG_NOINLINE void tg_neon_global_average(const int8_t *map, int8_t *out, uint32_t positions, uint32_t channels)
{
    uint32_t channel;
    for (channel = 0; channel < channels; channel += 4, map += tg_plane_bytes(positions)) {
        int32_t sums[4];
        int at;
        vst1q_s32(sums, tg_neon_plane_sum(map, positions));
        for (at = 0; at < 4; at++) {
            const int32_t sum = sums[at];
            const uint32_t size = ((sum < 0 ? 0u - (uint32_t)sum : (uint32_t)sum) + positions / 2u) / positions;
            out[channel + (uint32_t)at] = (int8_t)(sum < 0 ? -(int32_t)size : (int32_t)size);
        }
    }
}
#endif /* TG_NEON_GLOBAL_AVERAGE_C */
