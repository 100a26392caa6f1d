/* A small MSP430 (the 16-bit CPU, no peripherals), for measuring: cycles as in the MSP430x2xx Family User's Guide
 * (SLAU144, tables 3-15 and 3-16), constants of the constant generator free of charge. Built for the host.
 */
#include <stdint.h>

#if defined(_WIN32)
#define EXPORT __declspec(dllexport)
#else
#define EXPORT __attribute__((visibility("default")))
#endif

enum { PC = 0, SP = 1, SR = 2, CG = 3 };
enum { CARRY = 1, ZERO = 2, NEGATIVE = 4, OVERFLOW = 0x100 };
enum { REGISTER, INDEXED, INDIRECT, INCREMENT, IMMEDIATE }; /* INDEXED includes absolute and PC-relative */
enum { RUNNING, STOPPED, BAD_INSTRUCTION, BAD_WRITE, OUT_OF_CYCLES };

struct msp430 {
    uint8_t *memory; /* 64 KB */
    uint16_t entry;  /* of the watched function */
    uint16_t stop;   /* where the program ends */
    uint16_t ram_begin, ram_end, mailbox_begin, mailbox_end; /* the only memory that may be written, with I/O */
    uint64_t cycle_limit;
    uint64_t calls, instructions, cycles, most_instructions, most_cycles; /* of the watched function */
    uint64_t total_instructions, total_cycles;
    uint32_t lowest_stack, fault_address;
    uint16_t r[16];
    uint64_t begin_instructions, begin_cycles;
    uint32_t return_address; /* above 0xFFFF outside the watched function */
};

struct operand {
    uint16_t address, value;
    int mode;
    int reg;
};

static uint16_t word_at(const struct msp430 *m, uint16_t address)
{
    address &= 0xFFFEu;
    return (uint16_t)(m->memory[address] | m->memory[address + 1] << 8);
}

static int may_write(const struct msp430 *m, uint16_t address)
{
    return address < 0x200 || (address >= m->ram_begin && address < m->ram_end) ||
           (address >= m->mailbox_begin && address < m->mailbox_end);
}

static int store(struct msp430 *m, uint16_t address, uint16_t value, int byte)
{
    if (!may_write(m, address)) {
        m->fault_address = address;
        return 0;
    }
    if (byte) {
        m->memory[address] = (uint8_t)value;
    } else {
        m->memory[address & 0xFFFEu] = (uint8_t)value;
        m->memory[(address & 0xFFFEu) + 1] = (uint8_t)(value >> 8);
    }
    return 1;
}

static uint16_t fetch(struct msp430 *m)
{
    const uint16_t word = word_at(m, m->r[PC]);
    m->r[PC] = (uint16_t)(m->r[PC] + 2);
    return word;
}

static uint16_t read_memory(const struct msp430 *m, uint16_t address, int byte)
{
    return byte ? m->memory[address] : word_at(m, address);
}

/* Constants 0, 1, 2, 4, 8 and -1 come from the registers SR and CG, without a word of their own. */
static int generated_constant(int reg, int as, uint16_t *value)
{
    static const uint16_t of_cg[4] = {0, 1, 2, 0xFFFF};

    if (reg == CG) {
        *value = of_cg[as];
        return 1;
    }
    if (reg == SR && as >= 2) {
        *value = as == 2 ? 4 : 8;
        return 1;
    }
    return 0;
}

static struct operand source(struct msp430 *m, int reg, int as, int byte)
{
    struct operand s = {0, 0, REGISTER, reg};

    if (generated_constant(reg, as, &s.value)) {
        s.value = byte ? s.value & 0xFF : s.value;
        return s;
    }
    if (as == 0) {
        s.value = byte ? m->r[reg] & 0xFF : m->r[reg];
        return s;
    }
    if (as == 1) {
        const uint16_t base = reg == SR ? 0 : m->r[reg];
        s.mode = INDEXED;
        s.address = (uint16_t)(base + fetch(m));
    } else {
        s.address = m->r[reg];
        s.mode = as == 2 ? INDIRECT : reg == PC ? IMMEDIATE : INCREMENT;
        if (as == 3) {
            m->r[reg] = (uint16_t)(m->r[reg] + (byte && reg != PC && reg != SP ? 1 : 2));
        }
    }
    s.value = read_memory(m, s.address, byte);
    return s;
}

