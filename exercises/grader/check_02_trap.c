/*
 * The checks of exercise 02: a monitor for a guest without privilege. What the student reads is
 * exercises/02_trap-and-emulate/README.md.
 *
 * A guest that is made from the seed runs twice: in ring 0, where it needs no monitor, and without privilege, with the
 * student's. Behind both, what came at the ports, what the guest's handlers wrote down of each event, memory and
 * registers have to be the same. What of a single trap is wrong whatever comes behind it is told at once.
 */
#include "exercises/grader/compile.h"
#include "exercises/grader/grader.h"
#include "exercises/grader/trap_guest.h"
#include "exercises/grader/trap_words.h"
#include "exercises/grader/trap_world.h"

#include "core/backend.h"
#include "core/breakpoint.h"
#include "util/bytes.h"
#include "x86/disasm.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { REQUESTS_MAX = 256, TRAPS_MAX = 2000, INSNS_MAX = 50000, RUNS_MAX = 4000, EVENTS_MAX = 512 };
enum { ASK_CLASS = 1, ASK_LOST, ASK_TRAP, ASK_INTERRUPT, ASK_STEP };
enum { POPF_ROUNDS = 40, HANDLERS_FIRST = 0x6000, HANDLERS_LAST = 0x6fff };

#define GP_INFO (INTR_VALID | INTR_HAS_ERROR | INTR_HARDWARE_EXCEPTION << 8 | X86_GP)

struct trap_judge {
    const struct grade_request *request;
    struct compiled compiled;
    int build_error; /* the host's, not the student's */
    struct error error;
};

struct trial {
    struct trap_guest guest;
    struct trap_world native, world;
    struct world memory; /* of the dialogue */
    struct dialogue dialogue;
    struct check_result *result;
    enum trap_kind kind;
    struct grader_random random;
    bool failed, is_trapped;
    uint8_t vector; /* of the exception */
    unsigned traps;
    uint32_t before[EVENTS_MAX]; /* the last trap before each event */
};

__attribute__((format(printf, 3, 4))) static void fail(struct trial *t, const char *wanted,
                                                       const char *fmt, ...)
{
    char came[160];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(came, sizeof(came), fmt, ap);
    va_end(ap);
    if (!t->failed)
        result_fail(t->result, VERDICT_FAIL, wanted, "%s", came);
    t->failed = true;
}

static void infra(struct trial *t, const char *what, const struct error *err)
{
    result_fail(t->result, VERDICT_INFRA, what, "%.150s", err->text);
    t->failed = true;
}

static void disassemble(const uint8_t *bytes, size_t size, uint32_t address, char *text, size_t cap)
{
    struct x86_disasm *d = x86_disasm_create();
    struct x86_disasm_line line = {.text = "?"};

    if (d)
        x86_disasm_one(d, bytes, size, 32, address, &line);
    snprintf(text, cap, "%s", line.text);
    x86_disasm_destroy(d);
}

/* The instruction at an address, as where it happened. */
static void place(struct trial *t, uint32_t eip)
{
    uint8_t bytes[15] = {0};
    char text[80];

    ram_read(&t->world.m->ram, eip, bytes, sizeof(bytes));
    disassemble(bytes, sizeof(bytes), eip, text, sizeof(text));
    snprintf(t->result->place, sizeof(t->result->place), "%s at %#x", text, eip);
}

/* The first of them is said. */
static bool differs(struct trial *t, uint32_t eip, const char *name, uint32_t came, uint32_t want)
{
    char wanted[100];

    if (came == want || t->failed)
        return false;
    place(t, eip);
    snprintf(wanted, sizeof(wanted), "%.80s: %#x", name, want);
    fail(t, wanted, "%#x", came);
    return true;
}

/* ---- asking ---------------------------------------------------------------------------------- */

static void no_answer(struct trial *t, enum dialogue_verdict verdict)
{
    char why[120];
    bool crashed = dialogue_explain(&t->dialogue, verdict, why, sizeof(why));
    bool late = verdict == DIALOGUE_TOO_LONG || verdict == DIALOGUE_TOO_MUCH;

    result_fail(t->result,
                crashed ? VERDICT_CRASH
                : late  ? VERDICT_TIMEOUT
                        : VERDICT_FAIL,
                "an answer to each question", "%s", why);
    t->failed = true;
}

