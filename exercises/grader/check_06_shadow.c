/*
 * The checks of exercise 06: shadow page tables, on a machine whose CPU walks those of the student's
 * program. exercises/06_shadow-paging/README.md is what the student reads.
 *
 * - At every exit, and behind every answer, mmu/shadow_check.h proves that the shadow is never wider than
 *   the guest's tables and the map of its memory.
 * - The guest has no handler of its own: a page fault that is reflected is held against the one that it
 *   must have there, and the judge goes on behind the instruction.
 */
#include "core/backend.h"
#include "core/machine.h"
#include "exercises/grader/compile.h"
#include "exercises/grader/dialogue.h"
#include "exercises/grader/frames.h"
#include "exercises/grader/grader.h"
#include "exercises/grader/shadow_guest.h"
#include "mmu/shadow.h"
#include "mmu/shadow_check.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { REQUESTS_MAX = 4096, EXITS_MAX = 5000, TABLES_MAX = 200, FRAMES_ALLOWED = 64 };
enum question { Q_CREATE = 1, Q_FAULT, Q_WRITTEN, Q_CR3, Q_INVLPG };
enum { AGAIN, REFLECT, EMULATE };

struct shadow_state {
    const struct grade_request *request;
    struct compiled compiled;
    int build_error; /* the host's, not the student's */
    struct error error;
};

struct scenario {
    struct shadow_guest guest;
    struct machine *machine;
    struct host_memory *host;
    struct frames frames;
    struct world world;
    struct dialogue dialogue;
    struct check_result *result;
    bool failed; /* and `result` says why */
    unsigned frames_most, tables;
};

__attribute__((format(printf, 3, 4))) static void fail(struct scenario *s, const char *wanted,
                                                       const char *fmt, ...)
{
    char came[160];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(came, sizeof(came), fmt, ap);
    va_end(ap);
    if (!s->failed)
        result_fail(s->result, VERDICT_FAIL, wanted, "%s", came);
    s->failed = true;
}

/* ---- what the program reaches ---------------------------------------------------------------- */

static bool world_read(void *ctx, enum wire_space space, uint64_t address, unsigned size,
                       uint64_t *value)
{
    struct scenario *s = ctx;
    uint8_t bytes[8];

    if (space == WIRE_HOST)
        return frames_read(&s->frames, address, size, value);
    if (!ram_read(&s->machine->ram, address, bytes, size))
        return false;
    *value = wire_get(bytes, size);
    return true;
}

static bool write_ram(struct scenario *s, uint64_t gpa, unsigned size, uint64_t value)
{
    uint8_t bytes[8];

    wire_put(bytes, size, value);
    if (!ram_write(&s->machine->ram, gpa, bytes, size))
        return false;
    machine_written(s->machine, gpa, size);
    return true;
}

static bool world_write(void *ctx, enum wire_space space, uint64_t address, unsigned size,
                        uint64_t value)
{
    struct scenario *s = ctx;

    return space == WIRE_HOST ? frames_write(&s->frames, address, size, value)
                              : write_ram(s, address, size, value);
}

static bool world_take(void *ctx, uint64_t *hpa)
{
    struct scenario *s = ctx;
    bool taken = frames_take(&s->frames, hpa);

    if (s->frames.count > s->frames_most)
        s->frames_most = s->frames.count;
    return taken;
}

static bool world_drop(void *ctx, uint64_t hpa)
{
    struct scenario *s = ctx;

    return frames_drop(&s->frames, hpa);
}

/* ---- the proof ------------------------------------------------------------------------------- */

/* Every table lies in a frame that was taken, and there is an end to them. */
static bool audit_tables(struct scenario *s, uint64_t table, unsigned level)
{
    if (!frames_find(&s->frames, table) || ++s->tables > TABLES_MAX) {
        fail(s, "a shadow of tables in frames that were taken",
             s->tables > TABLES_MAX ? "more than 200 tables, the last at %llx"
                                    : "a table at %llx, level %u",
             (unsigned long long)table, level);
        return false;
    }
    for (unsigned i = 0; level > 1 && i < 512; i++) {
        uint64_t entry = host_read64(s->host, table + 8ull * i);

        if ((entry & 1) && !audit_tables(s, entry & 0x000ffffffffff000, level - 1))
            return false;
    }
    return true;
}

