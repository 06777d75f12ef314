/*
 * vlab exits: a recorded trace as a table, a profile by reason, or JSON. A damaged trace gives all
 * that can be read of it, then the error and status 1.
 */
#include "cli/cli.h"

#include "core/explain.h"
#include "core/machine.h"
#include "trace/trace.h"
#include "util/nearest.h"
#include "x86/disasm.h"

#include <getopt.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct options {
    const char *path;
    int reason;  /* -1: all */
    bool has_at; /* only the exit number `at` */
    uint64_t at;
    bool profile, json, explain;
};

/* How each form of the report takes an exit. `ctx` is its own. */
typedef void exit_fn(void *ctx, const struct vm_exit *exit);

/* ---- options --------------------------------------------------------------------------------- */

enum { OPT_HELP = 256, OPT_PROFILE, OPT_JSON, OPT_EXPLAIN, OPT_REASON, OPT_AT };

static const struct option long_options[] = {
    {"help", no_argument, NULL, OPT_HELP},
    {"profile", no_argument, NULL, OPT_PROFILE},
    {"json", no_argument, NULL, OPT_JSON},
    {"explain", no_argument, NULL, OPT_EXPLAIN},
    {"reason", required_argument, NULL, OPT_REASON},
    {"at", required_argument, NULL, OPT_AT},
    {0},
};

static int parse_reason(const char *text, struct options *o)
{
    const char *names[EXIT_REASON_COUNT];
    const char *nearest;

    o->reason = exit_reason_parse(text);
    if (o->reason >= 0)
        return CLI_OK;
    for (uint32_t i = 0; i < EXIT_REASON_COUNT; i++)
        names[i] = exit_reason_name(i);
    nearest = nearest_name(text, names, EXIT_REASON_COUNT);
    if (nearest)
        return cli_bad_value(&verb_exits, "--reason: '%.40s' is no exit reason; did you mean '%s'?",
                             text, nearest);
    return cli_bad_value(&verb_exits, "--reason: '%.40s' is no exit reason", text);
}

static int parse_at(const char *text, struct options *o)
{
    o->has_at = cli_parse_number(text, &o->at);
    return o->has_at ? CLI_OK
                     : cli_bad_value(&verb_exits, "--at: '%.40s' is no number of an exit", text);
}

/* CLI_OK, or the status to end with. */
static int parse(int argc, char **argv, struct options *o, bool *help)
{
    int c;

    while ((c = getopt_long(argc, argv, ":h", long_options, NULL)) != -1) {
        if (c == OPT_HELP || c == 'h')
            *help = true;
        else if (c == OPT_PROFILE)
            o->profile = true;
        else if (c == OPT_JSON)
            o->json = true;
        else if (c == OPT_EXPLAIN)
            o->explain = true;
        else if (c == OPT_AT && parse_at(optarg, o))
            return CLI_USAGE;
        else if (c == OPT_REASON && parse_reason(optarg, o))
            return CLI_USAGE;
        else if (c != OPT_AT && c != OPT_REASON)
            return cli_bad_option(&verb_exits, argv, c);
    }
    if (*help)
        return CLI_OK;
    if (optind == argc)
        return cli_usage(&verb_exits, "no TRACE given");
    if (argc - optind > 1)
        return cli_usage(&verb_exits, "'%.60s': one TRACE at a time", argv[optind + 1]);
    o->path = argv[optind];
    return CLI_OK;
}

/* ---- one exit -------------------------------------------------------------------------------- */

static void instruction_text(struct x86_disasm *disasm, const struct vm_exit *exit, char *buf,
                             size_t size)
{
    struct x86_disasm_line line = {0};

    if (exit->has & EXIT_HAS_INSN && exit->insn_len)
        x86_disasm_one(disasm, exit->insn, exit->insn_len, x86_mode_bits(exit->mode), exit->rip,
                       &line);
    snprintf(buf, size, "%s", line.text);
}

/* Segment and offset where segments have paragraphs, else the offset alone. */
static void rip_text(const struct vm_exit *exit, char *buf, size_t size)
{
    if (exit->mode == X86_MODE_REAL || exit->mode == X86_MODE_V86)
        snprintf(buf, size, "%04x:%04" PRIx64, exit->selector, exit->rip);
    else
        snprintf(buf, size, "%08" PRIx64, exit->rip);
}