/* False: there was no answer. */
static bool ask(struct trial *t, const uint64_t question[WIRE_VALUES], uint64_t *answer)
{
    uint64_t values[WIRE_VALUES];
    enum dialogue_verdict verdict = dialogue_ask(&t->dialogue, question, values);

    if (verdict != DIALOGUE_ANSWERED)
        no_answer(t, verdict);
    *answer = values[0];
    return verdict == DIALOGUE_ANSWERED;
}

static bool start_child(struct trap_judge *p, struct trial *t)
{
    static const struct sandbox_limits limits = {.cpu_seconds = 10,
                                                 .wall_seconds = 120,
                                                 .memory_bytes = (size_t)1 << 30,
                                                 .file_bytes = 1 << 20};
    struct error err = {0};

    t->memory = trap_world_memory(&t->world);
    t->dialogue = (struct dialogue){.world = &t->memory, .requests_max = REQUESTS_MAX};
    if (child_start(&t->dialogue.child, p->compiled.program, p->compiled.folder, &limits, &err) ==
        0)
        return true;
    infra(t, "a child process", &err);
    return false;
}

/* ---- events ---------------------------------------------------------------------------------- */

/* What the program has asked to deliver. `gp`: the trap's #GP is one that it may. */
static bool inject(struct trial *t, bool gp)
{
    struct trap_world *w = &t->world;
    uint32_t info = w->inject, error = w->inject_error;

    w->inject = 0;
    if (!(info & INTR_VALID) || t->failed)
        return false;
    if (gp && info == GP_INFO) {
        trap_world_deliver(w, X86_GP, &error);
        return true;
    }
    if (!w->waits || info != (INTR_VALID | trap_world_vector(w))) {
        char wanted[60] = "no event";

        if (w->waits)
            snprintf(wanted, sizeof(wanted), "VCPU_INJECT %#x", INTR_VALID | trap_world_vector(w));
        place(t, w->at);
        fail(t, wanted, "VCPU_INJECT %#x", info);
        return false;
    }
    if (!w->intr_if) {
        place(t, trap_world_eip(w));
        fail(t, "an interrupt while VCPU_IF is 1", "VCPU_INJECT %#x while it is 0", info);
        return false;
    }
    w->waits = false;
    trap_world_deliver(w, trap_world_vector(w), NULL);
    return true;
}

/* An interrupt was raised: the program gets to know. True: it was delivered at once. */
static bool tell_interrupt(struct trial *t)
{
    uint64_t question[WIRE_VALUES] = {ASK_INTERRUPT, trap_world_vector(&t->world)}, answer;

    if (!t->world.line || t->failed)
        return false;
    t->world.line = false;
    t->world.waits = true;
    return ask(t, question, &answer) && inject(t, false);
}

static void tell_step(struct trial *t)
{
    static const uint64_t question[WIRE_VALUES] = {ASK_STEP};
    uint64_t answer;

    if (ask(t, question, &answer))
        inject(t, false);
}

/* The guest waits in HLT: the interrupt that it waits for comes. */
static void wait_in_hlt(struct trial *t)
{
    struct trap_world *w = &t->world;

    if (w->cpl == 3) {
        fail(t, "#GP: HLT is the kernel's", "it waits");
        return;
    }
    if (w->waits) {
        fail(t, "the interrupt that is there ends HLT", "it waits");
        return;
    }
    trap_world_raise(w);
    if (!tell_interrupt(t) && !t->failed)
        fail(t, "the interrupt ends HLT", "VCPU_INJECT is not set");
}

/* ---- one trap -------------------------------------------------------------------------------- */

struct moment {
    uint32_t eip, gpr[8];
    struct x86_insn insn;
    uint8_t code[15];
};

static void look(struct trial *t, struct moment *before)
{
    before->eip = trap_world_eip(&t->world);
    for (int i = 0; i < 8; i++)
        before->gpr[i] = trap_world_gpr(&t->world, (enum x86_gpr)i);
    ram_read(&t->world.m->ram, before->eip, before->code, sizeof(before->code));
    x86_decode(before->code, sizeof(before->code), 32, &before->insn);
}

static bool is_in(const struct moment *before)
{
    uint8_t opcode = before->insn.opcode;

    return before->insn.map == 0 && (opcode & 0xf4) == 0xe4 && !(opcode & 2);
}

