#ifndef TG_NEON_NARROW_C
#define TG_NEON_NARROW_C
#include "tg_neon.c"

/* Return eight integers of any size in 16 bits, cut. */
TG_INTO int16x8_t tg_neon_narrow(int32x4_t low, int32x4_t high)
{
    return vqmovn_high_s32(vqmovn_s32(low), high);
}
#endif /* TG_NEON_NARROW_C */
