#ifndef TG_FULLY_CONNECTED_SUMS_SPARSE_C
#define TG_FULLY_CONNECTED_SUMS_SPARSE_C
#include "tg_survivors.c"

/* The same of sparse weights, read from flash row by row; entries: room for one row's survivors. */
static void tg_sums_sparse(tg_begin_rows begin, const uint8_t *index, const int8_t *weights, const int32_t *bias,
                           const int8_t *map, int32_t *sums, uint16_t inputs, uint16_t outputs, tg_survivor *entries)
{
    tg_survivor_rows rows;
    uint16_t row;
    begin(&rows, index, weights);
    for (row = 0; row < outputs; row++) {
        const tg_survivor *const end = rows.next_row(&rows, entries, inputs);
        const tg_survivor *entry;
        int32_t sum = TG_READ_I32(bias + row);
        for (entry = entries; entry != end; entry++) {
            sum += tg_survivor_value(*entry) * map[tg_survivor_place(*entry)];
        }
        sums[row] = sum;
    }
}
#endif /* TG_FULLY_CONNECTED_SUMS_SPARSE_C */