static bool audit(struct scenario *s)
{
    static const char *const accesses[] = {"read", "write", "fetch"};
    struct shadow_breach breach;
    struct x86_paging guest, cpu;

    if (s->failed)
        return false;
    s->tables = 0;
    if (!audit_tables(s, s->machine->shadow_root & 0x000ffffffffff000, 4))
        return false;
    s->machine->vcpu->ops->get_paging(s->machine->vcpu, &guest);
    shadow_registers(&guest, s->machine->shadow_root, s->host, &cpu);
    if (!shadow_check(&cpu, &guest, s->machine->cpu_ept, NULL, &breach))
        fail(s, "a shadow that is never wider than the guest's tables",
             "%s at %llx leads to %llx: %s", accesses[breach.access],
             (unsigned long long)breach.gva, (unsigned long long)breach.hpa, breach.why);
    return !s->failed;
}

/* ---- questions ------------------------------------------------------------------------------- */

static void no_answer(struct scenario *s, enum dialogue_verdict verdict)
{
    char why[120];
    bool crashed = dialogue_explain(&s->dialogue, verdict, why, sizeof(why));
    bool late = verdict == DIALOGUE_TOO_LONG || verdict == DIALOGUE_TOO_MUCH;

    result_fail(s->result,
                crashed ? VERDICT_CRASH
                : late  ? VERDICT_TIMEOUT
                        : VERDICT_FAIL,
                "an answer to each question", "%s", why);
    s->failed = true;
}

static bool ask(struct scenario *s, enum question kind, uint64_t a, uint64_t b,
                uint64_t answer[WIRE_VALUES])
{
    const uint64_t question[WIRE_VALUES] = {kind, a, b};
    enum dialogue_verdict verdict;

    if (s->failed)
        return false;
    verdict = dialogue_ask(&s->dialogue, question, answer);
    if (verdict != DIALOGUE_ANSWERED)
        no_answer(s, verdict);
    return !s->failed;
}

static bool set_root(struct scenario *s, uint64_t root)
{
    if (root % 4096 || !frames_find(&s->frames, root)) {
        fail(s, "the address of a frame that was taken", "root %llx", (unsigned long long)root);
        return false;
    }
    machine_set_shadow_root(s->machine, root);
    return true;
}

/* The guest's own page fault: is it the one that it must have? */
static void reflect(struct scenario *s, const struct shadow_op *op, uint64_t address,
                    uint64_t error_code)
{
    if (!op || !op->faults)
        fail(s, "a page fault of the hypervisor's", "the guest gets one at %llx, error code %llx",
             (unsigned long long)address, (unsigned long long)error_code);
    else if (op->error_code != error_code)
        fail(s, "the error code of the guest's tables", "%llx, not %x, at %llx",
             (unsigned long long)error_code, op->error_code, (unsigned long long)address);
    else
        s->machine->vcpu->ops->complete(s->machine->vcpu, op->length);
}

static void write_flag(void *ctx, uint64_t gpa, unsigned size, uint64_t value)
{
    write_ram(ctx, gpa, size, value);
}

/* The store that the program does not let through: to a table, all others are for the CPU to make. */
static void emulate(struct scenario *s, const struct shadow_op *op)
{
    uint64_t answer[WIRE_VALUES];
    struct x86_walk walk;

    if (!op || !op->store || op->faults) {
        fail(s, "a store to be emulated", "there is none");
        return;
    }
    machine_walk(s->machine, op->gva, X86_WRITE, false, &walk);
    if (walk.verdict != X86_WALK_OK) {
        fail(s, "a store that the guest's tables allow", "%s", walk.rule);
        return;
    }
    if (walk.gpa < SHADOW_ROOT || walk.gpa >= SHADOW_TABLES_END) {
        fail(s, "EMULATE for stores to the guest's tables alone", "a store to page %llx",
             (unsigned long long)walk.gpa >> 12);
        return;
    }
    x86_walk_set_accessed_dirty(&walk, X86_WRITE, write_flag, s);
    write_ram(s, walk.gpa, op->size, op->value);
    s->machine->vcpu->ops->complete(s->machine->vcpu, op->length);
    ask(s, Q_WRITTEN, walk.gpa, 0, answer);
}

static enum monitor_action action(struct scenario *s)
{
    machine_ept_changed(s->machine);
    return s->failed ? MONITOR_STOP : MONITOR_HANDLED;
}

static enum monitor_action on_exception(void *ctx, struct machine *m, struct vm_exit *exit)
{
    struct scenario *s = ctx;
    const struct shadow_op *op = shadow_guest_op(&s->guest, exit->rip);
    uint64_t answer[WIRE_VALUES];

    (void)m;
    if (INTR_VECTOR(exit->intr_info) != X86_PF) {
        fail(s, "no exception but page faults", "vector %u", INTR_VECTOR(exit->intr_info));
        return MONITOR_STOP;
    }
    if (!audit(s) || !ask(s, Q_FAULT, exit->qualification, exit->intr_error, answer))
        return MONITOR_STOP;
    if (answer[0] == REFLECT)
        reflect(s, op, exit->qualification, answer[1]);
    else if (answer[0] == EMULATE)
        emulate(s, op);
    else if (answer[0] != AGAIN)
        fail(s, "AGAIN, REFLECT or EMULATE", "%llu", (unsigned long long)answer[0]);
    audit(s);
    return action(s);
}

