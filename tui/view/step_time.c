/*
 * The time of the run on one line, from its start to the furthest moment; cells are as wide as the time
 * that a run takes, about.
 *
 *   0 [==o=m====x====@....o.......] 2201   42 checkpoints, 3.1 of 256 MiB
 *
 * '@' now, 'm' the marked moment, 'o' a snapshot, 'x' where a breakpoint stopped it; the first of these
 * where several are in one cell.
 */
#include "tui/text.h"
#include "tui/view/step.h"

#include <stdio.h>

enum { NOTE_COLS = 40 }; /* wider screens have room for it */

static void note_text(const struct time_look *look, char *buf, size_t size)
{
    snprintf(buf, size, "%llu checkpoint%s, %.1f of %llu MiB",
             (unsigned long long)look->checkpoints, look->checkpoints == 1 ? "" : "s",
             (double)look->bytes / (1 << 20), (unsigned long long)look->bytes_max >> 20);
}

static void marks_draw(const struct time_look *look, enum time_mark_kind kind,
                       const struct area *area, int col, unsigned cells)
{
    for (unsigned i = 0; i < look->mark_count; i++) {
        const struct time_mark *mark = &look->marks[i];

        if (mark->kind == kind && moment_compare(mark->at, look->end) <= 0)
            area_char(area, 0, col + (int)time_cell(look, mark->at, cells),
                      kind == TIME_SNAPSHOT ? ROLE_LABEL : ROLE_REASON,
                      kind == TIME_SNAPSHOT ? 'o' : 'x');
    }
}

static void bar_draw(const struct time_look *look, const struct ui *ui, const struct area *area,
                     int col, unsigned cells)
{
    unsigned here = time_cell(look, look->now, cells);

    for (unsigned i = 0; i < cells; i++)
        area_char(area, 0, col + (int)i, i < here ? ROLE_BAR : ROLE_DIM, i < here ? '=' : '.');
    marks_draw(look, TIME_BREAK, area, col, cells);
    marks_draw(look, TIME_SNAPSHOT, area, col, cells);
    if (ui->has_mark && moment_compare(ui->mark, look->end) <= 0)
        area_char(area, 0, col + (int)time_cell(look, ui->mark, cells), ROLE_KEY, 'm');
    area_char(area, 0, col + (int)here, ROLE_SELECTED, '@');
}

int step_time(const struct model *model, const struct ui *ui, const struct area *area)
{
    const struct time_look *look = &model->time;
    char start[NUMBER_MAX], end[NUMBER_MAX], note[64] = "";
    int col, cells;

    if (!look->on)
        return 1;
    text_grouped(look->start.exits, start);
    text_grouped(look->end.exits, end);
    if (area->cols >= 2 * NOTE_COLS + 20)
        note_text(look, note, sizeof(note));
    cells = area->cols - utf8_columns(start) - utf8_columns(end) - 7;
    cells -= note[0] ? utf8_columns(note) + 3 : 0;
    if (cells < 2)
        return 1;
    col = area_printf(area, 0, 1, ROLE_NUMBER, "%s", start) + 1;
    area_char(area, 0, col++, ROLE_BORDER, '[');
    bar_draw(look, ui, area, col, (unsigned)cells);
    area_char(area, 0, col + cells, ROLE_BORDER, ']');
    col = area_text(area, 0, col + cells + 2, ROLE_NUMBER, end);
    if (note[0])
        area_text(area, 0, col + 3, ROLE_DIM, note);
    return 1;
}

static bool has_kind(const struct time_look *look, enum time_mark_kind kind)
{
    for (unsigned i = 0; i < look->mark_count; i++)
        if (look->marks[i].kind == kind)
            return true;
    return false;
}

void step_time_detail(const struct time_look *look, char *buf, size_t size)
{
    snprintf(buf, size, "%s%s%s",
             look->past ? "in the past: what comes is recorded" : "exits; S goes back",
             has_kind(look, TIME_SNAPSHOT) ? "  o snap" : "",
             has_kind(look, TIME_BREAK) ? "  x break" : "");
}
