/*
 * Claims: what the TLB misses is filled in, through both stages, in 0.5 us; and code that lives from
 * memory runs with the second stage at 0.9 of its speed without one.
 *
 * The guest reads over and over through 64 MiB that its tables map with pages of 4 KiB: one word a
 * page, so that every access misses, or one a line of 64 bytes. Without a second stage: the same
 * machine with shadow paging, whose tables are complete after one round and lead to host memory at once.
 * For comparison a bare Unicorn engine whose fill hook walks the guest's tables with the same walker; it
 * has nothing else to do: no A and D, no dirty log, no guest's TLB, no count of instructions.
 */
#include "core/loader.h"
#include "core/machine.h"
#include "support/measure.h"
#include "util/bytes.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unicorn/unicorn.h>

#define CODE 0x100000ull
#define PML4 0x10000ull
#define TABLES 0x200000ull /* page tables, one behind the other */
#define DATA 0x800000ull
#define DATA_BYTES (64ull << 20)
#define RAM_BYTES (128ull << 20)
#define LARGE_READS 64

static const uint8_t leave[] = {0x31, 0xc0, 0xe6, 0xf4}; /* xor eax, eax; out 0f4h, al */

struct peers {
    struct machine *machine, *shadow;
    uc_engine *bare;
    struct x86_paging mmu; /* of the bare engine's hook */
    uint64_t end;          /* behind the code */
};

static void put_entry(struct machine *m, uint64_t gpa, uint64_t entry)
{
    uint8_t bytes[8];

    put_le64(bytes, entry);
    ram_write(&m->ram, gpa, bytes, sizeof(bytes));
}

/* All RAM one to one, by pages of 4 KiB. */
static void put_tables(struct machine *m)
{
    put_entry(m, PML4, (PML4 + PAGE_SIZE) | 3);
    put_entry(m, PML4 + PAGE_SIZE, (PML4 + 2 * PAGE_SIZE) | 3);
    for (uint64_t i = 0; i < RAM_BYTES >> 21; i++)
        put_entry(m, PML4 + 2 * PAGE_SIZE + 8 * i, (TABLES + i * PAGE_SIZE) | 3);
    for (uint64_t i = 0; i < RAM_BYTES / PAGE_SIZE; i++)
        put_entry(m, TABLES + 8 * i, i * PAGE_SIZE | 3);
}

static void set_state(struct machine *m, uint64_t rounds, uint64_t stride)
{
    struct x86_state s;

    machine_get_state(m, &s);
    for (int i = X86_ES; i <= X86_GS; i++)
        s.seg[i] = (struct x86_segment){
            .limit = 0xffffffff, .access = SEG_P | SEG_S | 3 | SEG_DB | SEG_G, .selector = 16};
    s.seg[X86_CS] = (struct x86_segment){
        .limit = 0xffffffff, .access = SEG_P | SEG_S | 0xb | SEG_L | SEG_G, .selector = 8};
    s.cr0 = CR0_PG | CR0_NE | CR0_ET | CR0_PE;
    s.cr3 = PML4;
    s.cr4 = CR4_PAE;
    s.efer = EFER_LME | EFER_LMA;
    memset(s.gpr, 0, sizeof(s.gpr));
    s.gpr[X86_RDI] = rounds;
    s.gpr[X86_RSI] = stride;
    s.gpr[X86_R8] = DATA_BYTES;
    s.gpr[X86_R9] = DATA;
    s.rip = CODE;
    machine_set_state(m, &s);
}

static int open_machine(struct machine **m, bool shadow, const uint8_t *code, size_t size,
                        struct error *err)
{
    struct machine_config config = MACHINE_CONFIG_DEFAULT;
    int rc;

    config.ram_size = RAM_BYTES;
    config.shadow_paging = shadow;
    rc = machine_create(m, &config, err);
    if (rc)
        return rc;
    put_tables(*m);
    ram_write(&(*m)->ram, CODE, code, size);
    ram_write(&(*m)->ram, CODE + size, leave, sizeof(leave));
    return 0;
}

/* ---- the bare engine --------------------------------------------------------------------- */

static bool read_table(void *ctx, uint64_t gpa, unsigned size, uint64_t *value)
{
    const uint8_t *p = ram_ptr(ctx, gpa, size);

    *value = 0;
    if (p)
        memcpy(value, p, size);
    return p;
}

static bool fill(uc_engine *uc, uint64_t gva, uc_mem_type type, uc_tlb_entry *entry, void *ctx)
{
    struct x86_walk walk;

    (void)uc, (void)type;
    x86_walk(ctx, gva, X86_READ, false, &walk);
    entry->paddr = walk.gpa & PAGE_MASK;
    entry->perms = UC_PROT_READ | UC_PROT_WRITE | (gva < DATA ? UC_PROT_EXEC : 0);
    return walk.verdict == X86_WALK_OK;
}

static int open_bare(struct peers *p, struct error *err)
{
    struct ram *ram = &p->machine->ram;
    uc_hook hook;
    uc_err rc = uc_open(UC_ARCH_X86, UC_MODE_64, &p->bare);

    p->mmu = (struct x86_paging){.cr0 = CR0_PG | CR0_PE,
                                 .cr3 = PML4,
                                 .cr4 = CR4_PAE,
                                 .efer = EFER_LME | EFER_LMA,
                                 .read = read_table,
                                 .ctx = ram};
    rc = rc ? rc : uc_mem_map_ptr(p->bare, 0, RAM_BYTES, UC_PROT_ALL, ram_ptr(ram, 0, RAM_BYTES));
    rc = rc ? rc : uc_ctl_tlb_mode(p->bare, UC_TLB_VIRTUAL);
    rc = rc ? rc : uc_hook_add(p->bare, &hook, UC_HOOK_TLB_FILL, (void *)fill, &p->mmu, 1, 0);
    return rc ? error_set(err, -EIO, "bare Unicorn: %s", uc_strerror(rc)) : 0;
}

