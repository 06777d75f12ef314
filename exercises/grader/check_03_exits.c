/*
 * The checks of exercise 03: an exit handler that reaches the vCPU by VMREAD and VMWRITE. What the student
 * reads is exercises/03_exits/README.md.
 *
 * Each check is a guest made from the seed that leaves for one kind of reason. After every answer all that an
 * exit may change is compared with what the judge's own handler makes of the same exit.
 */
#include "exercises/grader/compile.h"
#include "exercises/grader/exits_guest.h"
#include "exercises/grader/exits_model.h"
#include "exercises/grader/exits_world.h"
#include "exercises/grader/grader.h"

#include "core/backend.h"
#include "core/breakpoint.h"
#include "util/bytes.h"
#include "x86/disasm.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    REQUESTS_MAX = 256,
    EXITS_MAX = 2000,
    INSNS_MAX = 50000,
    SLICE_INSNS = 7,
    SLICES_MAX = 4000
};

struct exits_judge {
    const struct grade_request *request;
    struct compiled compiled;
    int build_error; /* the host's, not the student's */
    struct error error;
};

struct scenario {
    struct exits_world world;
    struct world memory; /* of the dialogue */
    struct dialogue dialogue;
    struct exits_model model;
    struct check_result *result;
    enum exits_kind kind;
    struct grader_random random;
    bool failed, waits;
    unsigned exits, interrupts;
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

/* ---- comparing ------------------------------------------------------------------------------- */

/* ": out dx, al", where the exit has its instruction. */
static void insn_text(const struct vm_exit *exit, char *buf, size_t size)
{
    struct x86_disasm *disasm = exit->has & EXIT_HAS_INSN ? x86_disasm_create() : NULL;
    struct x86_disasm_line line;

    buf[0] = '\0';
    if (!disasm)
        return;
    x86_disasm_one(disasm, exit->insn, exit->insn_len, x86_mode_bits(exit->mode), exit->rip, &line);
    snprintf(buf, size, ": %.60s", line.text);
    x86_disasm_destroy(disasm);
}

static void place(struct scenario *s, const struct vm_exit *exit)
{
    char insn[64];

    insn_text(exit, insn, sizeof(insn));
    snprintf(s->result->place, sizeof(s->result->place), "exit %u, %s, at %#llx%s", s->exits,
             exit_reason_name(exit->reason), (unsigned long long)exit->rip, insn);
}

/* The first of them is said. */
static bool differs(struct scenario *s, const struct vm_exit *exit, const char *name, uint64_t came,
                    uint64_t want)
{
    char wanted[100];

    if (came == want || s->failed)
        return false;
    place(s, exit);
    snprintf(wanted, sizeof(wanted), "%.60s: %#llx", name, (unsigned long long)want);
    fail(s, wanted, "%#llx", (unsigned long long)came);
    return true;
}

/* Value, port and size of the last access, in words. */
static void compare_port(struct scenario *s, const struct vm_exit *exit,
                         const struct exits_state *came, const struct exits_state *want)
{
    differs(s, exit, "reads of ports", came->reads, want->reads);
    differs(s, exit, "writes to ports", came->writes, want->writes);
    differs(s, exit, "the port of the last access", came->last >> 32 & 0xffff,
            want->last >> 32 & 0xffff);
    differs(s, exit, "bytes of the last access to a port", came->last >> 48, want->last >> 48);
    differs(s, exit, "the value at the port", came->last & 0xffffffff, want->last & 0xffffffff);
}

static void compare_memory(struct scenario *s, const struct vm_exit *exit,
                           const struct exits_memory *memory, uint64_t writes)
{
    uint8_t bytes[8] = {0};

    differs(s, exit, "writes to guest memory", writes, memory->size > 0);
    if (!memory->size)
        return;
    ram_read(&s->world.m->ram, memory->address, bytes, memory->size);
    differs(s, exit, "the element in guest memory", get_le64(bytes), memory->value);
}

static void compare(struct scenario *s, const struct vm_exit *exit, const struct exits_state *came,
                    const struct exits_state *want)
{
    static const char *const names[] = {"RAX", "RCX", "RDX", "RBX", "RSP", "RBP", "RSI", "RDI"};
    static const char *const msrs[] = {"IA32_SYSENTER_ESP", "IA32_STAR", "IA32_LSTAR"};

    if (s->kind == EXITS_NOPS) { /* the gate: whatever else is wrong */
        differs(s, exit, "RIP", came->rip, want->rip);
        return;
    }
    compare_port(s, exit, came, want);
    for (unsigned i = 0; i < 8; i++)
        differs(s, exit, names[i], came->gpr[i], want->gpr[i]);
    for (unsigned i = 0; i < EXITS_MSRS; i++)
        differs(s, exit, msrs[i], came->msr[i], want->msr[i]);
    differs(s, exit, "the event to inject", came->entry_info, want->entry_info);
    if (want->entry_info & INTR_HAS_ERROR)
        differs(s, exit, "its error code", came->entry_error, want->entry_error);
    differs(s, exit, "interrupt-window exiting", came->window, want->window);
    differs(s, exit, "RIP", came->rip, want->rip);
    differs(s, exit, "RFLAGS", came->rflags, want->rflags);
    differs(s, exit, "CR0", came->cr0, want->cr0);
    differs(s, exit, "CR0 read shadow, in the owned bits", came->cr0_shadow, want->cr0_shadow);
    differs(s, exit, "CR3", came->cr3, want->cr3);
    differs(s, exit, "CR4", came->cr4, want->cr4);
    differs(s, exit, "CR4 read shadow, in the owned bits", came->cr4_shadow, want->cr4_shadow);
    differs(s, exit, "the answer (1: it waits in HLT)", came->waits, want->waits);
}

/* ---- asking ---------------------------------------------------------------------------------- */

static void no_answer(struct scenario *s, enum dialogue_verdict verdict)
{
    char why[120];
    bool crashed = dialogue_explain(&s->dialogue, verdict, why, sizeof(why));
    bool late = verdict == DIALOGUE_TOO_LONG || verdict == DIALOGUE_TOO_MUCH;

    result_fail(s->result,
                crashed ? VERDICT_CRASH
                : late  ? VERDICT_TIMEOUT
                        : VERDICT_FAIL,
                "an answer to each exit", "%s", why);
    s->failed = true;
}

static uint32_t interruptibility(const struct scenario *s)
{
    struct x86_state state;

    machine_get_state(s->world.m, &state);
    return state.interruptibility;
}

static enum monitor_action answer_exit(void *ctx, struct machine *m, struct vm_exit *exit)
{
    static const uint64_t question[WIRE_VALUES] = {1};
    struct scenario *s = ctx;
    struct exits_state want, came;
    struct exits_memory memory;
    uint64_t answer[WIRE_VALUES], old_rip, writes = s->world.memory;
    enum dialogue_verdict verdict;

