/*
 * Recording exits and reading them back.
 *
 * File format (all little-endian; trace/format.h holds the offset table):
 * a header block, then blocks of records, each with its length and XXH3-64 checksum, then an end
 * block with the totals. A file that was cut off or damaged gives every record of the blocks before
 * the damage, and an error that says at which byte and why.
 */
#ifndef VLAB_TRACE_TRACE_H
#define VLAB_TRACE_TRACE_H

#include "core/exit.h"
#include "util/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What the file says of the run. */
struct trace_info {
    char image[64];    /* lab or image name, NUL-terminated, printable ASCII */
    uint64_t ram_size; /* bytes */
    char backend[16];  /* "emu", "kvm" */
};

/* How the run ended, from the end block. */
struct trace_end {
    uint64_t exits, insns;
    uint32_t stop; /* enum stop_reason */
    uint32_t status;
};

struct trace_writer;
struct trace_reader;

/*
 * Written to a temporary name beside `path` and renamed by trace_writer_finish(), so an existing
 * file is replaced only by a whole one.
 */
int trace_writer_open(struct trace_writer **out, const char *path, const struct trace_info *info,
                      struct error *err);
/* Buffers; a failed write is kept and reported by finish. Cheap enough for millions a second. */
void trace_writer_add(struct trace_writer *w, const struct vm_exit *exit);
int trace_writer_finish(struct trace_writer *w, const struct trace_end *end, struct error *err);
void trace_writer_abort(struct trace_writer *w); /* removes the temporary file; NULL is fine */

int trace_reader_open(struct trace_reader **out, const char *path, struct error *err);
void trace_reader_close(struct trace_reader *r);
const struct trace_info *trace_reader_info(const struct trace_reader *r);
/* 1 with *exit filled, 0 at the regular end, negative errno where the file is cut or damaged. */
int trace_reader_next(struct trace_reader *r, struct vm_exit *exit, struct error *err);
/* After next returned 0: the totals. */
const struct trace_end *trace_reader_end(const struct trace_reader *r);

/* By reason: how many, and cost and distance. Filled one exit at a time. */
struct trace_profile {
    struct trace_profile_row {
        uint64_t count;
        uint64_t cost_sum;
        uint32_t cost_min, cost_max;
    } rows[EXIT_REASON_COUNT];
    uint64_t total;
};

void trace_profile_add(struct trace_profile *p, const struct vm_exit *exit);

#endif
