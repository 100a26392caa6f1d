#ifndef TG_DSP_C
#define TG_DSP_C
#include "tg_platform.h"

/* The DSP extension of ARMv7E-M and ARMv8-M, where it is there: two 16-bit products in one instruction. */
#if defined(__ARM_FEATURE_DSP) && defined(__has_builtin)
#if __has_builtin(__builtin_arm_smlad) && __has_builtin(__builtin_arm_sxtb16)
#define TG_DSP 1
#endif
#endif
#if defined(TG_DSP)
#define TG_SMLAD(a, b, sum) __builtin_arm_smlad((int32_t)(a), (int32_t)(b), sum)
#define TG_SXTB16(word) ((uint32_t)__builtin_arm_sxtb16((int32_t)(word)))
/* Loops that need every register are written out: where words may lie anywhere, and nothing is put before a naked body. */
#if defined(__thumb2__) && defined(__ARM_FEATURE_UNALIGNED) && !defined(__ARM_BIG_ENDIAN) && TG_NAKED_IS_BARE
#define TG_DSP_ASSEMBLER 1
#endif
#elif defined(TG_DSP_EMULATED)
#define TG_DSP 1
TG_UNUSED static inline int32_t TG_SMLAD(uint32_t a, uint32_t b, int32_t sum)
{
    const int32_t low = (int16_t)a * (int16_t)b, high = (int16_t)(a >> 16) * (int16_t)(b >> 16);
    return (int32_t)((uint32_t)sum + (uint32_t)low + (uint32_t)high); /* wraps, as the instruction does */
}

TG_UNUSED static inline uint32_t TG_SXTB16(uint32_t word)
{
    return ((uint32_t)(int8_t)word & 0xFFFFu) | (uint32_t)(int8_t)(word >> 16) << 16;
}
#else
#define TG_DSP 0
#endif

#if TG_DSP
/* Return four bytes of an address of any alignment. */
TG_UNUSED static inline uint32_t tg_word_at(const int8_t *bytes)
{
    uint32_t word;
    __builtin_memcpy(&word, bytes, sizeof word);
    return word;
}

TG_UNUSED static inline void tg_word_to(int8_t *bytes, uint32_t word)
{
    __builtin_memcpy(bytes, &word, sizeof word);
}

#define TG_ODD_BYTES(word) TG_SXTB16((word) >> 8 | (word) << 24)
#endif
#endif /* TG_DSP_C */
