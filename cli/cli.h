/*
 * The vlab command: one table of verbs, and what they share.
 *
 * - Each verb lives in cli/cmd_NAME.c, which ends in `const struct verb verb_NAME`; cli/main.c
 *   lists them all.
 * - run() gets argv with argv[0] the verb's name, and returns the exit status; it never calls
 *   exit(). getopt_long() starts fresh for it, with opterr 0.
 * - Errors are one line on stderr, `vlab: what: why`; results go to stdout. main() flushes stdout
 *   after the verb and turns a failed write into status 1.
 */
#ifndef VLAB_CLI_CLI_H
#define VLAB_CLI_CLI_H

#include "util/error.h"

#include <stdbool.h>
#include <stdint.h>

#define VLAB_VERSION "0.1.0"

enum cli_status { CLI_OK = 0, CLI_FAILED = 1, CLI_USAGE = 2 };

struct verb {
    const char *name;      /* "run" */
    const char *arguments; /* "LAB|IMAGE [--at ADDR]", as the usage line shows them; may be "" */
    const char *summary;   /* one line for `vlab --help`, no full stop */
    const char *help;      /* the paragraphs of `vlab NAME --help` below its usage line */
    int (*run)(int argc, char **argv);
};

extern const struct verb verb_run, verb_exits, verb_diff, verb_walk, verb_map, verb_doctor,
    verb_sensitive;
extern const struct verb verb_tui, verb_render;
extern const struct verb verb_list, verb_start, verb_status, verb_check, verb_hint, verb_snap,
    verb_reset;

/* Print `vlab: text` and return CLI_FAILED. */
int cli_fail(const struct error *err);
int cli_failf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Print `vlab: NAME: why` and the verb's usage line on stderr; returns CLI_USAGE. */
int cli_usage(const struct verb *verb, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Print `vlab: NAME: why` alone, for a value that is wrong in a well-formed line; CLI_USAGE. */
int cli_bad_value(const struct verb *verb, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* Print the verb's usage line, summary and help on stdout; returns CLI_OK. */
int cli_help(const struct verb *verb);

/*
 * What getopt_long() returned '?' or ':' for, as a usage error: the unknown option, or the one
 * whose value is missing. The short option string must begin with ':'.
 */
int cli_bad_option(const struct verb *verb, char **argv, int c);

/* Unsigned number, decimal or 0x...; the whole text, no sign. False when it is not one. */
bool cli_parse_number(const char *text, uint64_t *value);

/* The same with an optional suffix K, M, G or T (powers of 1024, any case, "MiB" too). */
bool cli_parse_size(const char *text, uint64_t *bytes);

/*
 * Let the CPU engine test itself. When it cannot run a guest: print one line that says why and
 * return CLI_FAILED; else CLI_OK.
 */
int cli_check_engine(void);

#endif
