/* Reset of an RV32 core: stack and global pointer set, .data copied, .bss cleared. */
#include <stdint.h>

extern uint32_t tg_data_begin[], tg_data_end[], tg_data_load[], tg_bss_begin[], tg_bss_end[];
int main(void);

__attribute__((noreturn, used)) void tg_start(void)
{
    const uint32_t *from = tg_data_load;
    uint32_t *to;

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

__attribute__((naked, noreturn, section(".vectors"), used)) void tg_reset(void)
{
    __asm__ volatile(".option push\n\t"
                     ".option norelax\n\t"
                     "la gp, __global_pointer$\n\t"
                     ".option pop\n\t"
                     "la sp, tg_stack_top\n\t"
                     "j tg_start");
}
