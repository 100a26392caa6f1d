#ifndef TG_SENSOR_C
#define TG_SENSOR_C
#include "tg_arithmetic.c"
#include "tg_platform.h"

#if defined(__AVR_HAVE_MUL__) && TG_PROFILE == TG_FASTEST
/* Return sat16(count - offset) * multiplier, multiplier 1..32767. */
static inline int32_t tg_centred_product(int16_t count, int16_t offset, int16_t multiplier)
{
    int32_t product;
    __asm__("sub %A1, %A2\n\t"
            "sbc %B1, %B2\n\t"
            "brvc 1f\n\t"
            "lsl %B1\n\t" /* too far up looks negative */
            "sbc %A1, %A1\n\t"
            "ldi %B1, 0x80\n\t"
            "eor %B1, %A1\n"
            "1:\n\t"
            "clr %A2\n\t"
            "mul %A1, %A3\n\t"
            "movw %A0, r0\n\t"
            "muls %B1, %B3\n\t"
            "movw %C0, r0\n\t"
            "mulsu %B1, %A3\n\t"
            "sbc %D0, %A2\n\t"
            "add %B0, r0\n\t"
            "adc %C0, r1\n\t"
            "adc %D0, %A2\n\t"
            "mul %A1, %B3\n\t"
            "add %B0, r0\n\t"
            "adc %C0, r1\n\t"
            "adc %D0, %A2\n\t"
            "clr r1"
            : "=&r"(product), "+a"(count), "+r"(offset)
            : "a"(multiplier)
            : "r0");
    return product;
}
#else
static inline int32_t tg_centred_product(int16_t count, int16_t offset, int16_t multiplier)
{
    const int32_t centred = (int32_t)count - offset;
    return TG_SATURATE(centred, 16) * multiplier;
}
#endif

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
        const int32_t product = tg_centred_product(*counts, TG_READ_I16(offset), TG_READ_I16(multiplier));
        *values = (int8_t)tg_clip((product + ((int32_t)1 << (shift - 1))) >> shift, -127, 127);
        counts++;
        offset++;
        multiplier++;
    } while (++values != end);
}
#endif /* TG_SENSOR_C */