/* Is it for the guest's CPU to refuse? SDM vol. 1, 19.5.1; vol. 2, HLT. */
static bool is_refused(const struct trap_world *w, const struct moment *before)
{
    uint8_t opcode = before->insn.opcode;

    if (w->error || before->insn.map != 0)
        return true;
    if (opcode == 0xf4)
        return w->cpl != 0;
    return (opcode != 0xfa && opcode != 0xfb && (opcode & 0xf4) != 0xe4) || w->cpl > w->iopl;
}

static void compare_refusal(struct trial *t, const struct moment *before)
{
    bool wanted = is_refused(&t->world, before), came = t->world.inject == GP_INFO;

    if (wanted == came)
        return;
    place(t, before->eip);
    if (wanted)
        fail(t, "#GP for the guest, in VCPU_INJECT", "VCPU_CPL %u, VCPU_IOPL %u, and it is done",
             t->world.cpl, t->world.iopl);
    else
        fail(t, "it is done", "#GP, with VCPU_CPL %u, VCPU_IOPL %u", t->world.cpl, t->world.iopl);
}

/* True of whatever traps: EIP behind it, or on it with #GP; registers as they were, but for IN. */
static void compare_trap(struct trial *t, const struct moment *before)
{
    static const char *const names[] = {"EAX", "ECX", "EDX", "EBX", "ESP", "EBP", "ESI", "EDI"};
    bool gp = t->world.inject == GP_INFO;

    differs(t, before->eip, gp ? "EIP, with #GP" : "EIP", trap_world_eip(&t->world),
            before->eip + (gp ? 0 : before->insn.length));
    for (int i = gp || !is_in(before) ? 0 : 1; i < 8; i++)
        differs(t, before->eip, names[i], trap_world_gpr(&t->world, (enum x86_gpr)i),
                before->gpr[i]);
}

static void ask_trap(struct trial *t, const struct moment *before)
{
    static const uint64_t question[WIRE_VALUES] = {ASK_TRAP};
    bool hlt = before->insn.map == 0 && before->insn.opcode == 0xf4, injected;
    uint64_t answer;

    t->world.inject = t->world.inject_error = 0;
    if (!ask(t, question, &answer))
        return;
    if (t->kind != TRAP_GATE)
        compare_refusal(t, before);
    compare_trap(t, before);
    differs(t, before->eip, "the answer (1: it waits in HLT)", (uint32_t)answer,
            hlt ? answer == 1 : 0);
    injected = inject(t, true);
    if (t->failed || t->kind == TRAP_GATE)
        return;
    if (answer == 1 && !injected) {
        place(t, before->eip);
        wait_in_hlt(t);
    } else {
        tell_interrupt(t);
    }
}

/* Does the guest still run its own code? */
static bool is_code(const struct trial *t, uint32_t eip)
{
    if (eip >= HANDLERS_FIRST && eip <= HANDLERS_LAST)
        return true;
    return eip >= TRAP_CODE && eip - TRAP_CODE < t->guest.size && t->guest.starts[eip - TRAP_CODE];
}

static void answer_trap(struct trial *t)
{
    struct trap_world *w = &t->world;
    struct moment before;
    bool stepped = w->step, was_on = w->intr_if;
    unsigned event = trap_guest_events(w->m);

    look(t, &before);
    w->step = 0;
    t->traps++;
    if (t->vector != X86_GP || !is_code(t, before.eip)) {
        place(t, before.eip);
        fail(t, "a guest that goes on", "exception %u", t->vector);
        return;
    }
    if (trap_world_emulate(w, before.code)) {
        if (stepped || (!was_on && w->intr_if))
            tell_step(t);
        return;
    }
    w->at = before.eip;
    if (event < EVENTS_MAX)
        t->before[event] = before.eip;
    ask_trap(t, &before);
}

/* ---- running --------------------------------------------------------------------------------- */

static enum monitor_action see_exception(void *ctx, struct machine *m, struct vm_exit *exit)
{
    struct trial *t = ctx;

    (void)m;
    t->is_trapped = true;
    t->vector = INTR_VECTOR(exit->intr_info);
    t->world.error = exit->intr_error;
    return MONITOR_STOP;
}

static void add_end(struct trial *t, struct machine *m)
{
    struct breakpoint end = {
        .kind = BREAK_RIP, .enabled = true, .first = t->guest.end, .last = t->guest.end};

    machine_break_add(m, &end);
}

static void say_stop(struct trial *t, const struct run_result *r)
{
    place(t, t->world.at);
    fail(t, "a guest that comes to its end", "%s%s%.80s, %u traps", stop_reason_name(r->stop),
         r->error.text[0] ? ": " : "", r->error.text, t->traps);
}

