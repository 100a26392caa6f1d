#ifndef TG_ROUND_EVEN_C
#define TG_ROUND_EVEN_C
#include "tg_platform.h"

/* Return value / 2^bits, halves to even; bits 0..63. */
static uint64_t tg_round_even(uint64_t value, uint8_t bits)
{
    const uint64_t down = bits != 0 ? value >> bits : value;
    const uint64_t rest = value - (down << bits);
    const uint64_t half = bits != 0 ? (uint64_t)1 << (bits - 1) : 1;
    return down + (rest > half || (rest == half && (down & 1u) != 0));
}

/* Return the bits by which a number exceeds the 24 that float32 holds. */
static uint8_t tg_excess(uint64_t value)
{
    uint8_t bits = 0;
    while ((value >> bits) >> 24 != 0) {
        bits++;
    }
    return bits;
}
#endif /* TG_ROUND_EVEN_C */
