/* Port of the simulated 32-bit cores: a block of memory outside the board's own, so that no RAM figure includes it. */
#include "port.h"

struct tg_mailbox {
    volatile const int16_t *next_input;
    volatile int16_t *next_output;
};

#define MAILBOX ((volatile struct tg_mailbox *)TG_MAILBOX_ADDRESS)

int16_t tg_port_read(void)
{
    return *MAILBOX->next_input++;
}

void tg_port_write(int16_t word)
{
    *MAILBOX->next_output++ = word;
}

/* The simulator stops when it comes here. */
__attribute__((noinline, used)) void tg_port_stop(void)
{
    for (;;) {
        __asm__ volatile("" ::: "memory");
    }
}
