#ifndef TG_ADD_C
#define TG_ADD_C
#include "tg_clamp.c"

/* How two int8 values become their sum: (bias + a * multiplier_a + b * multiplier_b) >> shift, every product and sum
 * below 2^31. The zero points of both, and the rounding half, are in the bias.
 */
typedef struct {
    int32_t multiplier_a; /* up to 2^21 */
    int32_t multiplier_b;
    int32_t bias;
    uint8_t shift; /* 12..30 */
    int8_t zero;
    int8_t low;
    int8_t high;
} tg_sum;

/* Element by element, `count` of them; out may be a or b. */
static void tg_add(const tg_sum *by, const int8_t *a, const int8_t *b, int8_t *out, uint32_t count)
{
    for (; count != 0; count--) {
        const int32_t sum = by->bias + *a * by->multiplier_a + *b * by->multiplier_b;
        *out = tg_clamp((sum >> by->shift) + by->zero, by->low, by->high);
        a++;
        b++;
        out++;
    }
}
#endif /* TG_ADD_C */
