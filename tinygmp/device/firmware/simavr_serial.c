/* Runs one AVR program in libsimavr with its UART 0 on a pseudo-terminal: a board without a board, for tests.
 *
 * Arguments: mcu, clock. Standard input: image bytes (32 bits little endian), image. The first line of standard output
 * names the terminal. Runs until it is killed.
 */
#define _XOPEN_SOURCE 600
#include <fcntl.h>
#include <simavr/avr_uart.h>
#include <simavr/sim_avr.h>
#include <stdio.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

static int terminal, may_send = 1;

static void from_board(struct avr_irq_t *irq, uint32_t value, void *unused)
{
    const uint8_t byte = (uint8_t)value;
    (void)irq, (void)unused;
    if (write(terminal, &byte, 1) != 1) {
        exit(1);
    }
}

static void set_may_send(struct avr_irq_t *irq, uint32_t value, void *yes)
{
    (void)irq, (void)value;
    may_send = yes != NULL;
}

static void load(avr_t *avr)
{
    uint8_t head[4];
    uint32_t bytes;
    uint8_t *image;

    if (fread(head, 1, 4, stdin) != 4) {
        exit(2);
    }
    bytes = (uint32_t)head[0] | (uint32_t)head[1] << 8 | (uint32_t)head[2] << 16 | (uint32_t)head[3] << 24;
    image = malloc(bytes);
    if (image == NULL || fread(image, 1, bytes, stdin) != bytes) {
        exit(2);
    }
    avr_loadcode(avr, image, bytes, 0);
    avr->codeend = bytes;
}

int main(int argc, char **argv)
{
    uint32_t flags = 0;
    struct termios raw;
    int state = cpu_Running, slave;
    unsigned idle = 0;
    avr_t *avr;

    if (argc != 3 || (avr = avr_make_mcu_by_name(argv[1])) == NULL) {
        return 2;
    }
    avr_init(avr);
    avr->frequency = (uint32_t)strtoul(argv[2], NULL, 10);
    load(avr);
    terminal = posix_openpt(O_RDWR | O_NOCTTY);
    if (terminal < 0 || grantpt(terminal) != 0 || unlockpt(terminal) != 0) {
        return 2;
    }
    slave = open(ptsname(terminal), O_RDWR | O_NOCTTY); /* held open, so that the line never hangs up */
    tcgetattr(slave, &raw);
    raw.c_iflag = raw.c_oflag = raw.c_lflag = 0;
    tcsetattr(slave, TCSANOW, &raw);
    fcntl(terminal, F_SETFL, O_NONBLOCK);
    avr_ioctl(avr, AVR_IOCTL_UART_SET_FLAGS('0'), &flags);
    avr_irq_register_notify(avr_io_getirq(avr, AVR_IOCTL_UART_GETIRQ('0'), UART_IRQ_OUTPUT), from_board, NULL);
    avr_irq_register_notify(avr_io_getirq(avr, AVR_IOCTL_UART_GETIRQ('0'), UART_IRQ_OUT_XON), set_may_send, &terminal);
    avr_irq_register_notify(avr_io_getirq(avr, AVR_IOCTL_UART_GETIRQ('0'), UART_IRQ_OUT_XOFF), set_may_send, NULL);
    printf("%s\n", ptsname(terminal));
    fflush(stdout);
    while (state != cpu_Done && state != cpu_Crashed) {
        uint8_t byte;
        state = avr_run(avr);
        if (++idle % 64 == 0 && may_send && read(terminal, &byte, 1) == 1) {
            avr_raise_irq(avr_io_getirq(avr, AVR_IOCTL_UART_GETIRQ('0'), UART_IRQ_INPUT), byte);
        }
    }
    return 3;
}
