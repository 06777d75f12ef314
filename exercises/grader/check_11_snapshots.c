/*
 * The checks of exercise 11: a tree of snapshots with shared pages, under a guest whose CPU walks the map
 * that the student's program keeps. exercises/11_snapshots/README.md is what the student reads.
 *
 * Each check is a scenario of its own, made from the seed. Behind every answer the map, the guest's memory
 * and the number of frames taken are held against the oracle, which keeps a copy of everything; a node's
 * memory is seen when the guest is reverted to it.
 */
#include "exercises/grader/compile.h"
#include "exercises/grader/grader.h"
#include "exercises/grader/snapshot_world.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { REQUESTS_MAX = 1024, INSNS_MAX = 2000, HOT_PAGES = 8 };
enum { BRANCHES = 2, LEAVES = 3 };        /* see grow_branches() */
enum { QUIET_PAGE = SNAPSHOT_PAGES - 1 }; /* written on purpose only */
enum question { Q_BEGIN = 1, Q_TAKE, Q_WRITE, Q_REVERT, Q_DELETE, Q_PARENT };

struct snapshots_state {
    const struct grade_request *request;
    struct compiled compiled;
    int build_error; /* the host's, not the student's */
    struct error error;
};

struct scenario {
    struct snapshot_oracle oracle;
    struct snapshot_world world;
    struct world memory; /* of the dialogue */
    struct dialogue dialogue;
    struct grader_random random;
    struct check_result *result;
    bool failed;             /* and `result` says why */
    bool counts;             /* frames in use, behind every answer */
    unsigned hot[HOT_PAGES]; /* what the guest likes to write */
    struct snapshot_store stores[SNAPSHOT_STORES_MAX];
    unsigned store_count, made; /* `made` of them are in the oracle */
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

/* What was asked, as the student knows it: "write_fault(17)". */
static const char *call_text(enum question kind, uint64_t number, char *buf, size_t size)
{
    static const char *const names[] = {
        [Q_BEGIN] = "begin",   [Q_TAKE] = "take",          [Q_WRITE] = "write_fault",
        [Q_REVERT] = "revert", [Q_DELETE] = "delete_node", [Q_PARENT] = "parent_of",
    };

    if (kind == Q_BEGIN)
        snprintf(buf, size, "begin()");
    else
        snprintf(buf, size, "%s(%llu)", names[kind], (unsigned long long)number);
    return buf;
}

static void count_frames(struct scenario *s, const char *call)
{
    unsigned needed = oracle_frames(&s->oracle);

    if (s->world.frames.count != needed)
        fail(s, "as many frames as guest and nodes have different pages",
             "behind %s: %u frames in use, %u different pages", call, s->world.frames.count,
             needed);
}

/* The oracle has the answer's effect already: is it so? */
static void judge(struct scenario *s, enum question kind, uint64_t number)
{
    char call[32];

    call_text(kind, number, call, sizeof(call));
    if (!snapshot_world_audit(&s->world, &s->oracle))
        fail(s, "the guest's memory in the map, and nothing writable that a node has",
             "behind %s: %s", call, s->world.breach);
    if (s->world.taken != s->oracle.copies)
        fail(s, "a frame taken for each page that has to be copied",
             "behind %s: %u frames taken so far, %u copies needed", call, s->world.taken,
             s->oracle.copies);
    if (s->counts)
        count_frames(s, call);
}

/* False: the scenario has failed. */
static bool ask(struct scenario *s, enum question kind, uint64_t number,
                uint64_t answer[WIRE_VALUES])
{
    const uint64_t question[WIRE_VALUES] = {kind, number};
    enum dialogue_verdict verdict;

    if (s->failed)
        return false;
    verdict = dialogue_ask(&s->dialogue, question, answer);
    if (verdict != DIALOGUE_ANSWERED) {
        no_answer(s, verdict);
        return false;
    }
    judge(s, kind, number);
    return !s->failed;
}

static void begin(struct scenario *s)
{
    uint64_t answer[WIRE_VALUES];

    ask(s, Q_BEGIN, s->world.map, answer);
}

static void ask_parent(struct scenario *s, unsigned node)
{
    uint64_t answer[WIRE_VALUES];
    unsigned parent = s->oracle.memories[node].parent;

    if (ask(s, Q_PARENT, node, answer) && answer[0] != parent)
        fail(s, "the parent of each node; 32 where there is none",
             "the parent of node %u is %llu, not %u", node, (unsigned long long)answer[0], parent);
}

static void ask_parents(struct scenario *s)
{
    for (unsigned node = 0; node < SNAPSHOT_NODES; node++)
        if (s->oracle.memories[node].alive)
            ask_parent(s, node);
}

static void take(struct scenario *s, unsigned node)
{
    uint64_t answer[WIRE_VALUES];

    if (s->failed)
        return;
    oracle_take(&s->oracle, node);
    if (ask(s, Q_TAKE, node, answer))
        ask_parent(s, node);
}

static void revert(struct scenario *s, unsigned node)
{
    uint64_t answer[WIRE_VALUES];

    if (s->failed)
        return;
    oracle_revert(&s->oracle, node);
    ask(s, Q_REVERT, node, answer);
}

static void delete_node(struct scenario *s, unsigned node)
{
    uint64_t answer[WIRE_VALUES];

    if (s->failed)
        return;
    oracle_delete(&s->oracle, node);
    ask(s, Q_DELETE, node, answer);
}

/* ---- running --------------------------------------------------------------------------------- */

/* The oracle follows the guest up to the store that is the next. */
static void follow(struct scenario *s)
{
    unsigned made = s->store_count - snapshot_world_left(&s->world);

    for (; s->made < made; s->made++)
        oracle_store(&s->oracle, s->stores[s->made].address, s->stores[s->made].value);
}

static void write_fault(struct scenario *s, unsigned page)
{
    uint64_t answer[WIRE_VALUES];

    follow(s);
    if (s->oracle.owned[page]) {
        fail(s, "a page that stays writable until the next take() or revert()",
             "page %u has a write fault, and was writable", page);
        return;
    }
    oracle_own(&s->oracle, page);
    if (ask(s, Q_WRITE, page, answer) && !snapshot_world_is_writable(&s->world, page))
        fail(s, "a page that is writable behind its write fault", "page %u is not", page);
}

static enum monitor_action on_violation(void *ctx, struct machine *m, struct vm_exit *exit)
{
    struct scenario *s = ctx;

