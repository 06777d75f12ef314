/* The entries of one of the guest's tables; neighbours that are not present are one line. */
#include "tui/act_pages.h"
#include "tui/text.h"
#include "tui/theme.h"
#include "tui/view/pages.h"

#include <stdio.h>

unsigned pages_table_line(const struct model *model, unsigned index)
{
    unsigned line = 0, at = 0;

    while ((at += pages_entry_run(&model->pages, &model->pages_before, at)) <= index)
        line++;
    return line;
}

unsigned pages_table_lines(const struct model *model)
{
    return pages_table_line(model, model->pages.table.count - 1u) + 1;
}

unsigned pages_table_index(const struct model *model, unsigned line)
{
    unsigned at = 0;

    while (line-- > 0)
        at += pages_entry_run(&model->pages, &model->pages_before, at);
    return at;
}

static void run_draw(const struct area *area, int row, unsigned index, unsigned count)
{
    if (count == 1)
        area_printf(area, row, 1, ROLE_DIM, "%03x       not present", index);
    else
        area_printf(area, row, 1, ROLE_DIM, "%03x..%03x  not present (%u)", index,
                    index + count - 1, count);
}

/* Where the entry leads, by its level: SDM vol. 3, Figures 4-4 to 4-11. */
static uint64_t entry_target(const struct pages_look *look, uint64_t entry)
{
    const struct pages_table *table = &look->table;
    uint64_t span = pages_entry_span(look);

    if (!x86_entry_is_leaf(&look->mmu, table->level, entry) || table->level == 1)
        return entry & 0x000ffffffffff000;
    if (table->entry_size == 4) /* PSE-36: bits 39:32 are in 20:13 */
        return (entry & 0xffc00000) | (entry >> 13 & 0xff) << 32;
    return entry & 0x000ffffffffff000 & ~(span - 1);
}

static void entry_draw(const struct model *model, const struct area *area, int row, unsigned index)
{
    const struct pages_look *look = &model->pages;
    const struct pages_table *table = &look->table;
    uint64_t entry = table->entries[index], was;
    bool changed =
        !table->in_register &&
        pages_entry_changed(&model->pages_before, table->gpa + (uint64_t)index * table->entry_size,
                            entry, &was);
    enum role role = changed ? ROLE_CHANGED : ROLE_NUMBER;
    char bits[9];
    int col;

    if (changed)
        area_char(area, row, 4, role, (uint32_t)theme_mark(role));
    area_printf(area, row, 1, ROLE_LABEL, "%03x", index);
    col = area_printf(area, row, 5, role, "%0*llx ", table->entry_size * 2,
                      (unsigned long long)entry);
    if (entry & 1) {
        col = area_text(area, row, col, role, pages_entry_bits(look, table->level, entry, bits));
        col = area_printf(area, row, col, ROLE_ADDRESS, " %c%llx",
                          x86_entry_is_leaf(&look->mmu, table->level, entry) ? '=' : '>',
                          (unsigned long long)entry_target(look, entry));
    } else {
        col = area_text(area, row, col, ROLE_DIM, "not present");
    }
    if (changed)
        area_printf(area, row, col + 1, ROLE_WAS, "was %llx", (unsigned long long)was);
}

static void head_draw(const struct pages_look *look, const struct area *area)
{
    area_printf(area, 0, 1, ROLE_LABEL, "idx %-*s PWUADSGX leads to, =page",
                look->table.entry_size * 2, "entry");
}

int pages_table(const struct model *model, const struct ui *ui, const struct area *area)
{
    const struct pages_look *look = &model->pages;
    int at, lines, rows = area->rows - 1, first;
    unsigned index;

    if (!look->table.on) {
        area_text(area, 0, 1, ROLE_DIM, look->levels ? "no table was read" : "paging is off");
        return 1;
    }
    head_draw(look, area);
    at = (int)pages_table_line(model, pages_entry_index(look, look->gva));
    lines = (int)pages_table_lines(model);
    first = pages_first(at, lines, rows);
    index = pages_table_index(model, (unsigned)first);
    for (int i = first; i < lines && i - first < rows; i++) {
        unsigned count = pages_entry_run(look, &model->pages_before, index);
        bool plain =
            !(look->table.entries[index] & 1) && (count > 1 || look->table.entries[index] == 0);
        int row = i - first + 1;

        if (plain)
            run_draw(area, row, index, count);
        else
            entry_draw(model, area, row, index);
        if (i == at) {
            area_char(area, row, 0, ROLE_SELECTED, (uint32_t)theme_mark(ROLE_SELECTED));
            if (ui->focus[VIEW_PAGES] == PAGES_TABLE)
                area_select_row(area, row);
        }
        index += count;
    }
    return lines + 1;
}
