#ifndef TG_GLOBAL_MEAN_C
#define TG_GLOBAL_MEAN_C
#include "tg_mean_scale.c"

/* The mean of each channel over all positions (1..2^23), with a scale and zero point of its own; `out` may be `map`. */
static void tg_global_mean(const tg_mean *by, const int8_t *map, int8_t *out, uint32_t positions, uint16_t channels)
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
        out[channel] = tg_scale_mean(sum, by);
    }
}
#endif /* TG_GLOBAL_MEAN_C */
