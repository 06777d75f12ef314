/* vlab tui: the screen, on the list of labs or on one of them. */
#include "cli/cli.h"
#include "cli/screen_labs.h"
#include "course/files.h"
#include "tui/tui.h"

#include <getopt.h>
#include <signal.h>
#include <unistd.h>

enum { OPT_HELP = 256, OPT_AT, OPT_ASCII, OPT_MONO, OPT_MOUSE, OPT_RECORD, OPT_PLAIN };

static const struct option long_options[] = {
    {"help", no_argument, NULL, OPT_HELP},   {"at", required_argument, NULL, OPT_AT},
    {"ascii", no_argument, NULL, OPT_ASCII}, {"mono", no_argument, NULL, OPT_MONO},
    {"mouse", no_argument, NULL, OPT_MOUSE}, {"record", required_argument, NULL, OPT_RECORD},
    {"plain", no_argument, NULL, OPT_PLAIN}, {0},
};

/* The file that says that the tour was seen; false when there is no place for it. */
static bool tour_file(char path[COURSE_PATH_MAX])
{
    char state[COURSE_PATH_MAX];
    struct error err = {0};

    return course_state_dir(state, &err) == 0 &&
           path_make(path, &err, "%s/tour-seen", state) == 0 && dirs_make(state, &err) == 0;
}

/* Where it cannot be written the tour comes again: that is no reason for a message. */
static void tour_over(void *ctx)
{
    char path[COURSE_PATH_MAX];
    struct error err = {0};

    (void)ctx;
    if (tour_file(path))
        file_replace(path, "", 0, &err);
}

static bool tour_is_due(void)
{
    char path[COURSE_PATH_MAX];

    return tour_file(path) && access(path, F_OK) != 0;
}

static int show(struct screen_labs *labs, const char *what, bool plain, struct tui_config *config)
{
    struct error err = {0};
    int died_of = 0, rc;

    screen_labs_config(labs, config);
    config->tour = tour_is_due();
    config->tour_over = tour_over;
    config->lab = -1;
    if (what) {
        config->lab = screen_labs_find(labs, what, &err);
        if (config->lab < 0)
            return cli_fail(&err);
    }
    rc = plain ? tui_plain(config, STDIN_FILENO, stdout, &died_of, &err)
               : tui_run(config, &died_of, &err);
    if (rc < 0)
        return cli_fail(&err);
    if (died_of) {
        /* Whoever waits for us is to see what ended us. */
        signal(died_of, SIG_DFL);
        raise(died_of);
        return 128 + died_of;
    }
    return CLI_OK;
}

static int run(int argc, char **argv)
{
    struct tui_config config = {.lab = -1};
    struct screen_labs labs;
    struct error err = {0};
    bool plain = false;
    int c, status;

    while ((c = getopt_long(argc, argv, ":", long_options, NULL)) != -1) {
        if (c == OPT_HELP)
            return cli_help(&verb_tui);
        if (c == OPT_AT) {
            if (!cli_parse_number(optarg, &config.exits))
                return cli_bad_value(&verb_tui, "--at: '%.40s' is not a number of exits", optarg);
        } else if (c == OPT_ASCII)
            config.ascii = true;
        else if (c == OPT_MONO)
            config.mono = true;
        else if (c == OPT_MOUSE)
            config.mouse = true;
        else if (c == OPT_RECORD)
            config.record = optarg;
        else if (c == OPT_PLAIN)
            plain = true;
        else
            return cli_bad_option(&verb_tui, argv, c);
    }
    if (argc - optind > 1)
        return cli_usage(&verb_tui, "'%.60s': one LAB at a time", argv[optind + 1]);
    if (config.exits && optind == argc)
        return cli_usage(&verb_tui, "--at needs a LAB to run");
    if (plain && config.record)
        return cli_usage(&verb_tui, "--plain has no screen to --record");
    status = cli_check_engine();
    if (status != CLI_OK)
        return status;
    if (screen_labs_open(&labs, &err) < 0)
        return cli_fail(&err);
    status = show(&labs, optind < argc ? argv[optind] : NULL, plain, &config);
    screen_labs_close(&labs);
    return status;
}

const struct verb verb_tui = {
    .name = "tui",
    .arguments = "[LAB] [--at N] [--ascii] [--mono] [--mouse] [--record FILE] [--plain]",
    .summary = "the screen: step through a lab's VM exits",
    .help =
        "Without LAB it begins with the list of labs. '?' shows the keys, 'q' goes back and\n"
        "at last leaves.\n"
        "\n"
        "  --at N   run LAB for N exits first\n"
        "  --ascii  no box-drawing characters (also where the locale is not UTF-8)\n"
        "  --mono   no colours (also where NO_COLOR is set)\n"
        "  --mouse  use the mouse; ':mouse' in the screen does the same\n"
        "  --record FILE\n"
        "           record the screen to FILE as asciicast v2, which asciinema plays; a file\n"
        "           with something in it is left alone\n"
        "  --plain  no screen: a command a line from standard input, answers in sentences on\n"
        "           standard output; for screen readers, braille displays and pipes. 'help'\n"
        "           there lists the commands\n"
        "\n"
        "The screen needs a terminal of at least 40x12; below 80x24 it shows one pane at a time.\n",
    .run = run,
};
