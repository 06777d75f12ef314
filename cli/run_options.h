/*
 * What `vlab run`, `vlab walk` and `vlab map` share of the command line: which guest, in what
 * machine. Each verb has a table of long options of its own, with RUN_OPTIONS in it.
 */
#ifndef VLAB_CLI_RUN_OPTIONS_H
#define VLAB_CLI_RUN_OPTIONS_H

#include "cli/backend_choice.h"
#include "cli/cli.h"
#include "cli/run_job.h"
#include "cli/run_setup.h"

struct run_options {
    const char *what; /* LAB or IMAGE, NULL with --bios */
    const char *bios;
    const char *append;                     /* command line of a multiboot kernel */
    const char *modules[IMAGE_MODULES_MAX]; /* FILE[,ARGUMENTS] */
    unsigned module_count;
    const char *input;
    const char *flat;      /* the verb's own name for RUN_OPT_FLAT, set by the verb: "at" */
    uint64_t at, ram_size; /* ram_size 0: not given */
    bool has_at;
    struct run_setup setup;
    enum backend_word backend;
    uint32_t needs; /* of a CPU, bits 1 << enum backend_need */
    bool kernel_irqchip;
};

enum {
    RUN_OPT_FLAT = 512, /* the address of a flat binary */
    RUN_OPT_BIOS,
    RUN_OPT_RAM,
    RUN_OPT_APPEND,
    RUN_OPT_MODULE,
    RUN_OPT_INPUT,
    RUN_OPT_EXITING,
    RUN_OPT_MMU,
    RUN_OPT_EPT,
    RUN_OPT_NMI,
    RUN_OPT_BACKEND,
    RUN_OPT_NEEDS,
    RUN_OPT_IRQCHIP
};

/* clang-format off */
#define RUN_OPTIONS                                                                                \
    {"bios", required_argument, NULL, RUN_OPT_BIOS},                                               \
    {"ram", required_argument, NULL, RUN_OPT_RAM},                                                 \
    {"append", required_argument, NULL, RUN_OPT_APPEND},                                           \
    {"module", required_argument, NULL, RUN_OPT_MODULE},                                           \
    {"input", required_argument, NULL, RUN_OPT_INPUT},                                             \
    {"exiting", required_argument, NULL, RUN_OPT_EXITING},                                         \
    {"mmu", required_argument, NULL, RUN_OPT_MMU},                                                 \
    {"ept", required_argument, NULL, RUN_OPT_EPT},                                                 \
    {"nmi", required_argument, NULL, RUN_OPT_NMI},                                                 \
    {"backend", required_argument, NULL, RUN_OPT_BACKEND},                                         \
    {"needs", required_argument, NULL, RUN_OPT_NEEDS},                                             \
    {"irqchip", required_argument, NULL, RUN_OPT_IRQCHIP}
/* clang-format on */

/* What getopt_long() returned, with optarg: CLI_OK, or CLI_USAGE with the line printed. */
int run_option(const struct verb *verb, char **argv, int c, struct run_options *o);

/* Was it --exiting help? Then the list is printed, and the verb has done its work. */
bool run_option_lists(int c);

/* A number from 1, of option --`name`. */
int run_parse_count(const struct verb *verb, const char *name, const char *text, uint64_t *count);

/*
 * The operands from optind on: LAB or IMAGE unless there is --bios, and behind it as many as the
 * verb takes itself, `rest` being what they are ("GVA"), or NULL for none. Leaves optind at these.
 */
int run_options_check(const struct verb *verb, int argc, char **argv, const char *rest,
                      struct run_options *o);

/* Find and read all of it; job_close() is due whatever comes back. */
int run_options_open(const struct run_options *o, struct job *job, struct error *err);

/* A machine with the guest loaded and everything set; `text` takes what the guest prints. */
int run_options_machine(const struct run_options *o, const struct job *job,
                        const struct text_sink *text, struct machine **m, struct error *err);

#endif
