#ifndef TG_PIXELS_C
#define TG_PIXELS_C
#include "tg_platform.h"

/* q = pixel - 128 of `count` pixels; out may be where the pixels are. */
static void tg_pixels_int8(const uint8_t *pixels, int8_t *out, uint32_t count)
{
    for (; count != 0; count--) {
        *out++ = (int8_t)(*pixels++ ^ 0x80u);
    }
}
#endif /* TG_PIXELS_C */
