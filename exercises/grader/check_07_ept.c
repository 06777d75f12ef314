/*
 * The checks of exercise 07: a second stage with copy-on-write and a dirty log, on machines whose CPUs
 * walk the tables that the student's program makes. exercises/07_ept/README.md is what the student reads.
 *
 * Each check is a scenario of its own, with guests made from the seed. Verdicts come from the guests' ends
 * and memory, from the number of exits and frames, and from the audit of the tables after every answer.
 */
#include "exercises/grader/compile.h"
#include "exercises/grader/ept_world.h"
#include "exercises/grader/grader.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { REQUESTS_MAX = 4096, VIOLATIONS_MAX = 1000, INSNS_MAX = 20000, TURN_INSNS = 7 };
enum question { Q_CREATE = 1, Q_VIOLATION, Q_DIRTY, Q_DESTROY };

struct ept_state {
    const struct grade_request *request;
    struct compiled compiled;
    int build_error; /* the host's, not the student's */
    struct error error;
};

struct scenario {
    struct ept_guest guest;
    struct ept_world world;
    struct world memory; /* of the dialogue */
    struct dialogue dialogue;
    struct check_result *result;
    bool failed; /* and `result` says why */
    unsigned violations[EPT_GUESTS];
    uint64_t frames_before; /* in use without any guest */
};

struct seat {
    struct scenario *scenario;
    unsigned guest;
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
                "an answer to each question", "%s", why);
    s->failed = true;
}

/* An answer, and tables that pass the audit; false: the scenario has failed. */
static bool ask(struct scenario *s, enum question kind, unsigned guest, uint64_t a, uint64_t b,
                uint64_t answer[WIRE_VALUES])
{
    const uint64_t question[WIRE_VALUES] = {kind, guest, a, b};
    enum dialogue_verdict verdict;

    if (s->failed)
        return false;
    verdict = dialogue_ask(&s->dialogue, question, answer);
    if (verdict != DIALOGUE_ANSWERED) {
        no_answer(s, verdict);
        return false;
    }
    if (kind == Q_DESTROY)
        ept_world_end(&s->world, guest);
    if (kind == Q_CREATE)
        ept_world_begin(&s->world, guest, answer[0]);
    if (!ept_world_audit(&s->world))
        fail(s, "tables that keep each guest to its own", "%s", s->world.breach);
    return !s->failed;
}

static void create(struct scenario *s, unsigned guest)
{
    uint64_t answer[WIRE_VALUES];

    ask(s, Q_CREATE, guest, s->world.image, EPT_IMAGE_PAGES, answer);
}

static void destroy(struct scenario *s, unsigned guest)
{
    uint64_t answer[WIRE_VALUES];

    ask(s, Q_DESTROY, guest, 0, 0, answer);
}

static enum monitor_action on_violation(void *ctx, struct machine *m, struct vm_exit *exit)
{
    struct seat *seat = ctx;
    struct scenario *s = seat->scenario;
    uint64_t answer[WIRE_VALUES];

    if (++s->violations[seat->guest] > VIOLATIONS_MAX) {
        result_fail(s->result, VERDICT_TIMEOUT, "a guest that goes on",
                    "%d violations, the last at %llx", VIOLATIONS_MAX,
                    (unsigned long long)exit->guest_physical);
        s->failed = true;
    }
    if (!ask(s, Q_VIOLATION, seat->guest, exit->guest_physical, exit->qualification, answer))
        return MONITOR_STOP;
    machine_ept_changed(m);
    if (answer[0] == 0)
        return MONITOR_HANDLED;
    if (exit->guest_physical / PAGE_SIZE >= EPT_RAM_PAGES)
        return MONITOR_PASS;
    fail(s, "memory at each address of RAM", "answer %llu to a violation at %llx",
         (unsigned long long)answer[0], (unsigned long long)exit->guest_physical);
    return MONITOR_STOP;
}

/* ---- running --------------------------------------------------------------------------------- */

static void say_stop(struct scenario *s, unsigned guest, const struct run_result *r)
{
    if (s->failed)
        return;
    if (r->stop == STOP_DEBUG_EXIT)
        fail(s, "a guest that finds in memory what it left there", "guest %u found something else",
             guest);
    else
        fail(s, "a guest that comes to its end", "guest %u: %s%s%.80s", guest,
             stop_reason_name(r->stop), r->error.text[0] ? ": " : "", r->error.text);
}