    if (exit->guest_physical >= SNAPSHOT_BYTES)
        return MONITOR_PASS;
    write_fault(s, (unsigned)(exit->guest_physical / PAGE_SIZE));
    machine_ept_changed(m);
    return s->failed ? MONITOR_STOP : MONITOR_HANDLED;
}

static uint32_t any_word(struct scenario *s, unsigned page)
{
    return page * PAGE_SIZE + 4 * (uint32_t)random_below(&s->random, PAGE_SIZE / 4);
}

/* One page at the first store, so that every run has it in common; then hot ones, and some others. */
static unsigned any_page(struct scenario *s, unsigned store)
{
    if (store == 0)
        return s->hot[0];
    if (random_below(&s->random, 6) == 0)
        return (unsigned)random_below(&s->random, QUIET_PAGE);
    return s->hot[random_below(&s->random, HOT_PAGES)];
}

static void add_store(struct scenario *s, unsigned page)
{
    s->stores[s->store_count++] =
        (struct snapshot_store){any_word(s, page), (uint32_t)random_next(&s->random)};
}

static void run_stores(struct scenario *s)
{
    struct run_limits limits = {.insns = INSNS_MAX};
    struct run_result r;

    if (s->failed)
        return;
    s->made = 0;
    snapshot_world_enter(&s->world, s->stores, s->store_count);
    s->world.machine->monitor =
        (struct monitor){.on_exit = {[EXIT_EPT_VIOLATION] = on_violation}, .ctx = s};
    machine_ept_changed(s->world.machine);
    if (machine_run(s->world.machine, &limits, &r)) {
        result_fail(s->result, VERDICT_INFRA, "a machine", "%.150s", r.error.text);
        s->failed = true;
    }
    if (s->failed)
        return;
    follow(s);
    if (r.stop != STOP_DEBUG_EXIT)
        fail(s, "a guest that comes to its end", "%s: %.80s", stop_reason_name(r.stop),
             r.error.text);
}

/* The guest writes some words. */
static void run(struct scenario *s)
{
    unsigned count = 1 + (unsigned)random_below(&s->random, 24);

    s->store_count = 0;
    for (unsigned i = 0; i < count; i++)
        add_store(s, any_page(s, i));
    run_stores(s);
}

static void write_quiet_page(struct scenario *s)
{
    s->store_count = 0;
    add_store(s, QUIET_PAGE);
    run_stores(s);
}

/* ---- choosing -------------------------------------------------------------------------------- */

/* A root is no leaf and not in the middle. */
enum kind { ANY, FREE, LEAF, MIDDLE, NO_ROOT, ROOT };

static bool is_kind(const struct scenario *s, unsigned node, enum kind kind)
{
    const struct snapshot_memory *memory = &s->oracle.memories[node];
    bool parent = memory->parent != SNAPSHOT_NONE;

    if (kind == FREE || !memory->alive)
        return kind == FREE && !memory->alive;
    if (kind == LEAF || kind == MIDDLE)
        return parent && oracle_has_children(&s->oracle, node) == (kind == MIDDLE);
    return kind == ANY || parent == (kind == NO_ROOT);
}

/* A random node of a kind; SNAPSHOT_NONE: there is none. */
static unsigned choose(struct scenario *s, enum kind kind)
{
    unsigned nodes[SNAPSHOT_NODES], count = 0;

    for (unsigned node = 0; node < SNAPSHOT_NODES; node++)
        if (is_kind(s, node, kind))
            nodes[count++] = node;
    return count ? nodes[random_below(&s->random, count)] : SNAPSHOT_NONE;
}

static void take_any(struct scenario *s)
{
    unsigned node = choose(s, FREE);

    if (node != SNAPSHOT_NONE)
        take(s, node);
}

/* A tree: the guest runs, is taken, and goes back to a node now and then. */
static void grow(struct scenario *s, unsigned nodes)
{
    for (unsigned i = 0; i < nodes && !s->failed; i++) {
        run(s);
        take_any(s);
        if (random_below(&s->random, 3) == 0)
            revert(s, choose(s, ANY));
    }
}

/*
 * A base, nodes in the middle, and leaves: each node in the middle has a page that none of its children
 * writes, and one that all of them write.
 */
static void grow_branches(struct scenario *s)
{
    unsigned base = choose(s, FREE), middle;

    take(s, base);
    for (unsigned i = 0; i < BRANCHES; i++) {
        revert(s, base);
        write_quiet_page(s);
        run(s);
        middle = choose(s, FREE);
        take(s, middle);
        for (unsigned leaf = 0; leaf < LEAVES; leaf++) {
            revert(s, middle);
            run(s);
            take_any(s);
        }
    }
}

/* Back to every node, one after the other. */
static void visit(struct scenario *s)
{
    for (unsigned node = 0; node < SNAPSHOT_NODES; node++)
        if (s->oracle.memories[node].alive)
            revert(s, node);
}

/* ---- the scenarios --------------------------------------------------------------------------- */

static void scenario_answers(struct scenario *s)
{
    begin(s);
}

static void scenario_take(struct scenario *s)
{
    begin(s);
    run(s);
    for (unsigned i = 0; i < 8; i++)
        take_any(s);
    if (!s->failed)
        count_frames(s, "eight calls of take()");
}

static void scenario_write(struct scenario *s)
{
    begin(s);
    for (unsigned i = 0; i < 10; i++) {
        run(s);
        take_any(s);
        run(s);
        run(s);
    }
}

static void scenario_revert(struct scenario *s)
{
    begin(s);
    run(s);
    grow_branches(s);
    visit(s);
    for (unsigned i = 0; i < 12; i++) {
        revert(s, choose(s, ANY));
        run(s);
    }
    visit(s);
}

/* One leaf less: as many frames less as the oracle has. */
static void delete_leaf(struct scenario *s, unsigned node)
{
    unsigned before = s->world.frames.count, came;
    unsigned needed = oracle_frames(&s->oracle);

    delete_node(s, node);
    came = before - s->world.frames.count;
    needed -= oracle_frames(&s->oracle);
    if (!s->failed && came != needed)
        fail(s, "the frames that only the deleted node had are free",
             "behind delete_node(%u): %u frames are free, %u pages were its own", node, came,
             needed);
}

/* The guest comes from the node that goes: it has its pages alone, and writes them where they are. */
static void delete_below(struct scenario *s)
{
    unsigned node = choose(s, FREE);

    run(s);
    take(s, node);
    delete_leaf(s, node);
    run(s);
}

static void scenario_delete(struct scenario *s)
{
    begin(s);
    grow(s, 10);
    for (unsigned i = 0; i < 12 && !s->failed; i++) {
        delete_leaf(s, choose(s, LEAF));
        run(s);
        if (i % 2)
            grow(s, 2);
    }
    for (unsigned i = 0; i < 4 && !s->failed; i++)
        delete_below(s);
    take_any(s);
    visit(s);
}

static void scenario_middle(struct scenario *s)
{
    unsigned node;

    begin(s);
    grow_branches(s);
    grow(s, 3);
    while (!s->failed && (node = choose(s, MIDDLE)) != SNAPSHOT_NONE) {
        delete_node(s, node);
        ask_parents(s);
        run(s);
        visit(s);
    }
}

static void scenario_growth(struct scenario *s)
{
    s->counts = true;
    begin(s);
    grow(s, 6);
    for (unsigned i = 0; i < 16 && !s->failed; i++) {
        unsigned node = choose(s, NO_ROOT);

        if (node != SNAPSHOT_NONE)
            delete_node(s, node);
        run(s);
        revert(s, choose(s, ANY));
        grow(s, 1);
    }
}

/* From the base up: always a root, with children as long as there are any. */
static void scenario_base(struct scenario *s)
{
    unsigned node;

    begin(s);
    grow_branches(s);
    while (!s->failed && (node = choose(s, ROOT)) != SNAPSHOT_NONE) {
        delete_node(s, node);
        ask_parents(s);
        visit(s);
        run(s);
    }
    if (!s->failed)
        count_frames(s, "the last delete_node()");
    take_any(s);
    visit(s);
}

static const struct {
    const char *id;
    void (*run)(struct scenario *s);
} scenarios[] = {
    {"answers", scenario_answers}, {"take", scenario_take},     {"write", scenario_write},
    {"revert", scenario_revert},   {"delete", scenario_delete}, {"middle", scenario_middle},
    {"growth", scenario_growth},   {"base", scenario_base},
};

/* ---- checks ---------------------------------------------------------------------------------- */

static bool start_child(struct snapshots_state *p, struct scenario *s)
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

static void prepare_guest(struct snapshots_state *p, struct scenario *s)
{
    random_seed(&s->random, p->request->seed);
    oracle_begin(&s->oracle, &s->random);
    for (unsigned i = 0; i < HOT_PAGES; i++)
        s->hot[i] = (unsigned)random_below(&s->random, QUIET_PAGE);
}

static void play(struct snapshots_state *p, struct scenario *s,
                 void (*run_scenario)(struct scenario *s))
{
    struct error err = {0};

    prepare_guest(p, s);
    if (snapshot_world_create(&s->world, &s->oracle, &err)) {
        result_fail(s->result, VERDICT_INFRA, "a machine", "%.150s", err.text);
        return;
    }
    s->memory = snapshot_world_memory(&s->world);
    if (start_child(p, s)) {
        run_scenario(s);
        if (!s->failed)
            result_pass(s->result);
        child_destroy(s->dialogue.child);
    }
    snapshot_world_destroy(&s->world);
}

static void check(struct snapshots_state *p, void (*run_scenario)(struct scenario *s),
                  struct check_result *result)
{
    struct scenario *s = calloc(1, sizeof(*s));