static int run_bare(struct peers *p, uint64_t rounds, uint64_t stride, double *seconds,
                    uint64_t *rdx, struct error *err)
{
    const int ids[] = {UC_X86_REG_RDI, UC_X86_REG_RSI, UC_X86_REG_R8, UC_X86_REG_R9,
                       UC_X86_REG_RDX};
    uint64_t values[] = {rounds, stride, DATA_BYTES, DATA, 0};
    uc_err rc = UC_ERR_OK;
    double start;

    for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++)
        uc_reg_write(p->bare, ids[i], &values[i]);
    start = measure_now();
    rc = uc_emu_start(p->bare, CODE, p->end, 0, 0);
    *seconds = measure_now() - start;
    uc_reg_read(p->bare, UC_X86_REG_RDX, rdx);
    return rc ? error_set(err, -EIO, "bare Unicorn: %s", uc_strerror(rc)) : 0;
}

/* ---- measuring --------------------------------------------------------------------------- */

static int run_machine(struct machine *m, uint64_t rounds, uint64_t stride, double *seconds,
                       uint64_t *rdx, struct error *err)
{
    struct run_limits limits = {0};
    struct run_result result;
    struct x86_state s;
    double start;

    set_state(m, rounds, stride);
    start = measure_now();
    if (machine_run(m, &limits, &result) || result.stop != STOP_DEBUG_EXIT)
        return error_set(err, -EIO, "machine: %s", stop_reason_name(result.stop));
    *seconds = measure_now() - start;
    machine_get_state(m, &s);
    *rdx = s.gpr[X86_RDX];
    return 0;
}

struct times {
    double ept[MEASURE_REPEATS];  /* of the speed with shadow paging */
    double bare[MEASURE_REPEATS]; /* of the bare engine's */
    double fill[MEASURE_REPEATS]; /* us an access, with EPT */
};

static int measure_once(struct peers *p, uint64_t rounds, uint64_t stride, unsigned i,
                        struct times *t, struct error *err)
{
    double ept, shadow, bare;
    uint64_t sums[3];
    int rc = run_machine(p->machine, rounds, stride, &ept, &sums[0], err);

    rc = rc ? rc : run_machine(p->shadow, rounds, stride, &shadow, &sums[1], err);
    rc = rc ? rc : run_bare(p, rounds, stride, &bare, &sums[2], err);
    if (rc)
        return rc;
    if (sums[0] != sums[1] || sums[0] != sums[2])
        return error_set(err, -EIO, "the guest came to different sums");
    t->ept[i] = shadow / ept;
    t->bare[i] = bare / ept;
    t->fill[i] = ept * 1e6 / (double)(rounds * (DATA_BYTES / stride));
    return 0;
}

static int measure(struct peers *p, const char *what, uint64_t rounds, uint64_t stride,
                   struct error *err)
{
    struct times t, warm;
    struct spread got;
    char claim[128];
    int rc = measure_once(p, 1, stride, 0, &warm, err);

    for (unsigned i = 0; !rc && i < MEASURE_REPEATS; i++)
        rc = measure_once(p, rounds, stride, i, &t, err);
    if (rc)
        return rc;
    if (stride >= PAGE_SIZE) {
        got = measure_spread(t.fill, MEASURE_REPEATS);
        measure_row("TLB fill with walk and second stage, and the read itself",
                    "none: a goal of its own", "0.5 us", got, "us", got.median <= 0.5);
    }
    snprintf(claim, sizeof(claim), "with a second stage, %s", what);
    got = measure_spread(t.ept, MEASURE_REPEATS);
    measure_row(claim, "the same machine without one: shadow paging, filled in", "0.9 of its speed",
                got, "", got.median >= 0.9);
    got = measure_spread(t.bare, MEASURE_REPEATS);
    measure_row("the same", "bare Unicorn, a fill hook that only walks the guest's tables",
                "none: for comparison", got, "", true);
    return 0;
}

int main(void)
{
    struct error err = {0};
    struct peers p = {0};
    char path[4096];
    uint8_t *code;
    size_t size;
    int rc;

    if (!measure_path(path, sizeof(path), "bench/guest/touch.bin"))
        return 1;
    if (file_read(path, PAGE_SIZE, &code, &size, &err))
        return measure_fail(&err);
    p.end = CODE + size;
    rc = open_machine(&p.machine, false, code, size, &err);
    rc = rc ? rc : open_machine(&p.shadow, true, code, size, &err);
    rc = rc ? rc : open_bare(&p, &err);
    rc = rc ? rc : measure(&p, "a word of each page of 64 MiB", 10, PAGE_SIZE + 64, &err);
    rc = rc ? rc : measure(&p, "a word of each line of 64 MiB", 10, LARGE_READS, &err);
    free(code);
    if (p.bare)
        uc_close(p.bare);
    machine_destroy(p.shadow);
    machine_destroy(p.machine);
    return rc ? measure_fail(&err) : 0;
}
