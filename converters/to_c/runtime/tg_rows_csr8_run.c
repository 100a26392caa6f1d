#include "tg_platform.h"
#include "tg_rows_csr8.c"

/* csr8 rows at full speed: a jump into a run of products, each at a fixed distance from the row's end.
 *
 * TG_ROWS_CSR8(name, longest) defines `int32_t name(rows, x, sum)`, which adds the next row's product to sum, for rows of at most `longest` (8, 16 .. 64) survivors.
 * No pointer moves and no counter counts within a row; the assembler only fixes what compilers spoil.
 */
#if TG_FAST_32 && defined(__GNUC__) && (defined(__ARM_FEATURE_DSP) || defined(__ARM_ARCH_6M__) || defined(__riscv_mul))
#define TG_RUN_8(P) P(8) P(7) P(6) P(5) P(4) P(3) P(2) P(1)
#define TG_RUN_16(P) P(16) P(15) P(14) P(13) P(12) P(11) P(10) P(9) TG_RUN_8(P)
#define TG_RUN_24(P) P(24) P(23) P(22) P(21) P(20) P(19) P(18) P(17) TG_RUN_16(P)
#define TG_RUN_32(P) P(32) P(31) P(30) P(29) P(28) P(27) P(26) P(25) TG_RUN_24(P)
#define TG_RUN_40(P) P(40) P(39) P(38) P(37) P(36) P(35) P(34) P(33) TG_RUN_32(P)
#define TG_RUN_48(P) P(48) P(47) P(46) P(45) P(44) P(43) P(42) P(41) TG_RUN_40(P)
#define TG_RUN_56(P) P(56) P(55) P(54) P(53) P(52) P(51) P(50) P(49) TG_RUN_48(P)
#define TG_RUN_64(P) P(64) P(63) P(62) P(61) P(60) P(59) P(58) P(57) TG_RUN_56(P)

#if defined(__ARM_FEATURE_DSP)
/* Four instructions, 16 bytes a product. */
#define TG_PRODUCT(left) \
    "ldrb.w %[n], [%[index], #-" #left "]\n\t" \
    "ldrsb.w %[n], [%[x], %[n]]\n\t" \
    "ldrsb.w %[w], [%[values], #-" #left "]\n\t" \
    "smlabb %[sum], %[n], %[w], %[sum]\n\t"
#define TG_ENTER(longest) \
    "ldrb %[n], [%[index]], #1\n\t" \
    "add %[index], %[index], %[n]\n\t" \
    "add %[values], %[values], %[n]\n\t" \
    "tbh [pc, %[n], lsl #1]\n" \
    "8:\n\t" \
    ".set tg_left, 0\n\t" \
    ".rept " #longest " + 1\n\t" \
    ".hword (" #longest " + 1 + 8 * (" #longest " - tg_left))\n\t" \
    ".set tg_left, tg_left + 1\n\t" \
    ".endr\n\t"
#define TG_ROWS_CSR8(name, longest) \
    static inline TG_ALWAYS_INLINE int32_t name(tg_rows_csr8 *rows, const int8_t *x, int32_t sum) \
    { \
        const uint8_t *index = rows->index; \
        const int8_t *values = rows->values; \
        uint32_t n, w; \
        __asm__ volatile(TG_ENTER(longest) TG_RUN_##longest(TG_PRODUCT) \
                         : [index] "+r"(index), [values] "+r"(values), [sum] "+r"(sum), [n] "=&r"(n), [w] "=&r"(w) \
                         : [x] "r"(x) \
                         : "memory"); \
        rows->index = index; \
        rows->values = values; \
        return sum; \
    }

#elif defined(__riscv)
/* Six instructions, 24 bytes a product. */
#define TG_PRODUCT(left) \
    "lbu %[n], -" #left "(%[index])\n\t" \
    "add %[n], %[n], %[x]\n\t" \
    "lb %[w], -" #left "(%[values])\n\t" \
    "lb %[n], 0(%[n])\n\t" \
    "mul %[n], %[n], %[w]\n\t" \
    "add %[sum], %[sum], %[n]\n\t"
#define TG_ENTER(longest) \
    ".option push\n\t" \
    ".option norvc\n\t" \
    "lbu %[n], 0(%[index])\n\t" \
    "addi %[index], %[index], 1\n\t" \
    "add %[index], %[index], %[n]\n\t" \
    "add %[values], %[values], %[n]\n\t" \
    "mul %[n], %[n], %[bytes]\n" \
    "8:\n\t" \
    "auipc %[w], 0\n\t" \
    "sub %[w], %[w], %[n]\n\t" \
    "jr 12 + 24 * " #longest "(%[w])\n\t"

#define TG_ROWS_CSR8(name, longest) \
    static inline TG_ALWAYS_INLINE int32_t name(tg_rows_csr8 *rows, const int8_t *x, int32_t sum) \
    { \
        const uint8_t *index = rows->index; \
        const int8_t *values = rows->values; \
        uint32_t n, w; \
        __asm__ volatile(TG_ENTER(longest) TG_RUN_##longest(TG_PRODUCT) ".option pop" \
                         : [index] "+r"(index), [values] "+r"(values), [sum] "+r"(sum), [n] "=&r"(n), [w] "=&r"(w) \
                         : [x] "r"(x), [bytes] "r"(24) \
                         : "memory"); \
        rows->index = index; \
        rows->values = values; \
        return sum; \
    }

#else
/* Six instructions, 12 bytes, nine cycles a product; the pointers stand 32 before the row's end. */
#define TG_PRODUCT(left) \
    "ldrb %[n], [%[index], #32 - " #left "]\n\t" \
    "ldrsb %[n], [%[x], %[n]]\n\t" \
    "ldrb %[w], [%[values], #32 - " #left "]\n\t" \
    "sxtb %[w], %[w]\n\t" \
    "muls %[n], %[w], %[n]\n\t" \
    "adds %[sum], %[sum], %[n]\n\t"
#undef TG_RUN_40
#undef TG_RUN_48
#undef TG_RUN_56
#undef TG_RUN_64
#define TG_RUN_40(P) TG_RUN_32(P)
#define TG_RUN_48(P) TG_RUN_32(P)
#define TG_RUN_56(P) TG_RUN_32(P)
#define TG_RUN_64(P) TG_RUN_32(P)
#define TG_ROWS_CSR8(name, longest) \
    static inline TG_ALWAYS_INLINE int32_t name(tg_rows_csr8 *rows, const int8_t *x, int32_t sum) \
    { \
        const uint8_t *index = rows->index; \
        const int8_t *values = rows->values; \
        uint32_t w; \
        uint32_t n = *index++; \
        if (longest > 32) { \
            for (; n > 32; n--) { \
                sum += (int32_t)*values++ * x[*index++]; \
            } \
        } \
        index += n; \
        values += n; \
        rows->index = index; \
        rows->values = values; \
        index -= 32; \
        values -= 32; \
        n = ((longest > 32 ? 32 : longest) - n) * 12; \
        __asm__ volatile(".syntax unified\n\tadd pc, %[n]\n\t" \
                         "nop\n\t" TG_RUN_##longest(TG_PRODUCT) \
                         : [sum] "+l"(sum), [n] "+l"(n), [w] "=&l"(w) \
                         : [x] "l"(x), [index] "l"(index), [values] "l"(values) \
                         : "memory", "cc"); \
        return sum; \
    }
#endif

#else
#define TG_ROWS_CSR8(name, longest) \
    static inline int32_t name(tg_rows_csr8 *rows, const int8_t *x, int32_t sum) \
    { \
        return sum + tg_dot_csr8_int8(rows, x, longest); \
    }
#endif
