/*
 * Random instruction sequences here and in QEMU (TCG), instruction by instruction, in every mode:
 * registers and the whole of memory are compared after each. What differs must be in the table of
 * known differences (emu/x86/fidelity.h) or undefined by the manual.
 *
 *   LOCKSTEP_SEQUENCES=N   sequences in all, 300 unless set
 *   LOCKSTEP_SEED=N        the first seed, 1 unless set
 *   LOCKSTEP_MODE=name     this mode only; with a seed and one sequence: run that again
 *   LOCKSTEP_BRIEF=1       tell differences without the sequence's code
 */
#include "core/loader.h"
#include "tests/lockstep/compare.h"
#include "tests/lockstep/pair.h"
#include "util/bytes.h"
#include "x86/disasm.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STEPS_MAX 60  /* of one sequence: loops and REP go round */
#define REPORTS_MAX 4 /* differences of one mode that are told in full */
#define REASONS_MAX 32

struct tally {
    unsigned sequences, insns, events, failures, adopted;
    unsigned known[64]; /* by index into fidelity_table */
    unsigned ends[REASONS_MAX];
    const char *reasons[REASONS_MAX];
};

static unsigned long long setting(const char *name, unsigned long long unset)
{
    const char *text = getenv(name);

    return text && *text ? strtoull(text, NULL, 0) : unset;
}

/* NULL: every mode. */
static const char *only_mode(void)
{
    const char *name = getenv("LOCKSTEP_MODE");

    return name && *name ? name : NULL;
}

static bool mode_is_known(const char *name)
{
    for (unsigned i = 0; i < lockstep_mode_count; i++)
        if (strcmp(name, lockstep_modes[i].name) == 0)
            return true;
    return false;
}

/* ---- telling --------------------------------------------------------------------------------- */

static void print_code(const struct pair *p, const struct sequence *s)
{
    struct x86_disasm *d = x86_disasm_create();
    struct x86_disasm_line line;

    for (size_t at = 0; d && at < s->size; at += line.length) {
        x86_disasm_one(d, s->code + at, s->size - at, p->mode->bits, AT_CODE + at, &line);
        printf("  %05zx  %s\n", AT_CODE + at, line.text);
    }
    x86_disasm_destroy(d);
}

static void print_bytes(const struct pair *p)
{
    struct x86_disasm *d = x86_disasm_create();
    struct x86_disasm_line line = {.length = 1};

    if (d)
        x86_disasm_one(d, p->bytes, 15, x86_mode_bits(x86_mode_of(&p->before)), p->linear, &line);
    printf("  after  %05llx  %s  ", (unsigned long long)p->linear, d ? line.text : "");
    for (unsigned i = 0; i < (line.length > 1 ? line.length : 8u); i++)
        printf(" %02x", p->bytes[i]);
    printf("\n");
    x86_disasm_destroy(d);
}

static void print_vector(const char *who, unsigned vector)
{
    if (vector == FIDELITY_NONE)
        printf(" %s none", who);
    else
        printf(" %s %u", who, vector);
}

static void print_registers(const struct pair *p, unsigned fields)
{
    for (int i = 0; i < (p->mode->bits == 64 ? 16 : 8); i++)
        printf("%s%llx", i % 8 ? " " : "\n    ", (unsigned long long)p->before.gpr[i]);
    printf("\n    rflags %llx\n", (unsigned long long)p->before.rflags);
    for (int i = 0; i < 8 && fields & FIDELITY_XMM; i++)
        printf("    xmm%d %016llx %016llx\n", i,
               (unsigned long long)get_le64(p->before.fxsave + 168 + 16 * i),
               (unsigned long long)get_le64(p->before.fxsave + 160 + 16 * i));
}

static void report(const struct pair *p, const struct sequence *s, uint64_t seed,
                   const struct difference *d)
{
    printf("DIFFERENCE LOCKSTEP_MODE=%s LOCKSTEP_SEED=%llu LOCKSTEP_SEQUENCES=1\n", p->mode->name,
           (unsigned long long)seed);
    if (!getenv("LOCKSTEP_BRIEF"))
        print_code(p, s);
    print_bytes(p);
    print_registers(p, d->fields);
    printf("  %s (fields %#x); exceptions:", d->first, d->fields);
    print_vector("here", compare_vector_here(p));
    print_vector("QEMU", compare_vector_there(p));
    printf("\n");
}

static void count_end(struct tally *t, const char *why)
{
    for (unsigned i = 0; i < REASONS_MAX; i++) {
        if (!t->reasons[i])
            t->reasons[i] = why;
        if (strcmp(t->reasons[i], why) == 0) {
            t->ends[i]++;
            return;
        }
    }
}

static void print_tally(const struct lockstep_mode *mode, const struct tally *t)
{
    printf("%s: %u sequences, %u instructions compared, %u exceptions; ended by", mode->name,
           t->sequences, t->insns, t->events);
    for (unsigned i = 0; i < REASONS_MAX && t->reasons[i]; i++)
        printf("%s %s %u", i ? "," : "", t->reasons[i], t->ends[i]);
    printf("; known:");
    for (unsigned i = 0; i < fidelity_count; i++)
        if (t->known[i])
            printf(" %s %u", fidelity_table[i].id, t->known[i]);
    printf("\n");
}

