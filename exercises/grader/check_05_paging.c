/*
 * The checks of exercise 05: a page walker, asked about random tables that the judge holds, and judged
 * against the machine's own walker (x86/paging.h). exercises/05_paging/README.md is what the student
 * reads.
 *
 * - Each check has its own kind of tables, registers and accesses; what they are follows from the seed.
 * - Tables lie in a few pages that are full of entries: they lead to one another, and back.
 * - The walker's answer counts, and what it left in memory; never what it printed.
 */
#include "exercises/grader/compile.h"
#include "exercises/grader/dialogue.h"
#include "exercises/grader/grader.h"
#include "exercises/grader/random.h"

#include "util/bytes.h"
#include "x86/paging.h"
#include "x86/paging_words.h"
#include "x86/regs.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* So many questions about one set of tables, so many sets. */
enum { PAGES = 24, MEMORY = PAGES * 4096, QUESTIONS = 8, SETS = 32, REQUESTS_MAX = 64 };

enum kind { KIND_32BIT, KIND_PSE, KIND_PAE, KIND_LONG, KINDS };

/* What the tables, registers and accesses of a check may have; numbers are percent. */
struct rules {
    const char *id;
    unsigned kinds; /* bit by enum kind */
    unsigned absent, large, no_rights, xd, reserved;
    unsigned wp, nxe, smep, smap;
    unsigned not_canonical;
    bool accesses;   /* of all kinds, at both CPLs; else a supervisor reads */
    bool flags;      /* A and D count */
    bool no_denials; /* only accesses that rights allow */
};

static const struct rules rules[] = {
    {.id = "legacy", .kinds = 1 << KIND_32BIT},
    {.id = "pae", .kinds = 1 << KIND_PAE},
    {.id = "long", .kinds = 1 << KIND_LONG, .not_canonical = 20},
    {.id = "large", .kinds = 1 << KIND_PSE | 1 << KIND_PAE | 1 << KIND_LONG, .large = 50},
    {.id = "absent",
     .kinds = 15,
     .absent = 30,
     .nxe = 50,
     .smep = 30,
     .accesses = true,
     .no_denials = true},
    {.id = "rights",
     .kinds = 15,
     .absent = 3,
     .large = 20,
     .no_rights = 20,
     .wp = 50,
     .accesses = true},
    {.id = "nx",
     .kinds = 1 << KIND_PAE | 1 << KIND_LONG,
     .no_rights = 5,
     .xd = 25,
     .nxe = 65,
     .wp = 50,
     .accesses = true},
    {.id = "smep-smap",
     .kinds = 15,
     .large = 20,
     .no_rights = 8,
     .wp = 50,
     .nxe = 50,
     .smep = 60,
     .smap = 60,
     .accesses = true},
    {.id = "reserved",
     .kinds = 14,
     .large = 40,
     .absent = 3,
     .reserved = 25,
     .nxe = 50,
     .accesses = true,
     .no_denials = true},
    {.id = "flags",
     .kinds = 15,
     .absent = 3,
     .large = 20,
     .no_rights = 8,
     .wp = 50,
     .nxe = 50,
     .accesses = true,
     .flags = true},
};

struct paging_state {
    const struct grade_request *request;
    struct compiled compiled;
    int build_error; /* the host's, not the student's */
    struct error error;
};

/* One question. */
struct walk_case {
    struct x86_paging mmu;
    enum kind kind;
    uint64_t gva;
    enum x86_access access;
    bool user;
    struct x86_walk walk;   /* the judge's own */
    uint8_t tables[MEMORY]; /* as they were made, */
    uint8_t memory[MEMORY]; /* as the student has them, */
    uint8_t wanted[MEMORY]; /* and as they should be then */
};

/* ---- making a case --------------------------------------------------------------------------- */

static bool percent(struct grader_random *r, unsigned n)
{
    return random_below(r, 100) < n;
}

static bool is_32bit(enum kind kind)
{
    return kind == KIND_32BIT || kind == KIND_PSE;
}

