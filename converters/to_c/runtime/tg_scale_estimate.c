#ifndef TG_SCALE_ESTIMATE_C
#define TG_SCALE_ESTIMATE_C
#include "tg_channel_scale.c"

/* A core without a long multiply: one 32-bit product, the output with 23 bits of fraction modulo 2^32, is enough for nearly
 * every sum. Bounds leave out sums whose output surely is a limit, so that integers stay within 9 bits; a fraction near
 * enough to a half for the factor's lost bits to matter is left to tg_scale_channel.
 */
#if defined(__ARM_ARCH_6M__) || defined(TG_NO_LONG_MULTIPLY)
#define TG_ESTIMATES 1

/* In the order in which the assembler reads it. */
typedef struct {
    uint32_t factor;
    int32_t low;
    int32_t high;
    uint32_t step;
    int32_t offset; /* bias, minus `least` */
    uint32_t range; /* of what is estimated, from `least` on */
    uint32_t rounded;
    uint32_t doubt; /* fractions * 2^9 below it */
    const int32_t *end;
    int32_t least; /* 0 or less; what is below gives `low`, what is beyond the range gives `high` */
} tg_estimate;

/* Return 1 if the channel's factor has enough bits for an estimate. */
static int tg_estimate_of(const tg_channel *by, tg_estimate *found)
{
    const int32_t shift = by->shift;
    uint32_t inverse, lost, up, most, width;
    if (shift < 1 || shift > 14 || by->multiplier < (int32_t)1 << 30) {
        return 0;
    }
    /* 128 to 256 times 2^30 / multiplier, 9 % too much or too little at most: (192 -+ zero) times that lies between what
     * is clipped and what leaves 9 bits. */
    inverse = (373u - ((uint32_t)by->multiplier >> 23)) << shift;
    most = ((uint32_t)(192 - by->zero) * inverse) >> 7;
    found->least = -(int32_t)(((uint32_t)(192 + by->zero) * inverse) >> 7);
    found->range = most - (uint32_t)found->least;
    found->factor = ((uint32_t)by->multiplier >> 8) >> shift; /* times 2^-23 */
    lost = (((uint32_t)by->multiplier - (found->factor << (8 + shift))) >> shift) + 1u; /* of 256 */
    up = lost * (most >> 4) >> 4; /* most the estimate is too small by */
    width = (lost * (found->range >> 4) >> 4) + 2u * lost + 2u * TG_ESTIMATE_MARGIN(shift);
    if (width >= (uint32_t)1 << 20) {
        return 0;
    }
    found->doubt = width << 9;
    found->rounded = ((uint32_t)by->zero << 23) + ((uint32_t)1 << 22) + (uint32_t)found->least * found->factor + up + lost +
                     TG_ESTIMATE_MARGIN(shift);
    found->offset = (int32_t)((uint32_t)by->bias - (uint32_t)found->least);
    found->low = by->low;
    found->high = by->high;
    return 1;
}

/* Write outputs up to found->end, or to the first that is in doubt; return its sum. */
#if defined(__ARM_ARCH_6M__) && defined(__GNUC__) && TG_NAKED_IS_BARE
TG_NAKED static const int32_t *tg_scale_by_estimate(const tg_estimate *by TG_UNUSED, const int32_t *sums TG_UNUSED,
                                                    int8_t *out TG_UNUSED)
{
    /* 18 instructions an output. */
    __asm__ volatile(
        ".syntax unified\n\t"
        "push {r4-r7, lr}\n\t"
        "mov r4, r8\n\tmov r5, r9\n\tmov r6, r10\n\tmov r7, r11\n\tpush {r4-r7}\n\t"
        "mov r3, r0\n\tadds r3, #16\n\tldm r3!, {r4-r7}\n\t"
        "mov r8, r4\n\tmov r9, r5\n\tmov r10, r6\n\tmov r11, r7\n\t"
        "ldm r3!, {r4, r5}\n\tmov r12, r4\n\tmov lr, r5\n\t"
        "ldm r0!, {r4-r7}\n\tmov r0, r1\n\tmov r1, r2\n"
        "1:\n\t"
        "ldm r0!, {r2}\n\tadd r2, r8\n\tcmp r2, r9\n\tbhs 4f\n\t"
        "muls r2, r4, r2\n\tadd r2, r10\n\tlsls r3, r2, #9\n\tcmp r3, r11\n\tblo 6f\n\t"
        "asrs r2, r2, #23\n\tcmp r2, r5\n\tblt 3f\n\tcmp r2, r6\n\tbgt 5f\n"
        "2:\n\t"
        "strb r2, [r1]\n\tadds r1, r7\n\tcmp r0, r12\n\tbne 1b\n\tb 7f\n"
        "3:\n\t"
        "mov r2, r5\n\tb 2b\n"
        "4:\n\t"
        "add r2, lr\n\tcmp r2, #0\n\tblt 3b\n"
        "5:\n\t"
        "mov r2, r6\n\tb 2b\n"
        "6:\n\t"
        "subs r0, #4\n"
        "7:\n\t"
        "pop {r4-r7}\n\tmov r8, r4\n\tmov r9, r5\n\tmov r10, r6\n\tmov r11, r7\n\tpop {r4-r7, pc}\n");
}
#else
static const int32_t *tg_scale_by_estimate(const tg_estimate *by, const int32_t *sums, int8_t *out)
{
    do {
        const uint32_t value = (uint32_t)*sums + (uint32_t)by->offset;
        int32_t scaled;
        if (value >= by->range) {
            scaled = (int32_t)(value + (uint32_t)by->least) < 0 ? by->low : by->high;
        } else {
            const uint32_t product = value * by->factor + by->rounded;
            if (product << 9 < by->doubt) {
                return sums;
            }
            scaled = (int32_t)product >> 23;
            scaled = scaled < by->low ? by->low : scaled > by->high ? by->high : scaled;
        }
        *out = (int8_t)scaled;
        out += by->step;
        sums++;
    } while (sums != by->end);
    return sums;
}
#endif
#else
#define TG_ESTIMATES 0
#endif
#endif /* TG_SCALE_ESTIMATE_C */
