/*
 * Two traces side by side, as the compare view shows them: rows of trace/compare.h around the first
 * difference, and what differs in the first of those that do.
 */
#ifndef VLAB_TUI_COMPARE_H
#define VLAB_TUI_COMPARE_H

#include "trace/compare.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    COMPARE_ROWS = 1024,   /* kept; */
    COMPARE_BEFORE = 512,  /* of them, at most, before the first difference */
    COMPARE_DETAILED = 64, /* differences whose fields are kept */
    COMPARE_FIELDS = 6,
    COMPARE_MEANING = 41
};

struct compare_row {
    enum trace_pair_kind kind;
    bool has[2]; /* by enum trace_side, as all that follows */
    uint32_t reason[2];
    uint64_t seq[2], rip[2];
    char meaning[2][COMPARE_MEANING];
    int detail; /* place in `details`, -1: none */
};

struct compare_detail {
    struct trace_field fields[COMPARE_FIELDS];
    unsigned count; /* that are here, */
    unsigned all;   /* of so many */
};

struct compare_look {
    uint64_t id;       /* of the answer; 0: nothing was compared yet */
    char why_not[160]; /* "": they were */
    char name[2][64];  /* of the files */
    char backend[2][16];
    char end[2][48]; /* "51 exits, status 43" */
    uint64_t same, different, kept, timed, alone, all;
    uint64_t before; /* rows before those that are here */
    unsigned count;  /* rows that are here */
    bool has_first;  /* there is a difference: */
    unsigned first;  /* the row of the first one */
    struct compare_row rows[COMPARE_ROWS];
    unsigned detail_count;
    struct compare_detail details[COMPARE_DETAILED];
};

#endif
