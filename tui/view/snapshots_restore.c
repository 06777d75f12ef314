/*
 * What a restore of the selected snapshot does.
 *
 *   irq-off: exit 1,500, before cli
 *   puts back 12 pages of memory, 96 bytes
 *   drops 343 exits, 5,120 instructions        what was run since the machine was at a snapshot
 *   12 pages are in no snapshot: T adds 48K
 *   keeps the tree and the breakpoints
 */
#include "tui/text.h"
#include "tui/view/snapshots.h"

#include <stdio.h>

enum { WIDE = 78 };

static void back_draw(const struct model *model, const struct ui *ui,
                      const struct snapshot_row *row, const struct area *area)
{
    const struct snapshots_look *look = &model->snapshots;
    char pages[NUMBER_MAX], bytes[NUMBER_MAX];

    if (!row->has_ram)
        area_text(area, 1, 1, ROLE_ERROR, "has no RAM: the machine boots from its disk");
    else if (snap_is_compared(model, ui))
        area_printf(area, 1, 1, ROLE_NORMAL, "puts back %s page%s of memory, %s byte%s",
                    text_grouped(look->restore_pages, pages), look->restore_pages == 1 ? "" : "s",
                    text_grouped(look->restore_bytes, bytes), look->restore_bytes == 1 ? "" : "s");
}

/* All that was run since the last snapshot, also what was gone back from. */
static void drops_draw(const struct model *model, const struct area *area)
{
    const struct snapshots_look *look = &model->snapshots;
    const struct snapshot_row *last = snap_row(model, look->last);
    struct moment end = model->time.end, since = look->since;
    char exits[NUMBER_MAX], insns[NUMBER_MAX];

    if (moment_compare(end, since) > 0)
        area_printf(area, 2, 1, ROLE_CHANGED, "drops %s exit%s, %s instruction%s%s%.24s",
                    text_grouped(end.exits - since.exits, exits),
                    end.exits - since.exits == 1 ? "" : "s",
                    text_grouped(end.insns - since.insns, insns),
                    end.insns - since.insns == 1 ? "" : "s", area->cols >= WIDE ? " since " : "",
                    area->cols < WIDE ? ""
                    : last            ? last->name
                                      : "the start");
    else if (last)
        area_printf(area, 2, 1, ROLE_DIM, "drops nothing: the run ends at %.24s", last->name);
    else
        area_text(area, 2, 1, ROLE_DIM, "drops nothing: this is the start");
}

static void new_draw(const struct snapshots_look *look, const struct area *area)
{
    char pages[NUMBER_MAX], bytes[NUMBER_MAX];

    if (!look->unsaved)
        return;
    if (look->new_pages)
        area_printf(area, 3, 1, ROLE_CHANGED, "%s page%s in no snapshot: T adds %s",
                    text_grouped(look->new_pages, pages), look->new_pages == 1 ? " is" : "s are",
                    text_size(look->new_bytes, bytes));
    else
        area_printf(area, 3, 1, ROLE_NORMAL, "every page is in a snapshot: T adds %s",
                    text_size(look->new_bytes, bytes));
}

int snap_preview(const struct model *model, const struct ui *ui, const struct area *area)
{
    const struct snapshot_row *row = snap_selected(model, ui);
    char exits[NUMBER_MAX];

    if (!row)
        return 1;
    area_printf(area, 0, 1, ROLE_LABEL, "%.40s: exit %s%s%.60s", row->name,
                text_grouped(row->exits, exits), row->note[0] ? ", " : "", row->note);
    back_draw(model, ui, row, area);
    drops_draw(model, area);
    new_draw(&model->snapshots, area);
    area_text(area, 4, 1, ROLE_DIM,
              area->cols >= WIDE ? "keeps the tree and the breakpoints, but not the marked moment; "
                                   "going back begins there"
                                 : "keeps the tree and the breakpoints");
    return 5;
}
