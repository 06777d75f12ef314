/*
 * The session: commands on the machine of a lab, and the model of one moment. See session.h.
 *
 * A step goes through the same loop as a long run, so a request to stop means the same in both.
 */
#include "tui/session.h"
#include "tui/session_ept.h"
#include "tui/session_heat.h"
#include "tui/session_marks.h"
#include "tui/session_memory.h"
#include "tui/session_pages.h"
#include "tui/session_run.h"
#include "tui/session_set.h"
#include "tui/session_compare.h"
#include "tui/session_snap.h"
#include "tui/session_time.h"
#include "core/backend.h"
#include "x86/disasm.h"
#include "x86/sensitive.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What is read to decode the code window from: more than its lines take in real code. */
#define CODE_BYTES ((size_t)MODEL_CODE * 8)

struct session *session_create(const struct tui_config *config)
{
    struct session *s = calloc(1, sizeof(*s));

    if (!s)
        return NULL;
    s->disasm = x86_disasm_create();
    if (!s->disasm) {
        free(s);
        return NULL;
    }
    s->config = config;
    s->lab = -1;
    return s;
}

void session_destroy(struct session *session)
{
    if (!session)
        return;
    session_heat_forget(session);
    session_time_forget(session);
    machine_destroy(session->machine);
    session_snap_end(session);
    x86_disasm_destroy(session->disasm);
    free(session);
}

void session_message(struct session *s, bool error, const char *fmt, ...)
{
    va_list ap;

    s->message_id++;
    s->message_error = error;
    va_start(ap, fmt);
    vsnprintf(s->message, sizeof(s->message), fmt, ap);
    va_end(ap);
}

static void exit_seen(void *ctx, const struct machine *m, const struct vm_exit *exit)
{
    struct session *s = ctx;

    (void)m;
    exit_ring_add(&s->ring, exit);
    trace_profile_add(&s->profile, exit);
}

void session_text(void *ctx, enum text_source source, const char *text, size_t size)
{
    struct session *s = ctx;

    text_tail_add(&s->text, source, text, size);
}

static void forget(struct session *s)
{
    session_time_forget(s);
    machine_destroy(s->machine);
    s->machine = NULL;
    s->run = RUN_NONE;
    session_forget_before(s);
    session_heat_forget(s);
    session_snap_forget(s);
    session_marks_forget(s);
    s->has_rate = false;
    s->code.bits = 0;
    memset(s->code_places, 0, sizeof(s->code_places));
    memset(&s->text, 0, sizeof(s->text));
    memset(&s->profile, 0, sizeof(s->profile));
    exit_ring_reset(&s->ring, ++s->epoch);
}

/* A new machine is the session's: it stands still, and begins to be recorded. */
static bool adopt(struct session *s, struct machine *m, int lab, const char *snapshot)
{
    struct error err = {0};

    s->machine = m;
    if (session_time_begin(s, &err)) {
        session_message(s, true, "%s", err.text);
        machine_destroy(m);
        s->machine = NULL;
        return false;
    }
    session_heat_begin(s);
    m->observer = (struct exit_observer){.seen = exit_seen, .ctx = s};
    s->lab = lab;
    s->run = RUN_PAUSED;
    session_snap_begin(s, snapshot);
    return true;
}

/* At its start. */
static void open_fresh(struct session *s, int lab)
{
    struct text_sink sink = {.write = session_text, .ctx = s};
    struct machine *m;
    struct error err = {0};

    forget(s);
    s->lab = -1;
    if (lab < 0 || (unsigned)lab >= s->config->lab_count)
        session_message(s, true, "no lab is open");
    else if (s->config->open(s->config->ctx, (unsigned)lab, &sink, &m, &err) < 0)
        session_message(s, true, "%s", err.text);
    else if (adopt(s, m, lab, ""))
        session_message(s, false, "lab %s is at its start: s steps, ] runs to the next exit",
                        s->config->labs[lab].id);
}

/* The machine of a snapshot of the lab in place of the one that there is. */
static bool open_snapshot(struct session *s, int lab, const char *id)
{
    struct machine *m = session_snap_machine(s, id);

    if (!m)
        return false;
    forget(s);
    return adopt(s, m, lab, id);
}

