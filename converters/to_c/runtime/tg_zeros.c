#ifndef TG_ZEROS_C
#define TG_ZEROS_C
#include "tg_platform.h"

/* Return how many zeros lie below the lowest one; bits are not 0. */
static inline uint32_t tg_zeros_below(uint32_t bits)
{
#if defined(__GNUC__) && !defined(__ARM_ARCH_6M__) && !defined(__riscv)
    return (uint32_t)__builtin_ctz(bits);
#else
    uint32_t count = 0;
    for (; (bits & 1u) == 0; bits >>= 1) {
        count++;
    }
    return count;
#endif
}
#endif /* TG_ZEROS_C */
