#ifndef TG_LAYER_C
#define TG_LAYER_C
#include "tg_platform.h"

/* One layer of an image network, all in flash.
 *
 * Maps are int8, row by row, channels together (NHWC). values: weights [outputs][kernel * kernel * inputs], or
 * [channels][9] when depthwise, -127..127; index: where they stand, 0 when all are stored. bias: the input's zero
 * point is folded in, so sums take the inputs as they are. An output is clip(zero + scale(sum + bias), low, high).
 */
typedef struct {
    const int8_t *values;
    const uint8_t *index;
    const int32_t *bias;
    const int32_t *multiplier; /* 2^30..2^31 - 1, or 0; of 2^-31 */
    const uint8_t *shift;      /* further to the right, 0..31 */
    uint16_t rows;             /* of the input, as many columns; 1..4096 */
    uint16_t inputs;
    uint16_t rows_out;
    uint16_t outputs;
    int16_t padding; /* the input's zero point, which lies around the map */
    int16_t zero;
    int16_t low;
    int16_t high;
    uint8_t kernel;
    uint8_t stride;
    uint8_t top; /* rows of padding above */
    uint8_t left;
} tg_layer;
#endif /* TG_LAYER_C */
