#ifndef TG_SURVIVORS_BITMASK_C
#define TG_SURVIVORS_BITMASK_C
#include "tg_survivors.c"
#include "tg_zeros.c"

/* Where words may lie anywhere, 32 bits at once. */
#if defined(__ARM_FEATURE_UNALIGNED) && !defined(__ARM_BIG_ENDIAN)
#define TG_MASK_BYTES 4u
#else
#define TG_MASK_BYTES 1u
#endif

/* One bit for each weight, LSB first, rows not padded. */
static tg_survivor *tg_survivors_bitmask(tg_survivor_rows *rows, tg_survivor *entry, uint16_t columns)
{
    const uint8_t *index = rows->index;
    const int8_t *values = rows->values;
    const uint32_t step = rows->step;
    uint32_t bits = rows->bits;
    uint8_t have = rows->have;
    uint32_t column = 0;
    while (column < columns) {
        const uint32_t left = columns - column;
        uint32_t part, at = column;
        uint8_t taken;
#if TG_MASK_BYTES == 4
        if (have == 0 && left >= 32) {
            __builtin_memcpy(&part, index, sizeof part);
            index += 4;
            for (; part != 0; part &= part - 1u) {
                *entry++ = tg_survivor_at((column + tg_zeros_below(part)) * step, *values++);
            }
            column += 32;
            continue;
        }
#endif
        if (have == 0) {
            bits = TG_READ_U8(index);
            index++;
            have = 8;
        }
        taken = have < left ? have : (uint8_t)left;
        part = bits & ((1u << taken) - 1u);
        while (part != 0) {
            const uint32_t zeros = tg_zeros_below(part);
            at += zeros;
            *entry++ = tg_survivor_at(at * step, TG_READ_I8(values));
            values++;
            part >>= zeros + 1u;
            at++;
        }
        bits >>= taken;
        have = (uint8_t)(have - taken);
        column += taken;
    }
    rows->index = index;
    rows->values = values;
    rows->bits = bits;
    rows->have = have;
    return entry;
}

static void tg_survivors_bitmask_init(tg_survivor_rows *rows, const uint8_t *index, const int8_t *values)
{
    rows->next_row = tg_survivors_bitmask;
    rows->index = index;
    rows->values = values;
    rows->step = 1;
    rows->bits = 0;
    rows->have = 0;
}
#endif /* TG_SURVIVORS_BITMASK_C */