static uint64_t reserved_bit(struct grader_random *r, enum kind kind, bool large)
{
    if (is_32bit(kind))
        return large ? 1u << 21 : 0;
    if (large && percent(r, 50))
        return 1u << (13 + random_below(r, 8)); /* of a page of 2 MiB, and of 1 GiB */
    return 1ull << (40 + random_below(r, 12));
}

static uint64_t make_entry(struct grader_random *r, const struct rules *rule, enum kind kind)
{
    uint64_t entry =
        random_below(r, PAGES) << 12 | (random_next(r) & 0x678); /* A, D, G, PCD, ... */
    bool large = percent(r, rule->large);

    entry |= percent(r, rule->absent) ? 0 : 1;
    entry |= percent(r, rule->no_rights) ? 0 : 2;
    entry |= percent(r, rule->no_rights) ? 0 : 4;
    if (large)
        entry = (entry & ~(is_32bit(kind) ? 0x3ff000ull : 0x3ffff000ull)) | 0x80 |
                random_below(r, 4) << (is_32bit(kind) ? 22 : 30);
    if (percent(r, rule->reserved))
        entry |= reserved_bit(r, kind, large);
    if (!is_32bit(kind) && percent(r, rule->xd))
        entry |= 1ull << 63;
    return entry;
}

/* PDPTEs of PAE paging have P, an address, and else no bit that this exercise sets. */
static uint64_t clean_pdpte(uint64_t entry)
{
    return (entry & 0xff000) | (entry & 1);
}

/* In a PT bit 7 is PAT, in a PML4E reserved: large pages are only where the walk looks for them. */
static void make_tables(struct grader_random *r, const struct rules *rule, struct walk_case *c)
{
    unsigned size = is_32bit(c->kind) ? 4 : 8;
    uint64_t root = c->mmu.cr3 & ~0xfffull;

    for (unsigned at = 0; at < MEMORY; at += size) {
        uint64_t entry = make_entry(r, rule, c->kind);

        if (c->kind == KIND_PAE && at >= root && at < root + 32)
            entry = clean_pdpte(entry);
        if (c->kind == KIND_LONG && at / 4096 == root / 4096 && !rule->reserved)
            entry &= ~0x80ull;
        if (size == 4)
            put_le32(c->tables + at, (uint32_t)entry);
        else
            put_le64(c->tables + at, entry);
    }
}

static void make_registers(struct grader_random *r, const struct rules *rule, struct walk_case *c)
{
    bool wide = !is_32bit(c->kind);

    c->mmu = (struct x86_paging){.cr0 = CR0_PG | CR0_PE | (percent(r, rule->wp) ? CR0_WP : 0),
                                 .cr3 = random_below(r, PAGES) << 12,
                                 .cr4 = (c->kind == KIND_PSE ? CR4_PSE : 0) | (wide ? CR4_PAE : 0),
                                 .efer = c->kind == KIND_LONG ? EFER_LME | EFER_LMA : 0,
                                 .ac = percent(r, 40)};
    c->mmu.efer |= percent(r, rule->nxe) ? EFER_NXE : 0;
    c->mmu.cr4 |= percent(r, rule->smep) ? CR4_SMEP : 0;
    c->mmu.cr4 |= percent(r, rule->smap) ? CR4_SMAP : 0;
}

static uint64_t make_address(struct grader_random *r, const struct rules *rule, enum kind kind)
{
    uint64_t gva = random_next(r);

    if (kind != KIND_LONG)
        return gva & UINT32_MAX;
    if (percent(r, rule->not_canonical))
        return gva | 1ull << 63; /* bit 47 may be clear */
    return (uint64_t)((int64_t)(gva << 16) >> 16);
}

static bool read_memory(void *ctx, uint64_t gpa, unsigned size, uint64_t *value)
{
    const uint8_t *memory = ctx;

    if (gpa > MEMORY - size)
        return false;
    *value = wire_get(memory + gpa, size);
    return true;
}

