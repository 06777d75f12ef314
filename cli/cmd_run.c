/*
 * vlab run: a lab or an image, without a screen, to a stop. The guest's text goes to standard
 * output as it comes; how the run ended goes to standard error, or with --json to the last line of
 * standard output.
 */
#include "cli/cli.h"
#include "cli/device_report.h"
#include "cli/run_options.h"

#include "backend/kvm/kvm.h"
#include "core/backend.h"
#include "core/machine.h"
#include "trace/trace.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct options {
    struct run_options run;
    const char *trace;
    bool json;
    bool devices;
    bool kept;
    struct run_limits limits;
    struct breakpoint breaks[MACHINE_BREAKS_MAX];
    unsigned break_count;
};

/* Where the guest's text goes, and what to know of it at the end. */
struct output {
    struct machine *machine;
    bool terminal;
    char last; /* last byte written, '\n' when nothing was */
};

/* A signal handler has no other way to know the machine. Set only around machine_run(). */
static struct machine *_Atomic running_machine;

static void on_interrupt(int signal)
{
    struct machine *m = running_machine;

    (void)signal;
    if (m)
        machine_request_stop(m);
}

/* ---- options --------------------------------------------------------------------------------- */

enum {
    OPT_HELP = 256,
    OPT_INSNS,
    OPT_EXITS,
    OPT_BREAK,
    OPT_TRACE,
    OPT_DEVICES,
    OPT_KEPT,
    OPT_JSON
};

static const struct option long_options[] = {
    {"help", no_argument, NULL, OPT_HELP},
    {"at", required_argument, NULL, RUN_OPT_FLAT},
    {"insns", required_argument, NULL, OPT_INSNS},
    {"exits", required_argument, NULL, OPT_EXITS},
    {"break", required_argument, NULL, OPT_BREAK},
    {"until", required_argument, NULL, OPT_BREAK},
    {"trace", required_argument, NULL, OPT_TRACE},
    {"devices", no_argument, NULL, OPT_DEVICES},
    {"kept", no_argument, NULL, OPT_KEPT},
    {"json", no_argument, NULL, OPT_JSON},
    RUN_OPTIONS,
    {0},
};

static int parse_break(const char *text, struct options *o)
{
    struct error err;

    if (o->break_count == MACHINE_BREAKS_MAX)
        return cli_bad_value(&verb_run, "--break: at most %u breakpoints", MACHINE_BREAKS_MAX);
    if (breakpoint_parse(&o->breaks[o->break_count], text, &err))
        return cli_bad_value(&verb_run, "--break: %s", err.text);
    o->break_count++;
    return CLI_OK;
}

static int parse_option(int c, char **argv, struct options *o)
{
    switch (c) {
    case OPT_INSNS:
        return run_parse_count(&verb_run, "insns", optarg, &o->limits.insns);
    case OPT_EXITS:
        return run_parse_count(&verb_run, "exits", optarg, &o->limits.exits);
    case OPT_BREAK:
        return parse_break(optarg, o);
    case OPT_TRACE:
        o->trace = optarg;
        return CLI_OK;
    case OPT_DEVICES:
        o->devices = true;
        return CLI_OK;
    case OPT_KEPT:
        o->kept = true;
        return CLI_OK;
    case OPT_JSON:
        o->json = true;
        return CLI_OK;
    default:
        return run_option(&verb_run, argv, c, &o->run);
    }
}

/* ---- the run --------------------------------------------------------------------------------- */

static void write_text(void *ctx, enum text_source source, const char *text, size_t size)
{
    struct output *out = ctx;

    (void)source;
    if (size == 0)
        return;
    out->last = text[size - 1];
    fwrite(text, 1, size, stdout);
    if (out->terminal || memchr(text, '\n', size))
        fflush(stdout);
    if (ferror(stdout) && out->machine)
        machine_request_stop(out->machine);
}

static void record_exit(void *ctx, const struct machine *m, const struct vm_exit *exit)
{
    (void)m;
    trace_writer_add(ctx, exit);
}

static int start_trace(const struct options *o, const struct job *job, struct machine *m,
                       struct trace_writer **writer, struct error *err)
{
    struct trace_info info = {
        .ram_size = job->ram_size,
    };
    int rc;

    *writer = NULL;
    if (!o->trace)
        return 0;
    memcpy(info.image, job->name, sizeof(info.image));
    snprintf(info.backend, sizeof(info.backend), "%s", m->vcpu->ops->name);
    rc = trace_writer_open(writer, o->trace, &info, err);
    if (!rc)
        m->observer = (struct exit_observer){.seen = record_exit, .ctx = *writer};
    return rc;
}

