/* Reset of an MSP430: watchdog off, stack set, .data copied, .bss cleared; and the compiler's helper functions. */
#include <stdint.h>

extern uint8_t tg_data_begin[], tg_data_end[], tg_data_load[], tg_bss_begin[], tg_bss_end[];
int main(void);
void tg_reset(void);

__attribute__((section(".vectors"), used)) static void (*const reset_vector)(void) = tg_reset;

__attribute__((noreturn, used)) void tg_start(void)
{
    const uint8_t *from = tg_data_load;
    uint8_t *to;

    *(volatile uint16_t *)0x0120 = 0x5A80; /* WDTCTL: password and hold */
    for (to = tg_data_begin; to < tg_data_end; to++) {
        *to = *from++;
    }
    for (to = tg_bss_begin; to < tg_bss_end; to++) {
        *to = 0;
    }
    (void)main();
    for (;;) {
        __asm__ volatile("" ::: "memory");
    }
}

__attribute__((naked, noreturn, used)) void tg_reset(void)
{
    __asm__ volatile("mov #tg_stack_top, r1\n\t"
                     "br #tg_start");
}
