/*
 * 64-bit code in our machine and in a bare Unicorn engine: see guest64.h.
 *
 * Memory of ours: page tables from 10000h (PML4, PDPT, a page directory of 2 MiB pages, as they
 * lie), code from 100000h, behind it a write to the debug-exit port.
 */
#include "guest64.h"

#include "core/loader.h"
#include "measure.h"
#include "util/bytes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define PML4 0x10000ull
#define PDPT 0x11000ull
#define DIRECTORY 0x12000ull
#define RAM_BYTES (4ull << 20)
#define PTE_P_RW 3
#define PTE_LARGE 0x80

static const uint8_t leave[] = {0x31, 0xc0, 0xe6, 0xf4}; /* xor eax, eax; out 0f4h, al */

static bool put_entry(struct machine *m, uint64_t gpa, uint64_t entry)
{
    uint8_t bytes[8];

    put_le64(bytes, entry);
    return ram_write(&m->ram, gpa, bytes, sizeof(bytes));
}

static bool put_tables(struct machine *m)
{
    return put_entry(m, PML4, PDPT | PTE_P_RW) && put_entry(m, PDPT, DIRECTORY | PTE_P_RW) &&
           put_entry(m, DIRECTORY, 0 | PTE_P_RW | PTE_LARGE) &&
           put_entry(m, DIRECTORY + 8, 0x200000 | PTE_P_RW | PTE_LARGE);
}

static void set_long_mode(struct x86_state *state)
{
    uint32_t data = SEG_P | SEG_S | 3, code = SEG_P | SEG_S | 0xb;

    for (int i = X86_ES; i <= X86_GS; i++)
        state->seg[i] = (struct x86_segment){
            .limit = 0xffffffff, .access = data | SEG_DB | SEG_G, .selector = 16};
    state->seg[X86_CS] =
        (struct x86_segment){.limit = 0xffffffff, .access = code | SEG_L | SEG_G, .selector = 8};
    state->cr0 = CR0_PG | CR0_NE | CR0_ET | CR0_PE;
    state->cr3 = PML4;
    state->cr4 = CR4_PAE;
    state->efer = EFER_LME | EFER_LMA;
}

static int open_machine(struct guest64 *g, const uint8_t *code, size_t size,
                        const struct exit_observer *observer, struct error *err)
{
    struct machine_config config = MACHINE_CONFIG_DEFAULT;
    int failed;

    config.ram_size = RAM_BYTES;
    failed = machine_create(&g->machine, &config, err);
    if (failed)
        return failed;
    if (observer)
        g->machine->observer = *observer;
    if (!put_tables(g->machine) || !ram_write(&g->machine->ram, GUEST64_CODE, code, size) ||
        !ram_write(&g->machine->ram, GUEST64_CODE + size, leave, sizeof(leave)))
        return error_set(err, -EFAULT, "guest: does not fit into RAM");
    return 0;
}

static int bare_failed(uc_err failed, const char *what, struct error *err)
{
    return error_set(err, -EIO, "bare Unicorn: %s: %s", what, uc_strerror(failed));
}

static int open_bare(struct guest64 *g, const uint8_t *code, size_t size, struct error *err)
{
    uc_err failed = uc_open(UC_ARCH_X86, UC_MODE_64, &g->bare);

    if (!failed)
        failed = uc_mem_map(g->bare, GUEST64_CODE, 0x10000, UC_PROT_ALL);
    if (!failed)
        failed = uc_mem_write(g->bare, GUEST64_CODE, code, size);
    return failed ? bare_failed(failed, "set-up", err) : 0;
}

int guest64_open(struct guest64 *g, const char *name, const struct exit_observer *observer,
                 struct error *err)
{
    char path[4096];
    uint8_t *code;
    size_t size;
    int failed;

    memset(g, 0, sizeof(*g));
    if (!measure_path(path, sizeof(path), name))
        return error_set(err, -EINVAL, "%s: not found", name);
    failed = file_read(path, PAGE_SIZE, &code, &size, err);
    if (failed)
        return failed;
    g->end = GUEST64_CODE + size;
    failed = open_machine(g, code, size, observer, err);
    if (!failed)
        failed = open_bare(g, code, size, err);
    free(code);
    if (failed)
        guest64_close(g);
    return failed;
}

void guest64_close(struct guest64 *g)
{
    if (g->bare)
        uc_close(g->bare);
    machine_destroy(g->machine);
    memset(g, 0, sizeof(*g));
}

int guest64_run_machine(struct guest64 *g, uint64_t count, double *seconds, uint64_t *rdx,
                        struct error *err)
{
    struct run_limits limits = {0};
    struct run_result result;
    struct x86_state state;
    double start;
    int failed;

    machine_get_state(g->machine, &state);
    set_long_mode(&state);
    memset(state.gpr, 0, sizeof(state.gpr));
    state.gpr[X86_RBX] = 1;
    state.gpr[X86_RDI] = count;
    state.rip = GUEST64_CODE;
    machine_set_state(g->machine, &state);

    start = measure_now();
    failed = machine_run(g->machine, &limits, &result);
    *seconds = measure_now() - start;
    if (failed || result.stop == STOP_GUEST_ERROR)
        return error_set(err, -EIO, "machine: %s", result.error.text);
    if (result.stop != STOP_DEBUG_EXIT)
        return error_set(err, -EIO, "machine: stopped by %s", stop_reason_name(result.stop));
    machine_get_state(g->machine, &state);
    *rdx = state.gpr[X86_RDX];
    return 0;
}

int guest64_reset_bare(struct guest64 *g, uint64_t count, struct error *err)
{
    static const int zeroed[] = {UC_X86_REG_RAX, UC_X86_REG_RCX, UC_X86_REG_RDX};
    uint64_t zero = 0, one = 1;
    uc_err failed = uc_reg_write(g->bare, UC_X86_REG_RDI, &count);

    for (size_t i = 0; !failed && i < sizeof(zeroed) / sizeof(zeroed[0]); i++)
        failed = uc_reg_write(g->bare, zeroed[i], &zero);
    if (!failed)
        failed = uc_reg_write(g->bare, UC_X86_REG_RBX, &one);
    return failed ? bare_failed(failed, "registers", err) : 0;
}
