/* Watches a simulated core from inside the simulator: counts the instructions (and modelled cycles) of every call of
 * one function and keeps the lowest stack pointer. Built for the host; called once per basic block.
 */
#include <stdint.h>

#if defined(_WIN32)
#define EXPORT __declspec(dllexport)
#else
#define EXPORT __attribute__((visibility("default")))
#endif

enum { ISA_THUMB = 0, ISA_RISCV = 1 };

struct trace {
    int32_t (*read_register)(void *engine, int number, void *value);
    const uint8_t *flash; /* the program, as it lies at flash_origin */
    uint64_t flash_origin, flash_bytes;
    uint64_t entry;               /* of the watched function, without the Thumb bit */
    int32_t link_register, stack_register;
    int32_t isa;
    uint64_t calls, instructions, cycles; /* inside the watched function and what it calls, over all calls */
    uint64_t most_instructions, most_cycles, fewest_instructions; /* of one call */
    uint64_t total_instructions;
    uint64_t lowest_stack;
    uint64_t return_address; /* 0 outside the watched function */
    uint64_t call_instructions, call_cycles;
    uint64_t branch_end; /* end of a block that closes with a conditional branch, 0 otherwise */
    uint64_t outside;    /* address of the first block outside flash, 0 when there is none */
    uint64_t mark;       /* a function whose calls are noted, 0 for none */
    uint64_t *marks;     /* instructions and cycles of the watched call so far, two a call of `mark` */
    uint64_t most_marks, marks_seen;
};

static uint32_t half_at(const struct trace *t, uint64_t address)
{
    const uint8_t *p = t->flash + (address - t->flash_origin);
    return (uint32_t)p[0] | (uint32_t)p[1] << 8;
}

static uint32_t ones(uint32_t bits)
{
    uint32_t n = 0;
    for (; bits != 0; bits &= bits - 1) {
        n++;
    }
    return n;
}

static int is_conditional_branch(uint32_t half)
{
    return (half & 0xF000u) == 0xD000u && (half & 0x0E00u) != 0x0E00u;
}

/* Cycles of one 16-bit instruction on a Cortex-M0+ with a one-cycle multiplier and no wait states
 * (Cortex-M0+ Technical Reference Manual, table 3-1); a conditional branch counts as not taken here. */
static uint32_t m0plus_cycles(uint32_t half)
{
    if ((half & 0xF000u) == 0xC000u) { /* LDM, STM */
        return 1 + ones(half & 0xFFu);
    }
    if ((half & 0xFE00u) == 0xB400u) { /* PUSH */
        return 1 + ones(half & 0x1FFu);
    }
    if ((half & 0xFE00u) == 0xBC00u) { /* POP, with PC 3 + N where N leaves out PC itself */
        return 1 + ones(half & 0xFFu) + ((half & 0x100u) != 0 ? 2u : 0u);
    }
    if ((half & 0xF800u) == 0x4800u || (half >> 12) == 5u || (half >> 13) == 3u || (half >> 12) == 8u ||
        (half >> 12) == 9u) { /* loads and stores */
        return 2;
    }
    if ((half & 0xF800u) == 0xE000u || (half & 0xFF00u) == 0x4700u) { /* B, BX, BLX */
        return 2;
    }
    if ((half & 0xFC87u) == 0x4487u) { /* ADD or MOV to PC */
        return 2;
    }
    return 1;
}

static void count_thumb(const struct trace *t, uint64_t address, uint64_t end, uint64_t *n, uint64_t *cycles)
{
    while (address < end) {
        const uint32_t half = half_at(t, address);
        const int wide = (half >> 11) >= 0x1Du;
        *n += 1;
        *cycles += wide ? 3u : m0plus_cycles(half); /* BL, MRS, MSR and barriers: 3 */
        address += wide ? 4u : 2u;
    }
}

static void count_riscv(const struct trace *t, uint64_t address, uint64_t end, uint64_t *n)
{
    while (address < end) {
        *n += 1;
        address += (half_at(t, address) & 3u) == 3u ? 4u : 2u;
    }
}

static void finish_call(struct trace *t)
{
    t->calls++;
    t->instructions += t->call_instructions;
    t->cycles += t->call_cycles;
    if (t->call_instructions > t->most_instructions) {
        t->most_instructions = t->call_instructions;
    }
    if (t->call_instructions < t->fewest_instructions) {
        t->fewest_instructions = t->call_instructions;
    }
    if (t->call_cycles > t->most_cycles) {
        t->most_cycles = t->call_cycles;
    }
    t->return_address = 0;
}

EXPORT void tg_trace_block(void *engine, uint64_t address, uint32_t size, void *user)
{
    struct trace *t = user;
    uint32_t stack = 0, link = 0;
    uint64_t n = 0, cycles = 0;
    const uint64_t end = address + size;

    if (address < t->flash_origin || end > t->flash_origin + t->flash_bytes) {
        t->outside = t->outside == 0 ? address : t->outside;
        return;
    }
    t->read_register(engine, t->stack_register, &stack);
    if (stack != 0 && stack < t->lowest_stack) {
        t->lowest_stack = stack;
    }
    if (t->branch_end != 0 && address != t->branch_end && t->return_address != 0) {
        t->call_cycles++; /* the branch was taken */
    }
    if (address == t->return_address && t->return_address != 0) {
        finish_call(t);
    }
    if (address == t->entry && t->return_address == 0) {
        t->read_register(engine, t->link_register, &link);
        t->return_address = link & ~(uint32_t)1;
        t->call_instructions = 0;
        t->call_cycles = 0;
    }
    if (address == t->mark && t->mark != 0 && t->marks_seen < t->most_marks) {
        t->marks[2 * t->marks_seen] = t->call_instructions;
        t->marks[2 * t->marks_seen + 1] = t->call_cycles;
        t->marks_seen++;
    }
    t->branch_end = 0;
    if (t->isa == ISA_THUMB) {
        count_thumb(t, address, end, &n, &cycles);
        if (size >= 2 && is_conditional_branch(half_at(t, end - 2))) {
            t->branch_end = end;
        }
    } else {
        count_riscv(t, address, end, &n);
    }
    t->total_instructions += n;
    if (t->return_address != 0) {
        t->call_instructions += n;
        t->call_cycles += cycles;
    }
}
