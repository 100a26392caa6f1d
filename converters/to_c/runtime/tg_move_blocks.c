#ifndef TG_MOVE_BLOCKS_C
#define TG_MOVE_BLOCKS_C
#include "tg_move.c"

/* Copy `blocks` blocks of `size` bytes, which lie one behind the other, to places `step` bytes apart. */
static void tg_move_blocks(const int8_t *from, int8_t *to, uint32_t blocks, uint32_t size, uint32_t step)
{
    for (; blocks != 0; blocks--) {
        tg_move(from, to, size);
        from += size;
        to += step;
    }
}
#endif /* TG_MOVE_BLOCKS_C */
