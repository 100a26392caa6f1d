#ifndef TG_SENSOR_16_C
#define TG_SENSOR_16_C
#include "tg_arithmetic.c"
#include "tg_platform.h"

/* Normalise one sample to 16 bits: values[channels], -32767..32767, are ((counts - offset) * multiplier + half) >> shift.
 *
 * counts and offset int16, multiplier 1..32767, shift 1..30, channels at least 1.
 */
static inline void tg_sensor_int16(const int16_t *counts, const int16_t *offset, const int16_t *multiplier,
                                   uint8_t shift, int16_t *values, uint8_t channels)
{
    const int16_t *end = values + channels;
    do {
        const int32_t centred = (int32_t)*counts - TG_READ_I16(offset);
        const int32_t product = (int32_t)(int16_t)TG_SATURATE(centred, 16) * TG_READ_I16(multiplier);
        *values = (int16_t)tg_clip((product + ((int32_t)1 << (shift - 1))) >> shift, -32767, 32767);
        counts++;
        offset++;
        multiplier++;
    } while (++values != end);
}
#endif /* TG_SENSOR_16_C */
