#ifndef TG_CLAMP_C
#define TG_CLAMP_C
#include "tg_platform.h"

/* Return a value cut to low..high, int8 both. */
static inline int8_t tg_clamp(int32_t value, int8_t low, int8_t high)
{
    value = value > high ? high : value;
    return (int8_t)(value < low ? low : value);
}
#endif /* TG_CLAMP_C */