/* Where it was restored to, else at its start. */
static void open_lab(struct session *s, int lab)
{
    char id[NODE_ID_SIZE] = "";

    if (lab >= 0 && (unsigned)lab < s->config->lab_count && s->config->opens_at)
        s->config->opens_at(s->config->ctx, (unsigned)lab, id);
    if (id[0] && open_snapshot(s, lab, id))
        session_message(s, false, "lab %s is at snapshot @%.8s: r begins at its start",
                        s->config->labs[lab].id, id);
    else
        open_fresh(s, lab);
}

/* What the user has set up stays where the machine goes. */
static void with_breaks(struct session *s, void (*make)(struct session *s, const void *ctx),
                        const void *ctx)
{
    struct breakpoint breaks[MACHINE_BREAKS_MAX];
    unsigned count = s->machine ? machine_break_list(s->machine, breaks) : 0;
    struct machine *before = s->machine;

    make(s, ctx);
    for (unsigned i = 0; s->machine && s->machine != before && i < count; i++)
        machine_break_add(s->machine, &breaks[i]);
}

static void make_fresh(struct session *s, const void *ctx)
{
    (void)ctx;
    open_fresh(s, s->lab);
}

/* The same machine from its beginning, with the breakpoints it had. */
static void restart(struct session *s)
{
    with_breaks(s, make_fresh, NULL);
}

static void make_restored(struct session *s, const void *ctx)
{
    const char *id = ctx;

    if (open_snapshot(s, s->lab, id))
        session_message(s, false, "restored: @%.8s, exit %llu, instruction %llu", id,
                        (unsigned long long)s->machine->exits,
                        (unsigned long long)s->machine->insns);
}

static void restore(struct session *s, const char *id)
{
    if (s->lab >= 0)
        with_breaks(s, make_restored, id);
}

static void break_add(struct session *s, const struct breakpoint *bp)
{
    char text[BREAKPOINT_TEXT_MAX];
    int id;

    breakpoint_text(bp, text);
    if (!s->machine)
        return;
    id = machine_break_add(s->machine, bp);
    if (id > 0)
        session_message(s, false, "breakpoint %d: %s", id, text);
    else if (id == -EEXIST)
        session_message(s, true, "there is a breakpoint at %s already", text);
    else
        session_message(s, true, "there are %d breakpoints, and no more can be kept",
                        MACHINE_BREAKS_MAX);
}

/* For the guest's COM1: nobody types so much ahead, a file that is pasted may. */
static void type(struct session *s, const char *bytes, size_t size)
{
    enum { WAITING_MAX = 64 << 10 };
    const struct serial_input *in;

    if (!s->machine)
        return;
    in = &s->machine->serial;
    if (in->size - in->taken + size > WAITING_MAX)
        session_message(s, true, "%d KiB wait for the guest to read them: the rest is lost",
                        WAITING_MAX >> 10);
    else if (s->going_back)
        session_message(s, true, "the guest gets no keys while it is taken back");
    else if (timeline_in_past(s->time) && s->config->snapshots[0] && !session_snap_keep_future(s))
        return;
    else if (timeline_input(s->time, bytes, size) < 0)
        session_message(s, true, "out of memory: the guest does not get what was typed");
    else
        session_marks_cut(s);
}

/* Commands that may come in the middle of a run. */
static void execute_aside(struct session *s, const struct command *command)
{
    const struct breakpoint *bp = &command->breakpoint;

    if (command->kind == COMMAND_TYPE)
        type(s, command->bytes, command->size);
    else if (command->kind == COMMAND_BREAK_ADD)
        break_add(s, bp);
    else if (command->kind == COMMAND_BREAK_ENABLE && s->machine)
        machine_break_enable(s->machine, bp->id, !bp->enabled);
    else if (command->kind == COMMAND_BREAK_REMOVE && s->machine)
        machine_break_remove(s->machine, bp->id);
    else if (command->kind == COMMAND_LOOK)
        session_look(s, command);
    else if (command->kind == COMMAND_FIND)
        session_find(s, command);
    else if (command->kind == COMMAND_LOOK_PAGES)
        session_pages_look(s, &command->pages);
    else if (command->kind == COMMAND_LOOK_EPT)
        session_ept_look(s, &command->ept);
    else if (command->kind == COMMAND_LOOK_SNAPSHOTS)
        session_snap_look(s, &command->snapshots);
    else if (command->kind == COMMAND_COMPARE)
        session_compare(s, command->text);
    else if (command->kind == COMMAND_LOOK_HEAT)
        s->looks_heat = !command->off;
}

