/*
 * vlab diff: where two traces of one guest part, side by side; or two snapshots, as vlab snap diff has it.
 *
 * Rows are printed as they come; what is alike is held back, but for the last few rows before a difference.
 */
#include "cli/cli.h"
#include "cli/snap.h"

#include "core/explain.h"
#include "core/machine.h"
#include "trace/compare.h"
#include "trace/trace.h"

#include <getopt.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CONTEXT_DEFAULT 3
#define CONTEXT_MAX 1000
#define COLUMN 38

struct options {
    const char *path[2];
    uint64_t context;
    bool all, json;
};

/* What has been seen, and what is still to be shown. */
struct report {
    const struct options *o;
    struct trace_compare compare;
    struct trace_pair *held; /* a ring of the last `context` rows */
    uint64_t held_count;     /* since anything was printed */
    uint64_t after;          /* rows to print behind a difference */
    uint64_t same, different, alone[2], kept[2], timed[2];
    bool has_first;
    uint64_t first[2]; /* numbers of the exits of the first difference */
    bool any;          /* a row of JSON was written */
};

/* ---- options ---------------------------------------------------------------------------------- */

enum { OPT_HELP = 256, OPT_CONTEXT, OPT_ALL, OPT_JSON };

static const struct option long_options[] = {
    {"help", no_argument, NULL, OPT_HELP},
    {"context", required_argument, NULL, OPT_CONTEXT},
    {"all", no_argument, NULL, OPT_ALL},
    {"json", no_argument, NULL, OPT_JSON},
    {0},
};

static int parse_context(const char *text, struct options *o)
{
    if (cli_parse_number(text, &o->context) && o->context <= CONTEXT_MAX)
        return CLI_OK;
    return cli_bad_value(&verb_diff, "--context: '%.40s' is not a number from 0 to %d", text,
                         CONTEXT_MAX);
}

static int parse(int argc, char **argv, struct options *o, bool *help)
{
    int c;

    while ((c = getopt_long(argc, argv, ":h", long_options, NULL)) != -1) {
        if (c == OPT_HELP || c == 'h')
            *help = true;
        else if (c == OPT_ALL)
            o->all = true;
        else if (c == OPT_JSON)
            o->json = true;
        else if (c == OPT_CONTEXT && parse_context(optarg, o))
            return CLI_USAGE;
        else if (c != OPT_CONTEXT)
            return cli_bad_option(&verb_diff, argv, c);
    }
    if (*help)
        return CLI_OK;
    if (argc - optind != 2)
        return cli_usage(&verb_diff, argc - optind < 2
                                         ? "two traces, or two snapshots, are compared"
                                         : "two at a time");
    o->path[TRACE_A] = argv[optind];
    o->path[TRACE_B] = argv[optind + 1];
    return CLI_OK;
}

/* ---- rows ------------------------------------------------------------------------------------- */

static const char *mark_of(const struct trace_pair *pair)
{
    static const char *const marks[] = {[TRACE_SAME] = " ",
                                        [TRACE_DIFFERENT] = "#",
                                        [TRACE_KEPT] = ".",
                                        [TRACE_TIMED] = "~",
                                        [TRACE_ALONE] = "#"};

    return marks[pair->kind];
}

/* "    17 7c1f out 0x3f8, 1 byte" */
static void column(const struct trace_pair *pair, enum trace_side side, char text[COLUMN + 1])
{
    const struct vm_exit *exit = &pair->exit[side];
    char meaning[80];

    text[0] = '\0';
    if (!pair->has[side])
        return;
    exit_meaning(exit, meaning, sizeof(meaning));
    if (!*meaning)
        snprintf(meaning, sizeof(meaning), "%s", exit_reason_name(exit->reason));
    snprintf(text, COLUMN + 1, "%6" PRIu64 " %6" PRIx64 " %.24s", exit->seq, exit->rip, meaning);
}

static void print_row(const struct trace_pair *pair)
{
    char a[COLUMN + 1], b[COLUMN + 1];

    column(pair, TRACE_A, a);
    column(pair, TRACE_B, b);
    printf("%-*s %s %s\n", COLUMN, a, mark_of(pair), b);
}

static void print_fields(const struct report *r, const struct trace_pair *pair)
{
    struct trace_field field;

    for (unsigned i = 0; trace_field_differs(&r->compare, pair, i, &field); i++)
        printf("       %-20s %s, not %s\n", field.name, field.text[TRACE_B], field.text[TRACE_A]);
}

static json_t *side_json(const struct vm_exit *exit)
{
    char meaning[80];

    exit_meaning(exit, meaning, sizeof(meaning));
    return json_pack("{s:I, s:s, s:o, s:s}", "seq", (json_int_t)exit->seq, "reason",
                     exit_reason_name(exit->reason), "rip", json_sprintf("0x%" PRIx64, exit->rip),
                     "meaning", meaning);
}

