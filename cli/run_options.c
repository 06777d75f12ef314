/* Which guest, in what machine: see run_options.h. */
#include "cli/run_options.h"
#include "cli/snap.h"

#include <getopt.h>
#include <inttypes.h>
#include <string.h>

/* ---- options --------------------------------------------------------------------------------- */

static int parse_ram(const struct verb *verb, const char *text, uint64_t *size)
{
    if (!cli_parse_size(text, size))
        return cli_bad_value(verb, "--ram: '%.40s' is not a size such as 16M", text);
    if (*size < RAM_SIZE_MIN || *size > RAM_SIZE_MAX)
        return cli_bad_value(verb, "--ram: %.40s is not between 1M and 4G", text);
    if (*size % PAGE_SIZE)
        return cli_bad_value(verb, "--ram: %.40s is not a multiple of 4K", text);
    return CLI_OK;
}

int run_parse_count(const struct verb *verb, const char *name, const char *text, uint64_t *count)
{
    if (!cli_parse_number(text, count) || *count == 0)
        return cli_bad_value(verb, "--%s: '%.40s' is not a number from 1", name, text);
    return CLI_OK;
}

static int parse_flat(const struct verb *verb, const char *text, struct run_options *o)
{
    if (!cli_parse_number(text, &o->at))
        return cli_bad_value(verb, "--%s: '%.40s' is not an address such as 0x7c00", o->flat, text);
    o->has_at = true;
    return CLI_OK;
}

static int parse_module(const struct verb *verb, const char *text, struct run_options *o)
{
    if (text[0] == '\0' || text[0] == ',')
        return cli_bad_value(verb, "--module: '%.40s' names no file", text);
    if (o->module_count == IMAGE_MODULES_MAX)
        return cli_bad_value(verb, "--module: at most %u modules", IMAGE_MODULES_MAX);
    o->modules[o->module_count++] = text;
    return CLI_OK;
}

static int parse_needs(const struct verb *verb, const char *text, struct run_options *o)
{
    if (!backend_needs_parse(text, &o->needs))
        return cli_bad_value(verb, "--needs: '%.60s': not words of the list in 'vlab run --help'",
                             text);
    return CLI_OK;
}

static int parse_irqchip(const struct verb *verb, const char *text, struct run_options *o)
{
    o->kernel_irqchip = strcmp(text, "kernel") == 0;
    if (!o->kernel_irqchip && strcmp(text, "vlab") != 0)
        return cli_bad_value(verb, "--irqchip: '%.40s' is none of vlab, kernel", text);
    return CLI_OK;
}

int run_option(const struct verb *verb, char **argv, int c, struct run_options *o)
{
    switch (c) {
    case RUN_OPT_FLAT:
        return parse_flat(verb, optarg, o);
    case RUN_OPT_BIOS:
        o->bios = optarg;
        return CLI_OK;
    case RUN_OPT_RAM:
        return parse_ram(verb, optarg, &o->ram_size);
    case RUN_OPT_APPEND:
        o->append = optarg;
        return CLI_OK;
    case RUN_OPT_MODULE:
        return parse_module(verb, optarg, o);
    case RUN_OPT_BACKEND:
        return backend_parse(verb, optarg, &o->backend);
    case RUN_OPT_NEEDS:
        return parse_needs(verb, optarg, o);
    case RUN_OPT_IRQCHIP:
        return parse_irqchip(verb, optarg, o);
    case RUN_OPT_INPUT:
        o->input = optarg;
        return CLI_OK;
    case RUN_OPT_EXITING:
        return setup_parse_exiting(verb, optarg, &o->setup);
    case RUN_OPT_MMU:
        return setup_parse_mmu(verb, optarg, &o->setup);
    case RUN_OPT_EPT:
        return setup_parse_ept(verb, optarg, &o->setup);
    case RUN_OPT_NMI:
        return setup_parse_nmi(verb, optarg, &o->setup);
    default:
        return cli_bad_option(verb, argv, c);
    }
}

bool run_option_lists(int c)
{
    if (c != RUN_OPT_EXITING || strcmp(optarg, "help") != 0)
        return false;
    setup_list_controls();
    return true;
}

static int check_operands(const struct verb *verb, int argc, char **argv, const char *rest,
                          struct run_options *o)
{
    int count = argc - optind, own = rest ? 1 : 0;

