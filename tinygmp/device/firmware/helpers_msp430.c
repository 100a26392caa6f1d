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
