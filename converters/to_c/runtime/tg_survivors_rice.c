#ifndef TG_SURVIVORS_RICE_C
#define TG_SURVIVORS_RICE_C
#include "tg_survivors.c"
#include "tg_zeros.c"

/* Return the next gap: ones, a zero, then k low bits, least significant first. No byte is read before it is needed. */
static inline uint32_t tg_survivors_gap(tg_survivor_rows *rows)
{
    const uint8_t k = rows->k;
    uint32_t gap = 0;
    for (;;) {
        uint32_t ones;
        if (rows->have == 0) {
            rows->bits = TG_READ_U8(rows->index);
            rows->index++;
            rows->have = 8;
        }
        ones = tg_zeros_below(~rows->bits);
        if (ones < rows->have) {
            gap += ones;
            rows->bits >>= ones + 1u;
            rows->have = (uint8_t)(rows->have - ones - 1u);
            break;
        }
        gap += rows->have;
        rows->have = 0;
    }
    while (rows->have < k) {
        rows->bits |= (uint32_t)TG_READ_U8(rows->index) << rows->have;
        rows->index++;
        rows->have = (uint8_t)(rows->have + 8u);
    }
    gap = (gap << k) + (rows->bits & ((1u << k) - 1u));
    rows->bits >>= k;
    rows->have = (uint8_t)(rows->have - k);
    return gap;
}

/* Rice-coded gaps; a last gap runs to the end of the matrix, so no row reads beyond the stream. */
static tg_survivor *tg_survivors_rice(tg_survivor_rows *rows, tg_survivor *entry, uint16_t columns)
{
    tg_survivor_rows at = *rows; /* a copy, which may lie in registers */
    uint32_t next = at.next;
#if defined(__ARM_FEATURE_DSP)
    const uint32_t step = at.step, k = at.k, low = (1u << k) - 1u;
    const uint8_t *index = at.index;
    const int8_t *values = at.values;
    uint32_t bits = at.bits, have = at.have;
    while (next < columns) {
        uint32_t ones = tg_zeros_below(~bits);
        *entry++ = tg_survivor_at(next * step, *values++);
        next++;
        while (ones >= have) { /* behind the bits there are zeros */
            next += have << k;
            bits = *index++;
            have = 8;
            ones = tg_zeros_below(~bits);
        }
        next += ones << k;
        bits >>= ones + 1u;
        have -= ones + 1u;
        while (have < k) {
            bits |= (uint32_t)*index++ << have;
            have += 8;
        }
        next += bits & low;
        bits >>= k;
        have -= k;
    }
    at.index = index;
    at.values = values;
    at.bits = bits;
    at.have = (uint8_t)have;
#else
    while (next < columns) {
        *entry++ = tg_survivor_of(&at, next, TG_READ_I8(at.values));
        at.values++;
        next += 1u + tg_survivors_gap(&at);
    }
#endif
    at.next = next - columns;
    *rows = at;
    return entry;
}

static void tg_survivors_rice_init(tg_survivor_rows *rows, const uint8_t *index, const int8_t *values)
{
    rows->next_row = tg_survivors_rice;
    rows->k = TG_READ_U8(index);
    rows->index = index + 1;
    rows->values = values;
    rows->step = 1;
    rows->bits = 0;
    rows->have = 0;
    rows->next = tg_survivors_gap(rows);
}
#endif /* TG_SURVIVORS_RICE_C */