    (void)m;
    s->exits++;
    s->world.exit = exit;
    exits_world_read(&s->world, &want);
    old_rip = want.rip;
    exits_expect(&s->model, &s->world, exit, interruptibility(s), &want, &memory);
    verdict = dialogue_ask(&s->dialogue, question, answer);
    if (verdict != DIALOGUE_ANSWERED) {
        no_answer(s, verdict);
        return MONITOR_STOP;
    }
    exits_world_read(&s->world, &came);
    came.waits = answer[0];
    compare(s, exit, &came, &want);
    compare_memory(s, exit, &memory, s->world.memory - writes);
    if (s->failed)
        return MONITOR_STOP;
    exits_world_resume(&s->world, old_rip);
    s->waits = answer[0] == 1;
    return s->waits || s->kind == EXITS_NOPS ? MONITOR_STOP : MONITOR_HANDLED;
}

/* ---- running --------------------------------------------------------------------------------- */

static void set_monitor(struct scenario *s)
{
    static const uint8_t reasons[] = {EXIT_EXTERNAL_INTERRUPT,
                                      EXIT_INTERRUPT_WINDOW,
                                      EXIT_CPUID,
                                      EXIT_HLT,
                                      EXIT_VMCALL,
                                      EXIT_CR_ACCESS,
                                      EXIT_IO,
                                      EXIT_RDMSR,
                                      EXIT_WRMSR};

    s->world.m->monitor = (struct monitor){.ctx = s};
    for (size_t i = 0; i < sizeof(reasons); i++)
        s->world.m->monitor.on_exit[reasons[i]] = answer_exit;
}

static void say_stop(struct scenario *s, const struct run_result *r)
{
    if (!s->failed)
        fail(s, "a guest that comes to its end", "%s%s%.80s", stop_reason_name(r->stop),
             r->error.text[0] ? ": " : "", r->error.text);
}

/* Interrupts come while it runs, and whenever it waits. */
static void run(struct scenario *s)
{
    bool injects = s->kind == EXITS_INJECT;
    struct run_limits limits = {.insns = injects ? SLICE_INSNS : INSNS_MAX, .exits = EXITS_MAX};
    struct run_result r = {.stop = STOP_BUDGET};

    for (unsigned i = 0; i < SLICES_MAX && !s->failed && !machine_break_here(s->world.m); i++) {
        bool asks = injects && !s->model.waits && (s->waits || random_below(&s->random, 3) == 0);

        if (asks) {
            exits_world_interrupt(&s->world);
            s->interrupts++;
        }
        s->waits = false;
        if (machine_run(s->world.m, &limits, &r)) {
            result_fail(s->result, VERDICT_INFRA, "a machine", "%.150s", r.error.text);
            s->failed = true;
        }
        if (s->failed || r.stop == STOP_BREAK || (r.stop == STOP_MONITOR && s->kind == EXITS_NOPS))
            return;
        if (r.stop != STOP_MONITOR && !(r.stop == STOP_BUDGET && injects))
            break;
    }
    if (!machine_break_here(s->world.m))
        say_stop(s, &r);
}

static void check_end(struct scenario *s)
{
    uint8_t bytes[4];

    if (s->failed || s->kind != EXITS_INJECT)
        return;
    ram_read(&s->world.m->ram, EXITS_COUNT, bytes, sizeof(bytes));
    if (get_le32(bytes) + s->model.waits + s->world.m->irq.intr != s->interrupts)
        fail(s, "each interrupt once in the guest", "%u came, the guest counted %u", s->interrupts,
             get_le32(bytes));
}

static bool start_child(struct exits_judge *p, struct scenario *s)
{
    static const struct sandbox_limits limits = {.cpu_seconds = 10,
                                                 .wall_seconds = 120,
                                                 .memory_bytes = (size_t)1 << 30,
                                                 .file_bytes = 1 << 20};
    struct error err = {0};

    s->dialogue = (struct dialogue){.world = &s->memory, .requests_max = REQUESTS_MAX};
    if (child_start(&s->dialogue.child, p->compiled.program, p->compiled.folder, &limits, &err) ==
        0)
        return true;
    result_fail(s->result, VERDICT_INFRA, "a child process", "%.150s", err.text);
    return false;
}

static void play(struct exits_judge *p, struct scenario *s)
{
    struct breakpoint end = {.kind = BREAK_RIP, .enabled = true};

    random_seed(&s->random, p->request->seed * 31 + (unsigned)s->kind);
    end.first = end.last = exits_guest_load(s->world.m, s->kind, &s->random);
    machine_break_add(s->world.m, &end);
    s->memory = exits_world_memory(&s->world);
    set_monitor(s);
    if (!start_child(p, s))
        return;
    run(s);
    check_end(s);
    if (!s->failed)
        result_pass(s->result);
    child_destroy(s->dialogue.child);
}

static void check(struct exits_judge *p, enum exits_kind kind, struct check_result *result)
{
    struct scenario *s = calloc(1, sizeof(*s));
    struct error err = {0};

    if (!s || exits_world_create(&s->world, &err)) {
        result_fail(result, VERDICT_INFRA, "a machine", "%.150s", err.text);
        free(s);
        return;
    }
    s->result = result;
    s->kind = kind;
    play(p, s);
    exits_world_destroy(&s->world);
    free(s);
}

/* ---- checks ---------------------------------------------------------------------------------- */

static void check_builds(void *state, struct check_result *result)
{
    struct exits_judge *p = state;

    if (p->build_error)
        result_fail(result, VERDICT_INFRA, "a compiler to run", "%.150s", p->error.text);
    else if (!p->compiled.built)
        result_fail(result, VERDICT_FAIL, "no error", "%.150s", p->compiled.why);
    else
        result_pass(result);
}

static const struct {
    const char *id;
    enum exits_kind kind;
} kinds[] = {{"cpuid", EXITS_CPUID},
             {"io", EXITS_IO},
             {"strings", EXITS_STRINGS},
             {"msr", EXITS_MSR},
             {"cr", EXITS_CR},
             {"inject", EXITS_INJECT},
             {"hypercall", EXITS_HYPERCALL}};

static void check_kind(void *state, struct check_result *result)
{
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        if (strcmp(kinds[i].id, result->check->id) == 0)
            check(state, kinds[i].kind, result);
}

static void check_answers(void *state, struct check_result *result)
{
    check(state, EXITS_NOPS, result);
}

static int prepare(void **state, const struct grade_request *request, struct grade *grade,
                   struct error *err)
{
    struct exits_judge *p = calloc(1, sizeof(*p));

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
    struct exits_judge *p = state;

    compiled_remove(&p->compiled);
    free(p);
}

static const struct grader_check checks[] = {
    {"builds", check_builds}, {"answers", check_answers}, {"cpuid", check_kind},
    {"io", check_kind},       {"strings", check_kind},    {"msr", check_kind},
    {"cr", check_kind},       {"hypercall", check_kind},  {"inject", check_kind},
};

const struct exercise_grader grader_03_exits = {
    .folder = "03_exits",
    .prepare = prepare,
    .cleanup = cleanup,
    .checks = checks,
    .check_count = sizeof(checks) / sizeof(checks[0]),
};
