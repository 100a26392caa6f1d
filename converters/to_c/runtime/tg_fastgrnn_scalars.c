#ifndef TG_FASTGRNN_SCALARS_C
#define TG_FASTGRNN_SCALARS_C
#include "tg_platform.h"
#include "tg_requantize.c"

/* The scalars of a FastGRNN cell; docs/arithmetic.md has the equations. */
typedef struct {
    tg_requantizer pre;
    uint8_t bias_gate_shift;
    uint8_t bias_update_shift;
    uint8_t zeta; /* 0..255 */
    uint8_t zeta_shift;
    int16_t nu; /* 0..16383 */
} tg_fastgrnn_scalars;
#endif /* TG_FASTGRNN_SCALARS_C */
