#ifndef TG_MAP_C
#define TG_MAP_C
#include "tg_platform.h"

/* How an int8 map lies, by its `run`: so many neighbouring positions of a channel, then as many of the next channel, after
 * the last channel the next positions. 1: the channels of a position together (NHWC); the columns of a row; or all
 * positions, rounded up to a multiple of 4. From channel to channel it is always `run` bytes.
 */
static inline uint32_t tg_column_step(uint32_t run, uint32_t channels)
{
    return run == 1 ? channels : 1u;
}

TG_UNUSED static inline uint32_t tg_row_step(uint32_t run, uint32_t columns, uint32_t channels)
{
    return run > columns ? columns : columns * channels;
}
#endif /* TG_MAP_C */