void session_execute(struct session *session, const struct command *command)
{
    if (command->kind == COMMAND_OPEN) {
        open_lab(session, (int)command->lab);
        if (session->machine && command->exits)
            session_run_to(session, command->exits, 0);
    } else if (command->kind == COMMAND_RESTART)
        restart(session);
    else if (command->kind == COMMAND_SNAP_RESTORE)
        restore(session, command->id);
    else if (command->kind == COMMAND_SET)
        session_set(session, command->text);
    else if (command_is_snap(command->kind))
        session_snap_do(session, command);
    else if (command_is_aside(command->kind))
        execute_aside(session, command);
    else if (command_is_back(command->kind) &&
             (session->run == RUN_PAUSED || session->run == RUN_ENDED))
        session_time_go(session, command);
    else if (session->run == RUN_PAUSED && command->kind != COMMAND_INTERRUPT)
        session_go(session, command, &session->limits);
    session->done++;
}

static void go(struct session *s, enum command_kind kind, const struct run_limits *limits)
{
    struct command command = {.kind = kind};

    session_go(s, &command, limits);
}

/* All but the last exit or instruction in one run, then that one as a step of its own. */
bool session_run_to(struct session *session, uint64_t exits, uint64_t insns)
{
    struct run_limits limits = {.exits = exits > 1 ? exits - 1 : 0,
                                .insns = insns > 1 ? insns - 1 : 0};

    if (limits.exits || limits.insns) {
        go(session, COMMAND_CONTINUE, &limits);
        if (session->result.stop != STOP_BUDGET)
            return false;
    }
    limits = (struct run_limits){0};
    go(session, exits ? COMMAND_NEXT_EXIT : COMMAND_STEP, &limits);
    return exits ? session->machine->exits >= exits : session->machine->insns >= insns;
}

/* Where there are rings: real mode has none, and virtual-8086 mode traps by IOPL. */
static bool code_leaks(const struct model *model, const struct code_line *line, unsigned bits)
{
    enum x86_mode mode = model_mode(model);
    struct x86_insn insn;

    return mode != X86_MODE_REAL && mode != X86_MODE_V86 &&
           x86_decode(line->bytes, line->length, bits, &insn) &&
           x86_sensitivity(&insn) == X86_SENSITIVE;
}

/* Decode from `start` on into model->code; code_at is the line at RIP, or code_count. */
static void code_decode(struct session *s, struct model *model, uint64_t start)
{
    uint8_t bytes[CODE_BYTES];
    uint64_t mask = s->code.bits == 64 ? UINT64_MAX : UINT32_MAX;
    size_t size =
        machine_read_linear(s->machine, (s->code.cs_base + start) & mask, bytes, sizeof(bytes));
    size_t at = 0;

    model->code_count = 0;
    model->code_at = MODEL_CODE;
    while (model->code_count < MODEL_CODE && at < size) {
        struct code_line *line = &model->code[model->code_count];
        struct x86_disasm_line text;

        x86_disasm_one(s->disasm, bytes + at, size - at, s->code.bits, start + at, &text);
        if (at + text.length > size)
            break;
        line->address = start + at;
        line->length = text.length;
        memcpy(line->bytes, bytes + at, text.length);
        snprintf(line->text, sizeof(line->text), "%s", text.text);
        line->leaks = code_leaks(model, line, s->code.bits);
        if (line->address == model->now.rip)
            model->code_at = model->code_count;
        model->code_count++;
        at += text.length;
    }
    if (model->code_at == MODEL_CODE)
        model->code_at = model->code_count;
}