static int finish_trace(struct machine *m, struct trace_writer *writer,
                        const struct run_result *result, struct error *err)
{
    struct trace_end end = {.exits = m->exits,
                            .insns = m->insns,
                            .stop = (uint32_t)result->stop,
                            .status = result->status};

    m->observer = (struct exit_observer){0};
    return writer ? trace_writer_finish(writer, &end, err) : 0;
}

/* A run executes the instruction that it begins at: stop there first when that is asked for. */
static int run_to_stop(struct machine *m, const struct run_limits *limits,
                       struct run_result *result)
{
    result->breakpoint = machine_break_here(m);
    result->stop = STOP_BREAK;
    return result->breakpoint ? 0 : machine_run(m, limits, result);
}

/* SIGINT and SIGTERM end the run in order; a reader of our output that went away, too. */
static int run_interruptible(struct machine *m, const struct run_limits *limits,
                             struct run_result *result)
{
    struct sigaction stop = {.sa_handler = on_interrupt, .sa_flags = SA_RESTART};
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    struct sigaction old_int, old_term;
    int rc;

    running_machine = m;
    sigaction(SIGPIPE, &ignore, NULL);
    sigaction(SIGINT, &stop, &old_int);
    sigaction(SIGTERM, &stop, &old_term);
    rc = run_to_stop(m, limits, result);
    sigaction(SIGINT, &old_int, NULL);
    sigaction(SIGTERM, &old_term, NULL);
    running_machine = NULL;
    return rc;
}

/* ---- the report ------------------------------------------------------------------------------ */

static bool is_failure(enum stop_reason stop)
{
    return stop != STOP_DEBUG_EXIT && stop != STOP_HALT && stop != STOP_BUDGET &&
           stop != STOP_RESET && stop != STOP_BREAK;
}

/* The breakpoint that ended the run; "" when none did. Returns `text`. */
static const char *break_text(const struct machine *m, const struct run_result *result,
                              char text[BREAKPOINT_TEXT_MAX])
{
    const struct breakpoint *bp = machine_break_find(m, result->breakpoint);

    text[0] = '\0';
    return bp ? breakpoint_text(bp, text) : text;
}

static void print_summary(const struct machine *m, const struct run_result *result)
{
    char text[BREAKPOINT_TEXT_MAX];

    fprintf(stderr, "vlab: %s", stop_reason_name(result->stop));
    if (result->stop == STOP_DEBUG_EXIT)
        fprintf(stderr, ", status %u", result->status);
    if (result->stop == STOP_BREAK)
        fprintf(stderr, " %s", break_text(m, result, text));
    fprintf(stderr, ", %" PRIu64 " exits", result->exits);
    if (m->vcpu->ops->counts_insns)
        fprintf(stderr, ", %" PRIu64 " instructions", result->insns);
    if (result->stop == STOP_GUEST_ERROR)
        fprintf(stderr, ": %s", result->error.text);
    fputc('\n', stderr);
}

/* What the kernel kept to itself, where a guest ran on /dev/kvm. */
static void print_kept(const struct machine *m)
{
    struct kvm_counter list[KVM_COUNTERS_MAX];
    unsigned count = kvm_counters(m->vcpu, list, KVM_COUNTERS_MAX);

    if (!count)
        puts(m->vcpu->ops->counts_insns ? "the emulated CPU keeps no exits to itself"
                                        : "this kernel does not tell what it counts");
    for (unsigned i = 0; i < count; i++)
        printf("%-17s %10" PRIu64 "  %s\n", list[i].name, list[i].value, list[i].text);
}

static json_t *kept_json(const struct machine *m)
{
    struct kvm_counter list[KVM_COUNTERS_MAX];
    unsigned count = kvm_counters(m->vcpu, list, KVM_COUNTERS_MAX);
    json_t *object = json_object();

    for (unsigned i = 0; i < count; i++)
        json_object_set_new(object, list[i].name, json_integer((json_int_t)list[i].value));
    return object;
}

