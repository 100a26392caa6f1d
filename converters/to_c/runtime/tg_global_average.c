#ifndef TG_GLOBAL_AVERAGE_C
#define TG_GLOBAL_AVERAGE_C
#include "tg_platform.h"
#include "tg_map.c"

/* The mean of each channel over all positions (1..2^23), rounded half away from zero; `out` may be `map`. */
static void tg_global_average(const int8_t *map, uint32_t run, int8_t *out, uint32_t positions, uint16_t channels)
{
    const uint32_t step = tg_column_step(run, channels);
    uint16_t channel;
    for (channel = 0; channel < channels; channel++) {
        const int8_t *value = map + channel * run;
        int32_t sum = 0;
        uint32_t left;
        for (left = positions; left != 0; left--) {
            sum += *value;
            value += step;
        }
        if (sum < 0) {
            out[channel] = (int8_t)-(int32_t)(((uint32_t)-sum + positions / 2u) / positions);
        } else {
            out[channel] = (int8_t)(((uint32_t)sum + positions / 2u) / positions);
        }
    }
}
#endif /* TG_GLOBAL_AVERAGE_C */