static void write_wanted(void *ctx, uint64_t gpa, unsigned size, uint64_t value)
{
    uint8_t *memory = ctx;

    if (gpa <= MEMORY - size)
        wire_put(memory + gpa, size, value);
}

static void solve(struct walk_case *c)
{
    struct x86_walk walk;

    memcpy(c->memory, c->tables, MEMORY);
    memcpy(c->wanted, c->tables, MEMORY);
    c->mmu.read = read_memory;
    c->mmu.ctx = c->tables;
    x86_walk(&c->mmu, c->gva, c->access, c->user, &c->walk);
    walk = c->walk;
    if (walk.verdict == X86_WALK_OK)
        x86_walk_set_accessed_dirty(&walk, c->access, write_wanted, c->wanted);
}

static enum kind make_kind(struct grader_random *r, unsigned kinds)
{
    enum kind kind;

    do {
        kind = (enum kind)random_below(r, KINDS);
    } while (!(kinds >> kind & 1));
    return kind;
}

static void make_set(struct grader_random *r, const struct rules *rule, struct walk_case *c)
{
    c->kind = make_kind(r, rule->kinds);
    make_registers(r, rule, c);
    make_tables(r, rule, c);
}

/* A walk that leaves the judge's memory has no answer; some checks are not about rights. */
static bool is_fit(const struct rules *rule, const struct walk_case *c)
{
    return c->walk.verdict != X86_WALK_NO_TABLE &&
           !(rule->no_denials && c->walk.verdict == X86_WALK_DENIED);
}

static void make_access(struct grader_random *r, const struct rules *rule, struct walk_case *c)
{
    enum { TRIES = 50 };
    unsigned tries = 0;

    do {
        if (++tries > TRIES)
            make_set(r, rule, c);
        c->gva = make_address(r, rule, c->kind);
        c->access = rule->accesses ? (enum x86_access)random_below(r, 3) : X86_READ;
        c->user = rule->accesses && percent(r, 50);
        solve(c);
    } while (!is_fit(rule, c));
}

/* ---- asking ---------------------------------------------------------------------------------- */

static bool world_read(void *ctx, enum wire_space space, uint64_t address, unsigned size,
                       uint64_t *value)
{
    struct walk_case *c = ctx;

    return space == WIRE_GUEST && read_memory(c->memory, address, size, value);
}

static bool world_write(void *ctx, enum wire_space space, uint64_t address, unsigned size,
                        uint64_t value)
{
    struct walk_case *c = ctx;

    if (space != WIRE_GUEST || address > MEMORY - size)
        return false;
    wire_put(c->memory + address, size, value);
    return true;
}

static void make_question(const struct walk_case *c, uint64_t question[WIRE_VALUES])
{
    question[0] = c->mmu.cr0;
    question[1] = c->mmu.cr3;
    question[2] = c->mmu.cr4;
    question[3] = c->mmu.efer;
    question[4] = RFLAGS_FIXED | (c->mmu.ac ? RFLAGS_AC : 0);
    question[5] = c->gva;
    question[6] = (uint64_t)c->access | (c->user ? 3 << 8 : 0);
}

/* ---- judging --------------------------------------------------------------------------------- */

static unsigned wanted_vector(const struct walk_case *c)
{
    return c->walk.verdict == X86_WALK_OK              ? 0
           : c->walk.verdict == X86_WALK_NOT_CANONICAL ? X86_GP
                                                       : X86_PF;
}

static uint64_t wanted_value(const struct walk_case *c)
{
    return c->walk.verdict == X86_WALK_OK              ? c->walk.gpa
           : c->walk.verdict == X86_WALK_NOT_CANONICAL ? 0
                                                       : c->walk.error_code;
}

static void answer_text(unsigned vector, uint64_t value, char *buf, size_t size)
{
    if (vector == 0)
        snprintf(buf, size, "guest-physical %llx", (unsigned long long)value);
    else if (vector == X86_PF)
        snprintf(buf, size, "#PF, error code %llx", (unsigned long long)value);
    else if (vector == X86_GP)
        snprintf(buf, size, "#GP");
    else
        snprintf(buf, size, "vector %u", vector);
}