static enum monitor_action on_cr(void *ctx, struct machine *m, struct vm_exit *exit)
{
    struct scenario *s = ctx;
    uint64_t answer[WIRE_VALUES];

    (void)m;
    if (!audit(s) || !ask(s, Q_CR3, exit->value, 0, answer) || !set_root(s, answer[0]))
        return MONITOR_STOP;
    machine_ept_changed(s->machine);
    return MONITOR_PASS;
}

static enum monitor_action on_invlpg(void *ctx, struct machine *m, struct vm_exit *exit)
{
    struct scenario *s = ctx;
    uint64_t answer[WIRE_VALUES];

    (void)m;
    if (!audit(s) || !ask(s, Q_INVLPG, exit->qualification, 0, answer) || !audit(s))
        return MONITOR_STOP;
    machine_ept_changed(s->machine);
    return MONITOR_PASS;
}

/* ---- a run ----------------------------------------------------------------------------------- */

static void enter_guest(struct scenario *s)
{
    struct x86_paging mmu;
    struct x86_state state;

    machine_get_state(s->machine, &state);
    shadow_guest_paging(&mmu, SHADOW_ROOT);
    state.cr0 = mmu.cr0;
    state.cr3 = mmu.cr3;
    state.cr4 = mmu.cr4;
    state.efer = mmu.efer;
    for (int i = X86_ES; i <= X86_GS; i++)
        state.seg[i] = (struct x86_segment){.selector = 0x10, .limit = ~0u, .access = 0xc093};
    state.seg[X86_CS] = (struct x86_segment){.selector = 0x08, .limit = ~0u, .access = 0xa09b};
    state.idtr.limit = 0;
    state.rip = SHADOW_CODE;
    machine_set_state(s->machine, &state);
}

/* Code is fetched through these entries, too: when A comes there is nobody's business. */
static bool is_code_entry(uint32_t at)
{
    uint32_t in_page = at % 4096, page = at / 4096;

    if (page < 0x10 || page > 0x17)
        return false;
    return page < 0x16 ? in_page == 0 : in_page >= 8 && in_page < 56 && in_page % 8 == 0;
}

static void compare(struct scenario *s)
{
    for (uint32_t at = 0; at < SHADOW_RAM && !s->failed; at++) {
        uint8_t want = s->guest.end[at], came = 0, mask = is_code_entry(at) ? 0xdf : 0xff;

        ram_read(&s->machine->ram, at, &came, 1);
        if ((want ^ came) & mask)
            fail(s, "guest memory as its accesses leave it, with A and D",
                 "%02x at %x, %02x is to be there", came, at, want);
    }
}

static void run(struct scenario *s)
{
    struct run_limits limits = {.exits = EXITS_MAX};
    uint64_t answer[WIRE_VALUES];
    struct run_result r;

    ram_write(&s->machine->ram, 0, s->guest.start, SHADOW_RAM);
    enter_guest(s);
    if (!ask(s, Q_CREATE, SHADOW_ROOT, ram_hpa(&s->machine->ram, 0), answer) ||
        !set_root(s, answer[0]) || !audit(s))
        return;
    s->machine->monitor = (struct monitor){.on_exit = {[EXIT_EXCEPTION_NMI] = on_exception,
                                                       [EXIT_CR_ACCESS] = on_cr,
                                                       [EXIT_INVLPG] = on_invlpg},
                                           .ctx = s};
    machine_run(s->machine, &limits, &r);
    if (!s->failed && r.stop == STOP_BUDGET) {
        result_fail(s->result, VERDICT_TIMEOUT, "a guest that comes to its end",
                    "still running after %d exits", EXITS_MAX);
        s->failed = true;
    } else if (!s->failed && r.stop != STOP_DEBUG_EXIT) {
        fail(s, "a guest that comes to its end", "%s %.100s", stop_reason_name(r.stop),
             r.error.text);
    } else if (!s->failed && r.status != 1) {
        fail(s, "a guest that reads what its tables lead to", "it read something else");
    }
    audit(s);
}

static void scenario_runs(struct scenario *s)
{
    run(s);
}

static void scenario_flags(struct scenario *s)
{
    run(s);
    compare(s);
}

static void scenario_frames(struct scenario *s)
{
    run(s);
    if (!s->failed && s->frames_most > FRAMES_ALLOWED)
        fail(s, "at most 64 frames", "%u frames", s->frames_most);
}

