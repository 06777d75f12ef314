/*
 * Two traces of one guest, side by side: which exits belong together, which of them only one of the two
 * could see, and what differs.
 *
 *   struct trace_compare c;
 *   struct trace_pair pair;
 *   trace_compare_begin(&c, reader_a, reader_b);
 *   while ((rc = trace_compare_next(&c, &pair, &err)) > 0) ...
 *
 * - What came from the emulated CPU has every exit; what came from /dev/kvm those that the kernel passes on.
 *   Between the two, only what both see is compared; exits that the other one keeps stand alone.
 * - Interrupts, windows and the monitor trap come when the time has come: with /dev/kvm they stand alone,
 *   too, as its time is the host's.
 * - Cost and, between the two, native codes and counts of instructions are no difference; what one of the
 *   two does not know (EXIT_HAS_) is none.
 */
#ifndef VLAB_TRACE_COMPARE_H
#define VLAB_TRACE_COMPARE_H

#include "core/exit.h"
#include "util/error.h"

#include <stdbool.h>
#include <stddef.h>

struct trace_reader;

enum trace_side { TRACE_A, TRACE_B };

enum trace_pair_kind {
    TRACE_SAME,
    TRACE_DIFFERENT,
    TRACE_KEPT,  /* the kernel keeps such exits to itself: one side alone */
    TRACE_TIMED, /* comes with the time: one side alone */
    TRACE_ALONE  /* the other trace has none like it here */
};

struct trace_pair {
    enum trace_pair_kind kind;
    bool has[2]; /* by enum trace_side */
    struct vm_exit exit[2];
};

/* So far ahead the two are searched for where they go on alike, when one has exits that the other has not. */
#define TRACE_AHEAD 32

struct trace_compare {
    struct trace_reader *reader[2];
    struct vm_exit next[2][TRACE_AHEAD]; /* read, and not yet in a pair: a ring */
    unsigned begin[2], count[2];
    bool ended[2];
    bool across; /* the two are not of the same CPU */
    bool timed;  /* one is of /dev/kvm */
};

/* The readers stay the caller's, at their beginning. */
void trace_compare_begin(struct trace_compare *c, struct trace_reader *a, struct trace_reader *b);

/*
 * Exits of one instruction that differ are a pair that differs. Where the instructions differ, and the two go on
 * alike a few exits on, what is between stands alone.
 *
 * 1 with *pair filled, 0 at the end of both, negative where one is cut or damaged.
 */
int trace_compare_next(struct trace_compare *c, struct trace_pair *pair, struct error *err);

/* One thing that differs between the exits of a pair. */
struct trace_field {
    const char *name; /* "qualification" */
    char text[2][40]; /* by enum trace_side */
};

/* What differs in a TRACE_DIFFERENT pair: number `i`, false past the last. */
bool trace_field_differs(const struct trace_compare *c, const struct trace_pair *pair, unsigned i,
                         struct trace_field *field);

#endif
