/* Port under QEMU: samples lie in a memory that the loader filled, answers leave by semihosting, byte for byte. */
#include "port.h"

enum { SYS_WRITEC = 0x03, SYS_EXIT = 0x18 };
#define APPLICATION_EXIT 0x20026

static uintptr_t semihosting(uintptr_t operation, const volatile void *argument)
{
#if defined(__riscv)
    register uintptr_t a0 __asm__("a0") = operation;
    register uintptr_t a1 __asm__("a1") = (uintptr_t)argument;
    __asm__ volatile(".balign 16\n\t"
                     ".option push\n\t"
                     ".option norvc\n\t"
                     "slli x0, x0, 0x1f\n\t"
                     "ebreak\n\t"
                     "srai x0, x0, 7\n\t"
                     ".option pop"
                     : "+r"(a0)
                     : "r"(a1)
                     : "memory");
    return a0;
#else
    register uintptr_t r0 __asm__("r0") = operation;
    register uintptr_t r1 __asm__("r1") = (uintptr_t)argument;
    __asm__ volatile("bkpt 0xAB" : "+r"(r0) : "r"(r1) : "memory");
    return r0;
#endif
}

int16_t tg_port_read(void)
{
    static volatile const int16_t *next = (volatile const int16_t *)TG_MAILBOX_ADDRESS;
    return *next++;
}

void tg_port_write(int16_t word)
{
    volatile char low = (char)((uint16_t)word & 0xFFu), high = (char)((uint16_t)word >> 8);

    (void)semihosting(SYS_WRITEC, &low);
    (void)semihosting(SYS_WRITEC, &high);
}

void tg_port_stop(void)
{
    (void)semihosting(SYS_EXIT, (const volatile void *)APPLICATION_EXIT);
    for (;;) {
    }
}