/* Some instructions of a guest. True: it has come to its end as it should; else see s->failed. */
static bool run(struct scenario *s, unsigned guest, uint64_t insns)
{
    struct seat seat = {.scenario = s, .guest = guest};
    struct run_limits limits = {.insns = insns};
    struct machine *m = s->world.machines[guest];
    struct run_result r;

    m->monitor = (struct monitor){.on_exit = {[EXIT_EPT_VIOLATION] = on_violation}, .ctx = &seat};
    machine_ept_changed(m);
    if (machine_run(m, &limits, &r)) {
        result_fail(s->result, VERDICT_INFRA, "a machine", "%.150s", r.error.text);
        s->failed = true;
    }
    if (!s->failed && r.stop == STOP_BUDGET && insns != INSNS_MAX)
        return false;
    if (!s->failed && r.stop == STOP_DEBUG_EXIT && r.status == 1)
        return true;
    say_stop(s, guest, &r);
    return false;
}

static void compare(struct scenario *s, unsigned guest, unsigned part)
{
    uint32_t came, word;

    if (s->failed)
        return;
    word = ept_world_compare(&s->world, guest, part, &came);
    if (word == EPT_WORDS)
        return;
    fail(s, "guest memory as the guest left it", "guest %u: %08x at %x, %08x is to be there", guest,
         came, word * 4, s->guest.memory[part][word]);
}

/* One guest, both parts one behind the other. */
static void run_alone(struct scenario *s)
{
    create(s, 0);
    for (unsigned part = 0; part < EPT_PARTS && !s->failed; part++) {
        ept_world_enter(&s->world, 0, part);
        run(s, 0, INSNS_MAX);
        compare(s, 0, part);
    }
}

/* Two guests of one image, a few instructions each in turn, each with a part of its own. */
static void run_both(struct scenario *s)
{
    bool ended[EPT_GUESTS] = {false};

    for (unsigned guest = 0; guest < EPT_GUESTS && !s->failed; guest++) {
        create(s, guest);
        ept_world_enter(&s->world, guest, guest);
    }
    while (!s->failed && !(ended[0] && ended[1]))
        for (unsigned guest = 0; guest < EPT_GUESTS && !s->failed; guest++)
            ended[guest] = ended[guest] || run(s, guest, TURN_INSNS);
    for (unsigned guest = 0; guest < EPT_GUESTS; guest++)
        compare(s, guest, guest);
}

/* ---- what is asked of each scenario ---------------------------------------------------------- */

static void scenario_image(struct scenario *s)
{
    run_alone(s);
}

/* Every page is asked for once, and once more when it is written first; tables come to four frames. */
static void scenario_demand(struct scenario *s)
{
    enum { TABLES = 8 };
    unsigned pages = 0, written = 0;

    run_alone(s);
    for (unsigned page = 0; page < EPT_RAM_PAGES; page++) {
        pages += s->guest.touched[page];
        written += s->guest.written[0][page] || s->guest.written[1][page];
    }
    if (!s->failed && s->violations[0] > pages + written)
        fail(s, "a violation for each page touched, and one more when it is first written",
             "%u violations, %u pages touched, %u of them written", s->violations[0], pages,
             written);
    if (!s->failed && s->world.frames.count > pages + TABLES)
        fail(s, "frames for the pages that were touched", "%u frames taken, %u pages touched",
             s->world.frames.count, pages);
}

static void scenario_cow(struct scenario *s)
{
    run_alone(s);
    if (!s->failed && memcmp(host_memory_ptr(s->world.host, s->world.image, sizeof(s->guest.image)),
                             s->guest.image, sizeof(s->guest.image)) != 0)
        fail(s, "an image that nobody writes", "the image is changed");
}

static void compare_log(struct scenario *s, unsigned part)
{
    uint64_t bitmap[WIRE_VALUES] = {0};

    if (!ask(s, Q_DIRTY, 0, 0, 0, bitmap))
        return;
    for (unsigned page = 0; page < EPT_RAM_PAGES; page++) {
        bool marked = bitmap[page / 64] >> page % 64 & 1;

        if (marked == s->guest.written[part][page])
            continue;
        fail(s, "the pages that were written since the last time",
             "page %x is %smarked and was %swritten, time %u", page, marked ? "" : "not ",
             s->guest.written[part][page] ? "" : "not ", part + 1);
        return;
    }
}

static void scenario_dirty(struct scenario *s)
{
    create(s, 0);
    for (unsigned part = 0; part < EPT_PARTS && !s->failed; part++) {
        ept_world_enter(&s->world, 0, part);
        run(s, 0, INSNS_MAX);
        compare_log(s, part);
        compare(s, 0, part);
    }
}

/* What the image's frames are held by beside the judge. */
static unsigned images_held(const struct scenario *s)
{
    unsigned held = 0;

    for (unsigned page = 0; page < EPT_IMAGE_PAGES; page++)
        held += s->world.image_held[page];
    return held;
}