/* ---- table ----------------------------------------------------------------------------------- */

static void table_head(void)
{
    printf("%8s %12s  %-13s %18s %16s  %-30s %s\n", "seq", "insns", "reason", "qualification",
           "rip", "instruction", "meaning");
}

static void table_row(void *ctx, const struct vm_exit *exit)
{
    char qualification[24] = "-", insns[24] = "-", rip[24], instruction[80], meaning[80];

    if (exit_counts_insns(exit))
        snprintf(insns, sizeof(insns), "%" PRIu64, exit->insns);
    if (exit->has & EXIT_HAS_QUALIFICATION)
        snprintf(qualification, sizeof(qualification), "0x%" PRIx64, exit->qualification);
    rip_text(exit, rip, sizeof(rip));
    instruction_text(ctx, exit, instruction, sizeof(instruction));
    exit_meaning(exit, meaning, sizeof(meaning));
    printf("%8" PRIu64 " %12s  %-13s %18s %16s  %-30s %s\n", exit->seq, insns,
           exit_reason_name(exit->reason), qualification, rip, instruction, meaning);
}

/* ---- in words -------------------------------------------------------------------------------- */

/* Buffers for what core/explain.h says of one exit: the longest text is under 700 characters. */
#define WHY_SIZE 1024
#define FIELD_SIZE 256

static void explain_row(void *ctx, const struct vm_exit *exit)
{
    char rip[24], instruction[80], why[WHY_SIZE], line[FIELD_SIZE];

    rip_text(exit, rip, sizeof(rip));
    instruction_text(ctx, exit, instruction, sizeof(instruction));
    exit_why(exit, why, sizeof(why));
    printf("%" PRIu64 "  %s, ", exit->seq, exit_reason_name(exit->reason));
    if (exit_counts_insns(exit))
        printf("after %" PRIu64 " instructions, ", exit->insns);
    printf("at %s%s%s\n", rip, *instruction ? ": " : "", instruction);
    printf("  %s\n", why);
    for (unsigned i = 0; exit_field_line(exit, i, line, sizeof(line)); i++)
        printf("    %s\n", line);
    printf("  %s\n\n", exit_manual(exit->reason));
}

/* ---- profile --------------------------------------------------------------------------------- */

static void profile_add(void *ctx, const struct vm_exit *exit)
{
    trace_profile_add(ctx, exit);
}

/* Reason numbers that occur, most frequent first; returns how many. */
static unsigned profile_order(const struct trace_profile *p, unsigned order[EXIT_REASON_COUNT])
{
    unsigned count = 0;

    for (unsigned reason = 0; reason < EXIT_REASON_COUNT; reason++) {
        unsigned at = count;

        if (!p->rows[reason].count)
            continue;
        for (; at > 0 && p->rows[order[at - 1]].count < p->rows[reason].count; at--)
            order[at] = order[at - 1];
        order[at] = reason;
        count++;
    }
    return count;
}

static uint64_t row_mean(const struct trace_profile_row *row)
{
    return row->cost_sum / row->count;
}

static void print_profile(const struct trace_profile *p)
{
    unsigned order[EXIT_REASON_COUNT];
    unsigned count = profile_order(p, order);

    printf("%-13s %12s %7s %12s %12s %12s\n", "reason", "count", "share", "min", "mean", "max");
    for (unsigned i = 0; i < count; i++) {
        const struct trace_profile_row *row = &p->rows[order[i]];

        printf("%-13s %12" PRIu64 " %6.1f%% %12" PRIu32 " %12" PRIu64 " %12" PRIu32 "\n",
               exit_reason_name(order[i]), row->count,
               100.0 * (double)row->count / (double)p->total, row->cost_min, row_mean(row),
               row->cost_max);
    }
    printf("%-13s %12" PRIu64 "          cost in host cycles\n", "all", p->total);
}

/* NULL where a text (a file's name) is not UTF-8, which JSON cannot hold. */
static void dump(json_t *object)
{
    if (!object) {
        fputs("null", stdout);
        return;
    }
    json_dumpf(object, stdout, JSON_COMPACT | JSON_ENSURE_ASCII | JSON_ENCODE_ANY);
    json_decref(object);
}