static void print_json_row(struct report *r, const struct trace_pair *pair)
{
    static const char *const kinds[] = {[TRACE_SAME] = "same",
                                        [TRACE_DIFFERENT] = "different",
                                        [TRACE_KEPT] = "kept",
                                        [TRACE_TIMED] = "timed",
                                        [TRACE_ALONE] = "alone"};
    json_t *row = json_pack("{s:s}", "kind", kinds[pair->kind]), *fields = json_array();
    struct trace_field field;

    for (unsigned side = TRACE_A; side <= TRACE_B; side++)
        if (pair->has[side])
            json_object_set_new(row, side == TRACE_A ? "a" : "b", side_json(&pair->exit[side]));
    for (unsigned i = 0;
         pair->kind == TRACE_DIFFERENT && trace_field_differs(&r->compare, pair, i, &field); i++)
        json_array_append_new(fields, json_pack("{s:s, s:s, s:s}", "name", field.name, "a",
                                                field.text[TRACE_A], "b", field.text[TRACE_B]));
    json_object_set_new(row, "fields", fields);
    fputs(r->any ? ",\n" : "\n", stdout);
    r->any = true;
    json_dumpf(row, stdout, JSON_COMPACT | JSON_ENSURE_ASCII);
    json_decref(row);
}

static void show(struct report *r, const struct trace_pair *pair)
{
    if (r->o->json) {
        print_json_row(r, pair);
        return;
    }
    print_row(pair);
    if (pair->kind == TRACE_DIFFERENT)
        print_fields(r, pair);
}

static void show_held(struct report *r)
{
    uint64_t count = r->held_count < r->o->context ? r->held_count : r->o->context;

    if (r->held_count > count && !r->o->json)
        printf("... %" PRIu64 " row%s without a difference\n", r->held_count - count,
               r->held_count - count == 1 ? "" : "s");
    for (uint64_t i = r->held_count - count; i < r->held_count; i++)
        show(r, &r->held[i % r->o->context]);
    r->held_count = 0;
}

static void count(struct report *r, const struct trace_pair *pair)
{
    enum trace_side side = pair->has[TRACE_A] ? TRACE_A : TRACE_B;
    bool differs = pair->kind == TRACE_DIFFERENT || pair->kind == TRACE_ALONE;

    r->same += pair->kind == TRACE_SAME;
    r->different += pair->kind == TRACE_DIFFERENT;
    r->alone[side] += pair->kind == TRACE_ALONE;
    r->kept[side] += pair->kind == TRACE_KEPT;
    r->timed[side] += pair->kind == TRACE_TIMED;
    if (!differs || r->has_first)
        return;
    r->has_first = true;
    r->first[TRACE_A] = pair->has[TRACE_A] ? pair->exit[TRACE_A].seq : UINT64_MAX;
    r->first[TRACE_B] = pair->has[TRACE_B] ? pair->exit[TRACE_B].seq : UINT64_MAX;
}

static void add(struct report *r, const struct trace_pair *pair)
{
    bool differs = pair->kind == TRACE_DIFFERENT || pair->kind == TRACE_ALONE;

    count(r, pair);
    if (r->o->all) {
        show(r, pair);
    } else if (differs) {
        show_held(r);
        show(r, pair);
        r->after = r->o->context;
    } else if (r->after) {
        show(r, pair);
        r->after--;
    } else {
        if (r->o->context)
            r->held[r->held_count % r->o->context] = *pair;
        r->held_count++;
    }
}

/* ---- the end ---------------------------------------------------------------------------------- */

static bool ends_differ(const struct trace_end *a, const struct trace_end *b)
{
    return a->stop != b->stop || a->status != b->status;
}

static void print_end(const char *name, const struct trace_end *end, const char *backend)
{
    printf("%s (%s): %" PRIu64 " exits, %s", name, backend, end->exits,
           stop_reason_name((enum stop_reason)end->stop));
    if (end->stop == STOP_DEBUG_EXIT)
        printf(", status %u", end->status);
    putchar('\n');
}

static void print_first(const struct report *r)
{
    for (unsigned side = TRACE_A; side <= TRACE_B; side++) {
        if (r->first[side] != UINT64_MAX)
            printf("%s%c exit %" PRIu64, side ? ", " : "the first difference: ", "AB"[side],
                   r -> first[side]);
        else
            printf("%s%c has none there", side ? ", " : "the first difference: ", "AB"[side]);
    }
    putchar('\n');
}

static bool print_summary(const struct report *r)
{
    const struct trace_end *end[2] = {trace_reader_end(r->compare.reader[TRACE_A]),
                                      trace_reader_end(r->compare.reader[TRACE_B])};

    for (unsigned side = TRACE_A; side <= TRACE_B; side++)
        print_end(r->o->path[side], end[side], trace_reader_info(r->compare.reader[side])->backend);
    printf("%" PRIu64 " exits are the same, %" PRIu64 " differ", r->same, r->different);
    if (r->alone[TRACE_A] + r->alone[TRACE_B])
        printf(", %" PRIu64 " are in one trace alone", r->alone[TRACE_A] + r->alone[TRACE_B]);
    if (r->kept[TRACE_A] + r->kept[TRACE_B])
        printf(", %" PRIu64 " the kernel keeps (.)", r->kept[TRACE_A] + r->kept[TRACE_B]);
    if (r->timed[TRACE_A] + r->timed[TRACE_B])
        printf(", %" PRIu64 " come with the time (~)", r->timed[TRACE_A] + r->timed[TRACE_B]);
    putchar('\n');
    if (r->has_first)
        print_first(r);
    return r->has_first || ends_differ(end[TRACE_A], end[TRACE_B]);
}

