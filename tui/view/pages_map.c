/* The address space in ranges: what is mapped, the holes and why, and what is both W and X. */
#include "tui/act_pages.h"
#include "tui/text.h"
#include "tui/theme.h"
#include "tui/view/pages.h"

#include <stdio.h>

enum { COL_RANGE = 2 };

int pages_first(int at, int count, int rows)
{
    int first = at - rows / 2;

    if (first > count - rows)
        first = count - rows;
    return first < 0 ? 0 : first;
}

static bool is_wx(const struct x86_range *r)
{
    return (r->rights & X86_RIGHT_WRITE) && (r->rights & X86_RIGHT_FETCH);
}

static int digits(const struct pages_look *look)
{
    return look->levels > 3 ? 16 : 8;
}

/* "127T", or "16E" for all addresses there are. */
static const char *range_size(const struct x86_range *r, char buf[NUMBER_MAX])
{
    uint64_t size = r->last - r->first + 1;

    return size ? text_size(size, buf) : "16E";
}

void pages_map_text(const struct pages_look *look, unsigned range, char *buf, size_t size)
{
    const struct x86_range *r = &look->ranges[range];
    char bytes[NUMBER_MAX], page[NUMBER_MAX], rights[5];

    if (!r->page_size)
        snprintf(buf, size, "%0*llx-%0*llx hole %s: %s", digits(look), (unsigned long long)r->first,
                 digits(look), (unsigned long long)r->last, range_size(r, bytes), r->rule);
    else
        snprintf(buf, size, "%0*llx-%0*llx %s %s %s %llx%s%s", digits(look),
                 (unsigned long long)r->first, digits(look), (unsigned long long)r->last,
                 range_size(r, bytes), text_size(r->page_size, page),
                 pages_rights(r->rights, rights), (unsigned long long)r->gpa, r->global ? " G" : "",
                 is_wx(r) ? " W+X" : "");
}

static void hole_draw(const struct pages_look *look, const struct x86_range *r,
                      const struct area *area, int row)
{
    char size[NUMBER_MAX];
    int col = area_printf(area, row, COL_RANGE, ROLE_DIM, "%0*llx", digits(look),
                          (unsigned long long)r->first);

    area_printf(area, row, col + digits(look) + 2, ROLE_DIM, "%5s hole: %s", range_size(r, size),
                r->rule);
}

static void range_draw(const struct model *model, const struct x86_range *r,
                       const struct area *area, int row)
{
    const struct pages_look *look = &model->pages;
    bool changed = pages_range_is_new(&model->pages_before, r);
    enum role role = changed ? ROLE_CHANGED : is_wx(r) ? ROLE_DENY : ROLE_ADDRESS;
    char size[NUMBER_MAX], page[NUMBER_MAX], rights[5];
    int col;

    if (changed || (r->page_size && is_wx(r)))
        area_char(area, row, 1, role, (uint32_t)theme_mark(role));
    if (!r->page_size) {
        hole_draw(look, r, area, row);
        return;
    }
    col = area_printf(area, row, COL_RANGE, role, "%0*llx-%0*llx", digits(look),
                      (unsigned long long)r->first, digits(look), (unsigned long long)r->last);
    col = area_printf(area, row, col, ROLE_NUMBER, " %5s %3s ", range_size(r, size),
                      text_size(r->page_size, page));
    col = area_printf(area, row, col, is_wx(r) ? ROLE_DENY : ROLE_NUMBER, "%s%c",
                      pages_rights(r->rights, rights), r->global ? 'G' : ' ');
    col = area_printf(area, row, col + 1, ROLE_ADDRESS, "%10llx", (unsigned long long)r->gpa);
    if (look->map.keys)
        col = area_printf(area, row, col, ROLE_NUMBER, " key %-2u", r->key);
    if (is_wx(r))
        area_text(area, row, col + 1, ROLE_DENY, "W+X");
}

static void head_draw(const struct pages_look *look, const struct area *area)
{
    area_printf(area, 0, COL_RANGE, ROLE_LABEL, "%-*s  size leaf right    guest-ph.",
                2 * digits(look) + 1, "linear addresses");
}

static void cut_draw(const struct pages_look *look, const struct area *area, int row)
{
    area_printf(area, row, COL_RANGE, ROLE_DIM, "%0*llx and on: not walked, too many %s",
                digits(look), (unsigned long long)look->map.cut_at, look->map.limit);
}

int pages_map(const struct model *model, const struct ui *ui, const struct area *area)
{
    const struct pages_look *look = &model->pages;
    int count = (int)look->map.count, lines = count + look->map.cut, rows = area->rows - 1;
    int at = (int)pages_range_at(look, pages_cursor(model, ui)), first;

    if (look->levels == 0) {
        area_text(
            area, 0, 1, ROLE_DIM,
            "Paging is off: linear addresses are guest-physical ones, and all rights are there.");
        return 1;
    }
    head_draw(look, area);
    first = pages_first(at, lines, rows);
    for (int i = first; i < lines && i - first < rows; i++) {
        int row = i - first + 1;

        if (i < count)
            range_draw(model, &look->ranges[i], area, row);
        else
            cut_draw(look, area, row);
        if (i != at)
            continue;
        area_char(area, row, 0, ROLE_SELECTED, (uint32_t)theme_mark(ROLE_SELECTED));
        if (ui->focus[VIEW_PAGES] == PAGES_MAP)
            area_select_row(area, row);
    }
    return lines + 1;
}