static void print_profile_json(const struct trace_profile *p)
{
    unsigned order[EXIT_REASON_COUNT];
    unsigned count = profile_order(p, order);

    for (unsigned i = 0; i < count; i++) {
        const struct trace_profile_row *row = &p->rows[order[i]];

        printf("%s\n", i ? "," : "");
        dump(json_pack("{s:s, s:i, s:I, s:f, s:I, s:I, s:I}", "reason", exit_reason_name(order[i]),
                       "number", (int)order[i], "count", (json_int_t)row->count, "share",
                       (double)row->count / (double)p->total, "min", (json_int_t)row->cost_min,
                       "mean", (json_int_t)row_mean(row), "max", (json_int_t)row->cost_max));
    }
}

/* ---- JSON ------------------------------------------------------------------------------------ */

struct json_table {
    struct x86_disasm *disasm;
    bool explain;
    bool any;
};

/* 64-bit values as text: many readers of JSON keep numbers in a double. */
static json_t *hex(uint64_t value)
{
    return json_sprintf("0x%" PRIx64, value);
}

static void json_optional(json_t *object, const char *key, bool there, uint64_t value)
{
    if (there)
        json_object_set_new(object, key, hex(value));
}

static void json_explain(json_t *object, const struct vm_exit *exit)
{
    char why[WHY_SIZE], line[FIELD_SIZE];
    json_t *fields = json_array();

    exit_why(exit, why, sizeof(why));
    for (unsigned i = 0; exit_field_line(exit, i, line, sizeof(line)); i++)
        json_array_append_new(fields, json_string(line));
    json_object_set_new(object, "why", json_string(why));
    json_object_set_new(object, "fields", fields);
    json_object_set_new(object, "manual", json_string(exit_manual(exit->reason)));
}

static void json_row(void *ctx, const struct vm_exit *exit)
{
    struct json_table *table = ctx;
    char instruction[80], meaning[80];
    json_t *object;

    instruction_text(table->disasm, exit, instruction, sizeof(instruction));
    exit_meaning(exit, meaning, sizeof(meaning));
    object = json_pack(
        "{s:I, s:o, s:s, s:i, s:o, s:i, s:s, s:s, s:I}", "seq", (json_int_t)exit->seq, "insns",
        exit_counts_insns(exit) ? json_integer((json_int_t)exit->insns) : json_null(), "reason",
        exit_reason_name(exit->reason), "number", (int)exit->reason, "rip", hex(exit->rip), "cs",
        (int)exit->selector, "instruction", instruction, "meaning", meaning, "cost",
        (json_int_t)exit->cost);
    json_optional(object, "qualification", exit->has & EXIT_HAS_QUALIFICATION, exit->qualification);
    json_optional(object, "guest_linear", exit->has & EXIT_HAS_GVA, exit->guest_linear);
    json_optional(object, "guest_physical", exit->has & EXIT_HAS_GPA, exit->guest_physical);
    json_optional(object, "interruption", exit->has & EXIT_HAS_INTR, exit->intr_info);
    json_optional(object, "error_code",
                  exit->has & EXIT_HAS_INTR && exit->intr_info & INTR_HAS_ERROR, exit->intr_error);
    json_optional(object, "vectoring", exit->has & EXIT_HAS_VECTORING, exit->idt_vectoring);
    json_optional(object, "instruction_info", exit->has & EXIT_HAS_INSN_INFO, exit->insn_info);
    json_optional(object, "value", true, exit->value);
    if (table->explain)
        json_explain(object, exit);
    printf("%s\n", table->any ? "," : "");
    table->any = true;
    dump(object);
}

/* Written piece by piece: a trace may have more exits than memory could hold as JSON. */
static void json_head(const struct trace_info *info, const char *rows)
{
    printf("{\"image\":");
    dump(json_string(info->image));
    printf(",\"backend\":");
    dump(json_string(info->backend));
    printf(",\"ram_size\":%" PRIu64 ",\"%s\":[", info->ram_size, rows);
}

/* `end` is NULL when the trace is damaged; `error` then says how. */
static void json_tail(const struct trace_end *end, const struct error *error)
{
    printf("\n],\"complete\":%s,\"end\":", end ? "true" : "false");
    if (end)
        dump(json_pack("{s:I, s:I, s:s, s:i}", "exits", (json_int_t)end->exits, "instructions",
                       (json_int_t)end->insns, "stop", stop_reason_name(end->stop), "status",
                       (int)end->status));
    else
        dump(json_pack("{s:s%}", "error", error->text, strlen(error->text)));
    printf("}\n");
}

