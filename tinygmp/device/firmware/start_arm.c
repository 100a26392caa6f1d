/* Reset of a Cortex-M core: stack pointer and entry point in the vector table, .data copied, .bss cleared. */
#include <stdint.h>

extern uint32_t tg_stack_top[], tg_data_begin[], tg_data_end[], tg_data_load[], tg_bss_begin[], tg_bss_end[];
int main(void);
void tg_reset(void);

__attribute__((section(".vectors"), used)) static void (*const vectors[2])(void) = {
    (void (*)(void))tg_stack_top,
    tg_reset,
};

__attribute__((noreturn, used)) void tg_reset(void)
{
    const uint32_t *from = tg_data_load;
    uint32_t *to;

#if defined(__ARM_FP)
    *(volatile uint32_t *)0xE000ED88u |= 0xFu << 20; /* CPACR: full access to the floating-point unit */
    __asm__ volatile("dsb\n\tisb" ::: "memory");
#endif
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
