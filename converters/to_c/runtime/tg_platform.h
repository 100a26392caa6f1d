/* What differs between compilers and builds: where constants live, how they are read, what is inlined. */
#ifndef TG_PLATFORM_H
#define TG_PLATFORM_H

#include <stdint.h>

#if defined(__AVR__)
#include <avr/pgmspace.h>
#define TG_FLASH PROGMEM
#define TG_READ_U8(address) pgm_read_byte(address)
#define TG_READ_I8(address) ((int8_t)pgm_read_byte(address))
#define TG_READ_I16(address) ((int16_t)pgm_read_word(address))
#define TG_READ_I32(address) ((int32_t)pgm_read_dword(address))
#else
#define TG_FLASH
#define TG_READ_U8(address) (*(address))
#define TG_READ_I8(address) (*(address))
#define TG_READ_I16(address) (*(address))
#define TG_READ_I32(address) (*(address))
#endif

/* The build: fewest bytes, most steps a second, or between. Set TG_PROFILE to choose; -Os alone means the smallest. */
#define TG_SMALLEST 0
#define TG_BALANCED 1
#define TG_FASTEST 2
#ifndef TG_PROFILE
#ifdef __OPTIMIZE_SIZE__
#define TG_PROFILE TG_SMALLEST
#else
#define TG_PROFILE TG_FASTEST
#endif
#endif

#if defined(__GNUC__)
#define TG_NOINLINE __attribute__((noinline))
#define TG_ALWAYS_INLINE __attribute__((always_inline))
#define TG_UNUSED __attribute__((unused))
#define TG_ASSUME(condition) do { if (!(condition)) { __builtin_unreachable(); } } while (0)
#else
#define TG_NOINLINE
#define TG_ALWAYS_INLINE
#define TG_UNUSED
#define TG_ASSUME(condition) ((void)0)
#endif
#if defined(__GNUC__) && (__GNUC__ >= 7 || defined(__clang__))
#define TG_FALL_THROUGH __attribute__((fallthrough));
#else
#define TG_FALL_THROUGH
#endif

/* A function of assembler alone; TG_NAKED_IS_BARE: no compiler option makes the compiler put code of its own before it. */
#if defined(__GNUC__)
#if defined(__has_attribute)
#if __has_attribute(no_stack_protector)
#define TG_NO_GUARD __attribute__((no_stack_protector))
#endif
#if __has_attribute(no_profile_instrument_function)
#define TG_NO_COUNTS __attribute__((no_profile_instrument_function))
#endif
#endif
#if defined(__SSP_ALL__) && !defined(TG_NO_GUARD)
#define TG_NAKED_IS_BARE 0
#else
#define TG_NAKED_IS_BARE 1
#endif
#ifndef TG_NO_GUARD
#define TG_NO_GUARD
#endif
#ifndef TG_NO_COUNTS
#define TG_NO_COUNTS
#endif
#define TG_NAKED __attribute__((naked, noinline, no_instrument_function)) TG_NO_GUARD TG_NO_COUNTS
#endif

/* What several places call: one function in the smaller builds, a copy at each place in the fastest. */
#if TG_PROFILE == TG_FASTEST
#define TG_SHARED static inline TG_ALWAYS_INLINE
#else
#define TG_SHARED static TG_NOINLINE
#endif

#define TG_TWICE static TG_NOINLINE

/* Cores with 32-bit registers get their speed otherwise than those with 8 or 16; cells of 16 bits have one way only. */
#if TG_PROFILE == TG_FASTEST && !defined(__AVR__) && !defined(__MSP430__) && !defined(TG_CELL_16)
#define TG_FAST_32 1
#else
#define TG_FAST_32 0
#endif

/* On AVR the fastest build reads what a unit needs in one run, since one pointer alone reaches the flash. */
#if TG_PROFILE == TG_FASTEST && defined(__AVR_HAVE_LPMX__) && defined(__AVR_HAVE_MOVW__) && !defined(__AVR_3_BYTE_PC__)
#define TG_UNITS_IN_ORDER 1
#define TG_IN_A_PAGE __attribute__((aligned(64))) /* of 256 bytes, for a table of 33 */
#else
#define TG_UNITS_IN_ORDER 0
#define TG_IN_A_PAGE
#endif

/* So does it on ARMv7E-M and RV32IM, to keep everything in registers: columns and values of a row apart there. */
#if TG_FAST_32 && defined(__GNUC__) && (defined(__ARM_FEATURE_DSP) || defined(__riscv_mul) && __riscv_xlen == 32)
#define TG_UNITS_APART 1
#else
#define TG_UNITS_APART 0
#endif

/* Hides a value's origin from the compiler: loops over it are not unrolled, tables near it keep their address. */
#if defined(__GNUC__)
#define TG_OPAQUE(variable) __asm__("" : "+r"(variable))
#else
#define TG_OPAQUE(variable) ((void)0)
#endif

/* The arithmetic below relies on >> of a negative number rounding toward minus infinity. */
typedef char tg_needs_arithmetic_shift[((-3) >> 1) == -2 ? 1 : -1];

#endif