static const struct {
    const char *id;
    void (*run)(struct scenario *s);
    struct shadow_plan plan;
} scenarios[] = {
    {"runs", scenario_runs, {0}},
    {"flags", scenario_flags, {.writes = 45}},
    {"faults", scenario_flags, {.writes = 45, .absent = 25, .read_only = 30, .faults = true}},
    {"tables",
     scenario_flags,
     {.writes = 30, .ptes = 30, .absent = 25, .read_only = 30, .faults = true}},
    {"spaces", scenario_flags, {.writes = 35, .switches = 15}},
    {"directory",
     scenario_flags,
     {.writes = 30, .ptes = 10, .pdes = 15, .absent = 15, .read_only = 20, .faults = true}},
    {"frames",
     scenario_frames,
     {.writes = 25,
      .ptes = 15,
      .pdes = 10,
      .switches = 15,
      .absent = 15,
      .read_only = 20,
      .faults = true}},
};

/* ---- checks ---------------------------------------------------------------------------------- */

static int create_machine(struct scenario *s, struct error *err)
{
    struct machine_config config = MACHINE_CONFIG_DEFAULT;

    s->host = host_memory_create();
    if (!s->host)
        return error_set(err, -ENOMEM, "out of memory");
    s->frames.host = s->host;
    config.ram_size = SHADOW_RAM;
    config.host = s->host;
    config.shadow_paging = config.monitor_shadows = true;
    return machine_create(&s->machine, &config, err);
}

static int start_child(struct shadow_state *p, struct scenario *s, struct error *err)
{
    static const struct sandbox_limits limits = {.cpu_seconds = 10,
                                                 .wall_seconds = 120,
                                                 .memory_bytes = (size_t)1 << 30,
                                                 .file_bytes = 1 << 20};

    s->world = (struct world){
        .read = world_read, .write = world_write, .take = world_take, .drop = world_drop, .ctx = s};
    s->dialogue = (struct dialogue){.world = &s->world, .requests_max = REQUESTS_MAX};
    return child_start(&s->dialogue.child, p->compiled.program, p->compiled.folder, &limits, err);
}

static void play(struct shadow_state *p, const struct shadow_plan *plan,
                 void (*run_scenario)(struct scenario *s), struct check_result *result)
{
    struct scenario *s = calloc(1, sizeof(*s));
    struct grader_random random;
    struct error err = {.text = "out of memory"};

    if (!s || create_machine(s, &err) || start_child(p, s, &err)) {
        result_fail(result, VERDICT_INFRA, "a machine and a child process", "%.150s", err.text);
    } else {
        s->result = result;
        random_seed(&random, p->request->seed);
        shadow_guest_make(&s->guest, plan, &random);
        run_scenario(s);
        if (!s->failed)
            result_pass(result);
    }
    if (s) {
        child_destroy(s->dialogue.child);
        machine_destroy(s->machine);
        host_memory_release(s->host);
    }
    free(s);
}

static void check_builds(void *state, struct check_result *result)
{
    struct shadow_state *p = state;

    if (p->build_error)
        result_fail(result, VERDICT_INFRA, "a compiler to run", "%.150s", p->error.text);
    else if (!p->compiled.built)
        result_fail(result, VERDICT_FAIL, "no error", "%.150s", p->compiled.why);
    else
        result_pass(result);
}

static void scenario_answers(struct scenario *s)
{
    uint64_t answer[WIRE_VALUES];

    if (ask(s, Q_CREATE, SHADOW_ROOT, ram_hpa(&s->machine->ram, 0), answer))
        set_root(s, answer[0]);
}

static void check_answers(void *state, struct check_result *result)
{
    play(state, &scenarios[0].plan, scenario_answers, result);
}

static void check_scenario(void *state, struct check_result *result)
{
    for (size_t i = 0; i < sizeof(scenarios) / sizeof(scenarios[0]); i++)
        if (strcmp(scenarios[i].id, result->check->id) == 0)
            play(state, &scenarios[i].plan, scenarios[i].run, result);
}

static int prepare(void **state, const struct grade_request *request, struct grade *grade,
                   struct error *err)
{
    struct shadow_state *p = calloc(1, sizeof(*p));

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
    struct shadow_state *p = state;

    compiled_remove(&p->compiled);
    free(p);
}

static const struct grader_check checks[] = {
    {"builds", check_builds},   {"answers", check_answers},    {"runs", check_scenario},
    {"flags", check_scenario},  {"faults", check_scenario},    {"tables", check_scenario},
    {"spaces", check_scenario}, {"directory", check_scenario}, {"frames", check_scenario},
};

const struct exercise_grader grader_06_shadow = {
    .folder = "06_shadow-paging",
    .prepare = prepare,
    .cleanup = cleanup,
    .checks = checks,
    .check_count = sizeof(checks) / sizeof(checks[0]),
};
