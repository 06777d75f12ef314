/*
 * What `vlab run` and its kin change in a machine that has its guest loaded: execution controls (--exiting),
 * what translates (--mmu), rights of the second stage (--ept), presses of the NMI button (--nmi).
 */
#ifndef VLAB_CLI_RUN_SETUP_H
#define VLAB_CLI_RUN_SETUP_H

#include "cli/cli.h"
#include "core/machine.h"
#include "course/catalog.h"

#define SETUP_EPT_MAX 16

struct ept_rights {
    uint64_t first, last; /* guest-physical, of pages: 4 KiB aligned, and the last byte */
    unsigned rights;      /* EPT_ bits */
};

struct run_setup {
    const char *exiting; /* checked, or NULL */
    bool has_mmu;        /* --mmu was given: */
    struct lab_mmu mmu;
    struct ept_rights ept[SETUP_EPT_MAX];
    unsigned ept_count;
    uint64_t nmi_at[MACHINE_NMIS_MAX];
    unsigned nmi_count;
};

/* Each takes the value of its option: CLI_OK, or CLI_USAGE with the line printed. */
int setup_parse_exiting(const struct verb *verb, const char *text, struct run_setup *setup);
int setup_parse_mmu(const struct verb *verb, const char *text, struct run_setup *setup);
int setup_parse_ept(const struct verb *verb, const char *text, struct run_setup *setup);
int setup_parse_nmi(const struct verb *verb, const char *text, struct run_setup *setup);

/* What --exiting knows, as a table on standard output. */
void setup_list_controls(void);

/* Before machine_create(), and behind machine_load(). `lab_exiting` comes first; "": nothing. */
void setup_config(const struct run_setup *setup, const struct lab_mmu *lab_mmu,
                  struct machine_config *config);
int setup_apply(const struct run_setup *setup, const char *lab_exiting, struct machine *m,
                struct error *err);

#endif