static void run_guest(struct trial *t)
{
    struct trap_world *w = &t->world;
    struct run_result r = {.stop = STOP_BUDGET};

    w->m->monitor = (struct monitor){.ctx = t};
    w->m->monitor.on_exit[EXIT_EXCEPTION_NMI] = see_exception;
    add_end(t, w->m);
    for (unsigned i = 0; i < RUNS_MAX && t->traps < TRAPS_MAX; i++) {
        struct run_limits limits = {.insns = w->step ? 1 : INSNS_MAX};

        if (trap_world_eip(w) == t->guest.end)
            return;
        t->is_trapped = false;
        if (machine_run(w->m, &limits, &r)) {
            infra(t, "a machine", &r.error);
        } else if (t->is_trapped) {
            answer_trap(t);
        } else if (r.stop == STOP_BUDGET && w->step) {
            w->step = 0;
            tell_step(t);
        } else if (r.stop != STOP_BREAK) {
            break;
        }
        if (t->failed || t->kind == TRAP_GATE)
            return;
    }
    say_stop(t, &r);
}

/* In ring 0, where the machine's own CPU does it all. */
static void run_native(struct trial *t)
{
    struct run_limits limits = {.insns = INSNS_MAX};
    struct run_result r = {.stop = STOP_HALT};

    add_end(t, t->native.m);
    for (unsigned i = 0; i < RUNS_MAX && r.stop == STOP_HALT && !t->failed; i++) {
        if (machine_run(t->native.m, &limits, &r))
            infra(t, "a machine", &r.error);
        if (r.stop == STOP_HALT)
            trap_world_raise(&t->native);
    }
    if (r.stop != STOP_BREAK && !t->failed) {
        error_set(&r.error, -EINVAL, "%s at %#x", stop_reason_name(r.stop),
                  trap_world_eip(&t->native));
        infra(t, "the guest in ring 0 at its end", &r.error);
    }
}

/* ---- comparing ------------------------------------------------------------------------------- */

static void port_words(const struct trap_world *w, unsigned i, char *text, size_t size)
{
    const struct trap_port *a = &w->ports[i];

    if (i >= w->port_count)
        snprintf(text, size, "no access");
    else if (a->write)
        snprintf(text, size, "write %u bytes to port %#x: %#x", a->size, a->port, a->value);
    else
        snprintf(text, size, "read %u bytes from port %#x", a->size, a->port);
}

static void compare_ports(struct trial *t)
{
    const struct trap_world *n = &t->native, *w = &t->world;

    for (unsigned i = 0; (i < n->port_count || i < w->port_count) && !t->failed; i++) {
        char wanted[80], came[80];

        port_words(n, i, wanted, sizeof(wanted));
        port_words(w, i, came, sizeof(came));
        if (strcmp(wanted, came) == 0)
            continue;
        place(t, i < n->port_count ? n->ports[i].eip : w->ports[i].eip);
        fail(t, wanted, "%s", came);
    }
}

static void compare_event(struct trial *t, unsigned i)
{
    static const char *const names[] = {"vector", "error code", "EIP", "CS", "EFLAGS", "EAX"};
    uint32_t eip = trap_guest_event(t->native.m, i, TRAP_EVENT_EIP);

    for (unsigned word = 0; word < TRAP_EVENT_WORDS; word++) {
        bool is_where = word == TRAP_EVENT_VECTOR || word == TRAP_EVENT_EIP;
        char name[80];

        snprintf(name, sizeof(name), "event %u of the guest, %s", i + 1, names[word]);
        differs(t, is_where || !t->before[i] ? eip : t->before[i], name,
                trap_guest_event(t->world.m, i, (enum trap_word)word),
                trap_guest_event(t->native.m, i, (enum trap_word)word));
    }
}

static void event_words(const struct machine *m, unsigned i, char *text, size_t size)
{
    if (i < trap_guest_events(m))
        snprintf(text, size, "event %u of the guest: vector %#x at %#x", i + 1,
                 trap_guest_event(m, i, TRAP_EVENT_VECTOR), trap_guest_event(m, i, TRAP_EVENT_EIP));
    else
        snprintf(text, size, "none");
}