/*
 * An entry that a faulting walk has used may have A set, or not: SDM vol. 3, 4.8 leaves it to the CPU.
 * Everything else in memory is to be as it should.
 */
static bool is_allowed(const struct walk_case *c, unsigned at)
{
    for (unsigned i = 0; c->walk.verdict != X86_WALK_OK && i < c->walk.count; i++)
        if (c->walk.steps[i].entry_gpa == at && !(c->kind == KIND_PAE && i == 0))
            return (c->memory[at] & ~0x20) == (c->wanted[at] & ~0x20);
    return false;
}

/* The first byte of memory that is not as it should be, or MEMORY. */
static unsigned first_difference(const struct walk_case *c)
{
    unsigned at = 0;

    while (at < MEMORY && (c->memory[at] == c->wanted[at] || is_allowed(c, at)))
        at++;
    return at;
}

static const char *kind_name(enum kind kind)
{
    static const char *const names[] = {"32-bit, PSE 0", "32-bit, PSE 1", "PAE", "4-level"};

    return names[kind];
}

/* What was asked; the entries of the walk, as they were, stand in `place`. */
static void describe(const struct walk_case *c, struct check_result *result)
{
    static const char *const accesses[] = {"read", "write", "fetch"};
    size_t used = 0;

    snprintf(result->difference, sizeof(result->difference),
             "%s at %llx, CPL %u, %s: CR3 %llx, WP %u, NXE %u, SMEP %u, SMAP %u, AC %u; %.60s",
             accesses[c->access], (unsigned long long)c->gva, c->user ? 3 : 0, kind_name(c->kind),
             (unsigned long long)c->mmu.cr3, !!(c->mmu.cr0 & CR0_WP), !!(c->mmu.efer & EFER_NXE),
             !!(c->mmu.cr4 & CR4_SMEP), !!(c->mmu.cr4 & CR4_SMAP), c->mmu.ac, c->walk.rule);
    for (unsigned i = 0; i < c->walk.count && used < sizeof(result->place); i++)
        used += (size_t)snprintf(
            result->place + used, sizeof(result->place) - used, "%s%s %llx=%llx", i ? ", " : "",
            x86_entry_name(c->walk.steps[i].level), (unsigned long long)c->walk.steps[i].entry_gpa,
            (unsigned long long)c->walk.steps[i].entry);
}

static bool is_right(const struct walk_case *c, const struct rules *rule,
                     const uint64_t answer[WIRE_VALUES], struct check_result *result)
{
    char wanted[64], came[64];
    unsigned at;

    if (answer[0] != wanted_vector(c) || answer[1] != wanted_value(c)) {
        answer_text(wanted_vector(c), wanted_value(c), wanted, sizeof(wanted));
        answer_text((unsigned)answer[0], answer[1], came, sizeof(came));
        result_fail(result, VERDICT_FAIL, wanted, "%s", came);
        describe(c, result);
        return false;
    }
    at = rule->flags ? first_difference(c) : MEMORY;
    if (at == MEMORY)
        return true;
    snprintf(wanted, sizeof(wanted), "%02x in memory at %x after the access", c->wanted[at], at);
    result_fail(result, VERDICT_FAIL, wanted, "%02x", c->memory[at]);
    describe(c, result);
    return false;
}

static void no_answer(struct dialogue *d, enum dialogue_verdict verdict,
                      struct check_result *result)
{
    char why[120];
    bool crashed = dialogue_explain(d, verdict, why, sizeof(why));
    bool late = verdict == DIALOGUE_TOO_LONG || verdict == DIALOGUE_TOO_MUCH;

    result_fail(result,
                crashed ? VERDICT_CRASH
                : late  ? VERDICT_TIMEOUT
                        : VERDICT_FAIL,
                "an answer to each question", "%s", why);
}

