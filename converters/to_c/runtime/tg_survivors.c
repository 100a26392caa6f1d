#ifndef TG_SURVIVORS_C
#define TG_SURVIVORS_C
#include "tg_platform.h"

/* The survivors of one row as a list in RAM, read once from flash and used for every position of a map.
 *
 * An entry is column * 256 + (value & 255), columns 0..65535; values -127..127.
 */
typedef uint32_t tg_survivor;

typedef struct tg_survivor_rows tg_survivor_rows;

/* Writes the next row's survivors and returns their end; at most `columns` entries. */
typedef tg_survivor *(*tg_next_row)(tg_survivor_rows *rows, tg_survivor *entry, uint16_t columns);

/* Where a sparse matrix is being read, and how. bits, have: look-ahead; next: columns from the start of the next row to
 * its first survivor; k: the code's parameter.
 */
struct tg_survivor_rows {
    tg_next_row next_row;
    const uint8_t *index;
    const int8_t *values;
    uint32_t bits;
    uint32_t next;
    uint8_t have;
    uint8_t k;
};

/* Begins to read a matrix from its first row. */
typedef void (*tg_begin_rows)(tg_survivor_rows *rows, const uint8_t *index, const int8_t *values);

static inline tg_survivor tg_survivor_of(uint32_t column, int8_t value)
{
    return column << 8 | (uint8_t)value;
}

static inline uint32_t tg_survivor_column(tg_survivor entry)
{
    return entry >> 8;
}

static inline int8_t tg_survivor_value(tg_survivor entry)
{
    return (int8_t)entry;
}
#endif /* TG_SURVIVORS_C */
