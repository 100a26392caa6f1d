#ifndef TG_AVERAGE_POOL_C
#define TG_AVERAGE_POOL_C
#include "tg_platform.h"

/* The mean of each channel over all positions (1..2^24), in place, rounded half away from zero. */
static void tg_average_pool(int8_t *map, uint32_t positions, uint16_t channels)
{
    uint16_t channel;
    for (channel = 0; channel < channels; channel++) {
        const int8_t *value = map + channel;
        int32_t sum = 0;
        uint32_t left;
        for (left = positions; left != 0; left--) {
            sum += *value;
            value += channels;
        }
        if (sum < 0) {
            map[channel] = (int8_t)-(int32_t)(((uint32_t)-sum + positions / 2u) / positions);
        } else {
            map[channel] = (int8_t)(((uint32_t)sum + positions / 2u) / positions);
        }
    }
}
#endif /* TG_AVERAGE_POOL_C */