/* The instruction of the newest exit, when RIP is just behind it; else RIP. */
static uint64_t code_fresh_start(const struct session *s, uint64_t rip)
{
    const struct vm_exit *exit = exit_ring_get(&s->ring, s->ring.end - 1);

    if (exit && exit->cs_base == s->code.cs_base && exit->rip + exit->insn_len == rip)
        return exit->rip;
    return rip;
}

static struct code_place *code_place_of(struct session *s, struct moment at)
{
    return &s->code_places[(at.exits * 0x9e3779b1u + at.insns) % CODE_PLACES];
}

/* A moment that was shown before, with its window. */
static void code_recall(struct session *s, struct moment at)
{
    const struct code_place *place = code_place_of(s, at);

    if (place->bits && moment_compare(place->at, at) == 0)
        s->code = *place;
}

/*
 * Instructions have no fixed length, so code before RIP is known only where the window began at an
 * instruction: it keeps its start while RIP stays in it, and moves on when RIP comes near its end.
 */
static void code_publish(struct session *s, struct model *model)
{
    struct moment moment = {s->machine->exits, s->machine->insns};
    enum { KEEP = 40, BEFORE = 12 };
    unsigned bits = x86_mode_bits(x86_mode_of(&model->now));
    uint64_t base = bits == 64 ? 0 : model->now.seg[X86_CS].base, rip = model->now.rip;
    bool inside;

    code_recall(s, moment);
    inside = s->code.bits == bits && s->code.cs_base == base && s->code.start <= rip &&
             rip - s->code.start < CODE_BYTES;

    s->code.bits = bits;
    s->code.cs_base = base;
    if (inside)
        code_decode(s, model, s->code.start);
    if (!inside || model->code_at == model->code_count) {
        s->code.start = code_fresh_start(s, rip);
        code_decode(s, model, s->code.start);
    } else if (model->code_at > KEEP) {
        s->code.start = model->code[model->code_at - BEFORE].address;
        code_decode(s, model, s->code.start);
    }
    model->code_cs_base = s->code.cs_base;
    *code_place_of(s, moment) = s->code;
    code_place_of(s, moment)->at = moment;
}

static void breaks_publish(const struct machine *m, struct model *model)
{
    model->break_count = machine_break_list(m, model->breaks);
}

static void devices_publish(const struct session *s, struct model *model)
{
    devices_read(s->machine, &model->devices);
    if (s->has_before)
        devices_compare(&model->devices, &s->devices_before);
}

static void machine_publish(struct session *s, struct model *model)
{
    model->backend = s->machine->vcpu->ops->name;
    model->exits = s->machine->exits;
    model->insns = s->machine->insns;
    memcpy(model->counts, s->machine->exit_counts, sizeof(model->counts));
    machine_get_state(s->machine, &model->now);
    model->has_before = s->has_before;
    if (s->has_before)
        model->before = s->before;
    breaks_publish(s->machine, model);
    devices_publish(s, model);
    code_publish(s, model);
    session_memory_publish(s, model);
    session_pages_publish(s, model);
    session_ept_publish(s, model);
    session_heat_publish(s, model);
    session_time_publish(s, model);
    session_snap_publish(s, model);
}

void session_publish(struct session *session, struct model *model)
{
    model->run = session->run;
    model->done = session->done;
    model->lab = session->lab;
    model->has_rate = session->has_rate;
    model->rate_exits = session->rate_exits;
    model->rate_insns = session->rate_insns;
    model->message_id = session->message_id;
    model->message_error = session->message_error;
    memcpy(model->message, session->message, sizeof(model->message));
    exit_ring_catch_up(&model->ring, &session->ring);
    model->text = session->text;
    model->has_cost = session->has_cost;
    if (session->has_cost)
        model->profile = session->profile;
    model->memory.on = model->pages.on = model->ept.on = model->heat.on = model->time.on =
        model->snapshots.on = false;
    session_compare_publish(session, model);
    if (session->machine)
        machine_publish(session, model);
}
