#ifndef TG_FULLY_CONNECTED_SUMS_C
#define TG_FULLY_CONNECTED_SUMS_C
#include "tg_platform.h"

/* Sums of dense weights [outputs][inputs], -127..127, and int8 inputs, with their bias, as they are. */
static void tg_sums_dense(const int8_t *weights, const int32_t *bias, const int8_t *map, int32_t *sums, uint16_t inputs,
                          uint16_t outputs)
{
    uint16_t row, column;
    for (row = 0; row < outputs; row++) {
        int32_t sum = TG_READ_I32(bias + row);
        for (column = 0; column < inputs; column++) {
            sum += (int16_t)TG_READ_I8(weights + column) * (int16_t)map[column];
        }
        sums[row] = sum;
        weights += inputs;
    }
}
#endif /* TG_FULLY_CONNECTED_SUMS_C */
