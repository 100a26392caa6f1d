#ifndef TG_SOFTMAX_C
#define TG_SOFTMAX_C
#include "tg_platform.h"

/* Shares of one in units of 1/256, less 128, of `count` int8 logits; out may be x.
 *
 * table: uint16 exponentials of differences 0, 1, ..., `entries` of them (1..256), the last one for all larger
 * differences; the first is 2^15, so the sum of at most 65535 stays below 2^31.
 */
static void tg_softmax(const int8_t *x, int8_t *out, uint16_t count, const uint16_t *table, uint16_t entries)
{
    int32_t most = -128;
    uint32_t sum = 0;
    uint16_t i;
    for (i = 0; i < count; i++) {
        most = x[i] > most ? x[i] : most;
    }
    for (i = 0; i < count; i++) {
        const uint32_t below = (uint32_t)(most - x[i]);
        sum += (uint16_t)TG_READ_I16((const int16_t *)table + (below < entries ? below : entries - 1u));
    }
    for (i = 0; i < count; i++) {
        const uint32_t below = (uint32_t)(most - x[i]);
        const uint32_t part = (uint16_t)TG_READ_I16((const int16_t *)table + (below < entries ? below : entries - 1u));
        const uint32_t share = (256u * part + sum / 2u) / sum;
        out[i] = (int8_t)((int32_t)(share < 255u ? share : 255u) - 128);
    }
}
#endif /* TG_SOFTMAX_C */