static void print_json(const struct machine *m, const struct options *o,
                       const struct run_result *result, const struct output *out)
{
    char hash[17], text[BREAKPOINT_TEXT_MAX];
    json_t *object;

    snprintf(hash, sizeof(hash), "%016" PRIx64, machine_state_hash(m));
    object = json_pack(
        "{s:s, s:i, s:I, s:o, s:s, s:s}", "stop", stop_reason_name(result->stop), "status",
        (int)result->status, "exits", (json_int_t)result->exits, "instructions",
        m->vcpu->ops->counts_insns ? json_integer((json_int_t)result->insns) : json_null(),
        "backend", m->vcpu->ops->name, "state", hash);
    if (result->stop == STOP_BREAK)
        json_object_set_new(object, "breakpoint", json_string(break_text(m, result, text)));
    if (result->stop == STOP_GUEST_ERROR)
        json_object_set_new(object, "error", json_string(result->error.text));
    if (o->devices)
        json_object_set_new(object, "devices", device_report_json(m));
    if (o->kept)
        json_object_set_new(object, "kept", kept_json(m));
    if (out->last != '\n')
        putchar('\n');
    json_dumpf(object, stdout, JSON_COMPACT | JSON_ENSURE_ASCII);
    putchar('\n');
    json_decref(object);
}

static int report(const struct machine *m, const struct options *o, const struct run_result *result,
                  const struct output *out)
{
    bool failed = is_failure(result->stop);

    if (o->json)
        print_json(m, o, result, out);
    else if (out->last != '\n' && (out->terminal || o->devices || o->kept))
        putchar('\n');
    if (o->devices && !o->json)
        device_report_print(m, stdout);
    if (o->kept && !o->json)
        print_kept(m);
    fflush(stdout);
    if (!o->json || failed)
        print_summary(m, result);
    return failed ? CLI_FAILED : CLI_OK;
}

static int run_loaded(struct machine *m, const struct job *job, const struct options *o,
                      const struct output *out)
{
    struct trace_writer *writer;
    struct run_result result = {0};
    struct error err;

    if (start_trace(o, job, m, &writer, &err))
        return cli_fail(&err);
    if (run_interruptible(m, &o->limits, &result)) {
        trace_writer_abort(writer);
        return cli_fail(&result.error);
    }
    if (finish_trace(m, writer, &result, &err))
        return cli_fail(&err);
    return report(m, o, &result, out);
}

/* The same one twice is one. */
static int add_breaks(struct machine *m, const struct options *o, struct error *err)
{
    int rc = 0;

    for (unsigned i = 0; i < o->break_count && rc >= 0; i++) {
        rc = machine_break_add(m, &o->breaks[i]);
        rc = rc == -EEXIST ? 0 : rc;
    }
    return rc < 0 ? error_errno(err, rc, "breakpoints") : 0;
}

static int run_job(const struct job *job, const struct options *o)
{
    struct output out = {.terminal = isatty(STDOUT_FILENO), .last = '\n'};
    struct text_sink text = {.write = write_text, .ctx = &out};
    struct error err;
    int status;

    if (run_options_machine(&o->run, job, &text, &out.machine, &err))
        return cli_fail(&err);
    if (add_breaks(out.machine, o, &err))
        status = cli_fail(&err);
    else
        status = run_loaded(out.machine, job, o, &out);
    machine_destroy(out.machine);
    return status;
}

static int run(int argc, char **argv)
{
    struct options o = {.run.flat = "at"};
    struct job job;
    struct error err;
    int c, status;

    while ((c = getopt_long(argc, argv, ":h", long_options, NULL)) != -1) {
        if (c == OPT_HELP || c == 'h')
            return cli_help(&verb_run);
        if (run_option_lists(c))
            return CLI_OK;
        status = parse_option(c, argv, &o);
        if (status)
            return status;
    }
    status = run_options_check(&verb_run, argc, argv, NULL, &o.run);
    if (status)
        return status;
    if (run_options_open(&o.run, &job, &err))
        status = cli_fail(&err);
    else
        status = run_job(&job, &o);
    job_close(&job);
    return status;
}

