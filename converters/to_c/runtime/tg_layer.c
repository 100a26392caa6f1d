#ifndef TG_LAYER_C
#define TG_LAYER_C
#include "tg_platform.h"

/* TG_LARGE_FACTORS: some factor is too large for the short way of rounding; then shifts may go to the left too. */
#ifdef TG_LARGE_FACTORS
typedef int8_t tg_shift;
#define TG_READ_SHIFT(address) TG_READ_I8(address)
#else
typedef uint8_t tg_shift;
#define TG_READ_SHIFT(address) TG_READ_U8(address)
#endif

/* The weights of one layer, all in flash.
 *
 * Maps are int8, row by row, channels together (NHWC). values: weights [outputs][kernel positions * inputs], or
 * [channels][kernel positions] when depthwise, -127..127; index: where they stand, 0 when all are stored. bias: the
 * input's zero point is folded in, so sums take the inputs as they are. An output is clip(zero + scale(sum + bias),
 * low, high).
 */
typedef struct {
    const int8_t *values;
    const uint8_t *index;
    const int32_t *bias;
    const int32_t *multiplier; /* 2^30..2^31 - 1, or 0; of 2^-31 */
    const tg_shift *shift;     /* further to the right, 0..31; with large factors -8..31 */
    uint16_t inputs;           /* channels of the input map, or all inputs where there is no map */
    uint16_t outputs;
    int8_t zero;
    int8_t low;
    int8_t high;
} tg_layer;

/* Read a dense weight: from flash as it is stored, from RAM where a sparse matrix was expanded. On AVR these are two address
 * spaces, and kernels that else only need an address take the layer too.
 */
#if defined(__AVR__)
#define TG_READ_WEIGHT(address) ((layer)->index ? *(address) : TG_READ_I8(address))
#define TG_TAKES_LAYER const tg_layer *layer,
#define TG_LAYER layer,
#else
#define TG_READ_WEIGHT(address) (*(address))
#define TG_TAKES_LAYER
#define TG_LAYER
#endif
#endif /* TG_LAYER_C */
