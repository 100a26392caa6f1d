/* Counts the guest's instructions between two marks, in all and by block of code: a plugin of QEMU's user emulation.
 *
 * A mark is the system call lseek(0x7167, what, 0), which fails and does nothing else: what = 1 starts counting from
 * zero, 2 stops and tells the total. At the end each block that ran between marks is told as
 *     block ADDRESS INSTRUCTIONS
 * and each pair of marks as
 *     total INSTRUCTIONS
 * in the file that the argument out=PATH names. The declarations are those of QEMU's plugin interface, version 1.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXPORT __attribute__((visibility("default")))
#define LSEEK_AARCH64 62
#define MARK 0x7167
enum { START = 1, STOP = 2 };
enum { NO_REGISTERS = 0 };

typedef uint64_t plugin_id;
struct qemu_plugin_tb;
typedef void (*translated)(plugin_id, struct qemu_plugin_tb *);
typedef void (*executed)(unsigned int cpu, void *data);
typedef void (*called)(plugin_id, unsigned int cpu, int64_t number, uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4,
                       uint64_t a5, uint64_t a6, uint64_t a7, uint64_t a8);
typedef void (*ended)(plugin_id, void *data);

extern void qemu_plugin_register_vcpu_tb_trans_cb(plugin_id, translated);
extern void qemu_plugin_register_vcpu_tb_exec_cb(struct qemu_plugin_tb *, executed, int flags, void *data);
extern void qemu_plugin_register_vcpu_syscall_cb(plugin_id, called);
extern void qemu_plugin_register_atexit_cb(plugin_id, ended, void *data);
extern size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *);
extern uint64_t qemu_plugin_tb_vaddr(const struct qemu_plugin_tb *);

EXPORT int qemu_plugin_version = 1;

struct block {
    uint64_t address, instructions, runs;
    struct block *next;
};

static struct block *blocks;
static uint64_t total;
static int counting;
static FILE *out;

static void on_block(unsigned int cpu, void *data) {
    struct block *block = data;
    (void)cpu;
    if (counting) {
        total += block->instructions;
        block->runs++;
    }
}

/* QEMU translates under a lock of its own; a block that is translated again gets a second record. */
static void on_translation(plugin_id id, struct qemu_plugin_tb *tb) {
    struct block *block = calloc(1, sizeof *block);
    (void)id;
    if (!block) {
        abort();
    }
    block->address = qemu_plugin_tb_vaddr(tb);
    block->instructions = qemu_plugin_tb_n_insns(tb);
    block->next = blocks;
    blocks = block;
    qemu_plugin_register_vcpu_tb_exec_cb(tb, on_block, NO_REGISTERS, block);
}

static void on_call(plugin_id id, unsigned int cpu, int64_t number, uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4,
                    uint64_t a5, uint64_t a6, uint64_t a7, uint64_t a8) {
    (void)id, (void)cpu, (void)a3, (void)a4, (void)a5, (void)a6, (void)a7, (void)a8;
    if (number != LSEEK_AARCH64 || (uint32_t)a1 != MARK) {
        return;
    }
    if (a2 == START) {
        total = 0;
        counting = 1;
    } else if (a2 == STOP) {
        counting = 0;
        fprintf(out, "total %llu\n", (unsigned long long)total);
    }
}

static void on_end(plugin_id id, void *data) {
    (void)id, (void)data;
    for (struct block *block = blocks; block; block = block->next) {
        if (block->runs) {
            fprintf(out, "block %llx %llu\n", (unsigned long long)block->address,
                    (unsigned long long)(block->runs * block->instructions));
        }
    }
    fclose(out);
}

EXPORT int qemu_plugin_install(plugin_id id, const void *info, int argc, char **argv) {
    (void)info;
    for (int i = 0; i < argc; i++) {
        if (!strncmp(argv[i], "out=", 4)) {
            out = fopen(argv[i] + 4, "w");
        }
    }
    if (!out) {
        fprintf(stderr, "count_plugin: give out=PATH of a file that can be written\n");
        return 1;
    }
    qemu_plugin_register_vcpu_tb_trans_cb(id, on_translation);
    qemu_plugin_register_vcpu_syscall_cb(id, on_call);
    qemu_plugin_register_atexit_cb(id, on_end, NULL);
    return 0;
}