static json_t *end_json(const struct report *r, enum trace_side side)
{
    const struct trace_end *end = trace_reader_end(r->compare.reader[side]);

    return json_pack("{s:s, s:I, s:s, s:i, s:I, s:I}", "backend",
                     trace_reader_info(r->compare.reader[side])->backend, "exits",
                     (json_int_t)end->exits, "stop", stop_reason_name((enum stop_reason)end->stop),
                     "status", (int)end->status, "kept", (json_int_t)r->kept[side], "timed",
                     (json_int_t)r->timed[side]);
}

static bool print_json_summary(const struct report *r)
{
    bool differ = r->has_first || ends_differ(trace_reader_end(r->compare.reader[TRACE_A]),
                                              trace_reader_end(r->compare.reader[TRACE_B]));
    json_t *object = json_pack("{s:b, s:I, s:I, s:o, s:o}", "equal", !differ, "same",
                               (json_int_t)r->same, "different", (json_int_t)r->different, "a",
                               end_json(r, TRACE_A), "b", end_json(r, TRACE_B));

    fputs("\n],\"summary\":", stdout);
    json_dumpf(object, stdout, JSON_COMPACT | JSON_ENSURE_ASCII);
    puts("}");
    json_decref(object);
    return differ;
}

/* ---- the two ---------------------------------------------------------------------------------- */

static int compare(struct report *r, struct error *err)
{
    struct trace_pair pair;
    int rc;

    if (r->o->json)
        fputs("{\"rows\":[", stdout);
    while ((rc = trace_compare_next(&r->compare, &pair, err)) > 0)
        add(r, &pair);
    if (rc < 0)
        return rc;
    return (r->o->json ? print_json_summary(r) : print_summary(r)) ? 1 : 0;
}

/* CLI_FAILED where they differ, too: as cmp and diff have it. */
static int compare_traces(const struct options *o)
{
    struct report r = {.o = o};
    struct trace_reader *reader[2] = {NULL, NULL};
    struct error err = {0};
    int rc = trace_reader_open(&reader[TRACE_A], o->path[TRACE_A], &err);

    rc = rc ? rc : trace_reader_open(&reader[TRACE_B], o->path[TRACE_B], &err);
    r.held = calloc(o->context + 1, sizeof(*r.held));
    if (!rc && !r.held)
        rc = error_set(&err, -1, "diff: out of memory");
    if (!rc) {
        trace_compare_begin(&r.compare, reader[TRACE_A], reader[TRACE_B]);
        rc = compare(&r, &err);
    }
    fflush(stdout);
    free(r.held);
    for (unsigned side = TRACE_A; side <= TRACE_B; side++)
        if (reader[side])
            trace_reader_close(reader[side]);
    return rc < 0 ? cli_fail(&err) : rc ? CLI_FAILED : CLI_OK;
}

static int run(int argc, char **argv)
{
    struct options o = {.context = CONTEXT_DEFAULT};
    bool help = false;
    int status = parse(argc, argv, &o, &help);

    if (status)
        return status;
    if (help)
        return cli_help(&verb_diff);
    if (snap_is_node(o.path[TRACE_A]) || snap_is_node(o.path[TRACE_B])) {
        optind = 0; /* getopt starts anew */
        return snap_diff.run(argc, argv);
    }
    return compare_traces(&o);
}

const struct verb verb_diff = {
    .name = "diff",
    .arguments = "A B [--context N] [--all] [--json]",
    .summary = "show where two traces of one guest part, or two snapshots",
    .help =
        "A and B are files of 'vlab run --trace': of two runs, or of the same guest on both CPUs.\n"
        "Exits stand side by side, with number, RIP and meaning; # marks those that differ, and "
        "says\n"
        "in which fields. Of the emulated CPU and /dev/kvm only what both see is compared: a dot\n"
        "marks what the kernel keeps to itself, ~ what comes with the time.\n"
        "\n"
        "  --context N  rows before and behind a difference, 0 to 1000; 3 at first\n"
        "  --all        every row\n"
        "  --json       one object: rows (as above), summary\n"
        "\n"
        "Two snapshots (@NAME, LAB@NAME) are compared as 'vlab snap diff' does.\n"
        "\n"
        "Exit status: 0 when nothing differs, also not how the runs ended; 1 when something does, "
        "or\n"
        "a trace cannot be read; 2 usage.\n",
    .run = run,
};
