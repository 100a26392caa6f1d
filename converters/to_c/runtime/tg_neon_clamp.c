#ifndef TG_NEON_CLAMP_C
#define TG_NEON_CLAMP_C
#include "tg_neon_scale.c"

/* Return the outputs cut to the limits of their layer. */
TG_INTO int8x16_t tg_neon_clamped(int8x16_t outputs, const tg_neon_by *by)
{
    return vmaxq_s8(vminq_s8(outputs, by->high), by->low);
}
#endif /* TG_NEON_CLAMP_C */
