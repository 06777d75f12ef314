/* vlab render: a screen as text, ANSI text, SVG or JSON, without a terminal. */
#include "cli/cli.h"
#include "cli/screen_labs.h"
#include "tui/tui.h"
#include "tui/view.h"

#include <getopt.h>
#include <string.h>

enum {
    OPT_HELP = 256,
    OPT_LAB,
    OPT_AT,
    OPT_INSNS,
    OPT_KEYS,
    OPT_SIZE,
    OPT_FORMAT,
    OPT_ASCII,
    OPT_MONO,
    OPT_COST
};

static const struct option long_options[] = {
    {"help", no_argument, NULL, OPT_HELP},
    {"lab", required_argument, NULL, OPT_LAB},
    {"at", required_argument, NULL, OPT_AT},
    {"insns", required_argument, NULL, OPT_INSNS},
    {"keys", required_argument, NULL, OPT_KEYS},
    {"size", required_argument, NULL, OPT_SIZE},
    {"format", required_argument, NULL, OPT_FORMAT},
    {"ascii", no_argument, NULL, OPT_ASCII},
    {"mono", no_argument, NULL, OPT_MONO},
    {"cost", no_argument, NULL, OPT_COST},
    {0},
};

struct arguments {
    struct render_options options;
    struct tui_config config;
    const char *lab;
};

static int parse_count(const char *name, const char *text, uint64_t *value)
{
    if (!cli_parse_number(text, value))
        return cli_bad_value(&verb_render, "--%s: '%.40s' is not a number", name, text);
    return CLI_OK;
}

static bool parse_side(const char *text, size_t length, int *side)
{
    char buf[8];
    uint64_t value;

    if (length == 0 || length >= sizeof(buf))
        return false;
    memcpy(buf, text, length);
    buf[length] = '\0';
    if (!cli_parse_number(buf, &value) || value < 1 || value > GRID_SIDE_MAX)
        return false;
    *side = (int)value;
    return true;
}

static int parse_size(const char *text, struct render_options *o)
{
    const char *x = strchr(text, 'x');

    if (!x || !parse_side(text, (size_t)(x - text), &o->cols) ||
        !parse_side(x + 1, strlen(x + 1), &o->rows))
        return cli_bad_value(&verb_render,
                             "--size: '%.40s' is not columns x rows from 1x1 to %dx%d, as 80x24",
                             text, GRID_SIDE_MAX, GRID_SIDE_MAX);
    return CLI_OK;
}

static int parse_format(const char *text, enum render_format *format)
{
    static const char *const names[] = {[RENDER_TEXT] = "text",
                                        [RENDER_ANSI] = "ansi",
                                        [RENDER_SVG] = "svg",
                                        [RENDER_JSON] = "json"};

    for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (strcmp(names[i], text) == 0) {
            *format = (enum render_format)i;
            return CLI_OK;
        }
    return cli_bad_value(&verb_render, "--format: '%.40s' is none of text, ansi, svg, json", text);
}

static int parse_option(int c, char **argv, struct arguments *a)
{
    switch (c) {
    case OPT_LAB:
        a->lab = optarg;
        return CLI_OK;
    case OPT_AT:
        return parse_count("at", optarg, &a->options.exits);
    case OPT_INSNS:
        return parse_count("insns", optarg, &a->options.insns);
    case OPT_KEYS:
        a->options.keys = optarg;
        return CLI_OK;
    case OPT_SIZE:
        return parse_size(optarg, &a->options);
    case OPT_FORMAT:
        return parse_format(optarg, &a->options.format);
    case OPT_ASCII:
        a->config.ascii = true;
        return CLI_OK;
    case OPT_MONO:
        a->config.mono = true;
        return CLI_OK;
    case OPT_COST:
        a->options.cost = true;
        return CLI_OK;
    default:
        return cli_bad_option(&verb_render, argv, c);
    }
}

static int check_arguments(int argc, char **argv, struct arguments *a)
{
    if (optind == argc)
        return cli_usage(&verb_render, "no VIEW given (step, exits, pages, ept, heat, memory, "
                                       "breaks, devices, labs, messages, help)");
    if (argc - optind > 1)
        return cli_usage(&verb_render, "'%.60s': one VIEW at a time", argv[optind + 1]);
    a->options.view = argv[optind];
    if (view_find(a->options.view) == VIEW_COUNT)
        return cli_bad_value(&verb_render,
                             "'%.40s' is no view (step, exits, pages, ept, heat, memory, breaks, "
                             "devices, labs, messages, help)",
                             a->options.view);
    if (a->options.exits && a->options.insns)
        return cli_usage(&verb_render, "--at and --insns are two positions");
    return CLI_OK;
}

/* The list of labs needs no machine, unless one was asked for. */
static bool needs_lab(const struct arguments *a)
{
    return a->lab || a->options.exits || a->options.insns || strcmp(a->options.view, "labs") != 0;
}

static int render(struct arguments *a, struct screen_labs *labs)
{
    struct error err = {0};

    screen_labs_config(labs, &a->config);
    a->config.opens_at = NULL; /* what is rendered begins at the start */
    a->config.lab = -1;
    if (a->lab)
        a->config.lab = screen_labs_find(labs, a->lab, &err);
    else if (needs_lab(a))
        a->config.lab = screen_labs_default(labs);
    if (a->lab && a->config.lab < 0)
        return cli_fail(&err);
    if (tui_render(&a->config, &a->options, stdout, &err) < 0)
        return cli_fail(&err);
    return CLI_OK;
}

static int run(int argc, char **argv)
{
    struct arguments a = {.options = {.rows = 24, .cols = 80}};
    struct screen_labs labs;
    struct error err = {0};
    int c, status;

    while ((c = getopt_long(argc, argv, ":", long_options, NULL)) != -1) {
        if (c == OPT_HELP)
            return cli_help(&verb_render);
        status = parse_option(c, argv, &a);
        if (status != CLI_OK)
            return status;
    }
    status = check_arguments(argc, argv, &a);
    if (status != CLI_OK)
        return status;
    if (screen_labs_open(&labs, &err) < 0)
        return cli_fail(&err);
    status = render(&a, &labs);
    screen_labs_close(&labs);
    return status;
}

const struct verb verb_render = {
    .name = "render",
    .arguments = "VIEW [--lab LAB] [--at N] [--insns N] [--keys KEYS] [--size CxR] "
                 "[--format F] [--ascii] [--mono] [--cost]",
    .summary = "a screen of the tui, without a terminal",
    .help =
        "VIEW is step, exits, pages, ept, heat, memory, breaks, devices, labs, messages or\n"
        "help.\n"
        "\n"
        "  --lab LAB    the lab that is open; else the one started last, else the first\n"
        "  --at N       run it for N exits first\n"
        "  --insns N    or for N instructions\n"
        "  --keys KEYS  then press these, as \"]]x\" or \"c<Tab><PgUp>\"; names: Enter Esc Tab\n"
        "               S-Tab Up Down Left Right PgUp PgDn Home End BS Del Space lt, C-a to C-z\n"
        "  --size CxR   columns and rows, 80x24 by default\n"
        "  --format F   text (the default), ansi, svg or json\n"
        "  --ascii      no box-drawing characters\n"
        "  --mono       no colours\n"
        "  --cost       in the view of exits, what they cost: cycles of this host\n"
        "\n"
        "Without --cost, the same command gives the same bytes on any host. A guest that runs\n"
        "on without an end is stopped after 20,000,000 instructions.\n",
    .run = run,
};
