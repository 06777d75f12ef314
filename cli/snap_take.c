/* vlab snap take: run something to a place, and keep the machine. */
#include "cli/course_verb.h"
#include "cli/run_options.h"
#include "cli/snap.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { OPT_AT = 1024, OPT_INSNS, OPT_NAME, OPT_NOTE, OPT_NO_RAM, OPT_JSON };

struct take {
    struct run_options run;
    struct run_limits place;
    struct snapshot_about about;
    char made[NODE_NAME_SIZE]; /* about.name, when none was given */
    bool json;
};

/* A signal handler has no other way to know of them. The machine is set only around machine_run(). */
static volatile sig_atomic_t interrupted;
static struct machine *_Atomic running_machine;

static void on_interrupt(int signal)
{
    struct machine *m = running_machine;

    (void)signal;
    interrupted = 1;
    if (m)
        machine_request_stop(m);
}

static bool progress(void *ctx, uint64_t done, uint64_t all)
{
    (void)ctx;
    snap_progress("taking", done, all);
    return !interrupted;
}

static int option(char **argv, int c, struct take *t)
{
    switch (c) {
    case OPT_AT:
        return run_parse_count(&snap_take, "at", optarg, &t->place.exits);
    case OPT_INSNS:
        return run_parse_count(&snap_take, "insns", optarg, &t->place.insns);
    case OPT_NAME:
        t->about.name = optarg;
        return CLI_OK;
    case OPT_NOTE:
        t->about.note = optarg;
        return CLI_OK;
    case OPT_NO_RAM:
        t->about.without_ram = true;
        return CLI_OK;
    case OPT_JSON:
        t->json = true;
        return CLI_OK;
    default:
        return run_option(&snap_take, argv, c, &t->run);
    }
}

/* The one that was given is free, or one is made. */
static int choose_name(struct take *t, const struct machine *m, struct store *store,
                       struct error *err)
{
    if (t->about.name)
        return snap_name_check(store, t->about.lab, t->about.name, "", err);
    t->about.name = t->made;
    return snap_name_make(store, m, t->about.lab, t->made, err);
}

static int keep(struct take *t, struct machine *m, struct store *store)
{
    struct error err = {0};
    char id[NODE_ID_SIZE];
    int rc = choose_name(t, m, store, &err);

    t->about.created = (int64_t)time(NULL);
    t->about.progress = progress;
    rc = rc ? rc : snapshot_take(store, m, &t->about, id, &err);
    snap_progress("taking", 0, 0);
    if (rc)
        return cli_fail(&err);
    if (t->json)
        print_json(json_pack("{s:s, s:s, s:s, s:s, s:I, s:I, s:b, s:o}", "id", id, "parent",
                             t->about.parent, "lab", t->about.lab, "name", t->about.name, "exits",
                             (json_int_t)m->exits, "instructions", (json_int_t)m->insns, "has_ram",
                             !t->about.without_ram, "state",
                             json_sprintf("%016" PRIx64, machine_state_hash(m))));
    else
        printf("@%.8s %s: %s after %" PRIu64 " exits, %" PRIu64 " instructions\n", id,
               t->about.name, t->about.lab, m->exits, m->insns);
    return CLI_OK;
}

static int run_there(struct take *t, struct machine *m)
{
    struct run_result r = {.stop = STOP_BUDGET};
    int rc = 0;

    running_machine = m;
    if ((t->place.exits || t->place.insns) && !interrupted)
        rc = machine_run(m, &t->place, &r);
    running_machine = NULL;
    if (rc)
        return cli_fail(&r.error);
    if (interrupted)
        return cli_failf("snap take: interrupted; nothing was kept");
    if (r.stop != STOP_BUDGET)
        fprintf(stderr, "vlab: snap take: the guest ended before: %s\n", stop_reason_name(r.stop));
    return CLI_OK;
}

static int take(struct take *t)
{
    const struct text_sink nobody = {0};
    struct machine *m = NULL;
    struct store *store;
    struct error err = {0};
    struct job job;
    int status;

    if (snap_store(&store, &err))
        return cli_fail(&err);
    if (run_options_open(&t->run, &job, &err) ||
        run_options_machine(&t->run, &job, &nobody, &m, &err)) {
        status = cli_fail(&err);
    } else {
        t->about.lab = job.name;
        t->about.parent = job.node.id;
        status = run_there(t, m);
        status = status ? status : keep(t, m, store);
        t->about.lab = t->about.parent = NULL; /* they are the job's */
    }
    machine_destroy(m);
    job_close(&job);
    store_close(store);
    return status;
}

static int run(int argc, char **argv)
{
    static const struct option options[] = {RUN_OPTIONS,
                                            {"flat", required_argument, NULL, RUN_OPT_FLAT},
                                            {"at", required_argument, NULL, OPT_AT},
                                            {"insns", required_argument, NULL, OPT_INSNS},
                                            {"name", required_argument, NULL, OPT_NAME},
                                            {"note", required_argument, NULL, OPT_NOTE},
                                            {"no-ram", no_argument, NULL, OPT_NO_RAM},
                                            {"json", no_argument, NULL, OPT_JSON},
                                            {"help", no_argument, NULL, 'h'},
                                            {0}};
    const struct sigaction stop = {.sa_handler = on_interrupt, .sa_flags = SA_RESTART};
    struct take t = {.run.flat = "flat"};
    int c, status = CLI_OK;

    optind = 0;
    while (!status && (c = getopt_long(argc, argv, ":", options, NULL)) != -1) {
        if (c == 'h')
            return cli_help(&snap_take);
        status = option(argv, c, &t);
        if (!status && run_option_lists(c))
            return CLI_OK;
    }
    status = status ? status : run_options_check(&snap_take, argc, argv, NULL, &t.run);
    if (!status && t.place.exits && t.place.insns)
        status = cli_usage(&snap_take, "--at and --insns are two positions");
    if (status)
        return status;
    sigaction(SIGINT, &stop, NULL);
    status = cli_check_engine();
    return status ? status : take(&t);
}

const struct verb snap_take = {
    .name = "snap take",
    .arguments =
        "LAB|IMAGE|NODE [--at N | --insns N] [--name NAME] [--note TEXT] [--no-ram] [--json]",
    .summary = "run something to a place, and keep the machine",
    .help =
        "  --at N       after N VM exits; a guest that ends before is kept at its end\n"
        "  --insns N    or after N instructions; without either, in front of the first one\n"
        "  --name NAME  one that no other snapshot of the lab has; else by its place\n"
        "  --note TEXT  what it is\n"
        "  --no-ram     registers and RAM are left out: restored, the machine boots from its "
        "disk\n"
        "  --bios, --ram, --append, --module, --input, --exiting, --mmu, --ept, --nmi, --flat\n"
        "               as 'vlab run' has them ('--flat' is its --at)\n"
        "\n"
        "A snapshot that is taken from a NODE is its child; it has the NODE's machine, so that of\n"
        "the options only --input, --exiting and --ept count.\n",
    .run = run,
};
