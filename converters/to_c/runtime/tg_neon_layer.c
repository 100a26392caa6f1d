#ifndef TG_NEON_LAYER_C
#define TG_NEON_LAYER_C
#include "tg_neon.c"

/* The layout of every int8 map between inputs and outputs: four channels of a position side by side, position after
 * position, then the next four channels: [channels / 4][positions][4]. A plane of four channels takes positions rounded
 * up to four, of one position as they are; what lies beyond channels or positions has no meaning, and weights of 0.
 */
TG_INTO uint32_t tg_plane_bytes(uint32_t positions)
{
    return positions == 1 ? 4u : (positions + 3u) / 4u * 16u;
}

/* The weights of one layer. groups: fours of inputs, of all positions of a kernel; blocks: fours of outputs.
 *
 * Dense: values [blocks][groups][4 outputs][4 inputs]. Sparse: for each output, counts fours of inputs that hold any
 * weight; index: which; values: [4]. bias, multiplier, shift: one an output, as in tg_layer.c.
 */
typedef struct {
    const int8_t *values;
    const uint16_t *index;
    const uint16_t *counts;
    const int32_t *bias;
    const int32_t *multiplier; /* of 2^-31 */
    const int32_t *shift;      /* further to the right, -8..31 */
    uint16_t groups;
    uint16_t blocks;
    int8_t zero;
    int8_t low;
    int8_t high;
} tg_neon_layer;
#endif /* TG_NEON_LAYER_C */