/* ---- running --------------------------------------------------------------------------------- */

/* May the sequence go on with QEMU's values in place of ours? Not where the ways have parted. */
static bool can_adopt(const struct pair *p, const struct difference *d)
{
    if (p->insn.map != 0 && d->fields & (FIDELITY_X87 | FIDELITY_X87_STATUS))
        return false; /* the tags differ as well, and the stub does not give them */
    return !(d->fields & (FIDELITY_RIP | FIDELITY_EVENT | FIDELITY_SEGMENT | FIDELITY_CONTROL));
}

enum verdict { GO_ON, END, FAILED, BROKEN };

static enum verdict judge(struct pair *p, const struct sequence *s, uint64_t seed, struct tally *t)
{
    const struct fidelity *known;
    struct difference d;

    compare(p, &d);
    if (d.fields) {
        known =
            fidelity_explain(&p->insn, d.fields, compare_vector_here(p), compare_vector_there(p));
        if (!known) {
            if (t->failures++ < REPORTS_MAX)
                report(p, s, seed, &d);
            return FAILED;
        }
        t->known[known - fidelity_table]++;
        if (known->owner == FIDELITY_QEMU || !can_adopt(p, &d)) {
            count_end(t, "a known difference");
            return END;
        }
    }
    t->insns++;
    if (p->vector >= 0) {
        t->events++;
        count_end(t, "an exception");
        return END;
    }
    if (d.any)
        pair_adopt(p);
    return GO_ON;
}

static enum verdict run_sequence(struct pair *p, uint64_t seed, struct tally *t, struct error *err)
{
    enum verdict verdict = GO_ON;
    struct sequence s;

    generate(&s, p->mode, seed);
    t->sequences++;
    if (pair_start(p, &s, err))
        return BROKEN;
    for (unsigned step = 0; step < STEPS_MAX && verdict == GO_ON; step++) {
        enum pair_result result = pair_step(p, err);

        if (result == PAIR_END) {
            count_end(t, p->why);
            return END;
        }
        if (result == PAIR_ERROR) {
            printf("DIFFERENCE LOCKSTEP_MODE=%s LOCKSTEP_SEED=%llu: %s\n", p->mode->name,
                   (unsigned long long)seed, err->text);
            print_bytes(p);
            return BROKEN;
        }
        verdict = judge(p, &s, seed, t);
    }
    if (verdict == GO_ON)
        count_end(t, "its length");
    return verdict;
}

static void load_setup(uint8_t **setup, size_t *size)
{
    char path[1000];
    struct error err;

    snprintf(path, sizeof(path), "%s/tests/lockstep/modes.bin",
             getenv("BUILD") ? getenv("BUILD") : "build");
    ck_assert_msg(file_read(path, 1 << 20, setup, size, &err) == 0, "%s", err.text);
}

/* After a difference QEMU may be anywhere: take a new one. */
static void run_mode(const struct lockstep_mode *mode, unsigned count, uint64_t seed)
{
    struct tally t = {0};
    struct error err = {0};
    struct pair p;
    uint8_t *setup;
    size_t size;

    load_setup(&setup, &size);
    ck_assert_msg(pair_open(&p, mode, setup, size, &err) == 0, "%s", err.text);
    for (unsigned i = 0; i < count; i++) {
        enum verdict verdict = run_sequence(&p, seed + i, &t, &err);

        t.failures += verdict == BROKEN;
        if (verdict == FAILED || verdict == BROKEN) {
            pair_close(&p);
            ck_assert_msg(pair_open(&p, mode, setup, size, &err) == 0, "%s", err.text);
        }
    }
    pair_close(&p);
    free(setup);
    print_tally(mode, &t);
    fflush(stdout);
    ck_assert_uint_eq(t.failures, 0);
}

START_TEST(test_mode)
{
    const struct lockstep_mode *mode = &lockstep_modes[_i];
    unsigned long long all = setting("LOCKSTEP_SEQUENCES", 300);
    const char *only = only_mode();
    unsigned count = (unsigned)((all + lockstep_mode_count - 1) / lockstep_mode_count);

    if (only && strcmp(only, mode->name) != 0)
        return;
    run_mode(mode, only ? (unsigned)all : count, setting("LOCKSTEP_SEED", 1));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("lockstep");
    TCase *modes = tcase_create("modes");
    SRunner *runner = srunner_create(suite);
    int failed;

    if (!qemu_installed()) {
        printf("no %s (package qemu-system-x86)\n", QEMU_PROGRAM);
        return 77;
    }
    if (only_mode() && !mode_is_known(only_mode())) {
        printf("LOCKSTEP_MODE=%s: there is no such mode\n", only_mode());
        return EXIT_FAILURE;
    }
    tcase_add_loop_test(modes, test_mode, 0, (int)lockstep_mode_count);
    tcase_set_timeout(modes, 0);
    suite_add_tcase(suite, modes);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
