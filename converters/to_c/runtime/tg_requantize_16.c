#ifndef TG_REQUANTIZE_16_C
#define TG_REQUANTIZE_16_C
#ifndef TG_CELL_16
#define TG_CELL_16 /* before tg_platform.h */
#endif
#include "tg_arithmetic.c"
#include "tg_platform.h"
#include "tg_requantize.c"

#if defined(__AVR_HAVE_MUL__)
/* Return the accumulator scaled and rounded, saturated to 16 bits: the shifts by whole bytes, which cost nothing. */
static inline TG_ALWAYS_INLINE int16_t tg_requantize_16(int32_t accumulator, const tg_requantizer *by)
{
    int32_t scaled;
    if ((by->limit >> by->pre_shift) < 32767 && by->pre_shift >= 8) {
        int16_t narrow;
        if (by->pre_shift >= 12) { /* so large a shift leaves room above: to the left, and the upper half */
            narrow = (int16_t)((accumulator * ((int32_t)1 << (16 - by->pre_shift))) >> 16);
        } else {
            int32_t lower = accumulator >> 8;
            TG_OPAQUE(lower);
            narrow = (int16_t)(lower >> (by->pre_shift - 8));
        }
        scaled = (int32_t)narrow * by->multiplier;
    } else {
        scaled = (int32_t)(int16_t)TG_SATURATE(accumulator >> by->pre_shift, 16) * by->multiplier;
    }
    scaled += tg_half(by);
    if (by->post_shift == 15) {
        scaled = (scaled * 2) >> 16;
    } else if (by->post_shift >= 8) {
        scaled >>= 8;
        TG_OPAQUE(scaled);
        scaled >>= by->post_shift - 8;
    } else {
        scaled >>= by->post_shift;
    }
    return (int16_t)TG_SATURATE(scaled, 16);
}
#else
static inline int16_t tg_requantize_16(int32_t accumulator, const tg_requantizer *by)
{
    return (int16_t)tg_requantize(accumulator, by, tg_half(by));
}
#endif

/* Return a + b, saturated. */
TG_UNUSED static inline int16_t tg_add_16(int16_t a, int16_t b)
{
    return (int16_t)TG_SATURATE((int32_t)a + b, 16);
}
#endif /* TG_REQUANTIZE_16_C */
