/* See session_marks.h. */
#include "tui/session_marks.h"

#include <stdio.h>
#include <string.h>

static void remove_at(struct session *s, unsigned i)
{
    s->mark_count--;
    memmove(&s->marks[i], &s->marks[i + 1], (s->mark_count - i) * sizeof(s->marks[0]));
}

static unsigned oldest(const struct session *s)
{
    for (unsigned i = 0; i < s->mark_count; i++)
        if (s->marks[i].kind == TIME_BREAK)
            return i;
    return 0;
}

void session_mark(struct session *s, enum time_mark_kind kind, const char *id)
{
    struct time_mark mark = {.kind = kind, .at = timeline_now(s->time)};

    snprintf(mark.id, sizeof(mark.id), "%s", id ? id : "");
    for (unsigned i = 0; i < s->mark_count; i++)
        if (s->marks[i].kind == kind && !strcmp(s->marks[i].id, mark.id) &&
            moment_compare(s->marks[i].at, mark.at) == 0)
            return;
    if (s->mark_count == TIME_MARKS)
        remove_at(s, oldest(s));
    s->marks[s->mark_count++] = mark;
}

const struct time_mark *session_mark_before(const struct session *s, struct moment at)
{
    const struct time_mark *last = NULL;

    for (unsigned i = 0; i < s->mark_count; i++) {
        const struct time_mark *mark = &s->marks[i];

        if (mark->kind == TIME_SNAPSHOT && moment_compare(mark->at, at) <= 0 &&
            (!last || moment_compare(mark->at, last->at) >= 0))
            last = mark;
    }
    return last;
}

void session_mark_remove(struct session *s, const char *id)
{
    for (unsigned i = s->mark_count; i-- > 0;)
        if (s->marks[i].kind == TIME_SNAPSHOT && !strcmp(s->marks[i].id, id))
            remove_at(s, i);
}

void session_marks_cut(struct session *s)
{
    struct moment now = timeline_now(s->time);

    for (unsigned i = s->mark_count; i-- > 0;)
        if (moment_compare(s->marks[i].at, now) > 0)
            remove_at(s, i);
}

void session_marks_forget(struct session *s)
{
    s->mark_count = 0;
}
