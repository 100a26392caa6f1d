#ifndef TG_MOVE_C
#define TG_MOVE_C
#include "tg_platform.h"

/* Copy `count` bytes to another place, which may begin before or behind and overlap. */
static void tg_move(const int8_t *from, int8_t *to, uint32_t count)
{
    if (to == from) {
        return;
    }
    if (to < from) {
        for (; count != 0; count--) {
            *to++ = *from++;
        }
    } else {
        while (count != 0) {
            count--;
            to[count] = from[count];
        }
    }
}
#endif /* TG_MOVE_C */
