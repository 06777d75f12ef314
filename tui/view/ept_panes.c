/* The panes of the ept view: walk, page, ranges, table. See ept.h. */
#include "tui/act_ept.h"
#include "tui/text.h"
#include "tui/theme.h"
#include "tui/view/ept.h"
#include "tui/view/pages.h"
#include "x86/paging_words.h"

#include <stdio.h>

enum { COL_RANGE = 2 };

const char *ept_rights_text(unsigned rights, char buf[4])
{
    snprintf(buf, 4, "%c%c%c", rights & EPT_READ ? 'r' : '-', rights & EPT_WRITE ? 'w' : '-',
             rights & EPT_EXECUTE ? 'x' : '-');
    return buf;
}

static void select_line(const struct ui *ui, unsigned pane, const struct area *area, int row)
{
    area_char(area, row, 0, ROLE_SELECTED, (uint32_t)theme_mark(ROLE_SELECTED));
    if (ui->focus[VIEW_EPT] == pane)
        area_select_row(area, row);
}

/* ---- walk and page --------------------------------------------------------------------------- */

static void step_draw(const struct model *model, const struct area *area, int row, unsigned i)
{
    const struct ept_step *s = &model->ept.walk.steps[i];
    enum role role = ROLE_NUMBER;
    char rights[4];
    uint64_t was;
    int col;

    if (ept_entry_changed(&model->ept_before, s->entry_hpa, s->entry, &was)) {
        role = ROLE_CHANGED;
        area_char(area, row, 20, role, (uint32_t)theme_mark(role));
    }
    area_text(area, row, 1, ROLE_LABEL, x86_entry_name(s->level));
    area_printf(area, row, 7, ROLE_ADDRESS, "%llx", (unsigned long long)s->entry_hpa);
    col = area_printf(area, row, 21, role, "%016llx ", (unsigned long long)s->entry);
    col = area_text(area, row, col, s->entry & EPT_ALL ? ROLE_NUMBER : ROLE_DENY,
                    ept_rights_text((unsigned)s->entry, rights));
    area_printf(area, row, col + 1, ROLE_DIM, "%c%c", s->entry & EPT_ACCESSED ? 'A' : '-',
                ept_is_leaf(s->level, s->entry) && (s->entry & EPT_DIRTY) ? 'D' : '-');
}

int ept_view_walk(const struct model *model, const struct ui *ui, const struct area *area,
                  int scroll)
{
    const struct ept_walk *walk = &model->ept.walk;
    int row = -scroll, selected = ept_step(model);
    char size[NUMBER_MAX], rights[4];

    area_printf(area, row++, 1, ROLE_ADDRESS, "guest-physical %llx",
                (unsigned long long)model->ept.gpa);
    for (unsigned i = 0; i < walk->count; i++, row++) {
        step_draw(model, area, row, i);
        if ((int)i == selected)
            select_line(ui, EPT_WALK, area, row);
    }
    if (walk->verdict == EPT_OK)
        area_printf(area, row++, 1, ROLE_ALLOW, "page at HPA %llx, %s %s %s",
                    (unsigned long long)walk->hpa, text_size(walk->page_size, size),
                    ept_rights_text(walk->rights, rights), ept_type_name(walk->type));
    else
        area_printf(area, row++, 0, ROLE_DENY, "%c%s", theme_mark(ROLE_DENY), walk->rule);
    return row + scroll;
}

static void page_line(const struct area *area, int *row, const char *name, enum role role,
                      const char *text)
{
    area_text(area, *row, 1, ROLE_LABEL, name);
    area_text(area, (*row)++, 9, role, text);
}

int ept_view_page(const struct model *model, const struct area *area, int scroll)
{
    const struct ept_page *page = &model->ept.page;
    char text[64];
    int row = -scroll;

    if (!page->has_slot) {
        page_line(area, &row, "memory", ROLE_DIM, "none: a device, or nothing");
        return row + scroll;
    }
    page_line(area, &row, "memory", ROLE_NUMBER,
              page->rom ? (page->alias ? "ROM, seen here a second time" : "ROM") : "RAM");
    snprintf(text, sizeof(text), "HPA %llx", (unsigned long long)page->hpa);
    page_line(area, &row, "frame", ROLE_ADDRESS, text);
    snprintf(text, sizeof(text), "%s: %u reference%s", page->shared ? "copy-on-write" : "no",
             page->references, page->references == 1 ? "" : "s");
    page_line(area, &row, "shared", page->shared ? ROLE_CHANGED : ROLE_NUMBER, text);
    page_line(area, &row, "written", page->dirty ? ROLE_CHANGED : ROLE_DIM,
              page->dirty ? "in the last run (dirty log)" : "not in the last run");
    return row + scroll;
}

/* ---- the map --------------------------------------------------------------------------------- */

