/*
 * The checks of exercise 02: a classifier of instructions, asked about encodings made from a seed, and judged
 * against x86/sensitive.h, which is proven by running (tests/unit/test_sensitive.c).
 * exercises/02_trap-and-emulate/README.md is what the student reads.
 *
 * - A check has a list of opcodes: those that it is about, of at least two kinds, and what looks like them.
 * - Each opcode is asked with memory and with a register where it may have both; in which order, and registers,
 *   addresses, immediates and prefixes, follow from the seed.
 */
#include "exercises/grader/compile.h"
#include "exercises/grader/dialogue.h"
#include "exercises/grader/grader.h"
#include "exercises/grader/random.h"

#include "util/bytes.h"
#include "x86/disasm.h"
#include "x86/sensitive.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { QUESTIONS = 256, INSN_MAX = 15, PREFIXES_MAX = 3, OPCODES_MAX = 24, FORMS_MAX = QUESTIONS };

/* What may stand in ModRM. */
enum operand { NO_MODRM, MEMORY, REGISTER, EITHER, WHOLE /* `reg` is the byte */ };

#define ANY 8 /* `reg`: any of the eight */

struct opcode {
    uint8_t map; /* 0 one byte, 1 behind 0f */
    uint8_t byte;
    uint8_t operand, reg;
};

struct rules {
    const char *id;
    struct opcode opcodes[OPCODES_MAX];
    unsigned count;
};

#define OPCODES(...)                                                                               \
    .opcodes = {__VA_ARGS__},                                                                      \
    .count = sizeof((struct opcode[]){__VA_ARGS__}) / sizeof(struct opcode)