const struct verb verb_run = {
    .name = "run",
    .arguments =
        "LAB|IMAGE|--bios FILE [--at ADDR] [--append TEXT] [--module FILE[,TEXT]] "
        "[--backend emu|kvm|auto] [--needs WORDS] [--irqchip vlab|kernel] [--ram SIZE] "
        "[--insns N] [--exits N] [--break SPEC] [--trace FILE] [--input FILE] [--exiting LIST] "
        "[--mmu ept|ept-ad|shadow] [--ept GPA[-GPA]=RIGHTS] [--nmi NS] [--devices] [--kept] "
        "[--json]",
    .summary = "run a lab or an image without a screen, to a stop",
    .help =
        "LAB is a lab of the course (01, anatomy). A name with a slash, or of a file that exists,\n"
        "is an IMAGE: an ELF executable (32 or 64 bits, entered in 32-bit protected mode as\n"
        "multiboot does), any other multiboot kernel, a boot sector, the image of a disk that\n"
        "begins with one (never written), or with --at a flat binary.\n"
        "\n"
        "  --at ADDR      load a flat binary there, below 1 MiB, and enter it in real mode\n"
        "  --bios FILE    a BIOS ROM, started by reset at the end of the first 4 GiB\n"
        "  --append TEXT  the command line of a multiboot kernel, behind its name\n"
        "  --module FILE[,TEXT]\n"
        "                 a file for a multiboot kernel, and what to tell it; any number\n"
        "  --backend B    emu: the emulated CPU (at first); kvm: /dev/kvm; auto: /dev/kvm where it "
        "is\n"
        "                 full, else emu; see 'vlab doctor'. With kvm the exits are those that "
        "the\n"
        "                 kernel passes on, time is the host's, and N of --insns is nanoseconds\n"
        "  --needs WORDS  what the guest needs of a CPU, beside its format and what the lab says; "
        "an\n"
        "                 error before it runs where /dev/kvm lacks it: real, prot32, long,\n"
        "                 paging32, pae, sse, x87, int, int-user, vmcall, msr-exits, step, window, "
        "all\n"
        "  --irqchip WHO  the interrupt controllers: vlab (at first); kernel, with --backend kvm: "
        "their\n"
        "                 ports and interrupts no longer leave the guest, and HLT waits in the "
        "kernel\n"
        "  --ram SIZE     1M to 4G; suffix K, M or G; 16M unless the lab says otherwise\n"
        "  --insns N      stop after N instructions\n"
        "  --exits N      stop after N VM exits\n"
        "  --until SPEC   the same as --break\n"
        "  --break SPEC   stop at a breakpoint; any number, hexadecimal but for exit reasons:\n"
        "                   cpuid, 48, 'reason=ept violation'  behind an exit of that reason\n"
        "                   port=3f8, port=20-21               behind an I/O exit for such a port\n"
        "                   msr=c0000080                       behind an exit for such an MSR\n"
        "                   rip=7c00, rip=7c00-7cff            before an instruction there; "
        "linear\n"
        "                   gpa=1000-1fff:w                    before an instruction that writes\n"
        "                                                      there (r, w, x; none: any of them)\n"
        "  --trace FILE   record every exit there; see 'vlab exits'\n"
        "  --input FILE   what comes in over COM1, one character time after the other; read whole\n"
        "                 before the run\n"
        "  --devices      at the end, behind the guest's text: each device with its ports, "
        "interrupt\n"
        "                 lines and registers, decoded; a star: what a guest cannot read. With\n"
        "                 --json an object 'devices' instead: {\"uart\": {\"LCR\": {\"value\": 3,\n"
        "                 \"bits\": 8, \"text\": \"8N1, DLAB 0\"}, ...}, ...}; above 53 bits the "
        "value\n"
        "                 is text, \"0x...\"\n"
        "  --exiting LIST which events leave the guest: names of execution controls with commas\n"
        "                 between them, hlt,pause or none,invlpg,io=0x3f8-0x3ff; with a '-' in\n"
        "                 front one is taken away: -rdtsc. They change what is set at first, or "
        "in\n"
        "                 the lab. '--exiting help' lists them\n"
        "  --mmu MMU      what translates: ept, a second stage (at first); ept-ad, one with "
        "accessed\n"
        "                 and dirty flags; shadow, shadow page tables and no second stage\n"
        "  --ept GPA[-GPA]=RIGHTS\n"
        "                 rights of pages in the second stage: r-x, --- and so on; -w- is a\n"
        "                 misconfiguration; any number\n"
        "  --nmi NS       press the NMI button NS after the start, an instruction taking 1 ns; up\n"
        "                 to 16 times, in order\n"
        "  --kept         at the end: what the kernel counted of a guest on /dev/kvm, exits that "
        "it kept\n"
        "                 to itself among them; with --json an object 'kept'\n"
        "  --json         the last line of standard output is one JSON object with stop, status,\n"
        "                 exits, instructions (null: kvm), backend, state (hash of registers, "
        "RAM, devices),\n"
        "                 error when stop is guest-error, breakpoint when stop is breakpoint\n"
        "\n"
        "Text that the guest writes to debug ports 0xe9 and 0x402 and to COM1 goes to standard\n"
        "output. A write of V to port 0xf4 ends the run with status (V << 1) | 1.\n"
        "\n"
        "A guest that pulls the reset line (ports 0x64, 0x92, 0xcf9) has ended its run: reset.\n"
        "\n"
        "Exit status: 0 when the run ended by debug-exit, halt, reset, budget or breakpoint; 1\n"
        "after triple-fault, guest-error or an interrupt (request), or when it could not start;\n"
        "2 usage.\n",
    .run = run,
};