static void compare_events(struct trial *t)
{
    unsigned want = trap_guest_events(t->native.m), came = trap_guest_events(t->world.m), i;

    for (i = 0; i < want && i < came && i < EVENTS_MAX; i++)
        compare_event(t, i);
    if (want != came && i < EVENTS_MAX && !t->failed) {
        char wanted[80], text[80];

        event_words(t->native.m, i, wanted, sizeof(wanted));
        event_words(t->world.m, i, text, sizeof(text));
        place(t, t->before[i] ? t->before[i] : t->world.at);
        fail(t, wanted, "%s", text);
    }
}

static uint32_t slot(const struct trap_world *w, unsigned i)
{
    uint8_t bytes[4] = {0};

    ram_read(&w->m->ram, TRAP_SLOTS + 4 * i, bytes, sizeof(bytes));
    return get_le32(bytes);
}

static void compare_end(struct trial *t)
{
    static const char *const names[] = {"EAX", "ECX", "EDX", "EBX", "ESP", "EBP", "ESI", "EDI"};

    for (unsigned i = 0; i < t->guest.slots; i++)
        differs(t, t->guest.slot_of[i], "EAX behind it", slot(&t->world, i), slot(&t->native, i));
    for (int i = 0; i < 8; i++)
        differs(t, t->guest.end, names[i], trap_world_gpr(&t->world, (enum x86_gpr)i),
                trap_world_gpr(&t->native, (enum x86_gpr)i));
    differs(t, t->world.at, "EFLAGS at the end", trap_world_eflags(&t->world),
            trap_world_eflags(&t->native));
}

/* ---- checks with a guest --------------------------------------------------------------------- */

static void play(struct trap_judge *p, struct trial *t)
{
    if (t->kind != TRAP_GATE)
        run_native(t);
    if (t->failed || !start_child(p, t))
        return;
    run_guest(t);
    if (!t->failed && t->kind != TRAP_GATE) {
        compare_ports(t);
        compare_events(t);
        compare_end(t);
    }
    if (!t->failed)
        result_pass(t->result);
    child_destroy(t->dialogue.child);
}

static struct trial *begin(struct trap_judge *p, unsigned salt, struct check_result *result)
{
    struct trial *t = calloc(1, sizeof(*t));

    if (!t) {
        result_fail(result, VERDICT_INFRA, "memory", "there is none");
        return NULL;
    }
    t->result = result;
    random_seed(&t->random, p->request->seed * 31 + salt);
    return t;
}

static bool create_worlds(struct trial *t)
{
    struct error err = {0};

    if (trap_world_create(&t->native, &t->guest, true, &err) ||
        trap_world_create(&t->world, &t->guest, false, &err))
        infra(t, "a machine", &err);
    return !t->failed;
}

static void end(struct trial *t)
{
    trap_world_destroy(&t->native);
    trap_world_destroy(&t->world);
    free(t);
}

static void check(struct trap_judge *p, enum trap_kind kind, struct check_result *result)
{
    struct trial *t = begin(p, (unsigned)kind, result);

    if (!t)
        return;
    t->kind = kind;
    trap_guest_make(&t->guest, kind, &t->random);
    if (create_worlds(t))
        play(p, t);
    end(t);
}

static void check_kind(void *state, struct check_result *result)
{
    static const struct {
        const char *id;
        enum trap_kind kind;
    } kinds[] = {{"answers", TRAP_GATE}, {"flags", TRAP_FLAGS}, {"io", TRAP_IO},
                 {"halt", TRAP_HALT},    {"user", TRAP_USER},   {"interrupts", TRAP_INTERRUPTS}};

    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        if (strcmp(kinds[i].id, result->check->id) == 0)
            check(state, kinds[i].kind, result);
}

/* ---- checks without -------------------------------------------------------------------------- */

static void ask_class(struct trial *t, unsigned number)
{
    struct trap_insn insn = {0};
    uint64_t question[WIRE_VALUES] = {ASK_CLASS}, answer;
    char text[80], wanted[100];

    trap_insn_make(&insn, number, &t->random);
    question[1] = get_le64(insn.bytes);
    question[2] = get_le64(insn.bytes + 8);
    question[3] = insn.size;
    if (!ask(t, question, &answer) || answer == (uint64_t)insn.sensitivity)
        return;
    disassemble(insn.bytes, insn.size, 0, text, sizeof(text));
    snprintf(wanted, sizeof(wanted), "%.60s: %s", text, x86_sensitivity_name(insn.sensitivity));
    fail(t, wanted, "%s",
         answer <= X86_SENSITIVE ? x86_sensitivity_name((enum x86_sensitivity)answer)
                                 : "no class that there is");
    snprintf(t->result->place, sizeof(t->result->place), "bytes");
    for (unsigned i = 0; i < insn.size; i++)
        snprintf(t->result->place + 5 + 3 * (size_t)i, 5, " %02x", insn.bytes[i]);
}