/* Of "prefixes" the opcodes are those of all the others. */
static const struct rules rules[] = {
    {.id = "flags",
     OPCODES({0, 0x9c, NO_MODRM, 0}, {0, 0x9d, NO_MODRM, 0}, {0, 0xcf, NO_MODRM, 0},
             {0, 0xfa, NO_MODRM, 0}, {0, 0xfb, NO_MODRM, 0}, {0, 0x9e, NO_MODRM, 0},
             {0, 0x9f, NO_MODRM, 0}, {0, 0xf8, NO_MODRM, 0}, {0, 0xf9, NO_MODRM, 0},
             {0, 0xfc, NO_MODRM, 0}, {0, 0xfd, NO_MODRM, 0}, {0, 0xcd, NO_MODRM, 0},
             {0, 0x9b, NO_MODRM, 0})},
    {.id = "tables",
     OPCODES({1, 0x01, MEMORY, 0}, {1, 0x01, MEMORY, 1}, {1, 0x01, MEMORY, 2}, {1, 0x01, MEMORY, 3},
             {1, 0x00, EITHER, 0}, {1, 0x00, EITHER, 1}, {1, 0x00, EITHER, 2},
             {1, 0x00, EITHER, 3})},
    {.id = "registers",
     OPCODES({1, 0x01, EITHER, 4}, {1, 0x01, EITHER, 6}, {1, 0x06, NO_MODRM, 0},
             {1, 0x20, REGISTER, 0}, {1, 0x20, REGISTER, 3}, {1, 0x22, REGISTER, 0},
             {1, 0x22, REGISTER, 4}, {1, 0x21, REGISTER, 7}, {1, 0x23, REGISTER, 0},
             {1, 0x30, NO_MODRM, 0}, {1, 0x32, NO_MODRM, 0}, {1, 0x31, NO_MODRM, 0},
             {1, 0xa2, NO_MODRM, 0})},
    {.id = "selectors",
     OPCODES({1, 0x02, EITHER, ANY}, {1, 0x03, EITHER, ANY}, {1, 0x00, EITHER, 4},
             {1, 0x00, EITHER, 5}, {0, 0x8c, EITHER, 0}, {0, 0x8c, EITHER, 1}, {0, 0x8c, EITHER, 2},
             {0, 0x8c, EITHER, 3}, {0, 0x8c, EITHER, 4}, {0, 0x8c, EITHER, 5},
             {0, 0x0e, NO_MODRM, 0}, {0, 0x16, NO_MODRM, 0}, {0, 0x1e, NO_MODRM, 0},
             {0, 0x06, NO_MODRM, 0}, {0, 0x8e, EITHER, 0}, {0, 0x8e, EITHER, 3},
             {0, 0x1f, NO_MODRM, 0}, {0, 0x07, NO_MODRM, 0}, {1, 0xa0, NO_MODRM, 0},
             {1, 0xa8, NO_MODRM, 0})},
    {.id = "machine",
     OPCODES({0, 0xe4, NO_MODRM, 0}, {0, 0xe5, NO_MODRM, 0}, {0, 0xe6, NO_MODRM, 0},
             {0, 0xe7, NO_MODRM, 0}, {0, 0xec, NO_MODRM, 0}, {0, 0xed, NO_MODRM, 0},
             {0, 0xee, NO_MODRM, 0}, {0, 0xef, NO_MODRM, 0}, {0, 0x6c, NO_MODRM, 0},
             {0, 0x6d, NO_MODRM, 0}, {0, 0x6e, NO_MODRM, 0}, {0, 0x6f, NO_MODRM, 0},
             {0, 0xf4, NO_MODRM, 0}, {1, 0x01, MEMORY, 7}, {1, 0x08, NO_MODRM, 0},
             {1, 0x09, NO_MODRM, 0}, {0, 0xe2, NO_MODRM, 0}, {0, 0xeb, NO_MODRM, 0},
             {0, 0xa4, NO_MODRM, 0}, {0, 0xaa, NO_MODRM, 0}, {0, 0xf5, NO_MODRM, 0},
             {0, 0x68, NO_MODRM, 0}, {0, 0x6a, NO_MODRM, 0})},
    {.id = "far",
     OPCODES({0, 0x9a, NO_MODRM, 0}, {0, 0xff, MEMORY, 3}, {0, 0xe8, NO_MODRM, 0},
             {0, 0xff, EITHER, 2}, {0, 0xff, EITHER, 4}, {0, 0xff, MEMORY, 5},
             {0, 0xea, NO_MODRM, 0}, {0, 0xe9, NO_MODRM, 0}, {0, 0xcb, NO_MODRM, 0},
             {0, 0xc3, NO_MODRM, 0}, {0, 0xff, EITHER, 6})},
    {.id = "innocuous",
     OPCODES({0, 0x01, EITHER, ANY}, {0, 0x03, EITHER, ANY}, {0, 0x30, EITHER, ANY},
             {0, 0x89, EITHER, ANY}, {0, 0x8b, EITHER, ANY}, {0, 0x8d, MEMORY, ANY},
             {0, 0x40, NO_MODRM, 0}, {0, 0x55, NO_MODRM, 0}, {0, 0x5d, NO_MODRM, 0},
             {0, 0x74, NO_MODRM, 0}, {0, 0x90, NO_MODRM, 0}, {0, 0xb8, NO_MODRM, 0},
             {0, 0xc7, EITHER, 0}, {0, 0xf7, EITHER, 3}, {0, 0xff, EITHER, 0}, {0, 0xfe, EITHER, 1},
             {1, 0xaf, EITHER, ANY}, {1, 0xb6, EITHER, ANY}, {1, 0x85, NO_MODRM, 0},
             {1, 0x01, WHOLE, 0xd0}, {1, 0x01, WHOLE, 0xf9}, {0, 0xf4, NO_MODRM, 0},
             {0, 0x9c, NO_MODRM, 0}, {0, 0x83, EITHER, ANY})},
    {.id = "prefixes"},
};

enum { RULES = sizeof(rules) / sizeof(rules[0]) };

struct trap_state {
    const struct grade_request *request;
    struct compiled compiled;
    int build_error; /* the host's, not the student's */
    struct error error;
    struct x86_disasm *disasm; /* for what is said of a wrong answer */
};

