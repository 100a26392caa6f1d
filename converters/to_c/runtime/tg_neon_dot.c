#ifndef TG_NEON_DOT_C
#define TG_NEON_DOT_C
#include "tg_neon.c"
#if !defined(__ARM_FEATURE_DOTPROD) && (defined(__linux__) || defined(__ANDROID__))
unsigned long getauxval(unsigned long type); /* of every C library there; its header is not in all of them */
#endif

/* SDOT, four products a lane: chosen when compiled where the target has it, else when run, by what the kernel tells.
 *
 * Kernels are written once, with a constant `dot`, and compiled for both. Without SDOT a pair of products stays below
 * 2^15, since weights are -127..127.
 */
TG_INTO int tg_has_dot(void)
{
#if defined(__ARM_FEATURE_DOTPROD)
    return 1;
#elif defined(__linux__) || defined(__ANDROID__)
    return (getauxval(16 /* AT_HWCAP */) >> 20 & 1) != 0; /* HWCAP_ASIMDDP */
#else
    return 0;
#endif
}

/* Both in the order written: a compiler that moves products away from their loads runs out of registers. */
#define TG_SDOT(sums, x, w) \
    __asm__ volatile(".arch_extension dotprod\n\tsdot %0.4s, %1.16b, %2.16b" : "+w"(sums) : "w"(x), "w"(w))
#define TG_SDOT_LANE(sums, x, w, lane) \
    __asm__ volatile(".arch_extension dotprod\n\tsdot %0.4s, %1.16b, %2.4b[" #lane "]" \
                     : "+w"(sums) : "w"(x), "w"(w))

/* As TG_SDOT, of what every 64-bit ARM has. */
#define TG_DOT_LONG(sums, x, w) \
    do { \
        int16x8_t low_, high_; \
        __asm__ volatile("smull %1.8h, %3.8b, %4.8b\n\tsmull2 %2.8h, %3.16b, %4.16b\n\t" \
                         "addp %1.8h, %1.8h, %2.8h\n\tsadalp %0.4s, %1.8h" \
                         : "+w"(sums), "=&w"(low_), "=&w"(high_) : "w"(x), "w"(w)); \
    } while (0)

#define TG_DOT(dot, sums, x, w) \
    do { \
        if (dot) { \
            TG_SDOT(sums, x, w); \
        } else { \
            TG_DOT_LONG(sums, x, w); \
        } \
    } while (0)

/* As TG_DOT, with the four bytes of one lane (a digit) of w. */
#define TG_DOT_LANE(dot, sums, x, w, lane) \
    do { \
        if (dot) { \
            TG_SDOT_LANE(sums, x, w, lane); \
        } else { \
            const int8x16_t w_ = vreinterpretq_s8_s32(vdupq_laneq_s32(vreinterpretq_s32_s8(w), lane)); \
            TG_DOT_LONG(sums, x, w_); \
        } \
    } while (0)
#endif /* TG_NEON_DOT_C */