static void check_classify(void *state, struct check_result *result)
{
    struct trap_judge *p = state;
    struct trial *t = begin(p, 101, result);

    if (!t)
        return;
    if (create_worlds(t) && start_child(p, t)) {
        for (unsigned i = 0; i < TRAP_INSNS && !t->failed; i++)
            ask_class(t, i);
        if (!t->failed)
            result_pass(result);
        child_destroy(t->dialogue.child);
    }
    end(t);
}

/* Run it in ring 0: the first POPF behind which IF is another. */
static int lost_change(struct trial *t, bool on)
{
    struct machine *m = t->native.m;
    struct x86_state s;

    machine_get_state(m, &s);
    s.rflags = RFLAGS_FIXED | (on ? RFLAGS_IF : 0);
    machine_set_state(m, &s);
    while (trap_world_eip(&t->native) != t->guest.end) {
        uint32_t eip = trap_world_eip(&t->native), flags = trap_world_eflags(&t->native);
        uint8_t code[2];
        struct run_result r;

        ram_read(&m->ram, eip, code, sizeof(code));
        if (machine_step(m, &r) || trap_world_eip(&t->native) == eip) {
            infra(t, "code that runs in ring 0", &r.error);
            return -1;
        }
        if ((code[0] == 0x66 ? code[1] : code[0]) == 0x9d &&
            (flags ^ trap_world_eflags(&t->native)) & RFLAGS_IF)
            return (int)(eip - TRAP_CODE);
    }
    return -1;
}

/* The worlds are another pair each time, the program is not. */
static void ask_lost(struct trial *t)
{
    bool on = random_below(&t->random, 2);
    uint64_t question[WIRE_VALUES] = {ASK_LOST, TRAP_CODE, 0, on}, answer;
    char wanted[100];
    int want;

    trap_popf_make(&t->guest, &t->random);
    question[2] = t->guest.end - TRAP_CODE;
    if (!create_worlds(t))
        return;
    want = lost_change(t, on);
    if (!t->failed && ask(t, question, &answer) && (int)answer != want) {
        place(t, TRAP_CODE + (uint32_t)(want < 0 ? 0 : want));
        snprintf(wanted, sizeof(wanted), "with IF %u at first, of %u bytes: offset %d", on,
                 (unsigned)question[2], want);
        fail(t, wanted, "%d", (int)answer);
    }
    trap_world_destroy(&t->native);
    trap_world_destroy(&t->world);
}

static void check_popf(void *state, struct check_result *result)
{
    struct trap_judge *p = state;
    struct trial *t = begin(p, 102, result);

    if (!t)
        return;
    if (start_child(p, t)) {
        for (unsigned i = 0; i < POPF_ROUNDS && !t->failed; i++)
            ask_lost(t);
        if (!t->failed)
            result_pass(result);
        child_destroy(t->dialogue.child);
    }
    end(t);
}

static void check_builds(void *state, struct check_result *result)
{
    struct trap_judge *p = state;

    if (p->build_error)
        result_fail(result, VERDICT_INFRA, "a compiler to run", "%.150s", p->error.text);
    else if (!p->compiled.built)
        result_fail(result, VERDICT_FAIL, "no error", "%.150s", p->compiled.why);
    else
        result_pass(result);
}

static int prepare(void **state, const struct grade_request *request, struct grade *grade,
                   struct error *err)
{
    struct trap_judge *p = calloc(1, sizeof(*p));

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
    struct trap_judge *p = state;

    compiled_remove(&p->compiled);
    free(p);
}

static const struct grader_check checks[] = {
    {"builds", check_builds}, {"answers", check_kind}, {"classify", check_classify},
    {"popf", check_popf},     {"flags", check_kind},   {"io", check_kind},
    {"halt", check_kind},     {"user", check_kind},    {"interrupts", check_kind},
};

const struct exercise_grader grader_02_trap = {
    .folder = "02_trap-and-emulate",
    .prepare = prepare,
    .cleanup = cleanup,
    .checks = checks,
    .check_count = sizeof(checks) / sizeof(checks[0]),
};
