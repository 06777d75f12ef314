/*
 * vlab sensitive: which instructions keep this CPU from being virtualized by trapping alone. The table is what
 * came of running them, in each ring (sensitive_runs.h), not what is known of them.
 */
#include "cli/cli.h"
#include "cli/course_verb.h"
#include "cli/sensitive_runs.h"

#include <getopt.h>
#include <jansson.h>
#include <stdio.h>

static const char *const measured_words[] = {"same", "traps", "LEAKS"};

struct report {
    json_t *list;       /* NULL: text */
    unsigned counts[3]; /* by enum x86_sensitivity, in ring 3 */
};

static void print_row(const struct sensitive_case *what, const struct sensitive_row *row)
{
    printf("%-14s %-19s %-9s", what->name, row->effect[SENSITIVE_RING0],
           measured_words[row->measured[SENSITIVE_RING3]]);
    printf(" %-19s %-19s %s\n", row->effect[SENSITIVE_RING1], row->effect[SENSITIVE_RING3],
           what->about);
}

static void add_json(json_t *list, const struct sensitive_case *what,
                     const struct sensitive_row *row)
{
    json_array_append_new(
        list, json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "instruction", what->name, "about",
                        what->about, "ring0", row->effect[SENSITIVE_RING0], "ring1",
                        row->effect[SENSITIVE_RING1], "ring3", row->effect[SENSITIVE_RING3],
                        "class_ring1", x86_sensitivity_name(row->measured[SENSITIVE_RING1]),
                        "class_ring3", x86_sensitivity_name(row->measured[SENSITIVE_RING3])));
}

static void print_verdict(const struct report *r)
{
    printf("\n%u trap outside of ring 0: a hypervisor can emulate them.\n",
           r->counts[X86_PRIVILEGED]);
    printf("%u do not, though what they do depends on the ring, or on what is not the guest's:\n"
           "by Popek and Goldberg's theorem, trapping is not enough to virtualize this CPU.\n",
           r->counts[X86_SENSITIVE]);
}

static int measure_all(struct sensitive_bench *bench, struct report *r, struct error *err)
{
    if (!r->list)
        printf("%-14s %-19s %-9s %-19s %-19s %s\n\n", "instruction", "in ring 0", "elsewhere",
               "in ring 1", "in ring 3", "what it is about");
    for (unsigned i = 0; i < sensitive_count(); i++) {
        const struct sensitive_case *what = sensitive_get(i);
        struct sensitive_row row;
        int rc = sensitive_measure(bench, what, &row, err);

        if (rc)
            return rc;
        r->counts[row.measured[SENSITIVE_RING3]]++;
        if (r->list)
            add_json(r->list, what, &row);
        else
            print_row(what, &row);
    }
    return 0;
}

static int report(bool json)
{
    struct report r = {.list = json ? json_array() : NULL};
    struct sensitive_bench *bench = NULL;
    struct error err = {0};
    int rc = sensitive_create(&bench, &err);

    rc = rc ? rc : measure_all(bench, &r, &err);
    sensitive_destroy(bench);
    if (rc)
        json_decref(r.list);
    else if (json)
        print_json(r.list);
    else
        print_verdict(&r);
    return rc ? cli_fail(&err) : CLI_OK;
}

static int run(int argc, char **argv)
{
    static const struct option options[] = {
        {"help", no_argument, NULL, 'h'}, {"json", no_argument, NULL, 'j'}, {0}};
    bool json = false;
    int c;

    while ((c = getopt_long(argc, argv, ":h", options, NULL)) != -1) {
        if (c == 'h')
            return cli_help(&verb_sensitive);
        if (c != 'j')
            return cli_bad_option(&verb_sensitive, argv, c);
        json = true;
    }
    if (optind < argc)
        return cli_usage(&verb_sensitive, "'%.40s' is one word too many", argv[optind]);
    return report(json);
}

const struct verb verb_sensitive = {
    .name = "sensitive",
    .arguments = "[--json]",
    .summary = "which instructions leak what a guest kernel without ring 0 must not see",
    .help =
        "Runs the instructions that a kernel has to itself, and those that tell of them, on the\n"
        "emulated CPU: in ring 0, and in rings 1 and 3, where a hypervisor of the years before\n"
        "VT-x ran its guest's kernel. The table is what came of it:\n"
        "\n"
        "  traps      an exception in ring 3 and none in ring 0: the hypervisor can emulate it\n"
        "  LEAKS      no exception, and yet it shows what is the hypervisor's, shows the ring, or\n"
        "             leaves out what it does in ring 0\n"
        "  same       the same everywhere\n",
    .run = run,
};