    if (!s) {
        result_fail(result, VERDICT_INFRA, "memory", "out of memory");
        return;
    }
    s->result = result;
    play(p, s, run_scenario);
    free(s);
}

static void check_builds(void *state, struct check_result *result)
{
    struct snapshots_state *p = state;

    if (p->build_error)
        result_fail(result, VERDICT_INFRA, "a compiler to run", "%.150s", p->error.text);
    else if (!p->compiled.built)
        result_fail(result, VERDICT_FAIL, "no error", "%.150s", p->compiled.why);
    else
        result_pass(result);
}

static void check_scenario(void *state, struct check_result *result)
{
    for (size_t i = 0; i < sizeof(scenarios) / sizeof(scenarios[0]); i++)
        if (strcmp(scenarios[i].id, result->check->id) == 0)
            check(state, scenarios[i].run, result);
}

static int prepare(void **state, const struct grade_request *request, struct grade *grade,
                   struct error *err)
{
    struct snapshots_state *p = calloc(1, sizeof(*p));

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
    struct snapshots_state *p = state;

    compiled_remove(&p->compiled);
    free(p);
}

static const struct grader_check checks[] = {
    {"builds", check_builds},   {"answers", check_scenario}, {"take", check_scenario},
    {"write", check_scenario},  {"revert", check_scenario},  {"delete", check_scenario},
    {"middle", check_scenario}, {"growth", check_scenario},  {"base", check_scenario},
};

const struct exercise_grader grader_11_snapshots = {
    .folder = "11_snapshots",
    .prepare = prepare,
    .cleanup = cleanup,
    .checks = checks,
    .check_count = sizeof(checks) / sizeof(checks[0]),
};
