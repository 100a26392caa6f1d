#ifndef TG_NEON_NO_CLAMP_C
#define TG_NEON_NO_CLAMP_C
#include "tg_neon_scale.c"

/* Return the outputs: no layer of this model has limits narrower than int8. */
TG_INTO int8x16_t tg_neon_clamped(int8x16_t outputs, const tg_neon_by *by)
{
    (void)by;
    return outputs;
}
#endif /* TG_NEON_NO_CLAMP_C */