/* ---- checks ---------------------------------------------------------------------------------- */

static int start(struct paging_state *p, struct dialogue *d, struct check_result *result)
{
    static const struct sandbox_limits limits = {.cpu_seconds = 4,
                                                 .wall_seconds = 120,
                                                 .memory_bytes = (size_t)1 << 30,
                                                 .file_bytes = 1 << 20};
    struct error err = {0};
    int ret = child_start(&d->child, p->compiled.program, p->compiled.folder, &limits, &err);

    if (ret)
        result_fail(result, VERDICT_INFRA, "a child process", "%.150s", err.text);
    return ret;
}

/* `count` questions by a rule; stops at the first that is not answered as it should be. */
static void ask(struct paging_state *p, const struct rules *rule, unsigned count, bool judged,
                struct check_result *result)
{
    struct walk_case *c = calloc(1, sizeof(*c));
    struct world world = {.read = world_read, .write = world_write, .ctx = c};
    struct dialogue d = {.world = &world, .requests_max = REQUESTS_MAX};
    enum dialogue_verdict verdict = DIALOGUE_ANSWERED;
    struct grader_random random;
    bool right = true;

    if (!c || start(p, &d, result)) {
        free(c);
        return;
    }
    random_seed(&random, p->request->seed + (uint64_t)(rule - rules) * 0x9e3779b97f4a7c15u);
    for (unsigned i = 0; i < count && right && verdict == DIALOGUE_ANSWERED; i++) {
        uint64_t question[WIRE_VALUES], answer[WIRE_VALUES];

        if (i % QUESTIONS == 0)
            make_set(&random, rule, c);
        make_access(&random, rule, c);
        make_question(c, question);
        verdict = dialogue_ask(&d, question, answer);
        right = verdict == DIALOGUE_ANSWERED && (!judged || is_right(c, rule, answer, result));
    }
    if (verdict != DIALOGUE_ANSWERED)
        no_answer(&d, verdict, result);
    else if (right)
        result_pass(result);
    child_destroy(d.child);
    free(c);
}

static void check_builds(void *state, struct check_result *result)
{
    struct paging_state *p = state;

    if (p->build_error)
        result_fail(result, VERDICT_INFRA, "a compiler to run", "%.150s", p->error.text);
    else if (!p->compiled.built)
        result_fail(result, VERDICT_FAIL, "no error", "%.150s", p->compiled.why);
    else
        result_pass(result);
}

static void check_answers(void *state, struct check_result *result)
{
    ask(state, &rules[2], 1, false, result);
}

static void check_rule(void *state, struct check_result *result)
{
    for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
        if (strcmp(rules[i].id, result->check->id) == 0)
            ask(state, &rules[i], SETS * QUESTIONS, true, result);
}

static int prepare(void **state, const struct grade_request *request, struct grade *grade,
                   struct error *err)
{
    struct paging_state *p = calloc(1, sizeof(*p));

    if (!p)
        return error_set(err, -ENOMEM, "grader: out of memory");
    p->request = request;
    snprintf(grade->isolation, sizeof(grade->isolation), "%s", child_level());
    p->build_error = compile(request->file, request->exercise, &p->compiled, &p->error);
    *state = p;
    return 0;
}

static void cleanup(void *state)
{
    struct paging_state *p = state;

    compiled_remove(&p->compiled);
    free(p);
}

static const struct grader_check checks[] = {
    {"builds", check_builds},  {"answers", check_answers}, {"legacy", check_rule},
    {"pae", check_rule},       {"long", check_rule},       {"large", check_rule},
    {"absent", check_rule},    {"rights", check_rule},     {"nx", check_rule},
    {"smep-smap", check_rule}, {"reserved", check_rule},   {"flags", check_rule},
};

const struct exercise_grader grader_05_paging = {
    .folder = "05_paging",
    .prepare = prepare,
    .cleanup = cleanup,
    .checks = checks,
    .check_count = sizeof(checks) / sizeof(checks[0]),
};