static void set_flags(struct msp430 *m, uint16_t result, int byte, int carry, int overflow)
{
    const uint16_t sign = byte ? 0x80 : 0x8000;
    uint16_t flags = m->r[SR] & (uint16_t)~(CARRY | ZERO | NEGATIVE | OVERFLOW);

    flags |= (uint16_t)((carry ? CARRY : 0) | (result == 0 ? ZERO : 0) | ((result & sign) != 0 ? NEGATIVE : 0) |
                        (overflow ? OVERFLOW : 0));
    m->r[SR] = flags;
}

static uint16_t add(struct msp430 *m, uint16_t a, uint16_t b, int carry_in, int byte)
{
    const uint32_t mask = byte ? 0xFF : 0xFFFF, sign = byte ? 0x80 : 0x8000;
    const uint32_t sum = (a & mask) + (b & mask) + (uint32_t)carry_in;

    set_flags(m, (uint16_t)(sum & mask), byte, sum > mask, (~(a ^ b) & (a ^ sum) & sign) != 0);
    return (uint16_t)(sum & mask);
}

/* Decimal addition, digit by digit. */
static uint16_t add_decimal(struct msp430 *m, uint16_t a, uint16_t b, int byte)
{
    uint32_t result = 0, carry = m->r[SR] & CARRY;
    int shift;

    for (shift = 0; shift < (byte ? 8 : 16); shift += 4) {
        uint32_t digit = (a >> shift & 15u) + (b >> shift & 15u) + carry;
        carry = digit > 9;
        result |= (carry ? digit - 10 : digit) << shift;
    }
    set_flags(m, (uint16_t)result, byte, (int)carry, 0);
    return (uint16_t)result;
}

/* Returns the result; *writes tells whether it goes to the destination. */
static uint16_t two_operands(struct msp430 *m, int operation, uint16_t src, uint16_t dst, int byte, int *writes)
{
    const uint16_t mask = byte ? 0xFF : 0xFFFF, sign = byte ? 0x80 : 0x8000;
    const int carry = m->r[SR] & CARRY;
    uint16_t result;

    *writes = operation != 9 && operation != 11;
    switch (operation) {
    case 4: return src;
    case 5: return add(m, src, dst, 0, byte);
    case 6: return add(m, src, dst, carry, byte);
    case 7: return add(m, (uint16_t)~src, dst, carry, byte);
    case 8:
    case 9: return add(m, (uint16_t)~src, dst, 1, byte);
    case 10: return add_decimal(m, src, dst, byte);
    case 11:
    case 15:
        result = src & dst & mask;
        set_flags(m, result, byte, result != 0, 0);
        return result;
    case 12: return dst & (uint16_t)~src & mask;
    case 13: return (dst | src) & mask;
    default:
        result = (src ^ dst) & mask;
        set_flags(m, result, byte, result != 0, (src & sign) != 0 && (dst & sign) != 0);
        return result;
    }
}

static uint32_t two_operand_cycles(int mode, int to_memory, int to_pc)
{
    static const uint8_t cycles[5] = {1, 3, 2, 2, 2};

    if (to_memory) {
        return cycles[mode] + 3u;
    }
    return cycles[mode] + (uint32_t)(to_pc && (mode == REGISTER || mode == INCREMENT || mode == IMMEDIATE));
}

static int run_two_operands(struct msp430 *m, uint16_t word)
{
    const int byte = word >> 6 & 1, dst_reg = word & 15, to_memory = word >> 7 & 1;
    const struct operand src = source(m, word >> 8 & 15, word >> 4 & 3, byte);
    uint16_t address = 0, old, result;
    int writes;

    if (to_memory) {
        const uint16_t base = dst_reg == SR ? 0 : m->r[dst_reg];
        address = (uint16_t)(base + fetch(m));
        old = read_memory(m, address, byte);
    } else {
        old = byte ? m->r[dst_reg] & 0xFF : m->r[dst_reg];
    }
    m->total_cycles += two_operand_cycles(src.mode, to_memory, dst_reg == PC);
    result = two_operands(m, word >> 12, src.value, old, byte, &writes);
    if (writes && to_memory) {
        return store(m, address, result, byte) ? RUNNING : BAD_WRITE;
    }
    if (writes && dst_reg != CG) {
        m->r[dst_reg] = result;
    }
    return RUNNING;
}

static uint32_t one_operand_cycles(int operation, int mode, int constant)
{
    static const uint8_t shift[5] = {1, 4, 3, 3, 3}, push[5] = {3, 5, 4, 5, 4}, call[5] = {4, 5, 4, 5, 5};

    if (constant) {
        return operation == 4 ? 3 : operation == 5 ? 4 : 1;
    }
    return operation == 4 ? push[mode] : operation == 5 ? call[mode] : shift[mode];
}