struct trap_case {
    uint8_t bytes[16];
    struct x86_insn insn;
};

/* ---- making a case ----------------------------------------------------------------------------- */

static unsigned put_prefixes(struct grader_random *r, uint8_t *bytes)
{
    static const uint8_t prefixes[] = {0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65, 0x66, 0x67, 0xf2, 0xf3};
    unsigned count = 1 + (unsigned)random_below(r, PREFIXES_MAX);

    for (unsigned i = 0; i < count; i++)
        bytes[i] = prefixes[random_below(r, sizeof(prefixes))];
    return count;
}

/* An opcode with memory or with a register. */
struct form {
    const struct opcode *opcode;
    bool memory;
};

struct forms {
    struct form list[FORMS_MAX];
    unsigned count;
    bool prefixes;
};

static void add_forms(struct forms *f, const struct rules *rule)
{
    for (unsigned i = 0; i < rule->count; i++)
        for (unsigned memory = 0; memory < 2 && f->count < FORMS_MAX; memory++)
            f->list[f->count++] = (struct form){&rule->opcodes[i], memory};
}

/* "prefixes" has those of all the others. */
static void make_forms(struct forms *f, const struct rules *rule)
{
    *f = (struct forms){.prefixes = rule->count == 0};
    for (unsigned i = 0; i < RULES; i++)
        if (f->prefixes || rule == &rules[i])
            add_forms(f, &rules[i]);
}

/* Fisher and Yates. */
static void shuffle(struct grader_random *r, struct forms *f)
{
    for (unsigned i = f->count; i > 1; i--) {
        unsigned other = (unsigned)random_below(r, i);
        struct form form = f->list[i - 1];

        f->list[i - 1] = f->list[other];
        f->list[other] = form;
    }
}

static uint8_t make_modrm(struct grader_random *r, const struct form *form)
{
    const struct opcode *op = form->opcode;
    bool memory = op->operand == MEMORY || (op->operand == EITHER && form->memory);
    unsigned mod = memory ? (unsigned)random_below(r, 3) : 3;
    unsigned reg = op->reg == ANY ? (unsigned)random_below(r, 8) : op->reg;

    if (op->operand == WHOLE)
        return op->reg;
    return (uint8_t)(mod << 6 | reg << 3 | random_below(r, 8));
}

static void make_case(struct grader_random *r, const struct form *form, bool prefixes,
                      struct trap_case *c)
{
    const struct opcode *op = form->opcode;
    unsigned at = prefixes ? put_prefixes(r, c->bytes) : 0;

    if (op->map)
        c->bytes[at++] = 0x0f;
    c->bytes[at++] = op->byte;
    if (op->operand != NO_MODRM)
        c->bytes[at++] = make_modrm(r, form);
    while (at < sizeof(c->bytes))
        c->bytes[at++] = (uint8_t)random_next(r);
    x86_decode(c->bytes, INSN_MAX, 32, &c->insn);
}

/* ---- asking ------------------------------------------------------------------------------------ */

/* Bytes behind the instruction are not shown. */
static void make_question(const struct trap_case *c, uint64_t question[WIRE_VALUES])
{
    uint8_t bytes[16] = {0};

    memset(question, 0, WIRE_VALUES * sizeof(*question));
    memcpy(bytes, c->bytes, c->insn.length);
    question[0] = c->insn.length;
    question[1] = get_le64(bytes);
    question[2] = get_le64(bytes + 8);
}

static const char *kind_name(uint64_t kind)
{
    static const char *const names[] = {"INNOCUOUS", "PRIVILEGED", "SENSITIVE"};

    return kind < 3 ? names[kind] : "no kind at all";
}

static bool is_right(struct trap_state *p, const struct trap_case *c, uint64_t answer,
                     struct check_result *result)
{
    enum x86_sensitivity wanted = x86_sensitivity(&c->insn);
    struct x86_disasm_line line;
    char bytes[3 * INSN_MAX + 1] = "";