/* ---- the report ------------------------------------------------------------------------------ */

/* Give each wanted exit to `take`; false, with the error, when the trace is damaged. */
static bool is_wanted(const struct options *o, const struct vm_exit *exit)
{
    return (o->reason < 0 || exit->reason == (uint32_t)o->reason) &&
           (!o->has_at || exit->seq == o->at);
}

static bool read_exits(struct trace_reader *r, const struct options *o, exit_fn *take, void *ctx,
                       struct error *err)
{
    struct vm_exit exit;
    int rc;

    while ((rc = trace_reader_next(r, &exit, err)) == 1)
        if (is_wanted(o, &exit))
            take(ctx, &exit);
    return rc == 0;
}

static bool report_profile(struct trace_reader *r, const struct options *o, struct error *err)
{
    struct trace_profile profile = {0};
    bool whole;

    whole = read_exits(r, o, profile_add, &profile, err);
    if (!o->json) {
        print_profile(&profile);
        return whole;
    }
    json_head(trace_reader_info(r), "profile");
    print_profile_json(&profile);
    json_tail(whole ? trace_reader_end(r) : NULL, err);
    return whole;
}

/* A reader who misses CPUID should know why. */
static void say_what_is_kept(const struct trace_reader *r)
{
    if (strcmp(trace_reader_info(r)->backend, "kvm") == 0)
        printf("\nOn /dev/kvm the kernel keeps to itself: CPUID, control and debug registers, "
               "exceptions,\n"
               "INVLPG, RDTSC, most hypercalls, and what the second stage had not mapped yet.\n"
               "'vlab run --kept' shows what it counted of them.\n");
}

static bool report_exits(struct trace_reader *r, const struct options *o, struct x86_disasm *disasm,
                         struct error *err)
{
    struct json_table table = {.disasm = disasm, .explain = o->explain};
    bool whole;

    if (!o->json && (o->explain || o->has_at))
        return read_exits(r, o, explain_row, disasm, err);
    if (!o->json) {
        table_head();
        whole = read_exits(r, o, table_row, disasm, err);
        say_what_is_kept(r);
        return whole;
    }
    json_head(trace_reader_info(r), "exits");
    whole = read_exits(r, o, json_row, &table, err);
    json_tail(whole ? trace_reader_end(r) : NULL, err);
    return whole;
}

static int report(const struct options *o)
{
    struct x86_disasm *disasm;
    struct trace_reader *reader;
    struct error err;
    bool whole;

    if (trace_reader_open(&reader, o->path, &err))
        return cli_fail(&err);
    disasm = x86_disasm_create();
    if (!disasm) {
        trace_reader_close(reader);
        return cli_failf("disassembler: Capstone cannot be opened");
    }
    whole = o->profile ? report_profile(reader, o, &err) : report_exits(reader, o, disasm, &err);
    x86_disasm_destroy(disasm);
    trace_reader_close(reader);
    fflush(stdout);
    return whole ? CLI_OK : cli_fail(&err);
}

static int run(int argc, char **argv)
{
    struct options o = {.reason = -1};
    bool help = false;
    int status = parse(argc, argv, &o, &help);

    if (status)
        return status;
    return help ? cli_help(&verb_exits) : report(&o);
}

const struct verb verb_exits = {
    .name = "exits",
    .arguments = "TRACE [--profile] [--explain] [--reason NAME] [--at N] [--json]",
    .summary = "show the VM exits that 'vlab run --trace' recorded",
    .help =
        "One line an exit: its number, instructions retired before it, basic exit reason, exit\n"
        "qualification, RIP (CS:IP in real mode), the instruction, and what it means.\n"
        "\n"
        "  --profile      by reason: count, share, and min, mean, max cost in host cycles\n"
        "  --explain      each exit in words: why, and every field of what the CPU recorded\n"
        "  --reason NAME  only exits of this reason, by name (CPUID) or number (10)\n"
        "  --at N         only exit number N, in words\n"
        "  --json         one JSON object; 64-bit values are text\n"
        "\n"
        "Of a trace that was cut off or damaged, what can be read is printed, then the error.\n"
        "Exit status: 0 the trace is whole, 1 it is not or cannot be read, 2 usage.\n",
    .run = run,
};
