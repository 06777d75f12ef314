/*
 * Two traces for the compare view. They are read twice: to count, and find the first difference; and for the
 * rows around it. So a trace may be as long as it wants.
 */
#include "tui/session_compare.h"

#include "core/explain.h"
#include "trace/trace.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* ---- rows -------------------------------------------------------------------------------------- */

static void fill_side(struct compare_row *row, const struct vm_exit *exit, enum trace_side side)
{
    row->has[side] = true;
    row->reason[side] = exit->reason;
    row->seq[side] = exit->seq;
    row->rip[side] = exit->rip;
    exit_meaning(exit, row->meaning[side], sizeof(row->meaning[side]));
}

static int add_detail(struct compare_look *look, const struct trace_compare *c,
                      const struct trace_pair *pair)
{
    struct compare_detail *detail = &look->details[look->detail_count];
    struct trace_field field;

    if (pair->kind != TRACE_DIFFERENT || look->detail_count == COMPARE_DETAILED)
        return -1;
    *detail = (struct compare_detail){0};
    for (; trace_field_differs(c, pair, detail->all, &field); detail->all++)
        if (detail->all < COMPARE_FIELDS)
            detail->fields[detail->count++] = field;
    return (int)look->detail_count++;
}

static void add_row(struct compare_look *look, const struct trace_compare *c,
                    const struct trace_pair *pair)
{
    struct compare_row *row = &look->rows[look->count++];

    *row = (struct compare_row){.kind = pair->kind, .detail = add_detail(look, c, pair)};
    for (unsigned side = TRACE_A; side <= TRACE_B; side++)
        if (pair->has[side])
            fill_side(row, &pair->exit[side], (enum trace_side)side);
}

static bool is_difference(const struct trace_pair *pair)
{
    return pair->kind == TRACE_DIFFERENT || pair->kind == TRACE_ALONE;
}

static void count_pair(struct compare_look *look, const struct trace_pair *pair, uint64_t *first)
{
    look->same += pair->kind == TRACE_SAME;
    look->different += pair->kind == TRACE_DIFFERENT;
    look->kept += pair->kind == TRACE_KEPT;
    look->timed += pair->kind == TRACE_TIMED;
    look->alone += pair->kind == TRACE_ALONE;
    if (is_difference(pair) && *first == UINT64_MAX)
        *first = look->all;
    look->all++;
}

/* ---- reading ----------------------------------------------------------------------------------- */

typedef int pass(struct compare_look *look, struct trace_compare *c, uint64_t *first,
                 struct error *err);

static int count_all(struct compare_look *look, struct trace_compare *c, uint64_t *first,
                     struct error *err)
{
    struct trace_pair pair;
    int rc;

    *first = UINT64_MAX;
    while ((rc = trace_compare_next(c, &pair, err)) > 0)
        count_pair(look, &pair, first);
    for (unsigned side = TRACE_A; !rc && side <= TRACE_B; side++) {
        const struct trace_end *end = trace_reader_end(c->reader[side]);

        if (end->stop == STOP_DEBUG_EXIT)
            snprintf(look->end[side], sizeof(look->end[side]), "%" PRIu64 " exits, status %u",
                     end->exits, end->status);
        else
            snprintf(look->end[side], sizeof(look->end[side]), "%" PRIu64 " exits, %s", end->exits,
                     stop_reason_name((enum stop_reason)end->stop));
    }
    return rc;
}

static int keep_rows(struct compare_look *look, struct trace_compare *c, uint64_t *first,
                     struct error *err)
{
    uint64_t from = *first != UINT64_MAX && *first > COMPARE_BEFORE ? *first - COMPARE_BEFORE : 0;
    struct trace_pair pair;
    int rc = 1;

    for (uint64_t i = 0; look->count < COMPARE_ROWS; i++) {
        rc = trace_compare_next(c, &pair, err);
        if (rc <= 0)
            break;
        if (i >= from)
            add_row(look, c, &pair);
    }
    look->before = from;
    look->has_first = *first != UINT64_MAX;
    look->first = look->has_first ? (unsigned)(*first - from) : 0;
    return rc < 0 ? rc : 0;
}

static int read_both(struct compare_look *look, char path[2][128], pass *pass, uint64_t *first,
                     struct error *err)
{
    struct trace_reader *reader[2] = {NULL, NULL};
    struct trace_compare c;
    int rc = trace_reader_open(&reader[TRACE_A], path[TRACE_A], err);

    rc = rc ? rc : trace_reader_open(&reader[TRACE_B], path[TRACE_B], err);
    if (!rc) {
        trace_compare_begin(&c, reader[TRACE_A], reader[TRACE_B]);
        for (unsigned side = TRACE_A; side <= TRACE_B; side++)
            snprintf(look->backend[side], sizeof(look->backend[side]), "%s",
                     trace_reader_info(reader[side])->backend);
        rc = pass(look, &c, first, err);
    }
    for (unsigned side = TRACE_A; side <= TRACE_B; side++)
        if (reader[side])
            trace_reader_close(reader[side]);
    return rc;
}

static const char *file_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

void session_compare(struct session *s, const char *text)
{
    struct compare_look *look = &s->compare;
    uint64_t id = look->id + 1, first = UINT64_MAX;
    char path[2][128] = {"", ""};
    struct error err = {0};
    int rc;

    memset(look, 0, sizeof(*look));
    look->id = id;
    if (sscanf(text, "%127s %127s", path[TRACE_A], path[TRACE_B]) != 2) {
        snprintf(look->why_not, sizeof(look->why_not),
                 "two files of 'vlab run --trace', with a blank between them");
        return;
    }
    for (unsigned side = TRACE_A; side <= TRACE_B; side++)
        snprintf(look->name[side], sizeof(look->name[side]), "%.63s", file_name(path[side]));
    rc = read_both(look, path, count_all, &first, &err);
    rc = rc ? rc : read_both(look, path, keep_rows, &first, &err);
    if (rc)
        snprintf(look->why_not, sizeof(look->why_not), "%.159s", err.text);
}

void session_compare_publish(const struct session *s, struct model *model)
{
    if (model->compare.id != s->compare.id)
        model->compare = s->compare;
}
