#ifndef TG_GLOBAL_MEAN_C
#define TG_GLOBAL_MEAN_C
#include "tg_mean_scale.c"
#include "tg_map.c"

/* The mean of each channel over all positions (1..2^23), with a scale and zero point of its own; `out` may be `map`. */
static void tg_global_mean(const tg_mean *by, const int8_t *map, uint32_t run, int8_t *out, uint32_t positions, uint16_t channels)
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
        out[channel] = tg_scale_mean(sum, by);
    }
}
#endif /* TG_GLOBAL_MEAN_C */
