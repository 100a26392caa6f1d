#ifndef TG_MAC_16_C
#define TG_MAC_16_C
#include "tg_platform.h"

/* Return sum + value * x; value -127..127, x -32767..32767. */
#if defined(__AVR_HAVE_MUL__)
static inline int32_t tg_mac_16(int32_t sum, int8_t value, int16_t x)
{
    uint8_t sign;
    __asm__("mulsu %2, %A3\n\t"
            "sbc %1, %1\n\t"
            "add %A0, r0\n\t"
            "adc %B0, r1\n\t"
            "adc %C0, %1\n\t"
            "adc %D0, %1\n\t"
            "muls %2, %B3\n\t"
            "sbc %1, %1\n\t"
            "add %B0, r0\n\t"
            "adc %C0, r1\n\t"
            "adc %D0, %1\n\t"
            "clr r1"
            : "+r"(sum), "=&r"(sign)
            : "a"(value), "a"(x)
            : "r0");
    return sum;
}
#else
static inline int32_t tg_mac_16(int32_t sum, int8_t value, int16_t x)
{
    return sum + (int32_t)value * x;
}
#endif
#endif /* TG_MAC_16_C */
