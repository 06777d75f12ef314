/*
 * A guest that has run to a place, for verbs that look at it there: `vlab walk` and `vlab map`.
 *
 *   struct guest_at g = GUEST_AT;
 *   ... guest_at_option() for what getopt_long() returns, run_options_check(&g.run) ...
 *   status = guest_at_start(&g);
 *   if (!status) ... g.machine ...
 *   guest_at_finish(&g);
 */
#ifndef VLAB_CLI_GUEST_AT_H
#define VLAB_CLI_GUEST_AT_H

#include "cli/run_options.h"

#include <jansson.h>

struct guest_at {
    struct run_options run;
    struct run_limits place; /* either, or none: in front of the first instruction */
    bool json;
    struct job job;
    struct machine *machine;  /* guest_at_start() made it */
    struct run_result result; /* of the run; budget when the guest came to the place */
    struct x86_state state;
};

#define GUEST_AT                                                                                   \
    {                                                                                              \
        .run.flat = "flat", .result.stop = STOP_BUDGET                                             \
    }

enum { GUEST_OPT_AT = 1024, GUEST_OPT_INSNS, GUEST_OPT_JSON };

/* clang-format off */
#define GUEST_AT_OPTIONS                                                                           \
    RUN_OPTIONS,                                                                                   \
    {"flat", required_argument, NULL, RUN_OPT_FLAT},                                               \
    {"at", required_argument, NULL, GUEST_OPT_AT},                                                 \
    {"insns", required_argument, NULL, GUEST_OPT_INSNS},                                           \
    {"json", no_argument, NULL, GUEST_OPT_JSON}
/* clang-format on */

#define GUEST_AT_USAGE                                                                             \
    "[--at N | --insns N] [--flat ADDR] [--append TEXT] [--module FILE[,TEXT]] [--ram SIZE] "      \
    "[--input FILE] [--exiting LIST] [--mmu ept|ept-ad|shadow] [--ept GPA[-GPA]=RIGHTS] "          \
    "[--nmi NS] [--backend emu|kvm|auto] [--needs WORDS] [--json]"

#define GUEST_AT_HELP                                                                              \
    "  --at N         there, after N VM exits; a guest that ends before is looked at at its end\n" \
    "  --insns N      or after N instructions; without either, in front of the first one, where\n" \
    "                 paging is off\n"                                                             \
    "  --flat ADDR    the IMAGE is a flat binary for that address ('vlab run' calls it --at)\n"    \
    "  --bios, --ram, --append, --module, --input, --exiting, --mmu, --ept, --nmi, --backend,\n"   \
    "  --needs, --irqchip  as 'vlab run' has them\n"                                               \
    "  --json         one JSON object instead, addresses and entries as text, \"0x...\"\n"

int guest_at_option(const struct verb *verb, char **argv, int c, struct guest_at *g);

/* Two places are one too many: CLI_USAGE with the line printed. */
int guest_at_check(const struct verb *verb, const struct guest_at *g);

/* Load the guest and run it to its place: CLI_OK, or CLI_FAILED with the line printed. */
int guest_at_start(struct guest_at *g);
void guest_at_finish(struct guest_at *g);

/* Where it stands and with what paging: the head of the report, in lines or as JSON members. */
void guest_at_print(const struct guest_at *g);
json_t *guest_at_json(const struct guest_at *g);

/* What decides about translations there. */
void guest_at_paging(const struct guest_at *g, struct x86_paging *mmu);

/* "0x..." for JSON. */
json_t *guest_at_hex(uint64_t value);

#define GUEST_AT_SIZE_MAX 32
/* "4 KiB", "1.5 GiB", "127.9 TiB": never more than it is. From 1 KiB; returns buf. */
const char *guest_at_size(uint64_t bytes, char buf[GUEST_AT_SIZE_MAX]);

#endif
