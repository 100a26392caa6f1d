#ifndef TG_SURVIVORS_C
#define TG_SURVIVORS_C
#include "tg_platform.h"

/* The survivors of one row as a list in RAM, read once from flash and used for every position of a map.
 *
 * An entry is place * 65536 + (value & 65535), where place is column * step, at most 65535; values -127..127, none 0.
 */
typedef uint32_t tg_survivor;

typedef struct tg_survivor_rows tg_survivor_rows;

/* Writes the next row's survivors and returns their end; at most `columns` entries. */
typedef tg_survivor *(*tg_next_row)(tg_survivor_rows *rows, tg_survivor *entry, uint16_t columns);

/* Where a sparse matrix is being read, and how. step: from column to column in what is multiplied; bits, have: look-ahead;
 * next: columns from the start of the next row to its first survivor; k: the code's parameter.
 */
struct tg_survivor_rows {
    tg_next_row next_row;
    const uint8_t *index;
    const int8_t *values;
    uint32_t bits;
    uint32_t next;
    uint16_t step;
    uint8_t have;
    uint8_t k;
};

/* Begins to read a matrix from its first row, with a step of 1. */
typedef void (*tg_begin_rows)(tg_survivor_rows *rows, const uint8_t *index, const int8_t *values);

static inline tg_survivor tg_survivor_at(uint32_t place, int8_t value)
{
    return place << 16 | (uint16_t)value;
}

TG_UNUSED static inline tg_survivor tg_survivor_of(const tg_survivor_rows *rows, uint32_t column, int8_t value)
{
    return tg_survivor_at(column * rows->step, value);
}

TG_UNUSED static inline uint32_t tg_survivor_place(tg_survivor entry)
{
    return entry >> 16;
}

TG_UNUSED static inline int16_t tg_survivor_value(tg_survivor entry)
{
    return (int16_t)entry;
}
#endif /* TG_SURVIVORS_C */