    if (count > own + 1)
        return rest ? cli_usage(verb, "'%.60s': one LAB or IMAGE and one %s at a time",
                                argv[optind + 2], rest)
                    : cli_usage(verb, "'%.60s': one LAB or IMAGE at a time", argv[optind + 1]);
    if (count == own + 1)
        o->what = argv[optind++];
    if (!o->what && !o->bios)
        return cli_usage(verb, "no LAB or IMAGE%s%s given",
                         count  ? ""
                         : rest ? " and no "
                                : "",
                         count || !rest ? "" : rest);
    if (optind == argc && rest)
        return cli_usage(verb, "no %s given", rest);
    return CLI_OK;
}

/* A snapshot's machine is what it is: options that make another would be dropped without a word. */
static int check_node(const struct verb *verb, const struct run_options *o)
{
    const char *given = o->ram_size            ? "ram"
                        : o->setup.has_mmu     ? "mmu"
                        : o->setup.nmi_count   ? "nmi"
                        : o->kernel_irqchip    ? "irqchip"
                        : o->append            ? "append"
                        : o->module_count      ? "module"
                        : o->has_at && o->flat ? o->flat
                                               : NULL;

    return given ? cli_usage(verb, "--%s: %.60s is a snapshot, and has its machine", given, o->what)
                 : CLI_OK;
}

int run_options_check(const struct verb *verb, int argc, char **argv, const char *rest,
                      struct run_options *o)
{
    int status = check_operands(verb, argc, argv, rest, o);

    if (status)
        return status;
    if (o->what && o->bios)
        return cli_usage(verb, "--bios: the ROM runs alone, without LAB or IMAGE");
    if (o->has_at && o->bios)
        return cli_usage(verb, "--%s: a BIOS ROM has its fixed place", o->flat);
    if (o->bios && (o->append || o->module_count))
        return cli_usage(verb, "--%s: only a multiboot kernel takes it",
                         o->append ? "append" : "module");
    return o->what && snap_is_node(o->what) ? check_node(verb, o) : CLI_OK;
}

/* ---- what to run ----------------------------------------------------------------------------- */

int run_options_open(const struct run_options *o, struct job *job, struct error *err)
{
    int rc;

    job_init(job);
    rc = o->bios ? job_use_bios(job, o->bios, err) : job_use(job, o->what, err);
    if (rc)
        return rc;
    if (o->has_at) {
        job->image.at = o->at;
        job->image.has_at = true;
    }
    if (o->ram_size)
        job->ram_size = o->ram_size;
    job->image.command_line = o->append;
    rc = job_read(job, err);
    if (!rc && o->input)
        rc = job_read_input(job, o->input, err);
    for (unsigned i = 0; i < o->module_count && !rc; i++)
        rc = job_read_module(job, o->modules[i], err);
    return rc;
}

static int feed(struct machine *m, const struct job *job, struct error *err)
{
    int rc = machine_serial_input(m, job->input, job->input_size);

    return rc ? error_errno(err, rc, "%zu bytes of input", job->input_size) : 0;
}

static int image_machine(const struct run_options *o, const struct job *job,
                         const struct text_sink *text, struct machine **m, struct error *err)
{
    struct machine_config config = MACHINE_CONFIG_DEFAULT;
    int rc;

    config.ram_size = job->ram_size;
    config.text = *text;
    config.kernel_irqchip = o->kernel_irqchip;
    setup_config(&o->setup, &job->mmu, &config);
    rc = backend_choose(o->backend, job->needs | o->needs | backend_needs_of(job->image.kind),
                        &config.backend, err);
    rc = rc ? rc : machine_create(m, &config, err);
    if (rc)
        return rc;
    rc = machine_load(*m, &job->image, err);
    rc = rc ? rc : setup_apply(&o->setup, job->exiting, *m, err);
    if (!rc && job->input_size)
        rc = feed(*m, job, err);
    if (rc) {
        machine_destroy(*m);
        *m = NULL;
    }
    return rc;
}

/* A snapshot's machine is what it was; what comes in and what exits may be another. */
static int node_machine(const struct run_options *o, const struct job *job,
                        const struct text_sink *text, struct machine **m, struct error *err)
{
    const struct backend_ops *backend;
    struct node node;
    int rc = backend_choose(o->backend, o->needs, &backend, err);

    rc = rc ? rc : snap_machine(o->what, backend, text, m, &node, err);
    if (rc)
        return rc;
    rc = setup_apply(&o->setup, "", *m, err);
    if (!rc && job->input_size)
        rc = feed(*m, job, err);
    if (rc) {
        machine_destroy(*m);
        *m = NULL;
    }
    return rc;
}

int run_options_machine(const struct run_options *o, const struct job *job,
                        const struct text_sink *text, struct machine **m, struct error *err)
{
    if (job->node.id[0])
        return node_machine(o, job, text, m, err);
    return image_machine(o, job, text, m, err);
}
