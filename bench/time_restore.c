/*
 * Claim: a machine of 64 MiB is put back to a checkpoint 200,000 times a second when 10 pages have been
 * written since, 20,000 times when it were 100; at 100 pages 50 times as often as Unicorn puts back its
 * own snapshot of memory and CPU. Only the putting back is timed, not the run that writes the pages.
 */
#include "support/measure.h"
#include "trace/checkpoints.h"
#include "util/bytes.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unicorn/unicorn.h>

#define RAM_BYTES (64ull << 20)
#define CODE 0x1000u
#define ROUNDS 2000
#define PEER_ROUNDS 50

/* 32-bit: a store in each of so many pages from 1 MiB on, over and over. */
static const uint8_t code[] = {
    0xbf, 0x00, 0x00, 0x10, 0x00,       /* mov edi, 100000h */
    0xb9, 0x00, 0x00, 0x00, 0x00,       /* mov ecx, pages */
    0x89, 0x0f,                         /* L: mov [edi], ecx */
    0x81, 0xc7, 0x00, 0x10, 0x00, 0x00, /* add edi, 1000h */
    0xe2, 0xf6,                         /* loop L */
    0xeb, 0xea,                         /* jmp from the start */
};

static uint64_t insns_of(uint32_t pages)
{
    return 3ull + 3ull * pages;
}

static void make_code(uint8_t *bytes, uint32_t pages)
{
    memcpy(bytes, code, sizeof(code));
    put_le32(bytes + 6, pages);
}

static int make_machine(struct machine **m, uint32_t pages, struct error *err)
{
    struct machine_config config = MACHINE_CONFIG_DEFAULT;
    uint8_t bytes[sizeof(code)];
    struct x86_state s;
    int rc;

    config.ram_size = RAM_BYTES;
    rc = machine_create(m, &config, err);
    if (rc)
        return rc;
    make_code(bytes, pages);
    ram_write(&(*m)->ram, CODE, bytes, sizeof(bytes));
    machine_get_state(*m, &s);
    s.cr0 = CR0_ET | CR0_PE;
    for (int i = X86_ES; i <= X86_GS; i++)
        s.seg[i] = (struct x86_segment){.selector = 0x10, .limit = ~0u, .access = 0xc093};
    s.seg[X86_CS] = (struct x86_segment){.selector = 8, .limit = ~0u, .access = 0xc09b};
    s.rip = CODE;
    machine_set_state(*m, &s);
    return 0;
}

/* Times a second. */
static int our_restores(uint32_t pages, double *rate, struct error *err)
{
    const struct run_limits limits = {.insns = insns_of(pages)};
    struct checkpoints c;
    struct run_result r;
    struct machine *m;
    double spent = 0;
    int rc = make_machine(&m, pages, err);

    if (rc)
        return rc;
    rc = checkpoints_begin(&c, m, NULL, 0);
    for (unsigned i = 0; !rc && i < ROUNDS; i++) {
        double start;

        rc = machine_run(m, &limits, &r);
        start = measure_now();
        rc = rc ? rc : checkpoints_restore(&c, 0, err);
        spent += measure_now() - start;
    }
    checkpoints_end(&c);
    machine_destroy(m);
    *rate = ROUNDS / spent;
    return rc;
}

static int unicorn_restores(uint32_t pages, double *rate, struct error *err)
{
    uint8_t bytes[sizeof(code)];
    uc_context *context = NULL;
    double spent = 0;
    uc_engine *uc;
    uc_err rc = uc_open(UC_ARCH_X86, UC_MODE_32, &uc);

    make_code(bytes, pages);
    if (!rc)
        rc = uc_ctl_context_mode(uc, UC_CTL_CONTEXT_CPU | UC_CTL_CONTEXT_MEMORY);
    if (!rc)
        rc = uc_mem_map(uc, 0, RAM_BYTES, UC_PROT_ALL);
    if (!rc)
        rc = uc_mem_write(uc, CODE, bytes, sizeof(bytes));
    if (!rc)
        rc = uc_context_alloc(uc, &context);
    if (!rc)
        rc = uc_context_save(uc, context);
    for (unsigned i = 0; !rc && i < PEER_ROUNDS; i++) {
        double start;

        rc = uc_emu_start(uc, CODE, 0, 0, insns_of(pages) - 1);
        start = measure_now();
        if (!rc)
            rc = uc_context_restore(uc, context);
        spent += measure_now() - start;
    }
    uc_context_free(context);
    uc_close(uc);
    *rate = PEER_ROUNDS / spent;
    return rc ? error_set(err, -EIO, "bare Unicorn: %s", uc_strerror(rc)) : 0;
}

static int measure_pages(uint32_t pages, double goal, const char *goal_text)
{
    double ours[MEASURE_REPEATS], peer[MEASURE_REPEATS], ratio[MEASURE_REPEATS];
    char claim[96], other[96];
    struct spread got, theirs;
    struct error err = {0};

    for (int i = 0; i < MEASURE_REPEATS; i++) {
        if (our_restores(pages, &ours[i], &err) || unicorn_restores(pages, &peer[i], &err))
            return measure_fail(&err);
        ratio[i] = ours[i] / peer[i];
        ours[i] /= 1000;
    }
    got = measure_spread(ours, MEASURE_REPEATS);
    theirs = measure_spread(peer, MEASURE_REPEATS);
    snprintf(claim, sizeof(claim), "restores of a 64 MiB machine, %u pages written", pages);
    snprintf(other, sizeof(other), "Unicorn's own memory snapshot: %.2f (%.2f to %.2f) thousand/s",
             theirs.median / 1000, theirs.min / 1000, theirs.max / 1000);
    measure_row(claim, other, goal_text, got, "thousand/s", got.median * 1000 >= goal);
    got = measure_spread(ratio, MEASURE_REPEATS);
    measure_row("the same, against Unicorn's own", other,
                pages == 100 ? "50" : "none: for comparison", got, "times",
                pages != 100 || got.median >= 50);
    return 0;
}

int main(void)
{
    int status = measure_pages(10, 200000, "200 thousand/s");

    return status ? status : measure_pages(100, 20000, "20 thousand/s");
}
