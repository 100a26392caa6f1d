/* What differs between compilers: where constants live and how they are read. */
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

/* The arithmetic below relies on >> of a negative number rounding toward minus infinity. */
typedef char tg_needs_arithmetic_shift[((-3) >> 1) == -2 ? 1 : -1];

#endif
