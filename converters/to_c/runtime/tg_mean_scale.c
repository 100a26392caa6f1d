#ifndef TG_MEAN_SCALE_C
#define TG_MEAN_SCALE_C
#include "tg_channel_scale.c"

/* How a sum becomes a mean, 1 / count folded into the multiplier as TFLite's MEAN does. */
typedef struct {
    int32_t bias;       /* the input's zero point as often as the sum has parts, subtracted: up to 2^30 */
    int32_t multiplier; /* 2^29..2^31 - 1, or 0; of 2^-31 */
    tg_shift shift;     /* further to the right, 0..31; with large factors -8..31 */
    int8_t zero;
} tg_mean;

/* Return the int8 mean of a sum, up to 2^30; rounded twice. */
static int8_t tg_scale_mean(int32_t sum, const tg_mean *by)
{
    tg_channel channel;
    channel.bias = by->bias;
    channel.multiplier = by->multiplier;
    channel.zero = by->zero;
    channel.low = -128;
    channel.high = 127;
    channel.shift = by->shift;
    return tg_scale_channel(sum, &channel);
}
#endif /* TG_MEAN_SCALE_C */
