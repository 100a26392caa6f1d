#ifndef TG_ARITHMETIC_C
#define TG_ARITHMETIC_C
#include "tg_platform.h"

static inline int32_t tg_clip(int32_t value, int32_t low, int32_t high)
{
    return value > high ? high : value < low ? low : value;
}

/* With saturation in the instruction set, a shift before it costs nothing. */
#if defined(__ARM_FEATURE_SAT) && defined(__has_builtin)
#if __has_builtin(__builtin_arm_ssat)
#define TG_SATURATE(value, bits) ((int32_t)__builtin_arm_ssat(value, bits))
#endif
#endif
#ifndef TG_SATURATE
#define TG_SATURATE(value, bits) \
    tg_clip(value, -((int32_t)1 << ((bits) - 1)), ((int32_t)1 << ((bits) - 1)) - 1)
#endif
#endif /* TG_ARITHMETIC_C */