    if (answer == (uint64_t)wanted)
        return true;
    for (unsigned i = 0; i < c->insn.length; i++)
        snprintf(bytes + 3 * i, 4, "%02x ", c->bytes[i]);
    x86_disasm_one(p->disasm, c->bytes, c->insn.length, 32, 0, &line);
    result_fail(result, VERDICT_FAIL, kind_name((uint64_t)wanted), "%s", kind_name(answer));
    snprintf(result->difference, sizeof(result->difference), "%s: %s", bytes, line.text);
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

/* ---- checks ------------------------------------------------------------------------------------ */

static int start(struct trap_state *p, struct dialogue *d, struct check_result *result)
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
static void ask(struct trap_state *p, const struct rules *rule, unsigned count, bool judged,
                struct check_result *result)
{
    struct world world = {0};
    struct dialogue d = {.world = &world};
    enum dialogue_verdict verdict = DIALOGUE_ANSWERED;
    struct grader_random random;
    struct forms forms;
    bool right = true;

    if (start(p, &d, result))
        return;
    random_seed(&random, p->request->seed + (uint64_t)(rule - rules) * 0x9e3779b97f4a7c15u);
    make_forms(&forms, rule);
    for (unsigned i = 0; i < count && right && verdict == DIALOGUE_ANSWERED; i++) {
        uint64_t question[WIRE_VALUES], answer[WIRE_VALUES];
        struct trap_case c;

        if (i % forms.count == 0)
            shuffle(&random, &forms);
        make_case(&random, &forms.list[i % forms.count], forms.prefixes, &c);
        make_question(&c, question);
        verdict = dialogue_ask(&d, question, answer);
        right = verdict == DIALOGUE_ANSWERED && (!judged || is_right(p, &c, answer[0], result));
    }
    if (verdict != DIALOGUE_ANSWERED)
        no_answer(&d, verdict, result);
    else if (right)
        result_pass(result);
    child_destroy(d.child);
}

static void check_builds(void *state, struct check_result *result)
{
    struct trap_state *p = state;

    if (p->build_error)
        result_fail(result, VERDICT_INFRA, "a compiler to run", "%.150s", p->error.text);
    else if (!p->compiled.built)
        result_fail(result, VERDICT_FAIL, "no error", "%.150s", p->compiled.why);
    else
        result_pass(result);
}

static void check_answers(void *state, struct check_result *result)
{
    ask(state, &rules[0], 1, false, result);
}

static void check_rule(void *state, struct check_result *result)
{
    for (unsigned i = 0; i < RULES; i++)
        if (strcmp(rules[i].id, result->check->id) == 0)
            ask(state, &rules[i], QUESTIONS, true, result);
}

static int prepare(void **state, const struct grade_request *request, struct grade *grade,
                   struct error *err)
{
    struct trap_state *p = calloc(1, sizeof(*p));

    if (p)
        p->disasm = x86_disasm_create();
    if (!p || !p->disasm) {
        free(p);
        return error_set(err, -ENOMEM, "grader: out of memory");
    }
    p->request = request;
    snprintf(grade->isolation, sizeof(grade->isolation), "%s", child_level());
    p->build_error = compile(request->file, request->exercise, &p->compiled, &p->error);
    *state = p;
    return 0;
}

static void cleanup(void *state)
{
    struct trap_state *p = state;

    compiled_remove(&p->compiled);
    x86_disasm_destroy(p->disasm);
    free(p);
}

static const struct grader_check checks[] = {
    {"builds", check_builds},  {"answers", check_answers}, {"flags", check_rule},
    {"tables", check_rule},    {"registers", check_rule},  {"selectors", check_rule},
    {"machine", check_rule},   {"far", check_rule},        {"prefixes", check_rule},
    {"innocuous", check_rule},
};

const struct exercise_grader grader_02_trap = {
    .folder = "02_trap-and-emulate",
    .prepare = prepare,
    .cleanup = cleanup,
    .checks = checks,
    .check_count = sizeof(checks) / sizeof(checks[0]),
};
