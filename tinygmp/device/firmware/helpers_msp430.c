/* What the compiler calls on an MSP430 without multiplier (MSP430 EABI, section 6.3): products, shifts, copies. */
#include <stddef.h>
#include <stdint.h>

/* Products by adding and shifting, in assembler since clang spends most of a step here. Steps count the bits of the
 * second factor: of two signed factors it is made the smaller one, and not negative.
 */
__asm__(
    ".section .text.__mspabi_mpyi,\"ax\",@progbits\n"
    ".global __mspabi_mpyi\n"
    "__mspabi_mpyi:\n\t" /* r12 = r12 * r13 */
    "mov r12, r14\n\tclr r12\n\t"
    "tst r13\n\tjge 1f\n\tinv r13\n\tinc r13\n\tinv r14\n\tinc r14\n"
    "1:\n\tcmp r13, r14\n\tjhs 2f\n\tmov r14, r15\n\tmov r13, r14\n\tmov r15, r13\n"
    "2:\n\tclrc\n\trrc r13\n\tjnc 3f\n\tadd r14, r12\n"
    "3:\n\tadd r14, r14\n\ttst r13\n\tjne 2b\n\tret\n");

__asm__(
    ".section .text.__mspabi_mpyl,\"ax\",@progbits\n"
    ".global __mspabi_mpyl\n"
    "__mspabi_mpyl:\n\t" /* r13:r12 = r13:r12 * r15:r14 */
    "push r10\n\tpush r9\n\tclr r9\n\tclr r10\n\t"
    "tst r15\n\tjge 1f\n\tinv r14\n\tinv r15\n\tinc r14\n\tadc r15\n\tinv r12\n\tinv r13\n\tinc r12\n\tadc r13\n"
    "1:\n\tcmp r15, r13\n\tjlo 2f\n\tjne 3f\n\tcmp r14, r12\n\tjhs 3f\n"
    "2:\n\tmov r12, r11\n\tmov r14, r12\n\tmov r11, r14\n\tmov r13, r11\n\tmov r15, r13\n\tmov r11, r15\n"
    "3:\n\tclrc\n\trrc r15\n\trrc r14\n\tjnc 4f\n\tadd r12, r9\n\taddc r13, r10\n"
    "4:\n\tadd r12, r12\n\taddc r13, r13\n\ttst r14\n\tjne 3b\n\ttst r15\n\tjne 3b\n\t"
    "mov r9, r12\n\tmov r10, r13\n\tpop r9\n\tpop r10\n\tret\n");

/* r15..r12 = r11..r8 * r15..r12, modulo 2^64; of the registers r11 alone is left changed besides. */
__asm__(
    ".section .text.__mspabi_mpyll,\"ax\",@progbits\n"
    ".global __mspabi_mpyll\n"
    "__mspabi_mpyll:\n\t"
    "push r4\n\tpush r5\n\tpush r6\n\tpush r7\n\tpush r8\n\tpush r9\n\tpush r10\n\t"
    "clr r4\n\tclr r5\n\tclr r6\n\tclr r7\n"
    "1:\n\tclrc\n\trrc r15\n\trrc r14\n\trrc r13\n\trrc r12\n\tjnc 2f\n\t"
    "add r8, r4\n\taddc r9, r5\n\taddc r10, r6\n\taddc r11, r7\n"
    "2:\n\tadd r8, r8\n\taddc r9, r9\n\taddc r10, r10\n\taddc r11, r11\n\t"
    "tst r12\n\tjne 1b\n\ttst r13\n\tjne 1b\n\ttst r14\n\tjne 1b\n\ttst r15\n\tjne 1b\n\t"
    "mov r4, r12\n\tmov r5, r13\n\tmov r6, r14\n\tmov r7, r15\n\t"
    "pop r10\n\tpop r9\n\tpop r8\n\tpop r7\n\tpop r6\n\tpop r5\n\tpop r4\n\tret\n");

/* Long division, a bit of the quotient after the other; the divisor is never 0. */
uint32_t __mspabi_divul(uint32_t a, uint32_t b)
{
    uint32_t rest = 0;
    uint8_t bits;
    for (bits = 32; bits != 0; bits--) {
        rest = (rest << 1) | (a >> 31);
        a <<= 1;
        if (rest >= b) {
            rest -= b;
            a |= 1u;
        }
    }
    return a;
}

uint16_t __mspabi_divu(uint16_t a, uint16_t b)
{
    return (uint16_t)__mspabi_divul(a, b);
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
