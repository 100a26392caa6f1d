#ifndef TG_SENSOR_C
#define TG_SENSOR_C
#include "tg_arithmetic.c"
#include "tg_platform.h"

/* Normalise one sample: values[channels], -127..127, are ((counts - offset) * multiplier + half) >> shift.
 *
 * counts and offset int16, multiplier 1..32767, shift 1..30, channels at least 1.
 */
static inline void tg_sensor_int8(const int16_t *counts, const int16_t *offset, const int16_t *multiplier, uint8_t shift,
                                  int8_t *values, uint8_t channels)
{
    const int8_t *end = values + channels;
    TG_OPAQUE(offset); /* a loop, not its nine copies with their constants */
    TG_OPAQUE(multiplier);
    TG_OPAQUE(end);
    do {
        const int32_t centred = (int32_t)*counts - TG_READ_I16(offset);
        const int32_t product = TG_SATURATE(centred, 16) * TG_READ_I16(multiplier);
        *values = (int8_t)tg_clip((product + ((int32_t)1 << (shift - 1))) >> shift, -127, 127);
        counts++;
        offset++;
        multiplier++;
    } while (++values != end);
}
#endif /* TG_SENSOR_C */
