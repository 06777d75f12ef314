/* The vlab command: finds the verb and runs it, see cli.h. `vlab` alone is `vlab tui`. */
#include "cli/cli.h"
#include "util/nearest.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

static const struct verb *const verbs[] = {
    &verb_tui,   &verb_list,   &verb_start,     &verb_reset,  &verb_status, &verb_run,
    &verb_exits, &verb_diff,   &verb_walk,      &verb_map,    &verb_snap,   &verb_check,
    &verb_hint,  &verb_render, &verb_sensitive, &verb_doctor,
};

#define VERB_COUNT (sizeof(verbs) / sizeof(verbs[0]))

static const struct verb *find_verb(const char *name)
{
    for (size_t i = 0; i < VERB_COUNT; i++)
        if (strcmp(verbs[i]->name, name) == 0)
            return verbs[i];
    return NULL;
}

static int unknown_verb(const char *name)
{
    const char *names[VERB_COUNT];
    const char *nearest;

    for (size_t i = 0; i < VERB_COUNT; i++)
        names[i] = verbs[i]->name;
    nearest = nearest_name(name, names, VERB_COUNT);
    if (nearest)
        cli_failf("%.60s: no such verb; did you mean '%s'?", name, nearest);
    else
        cli_failf("%.60s: no such verb; 'vlab --help' lists them", name);
    return CLI_USAGE;
}

static int print_help(void)
{
    fputs("usage: vlab [VERB [ARGUMENT]...]\n"
          "\n"
          "A virtualization lab: run a guest, and step through its VM exits.\n"
          "\n",
          stdout);
    for (size_t i = 0; i < VERB_COUNT; i++)
        printf("  %-8s %s\n", verbs[i]->name, verbs[i]->summary);
    fputs("\n"
          "'vlab VERB --help' says more about one of them; 'vlab' alone is 'vlab tui'.\n"
          "Exit status: 0 fine, 1 failed, 2 usage. Errors are one line on standard error.\n"
          "Working copies and progress lie in $VLAB_HOME, else $XDG_STATE_HOME/vlab.\n",
          stdout);
    return CLI_OK;
}

static int run_verb(const struct verb *verb, int argc, char **argv)
{
    optind = 0; /* glibc: forget any earlier scan */
    opterr = 0;
    return verb->run(argc, argv);
}

static int run_line(int argc, char **argv)
{
    char *tui[] = {"tui", NULL};
    const struct verb *verb;

    if (argc < 2)
        return run_verb(&verb_tui, 1, tui);
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)
        return print_help();
    if (strcmp(argv[1], "--version") == 0) {
        puts("vlab " VLAB_VERSION);
        return CLI_OK;
    }
    if (argv[1][0] == '-') {
        cli_failf("%.60s: no such option; 'vlab --help' lists the verbs", argv[1]);
        return CLI_USAGE;
    }
    verb = find_verb(argv[1]);
    return verb ? run_verb(verb, argc - 1, argv + 1) : unknown_verb(argv[1]);
}

int main(int argc, char **argv)
{
    int status = run_line(argc, argv);

    errno = 0;
    /* The error may be of an earlier flush, its errno gone. A verb that failed has had its line. */
    if ((fflush(stdout) || ferror(stdout)) && status == CLI_OK)
        status = cli_failf("standard output: %s", errno ? strerror(errno) : "write failed");
    return status;
}