static void range_draw(const struct model *model, const struct ept_range *r,
                       const struct area *area, int row)
{
    bool changed = ept_range_is_new(&model->ept_before, r);
    enum role role = changed ? ROLE_CHANGED : ROLE_ADDRESS;
    char size[NUMBER_MAX], page[NUMBER_MAX], rights[4];
    int col;

    if (changed)
        area_char(area, row, 1, role, (uint32_t)theme_mark(role));
    if (!r->page_size) {
        area_printf(area, row, COL_RANGE, r->verdict == EPT_MISCONFIGURED ? ROLE_DENY : ROLE_DIM,
                    "%012llx              %5s %s", (unsigned long long)r->first,
                    text_size(r->last - r->first + 1, size), r->rule);
        return;
    }
    col = area_printf(area, row, COL_RANGE, role, "%012llx-%012llx", (unsigned long long)r->first,
                      (unsigned long long)r->last);
    col = area_printf(area, row, col, ROLE_NUMBER, " %5s %3s ",
                      text_size(r->last - r->first + 1, size), text_size(r->page_size, page));
    col = area_printf(area, row, col, r->rights == EPT_ALL ? ROLE_ALLOW : ROLE_NUMBER, "%s %s",
                      ept_rights_text(r->rights, rights), ept_type_name(r->type));
    area_printf(area, row, col + 1, ROLE_ADDRESS, "%10llx%s", (unsigned long long)r->hpa,
                r->verdict == EPT_MISCONFIGURED ? " misconfigured" : "");
}

int ept_view_map(const struct model *model, const struct ui *ui, const struct area *area)
{
    const struct ept_look *look = &model->ept;
    bool cut = look->cut < EPT_GPA_END;
    int lines = (int)look->count + cut, rows = area->rows - 1;
    int at = (int)ept_range_at(look, ept_cursor(model, ui)), first = pages_first(at, lines, rows);

    area_printf(area, 0, COL_RANGE, ROLE_LABEL, "%-25s  size leaf right type  host-ph.",
                "guest-physical");
    for (int i = first; i < lines && i - first < rows; i++) {
        int row = i - first + 1;

        if (i < (int)look->count)
            range_draw(model, &look->ranges[i], area, row);
        else
            area_printf(area, row, COL_RANGE, ROLE_DIM, "%012llx and on: not walked",
                        (unsigned long long)look->cut);
        if (i == at)
            select_line(ui, EPT_MAP, area, row);
    }
    return lines + 1;
}

/* ---- the table ------------------------------------------------------------------------------- */

unsigned ept_table_line(const struct model *model, unsigned index)
{
    unsigned line = 0, at = 0;

    while ((at += ept_entry_run(&model->ept, &model->ept_before, at)) <= index)
        line++;
    return line;
}

unsigned ept_table_index(const struct model *model, unsigned line)
{
    unsigned at = 0;

    while (line-- > 0)
        at += ept_entry_run(&model->ept, &model->ept_before, at);
    return at;
}

static void entry_draw(const struct model *model, const struct area *area, int row, unsigned index,
                       unsigned count)
{
    const struct ept_look *look = &model->ept;
    uint64_t entry = look->entries[index], was;
    bool changed =
        ept_entry_changed(&model->ept_before, look->table_hpa + index * 8ull, entry, &was);
    bool leaf = ept_is_leaf(look->table_level, entry);
    char rights[4];
    int col;

    if (!changed && !(entry & EPT_ALL)) {
        area_printf(area, row, 1, ROLE_DIM, "%03x..%03x  nothing mapped (%u)", index,
                    index + count - 1, count);
        return;
    }
    area_printf(area, row, 1, ROLE_LABEL, "%03x", index);
    if (changed)
        area_char(area, row, 4, ROLE_CHANGED, (uint32_t)theme_mark(ROLE_CHANGED));
    col = area_printf(area, row, 5, changed ? ROLE_CHANGED : ROLE_NUMBER, "%016llx ",
                      (unsigned long long)entry);
    col = area_text(area, row, col, ROLE_NUMBER, ept_rights_text((unsigned)entry, rights));
    col = area_printf(area, row, col, ROLE_ADDRESS, " %c%llx", leaf ? '=' : '>',
                      (unsigned long long)(entry & 0x000000fffffff000ull));
    if (changed)
        area_printf(area, row, col + 1, ROLE_WAS, "was %llx", (unsigned long long)was);
    else if (leaf)
        area_printf(area, row, col + 1, ROLE_DIM, "%s", ept_type_name(EPT_TYPE(entry)));
}

int ept_view_table(const struct model *model, const struct ui *ui, const struct area *area)
{
    const struct ept_look *look = &model->ept;
    int at, lines, first, rows = area->rows - 1;
    unsigned index;

    if (!look->has_table) {
        area_text(area, 0, 1, ROLE_DIM, "no table was read");
        return 1;
    }
    area_text(area, 0, 1, ROLE_LABEL, "idx entry            rwx leads to, =page");
    at = (int)ept_table_line(model, ept_entry_index(look, look->gpa));
    lines = (int)ept_table_line(model, EPT_ENTRIES - 1) + 1;
    first = pages_first(at, lines, rows);
    index = ept_table_index(model, (unsigned)first);
    for (int i = first; i < lines && i - first < rows; i++) {
        unsigned count = ept_entry_run(look, &model->ept_before, index);

        entry_draw(model, area, i - first + 1, index, count);
        if (i == at)
            select_line(ui, EPT_TABLE_PANE, area, i - first + 1);
        index += count;
    }
    return lines + 1;
}
