/* Runs one AVR program in libsimavr and measures every call of one function; built for the host.
 *
 * Arguments: mcu, entry of the watched function, main (byte addresses), last byte of RAM, data addresses of GPIOR0,
 * GPIOR1 and GPIOR2, cycle limit. Standard input: image bytes (32 bits little endian), image, then the port's input.
 * Standard output: what the program wrote. Last line of standard error: the figures, as key=value.
 */
#include <simavr/sim_avr.h>
#include <simavr/sim_io.h>
#include <simavr/avr_flash.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct watch {
    uint64_t calls, instructions, cycles, most_instructions, most_cycles, fewest_cycles;
    uint64_t begin_cycle, begin_instruction;
    uint32_t return_address;
    uint16_t entry_stack;
};

static int stopped;

static uint8_t next_input(avr_t *avr, avr_io_addr_t address, void *unused)
{
    const int byte = getchar();
    (void)unused;
    if (byte == EOF) {
        fprintf(stderr, "the program reads beyond its input\n");
        exit(2);
    }
    return avr->data[address] = (uint8_t)byte;
}

static void next_output(avr_t *avr, avr_io_addr_t address, uint8_t value, void *unused)
{
    (void)avr, (void)address, (void)unused;
    putchar(value);
}

static void stop(avr_t *avr, avr_io_addr_t address, uint8_t value, void *unused)
{
    (void)avr, (void)address, (void)value, (void)unused;
    stopped = 1;
}

static uint16_t stack_pointer(const avr_t *avr)
{
    return (uint16_t)(avr->data[R_SPL] | avr->data[R_SPH] << 8);
}

/* The return address lies above the stack pointer, most significant byte first, in words. */
static uint32_t return_address(const avr_t *avr, uint16_t stack)
{
    uint32_t words = 0;
    unsigned i;
    for (i = 1; i <= avr->address_size; i++) {
        words = words << 8 | avr->data[stack + i];
    }
    return words * 2;
}

static void finish_call(struct watch *w, uint64_t cycle, uint64_t instruction)
{
    const uint64_t cycles = cycle - w->begin_cycle, instructions = instruction - w->begin_instruction;

    w->calls++;
    w->cycles += cycles;
    w->instructions += instructions;
    w->most_cycles = cycles > w->most_cycles ? cycles : w->most_cycles;
    w->most_instructions = instructions > w->most_instructions ? instructions : w->most_instructions;
    w->fewest_cycles = cycles < w->fewest_cycles ? cycles : w->fewest_cycles;
    w->return_address = 0;
}

/* A frame is made in two writes of one byte each, with interrupts off; what lies between them is no stack. So a large
 * step down counts once it has stood for three instructions, a push or call at once. */
static void note_stack(uint16_t stack, uint32_t *lowest)
{
    static uint16_t previous;
    static int stood;
    const int small_step = stack <= previous && previous - stack <= 3;

    stood = stack == previous ? stood + 1 : 0;
    if ((stood >= 3 || (small_step && stood == 0)) && stack < *lowest) {
        *lowest = stack;
    }
    previous = stack;
}

static uint8_t *read_image(uint32_t *bytes)
{
    uint8_t head[4];
    uint8_t *image;
    if (fread(head, 1, 4, stdin) != 4) {
        exit(2);
    }
    *bytes = (uint32_t)head[0] | (uint32_t)head[1] << 8 | (uint32_t)head[2] << 16 | (uint32_t)head[3] << 24;
    image = malloc(*bytes);
    if (image == NULL || fread(image, 1, *bytes, stdin) != *bytes) {
        exit(2);
    }
    return image;
}

int main(int argc, char **argv)
{
    struct watch watch;
    uint64_t instructions = 0, limit;
    uint32_t bytes, entry, main_address, ram_end, lowest_stack;
    uint8_t *image;
    avr_t *avr;
    int state = cpu_Running, in_main = 0;

    if (argc != 9 || (avr = avr_make_mcu_by_name(argv[1])) == NULL) {
        fprintf(stderr, "unknown microcontroller\n");
        return 2;
    }
    memset(&watch, 0, sizeof watch);
    watch.fewest_cycles = UINT64_MAX;
    entry = (uint32_t)strtoul(argv[2], NULL, 0);
    main_address = (uint32_t)strtoul(argv[3], NULL, 0);
    lowest_stack = ram_end = (uint32_t)strtoul(argv[4], NULL, 0);
    limit = strtoull(argv[8], NULL, 0);
    avr_init(avr);
    avr->log = LOG_ERROR;
    image = read_image(&bytes);
    if (bytes > avr->flashend + 1) {
        fprintf(stderr, "the image is larger than flash\n");
        return 2;
    }
    avr_loadcode(avr, image, bytes, 0);
    avr->codeend = bytes;
    avr_register_io_read(avr, (avr_io_addr_t)strtoul(argv[5], NULL, 0), next_input, NULL);
    avr_register_io_write(avr, (avr_io_addr_t)strtoul(argv[6], NULL, 0), next_output, NULL);
    avr_register_io_write(avr, (avr_io_addr_t)strtoul(argv[7], NULL, 0), stop, NULL);

    while (!stopped && state != cpu_Done && state != cpu_Crashed && avr->cycle < limit) {
        const uint16_t stack = stack_pointer(avr);
        in_main |= avr->pc == main_address;
        if (in_main) {
            note_stack(stack, &lowest_stack);
        }
        if (watch.return_address != 0 && avr->pc == watch.return_address && stack > watch.entry_stack) {
            finish_call(&watch, avr->cycle, instructions);
        }
        if (avr->pc == entry && watch.return_address == 0) {
            watch.return_address = return_address(avr, stack);
            watch.entry_stack = stack;
            watch.begin_cycle = avr->cycle;
            watch.begin_instruction = instructions;
        }
        instructions++;
        state = avr_run(avr);
    }
    fflush(stdout);
    if (!stopped) {
        fprintf(stderr, "stopped at %#x in state %d after %llu cycles\n", avr->pc, state,
                (unsigned long long)avr->cycle);
        return 3;
    }
    fprintf(stderr, "calls=%llu instructions=%llu cycles=%llu most_instructions=%llu most_cycles=%llu stack=%u\n",
            (unsigned long long)watch.calls, (unsigned long long)watch.instructions,
            (unsigned long long)watch.cycles, (unsigned long long)watch.most_instructions,
            (unsigned long long)watch.most_cycles, ram_end - lowest_stack);
    return 0;
}