static void scenario_frames(struct scenario *s)
{
    run_both(s);
    destroy(s, 0);
    compare(s, 1, 1); /* the other one is still whole */
    destroy(s, 1);
    if (s->failed)
        return;
    if (s->world.frames.count > 0 || s->world.host->frames_used != s->frames_before)
        fail(s, "no frame left when both guests are gone", "%u frames are still taken",
             s->world.frames.count);
    else if (images_held(s) > 0)
        fail(s, "no reference to the image left", "%u references", images_held(s));
}

static const struct {
    const char *id;
    void (*run)(struct scenario *s);
    struct ept_plan plan;
} scenarios[] = {
    {"image", scenario_image, {.pages = 1}},
    {"demand", scenario_demand, {.write_ram = 40, .read_ram = 45, .pages = 60}},
    {"outside", scenario_image, {.write_ram = 20, .read_ram = 20, .outside = 40, .pages = 10}},
    {"cow", scenario_cow, {.write_image = 35, .write_ram = 15, .read_ram = 10, .pages = 10}},
    {"isolation",
     run_both,
     {.write_image = 30, .write_ram = 25, .read_ram = 25, .pages = 12, .separate = true}},
    {"dirty", scenario_dirty, {.write_image = 3, .write_ram = 25, .read_ram = 40, .pages = 60}},
    {"frames",
     scenario_frames,
     {.write_image = 10, .write_ram = 30, .read_ram = 30, .pages = 40, .separate = true}},
};

/* ---- checks ---------------------------------------------------------------------------------- */

static bool start_child(struct ept_state *p, struct scenario *s)
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

static void play(struct ept_state *p, struct scenario *s, const struct ept_plan *plan,
                 void (*run_scenario)(struct scenario *s))
{
    struct grader_random random;
    struct error err = {0};

    random_seed(&random, p->request->seed);
    ept_guest_make(&s->guest, plan, &random);
    if (ept_world_create(&s->world, &s->guest, &err)) {
        result_fail(s->result, VERDICT_INFRA, "two machines", "%.150s", err.text);
        return;
    }
    s->frames_before = s->world.host->frames_used;
    s->memory = ept_world_memory(&s->world);
    if (start_child(p, s)) {
        run_scenario(s);
        if (!s->failed)
            result_pass(s->result);
        child_destroy(s->dialogue.child);
    }
    ept_world_destroy(&s->world);
}

static void check(struct ept_state *p, const struct ept_plan *plan,
                  void (*run_scenario)(struct scenario *s), struct check_result *result)
{
    struct scenario *s = calloc(1, sizeof(*s));

    if (!s) {
        result_fail(result, VERDICT_INFRA, "memory", "out of memory");
        return;
    }
    s->result = result;
    play(p, s, plan, run_scenario);
    free(s);
}

static void check_builds(void *state, struct check_result *result)
{
    struct ept_state *p = state;

    if (p->build_error)
        result_fail(result, VERDICT_INFRA, "a compiler to run", "%.150s", p->error.text);
    else if (!p->compiled.built)
        result_fail(result, VERDICT_FAIL, "no error", "%.150s", p->compiled.why);
    else
        result_pass(result);
}

static void scenario_answers(struct scenario *s)
{
    create(s, 0);
}

static void check_answers(void *state, struct check_result *result)
{
    check(state, &scenarios[0].plan, scenario_answers, result);
}

static void check_scenario(void *state, struct check_result *result)
{
    for (size_t i = 0; i < sizeof(scenarios) / sizeof(scenarios[0]); i++)
        if (strcmp(scenarios[i].id, result->check->id) == 0)
            check(state, &scenarios[i].plan, scenarios[i].run, result);
}

static int prepare(void **state, const struct grade_request *request, struct grade *grade,
                   struct error *err)
{
    struct ept_state *p = calloc(1, sizeof(*p));

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
    struct ept_state *p = state;

    compiled_remove(&p->compiled);
    free(p);
}

static const struct grader_check checks[] = {
    {"builds", check_builds},      {"answers", check_answers},  {"image", check_scenario},
    {"demand", check_scenario},    {"outside", check_scenario}, {"cow", check_scenario},
    {"isolation", check_scenario}, {"dirty", check_scenario},   {"frames", check_scenario},
};

const struct exercise_grader grader_07_ept = {
    .folder = "07_ept",
    .prepare = prepare,
    .cleanup = cleanup,
    .checks = checks,
    .check_count = sizeof(checks) / sizeof(checks[0]),
};