static int run_one_operand(struct msp430 *m, uint16_t word)
{
    const int operation = word >> 7 & 7, byte = word >> 6 & 1, reg = word & 15, as = word >> 4 & 3;
    const uint16_t sign = byte ? 0x80 : 0x8000;
    uint16_t result, ignored;
    struct operand s;

    if (operation == 6 || operation == 7) {
        return BAD_INSTRUCTION; /* RETI: no interrupts here */
    }
    s = source(m, reg, as, byte);
    m->total_cycles += one_operand_cycles(operation, s.mode, generated_constant(reg, as, &ignored));
    if (operation >= 4) { /* PUSH, CALL */
        m->r[SP] = (uint16_t)(m->r[SP] - 2);
        if (!store(m, m->r[SP], operation == 4 ? s.value : m->r[PC], operation == 4 && byte)) {
            return BAD_WRITE;
        }
        m->r[PC] = operation == 5 ? s.value : m->r[PC];
        return RUNNING;
    }
    if (operation == 0) { /* RRC */
        result = (uint16_t)(s.value >> 1 | ((m->r[SR] & CARRY) != 0 ? sign : 0));
        set_flags(m, result, byte, s.value & 1, 0);
    } else if (operation == 1) { /* SWPB */
        result = (uint16_t)(s.value << 8 | s.value >> 8);
    } else if (operation == 2) { /* RRA */
        result = (uint16_t)(s.value >> 1 | (s.value & sign));
        set_flags(m, result, byte, s.value & 1, 0);
    } else { /* SXT */
        result = (uint16_t)(int16_t)(int8_t)(s.value & 0xFF);
        set_flags(m, result, 0, result != 0, 0);
    }
    if (s.mode == REGISTER) {
        m->r[reg] = result;
        return RUNNING;
    }
    return store(m, s.address, result, byte) ? RUNNING : BAD_WRITE;
}

static void run_jump(struct msp430 *m, uint16_t word)
{
    const int16_t offset = (int16_t)((word & 0x3FF) - ((word & 0x200) != 0 ? 0x400 : 0));
    const uint16_t flags = m->r[SR];
    const int n = (flags & NEGATIVE) != 0, less = n != ((flags & OVERFLOW) != 0);
    const int taken[8] = {(flags & ZERO) == 0, (flags & ZERO) != 0, (flags & CARRY) == 0, (flags & CARRY) != 0,
                          n, !less, less, 1};

    m->total_cycles += 2;
    if (taken[word >> 10 & 7]) {
        m->r[PC] = (uint16_t)(m->r[PC] + 2 * offset);
    }
}

static void watch(struct msp430 *m)
{
    if (m->r[PC] == m->return_address) {
        const uint64_t instructions = m->total_instructions - m->begin_instructions;
        const uint64_t cycles = m->total_cycles - m->begin_cycles;
        m->calls++;
        m->instructions += instructions;
        m->cycles += cycles;
        m->most_instructions = instructions > m->most_instructions ? instructions : m->most_instructions;
        m->most_cycles = cycles > m->most_cycles ? cycles : m->most_cycles;
        m->return_address = 0x10000;
    }
    if (m->r[PC] == m->entry && m->return_address > 0xFFFF) {
        m->return_address = word_at(m, m->r[SP]);
        m->begin_instructions = m->total_instructions;
        m->begin_cycles = m->total_cycles;
    }
    if (m->r[SP] >= m->ram_begin && m->r[SP] < m->lowest_stack) {
        m->lowest_stack = m->r[SP];
    }
}

EXPORT int tg_msp430_run(struct msp430 *m)
{
    int state = RUNNING;

    m->r[PC] = word_at(m, 0xFFFE);
    m->return_address = 0x10000;
    m->lowest_stack = 0x10000;
    while (state == RUNNING) {
        uint16_t word;
        watch(m);
        if (m->r[PC] == m->stop) {
            return STOPPED;
        }
        if (m->total_cycles > m->cycle_limit) {
            return OUT_OF_CYCLES;
        }
        word = fetch(m);
        m->total_instructions++;
        if (word >= 0x4000) {
            state = run_two_operands(m, word);
        } else if (word >= 0x2000) {
            run_jump(m, word);
        } else if ((word & 0xFC00) == 0x1000) {
            state = run_one_operand(m, word);
        } else {
            state = BAD_INSTRUCTION;
        }
    }
    return state;
}
