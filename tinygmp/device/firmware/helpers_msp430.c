/* What the compiler calls on an MSP430 without multiplier (MSP430 EABI, section 6.3): products, shifts, copies. */
#include <stddef.h>
#include <stdint.h>

/* Steps count the bits of b: of two signed factors it is the smaller magnitude, and not negative. */
uint16_t __mspabi_mpyi(uint16_t a, uint16_t b)
{
    uint16_t product = 0;
    if ((int16_t)b < 0) {
        a = (uint16_t)-a;
        b = (uint16_t)-b;
    }
    if (a < b) {
        const uint16_t larger = b;
        b = a;
        a = larger;
    }
    for (; b != 0; b >>= 1) {
        if (b & 1u) {
            product += a;
        }
        a <<= 1;
    }
    return product;
}

uint32_t __mspabi_mpyl(uint32_t a, uint32_t b)
{
    uint32_t product = 0;
    uint16_t bits, above;
    if ((int32_t)b < 0) {
        a = (uint32_t)-a;
        b = (uint32_t)-b;
    }
    if (a < b) {
        const uint32_t larger = b;
        b = a;
        a = larger;
    }
    above = (uint16_t)(b >> 16);
    if (above != 0) {
        product = (uint32_t)__mspabi_mpyi((uint16_t)a, above) << 16;
    }
    for (bits = (uint16_t)b; bits != 0; bits >>= 1) {
        if (bits & 1u) {
            product += a;
        }
        a <<= 1;
    }
    return product;
}

uint16_t __mspabi_slli(uint16_t a, uint16_t n)
{
    for (; n != 0; n--) {
        a <<= 1;
    }
    return a;
}

uint16_t __mspabi_srli(uint16_t a, uint16_t n)
{
    for (; n != 0; n--) {
        a >>= 1;
    }
    return a;
}

int16_t __mspabi_srai(int16_t a, uint16_t n)
{
    for (; n != 0; n--) {
        a >>= 1;
    }
    return a;
}

uint32_t __mspabi_slll(uint32_t a, uint16_t n)
{
    for (; n != 0; n--) {
        a <<= 1;
    }
    return a;
}

uint32_t __mspabi_srll(uint32_t a, uint16_t n)
{
    for (; n != 0; n--) {
        a >>= 1;
    }
    return a;
}

int32_t __mspabi_sral(int32_t a, uint16_t n)
{
    for (; n != 0; n--) {
        a >>= 1;
    }
    return a;
}

void *memset(void *to, int value, size_t bytes)
{
    uint8_t *p = to;
    for (; bytes != 0; bytes--) {
        *p++ = (uint8_t)value;
    }
    return to;
}

void *memcpy(void *to, const void *from, size_t bytes)
{
    uint8_t *p = to;
    const uint8_t *q = from;
    for (; bytes != 0; bytes--) {
        *p++ = *q++;
    }
    return to;
}
