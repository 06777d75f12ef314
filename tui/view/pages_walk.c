/* The two dimensions of a walk, side by side: the guest's entries, and where each of them lies. */
#include "tui/act_pages.h"
#include "tui/text.h"
#include "tui/theme.h"
#include "tui/view/pages.h"
#include "x86/paging_words.h"

#include <stdio.h>

enum {
    COL_NAME = 1,
    COL_TABLE = 7,
    COL_BITS = 22,
    LONG_COLS = 66,
    STAGE_COL = 1,
    STAGE_LONG_COLS = 76
};

/*
 *  line 0          the address, taken apart
 *  line 1 to n     the entries
 *  line n + 1      the page, or why there is none
 *  line n + 2      the TLB
 */
static int page_line(const struct pages_look *look)
{
    return look->walk.guest.count + 1;
}

const char *pages_rights(unsigned rights, char buf[5])
{
    snprintf(buf, 5, "r%c%c%c", rights & X86_RIGHT_WRITE ? 'w' : '-',
             rights & X86_RIGHT_FETCH ? 'x' : '-', rights & X86_RIGHT_USER ? 'U' : 'S');
    return buf;
}

const char *pages_entry_bits(const struct pages_look *look, unsigned level, uint64_t entry,
                             char buf[9])
{
    bool leaf = x86_entry_is_leaf(&look->mmu, level, entry);

    snprintf(buf, 9, "P%c%c%c%c%c%c%c", entry & 1 << 1 ? 'W' : '-', entry & 1 << 2 ? 'U' : '-',
             entry & 1 << 5 ? 'A' : '-', leaf && entry & 1 << 6 ? 'D' : '-',
             leaf && level > 1 ? 'S' : '-', leaf && entry & 1 << 8 ? 'G' : '-',
             entry >> 63 ? 'X' : '-');
    return buf;
}

/* ---- the guest's side ------------------------------------------------------------------------ */

static void address_draw(const struct pages_look *look, const struct area *area, int row)
{
    static const char *const names[] = {"", "PT", "PD", "PDPT", "PML4", "PML5"};
    const struct x86_walk *walk = &look->walk.guest;
    unsigned shift = 12;
    int col = area_printf(area, row, COL_NAME, ROLE_ADDRESS, "%llx", (unsigned long long)look->gva);

    if (look->levels == 0) {
        area_text(area, row, col + 1, ROLE_DIM, "paging is off");
        return;
    }
    col++;
    for (unsigned i = 0; i < walk->count; i++) {
        col = area_printf(area, row, col, ROLE_LABEL, "%s[", names[walk->steps[i].level]);
        col = area_printf(area, row, col, ROLE_NUMBER, "%x", walk->steps[i].index);
        col = area_text(area, row, col, ROLE_LABEL, "] ");
    }
    while (walk->page_size >> shift > 1)
        shift++;
    if (walk->page_size)
        area_printf(area, row, col, ROLE_NUMBER, "+%llx",
                    (unsigned long long)(look->gva & ((1ull << shift) - 1)));
}

static void entry_draw(const struct model *model, const struct area *area, int row, int step)
{
    const struct pages_look *look = &model->pages;
    const struct x86_walk_step *s = &look->walk.guest.steps[step];
    bool in_register = look->walk.tables[step].count == 0;
    unsigned size = look->walk.guest.entry_size;
    enum role role = ROLE_NUMBER;
    char bits[9], rights[5], words[X86_ENTRY_TEXT_MAX];
    uint64_t was;
    int col;

    area_text(area, row, COL_NAME, ROLE_LABEL, x86_entry_name(s->level));
    if (in_register)
        area_text(area, row, COL_TABLE, ROLE_DIM, "in the CPU");
    else
        area_printf(area, row, COL_TABLE, ROLE_ADDRESS, "%llx+%03x",
                    (unsigned long long)(s->entry_gpa - (uint64_t)s->index * size),
                    s->index * size);
    if (!in_register && pages_entry_changed(&model->pages_before, s->entry_gpa, s->entry, &was)) {
        role = ROLE_CHANGED;
        area_char(area, row, COL_BITS - 1, role, (uint32_t)theme_mark(role));
    }
    col = area_printf(area, row, COL_BITS, role, "%0*llx", (int)size * 2,
                      (unsigned long long)s->entry);
    if (!(s->entry & 1)) {
        area_text(area, row, col + 1, ROLE_DENY, "P = 0");
        return;
    }
    if (area->cols < LONG_COLS) {
        area_text(area, row, col + 1, role, pages_entry_bits(look, s->level, s->entry, bits));
        return;
    }
    area_text(area, row, col + 1, ROLE_DIM, pages_rights(s->rights, rights));
    area_text(area, row, col + 6, role, x86_entry_text(&look->mmu, s->level, s->entry, words));
}

static void guest_page_draw(const struct pages_look *look, const struct area *area, int row)
{
    const struct x86_walk *walk = &look->walk.guest;
    char rights[5], size[NUMBER_MAX];
    int col;

    if (walk->page_size == 0) {
        area_printf(area, row, COL_NAME - 1, ROLE_DENY, "%c%s", theme_mark(ROLE_DENY), walk->rule);
        return;
    }
    area_text(area, row, COL_NAME, ROLE_LABEL, "page");
    area_printf(area, row, COL_TABLE, ROLE_ADDRESS, "%llx", (unsigned long long)walk->gpa);
    if (look->levels == 0)
        return;
    col = area_printf(area, row, COL_BITS, ROLE_NUMBER, "%s %s", text_size(walk->page_size, size),
                      pages_rights(walk->rights, rights));
    if (x86_paging_has_keys(&look->mmu))
        area_printf(area, row, col, ROLE_NUMBER, "  key %u: AD %u WD %u", walk->key,
                    !!(look->mmu.pkru & PKRU_AD(walk->key)),
                    !!(look->mmu.pkru & PKRU_WD(walk->key)));
}

static void tlb_draw(const struct pages_look *look, const struct area *area, int row)
{
    bool stale = pages_tlb_is_stale(look);
    char rights[5];

    area_text(area, row, COL_NAME, ROLE_LABEL, "TLB");
    if (!look->has_tlb) {
        area_text(area, row, COL_TABLE, ROLE_DIM, "does not hold this page");
        return;
    }
    if (stale)
        area_char(area, row, COL_TABLE - 1, ROLE_DENY, (uint32_t)theme_mark(ROLE_DENY));
    area_printf(area, row, COL_TABLE, stale ? ROLE_DENY : ROLE_ADDRESS, "%llx",
                (unsigned long long)(look->tlb_gpa + (look->gva & 0xfff)));
    area_printf(area, row, COL_BITS, stale ? ROLE_DENY : ROLE_NUMBER, "4K %s%s",
                pages_rights(look->tlb_rights, rights), stale ? "  stale: no INVLPG since" : "");
}

int pages_walk(const struct model *model, const struct ui *ui, const struct area *area, int scroll)
{
    const struct pages_look *look = &model->pages;
    int last = page_line(look), selected = pages_step(model);

    address_draw(look, area, -scroll);
    for (int i = 0; i < look->walk.guest.count; i++) {
        entry_draw(model, area, 1 + i - scroll, i);
        if (i != selected)
            continue;
        area_char(area, 1 + i - scroll, 0, ROLE_SELECTED, (uint32_t)theme_mark(ROLE_SELECTED));
        if (ui->focus[VIEW_PAGES] == PAGES_WALK)
            area_select_row(area, 1 + i - scroll);
    }
    guest_page_draw(look, area, last - scroll);
    if (look->levels)
        tlb_draw(look, area, last + 1 - scroll);
    return last + (look->levels ? 2 : 1);
}

/* ---- the other dimension --------------------------------------------------------------------- */

/* 1800 > 7e01800  2M rwx WB  3 reads */
static void stage_draw(const struct ept_walk *walk, const struct area *area, int row)
{
    char size[NUMBER_MAX];
    enum role role = walk->verdict == EPT_OK ? ROLE_ALLOW : ROLE_DENY;
    int col;

    if (walk->verdict != EPT_OK)
        area_char(area, row, 0, ROLE_DENY, (uint32_t)theme_mark(ROLE_DENY));
    col = area_printf(area, row, STAGE_COL, ROLE_ADDRESS, "%llx", (unsigned long long)walk->gpa);
    if (walk->page_size == 0) {
        area_text(area, row, col + 1, ROLE_DENY, walk->rule);
        return;
    }
    col = area_printf(area, row, col, ROLE_DIM, " -> ");
    col = area_printf(area, row, col, ROLE_ADDRESS, "%llx", (unsigned long long)walk->hpa);
    col = area_printf(area, row, col, ROLE_NUMBER, " %s ", text_size(walk->page_size, size));
    col = area_printf(area, row, col, role, "%c%c%c", walk->rights & EPT_READ ? 'r' : '-',
                      walk->rights & EPT_WRITE ? 'w' : '-', walk->rights & EPT_EXECUTE ? 'x' : '-');
    if (col + 12 <= area->cols)
        col = area_printf(area, row, col, ROLE_DIM, " %s %u reads", ept_type_name(walk->type),
                          walk->count);
    for (unsigned i = 0; i < walk->count && area->cols >= STAGE_LONG_COLS; i++)
        col = area_printf(area, row, col, ROLE_DIM, " %llx",
                          (unsigned long long)walk->steps[i].entry);
}

static int stages(const struct pages_look *look, const struct area *area, int scroll)
{
    const struct nested_walk *walk = &look->walk;
    unsigned tables = walk->guest.count + (walk->guest.verdict == X86_WALK_NO_TABLE);

    area_text(area, -scroll, STAGE_COL, ROLE_LABEL, "guest-physical -> host-physical");
    for (unsigned i = 0; i < tables; i++) {
        int row = 1 + (int)i - scroll;

        if (walk->tables[i].count)
            stage_draw(&walk->tables[i], area, row);
        else
            area_text(area, row, STAGE_COL, ROLE_DIM, "in a register: nothing to read");
    }
    if (walk->page.count)
        stage_draw(&walk->page, area, page_line(look) - scroll);
    return page_line(look) + 1;
}

/* The tables that the CPU walks, in host memory; there may be more or fewer levels than the guest's. */
static int shadow(const struct pages_look *look, const struct area *area, int scroll)
{
    const struct x86_walk *walk = &look->shadow;
    int row = -scroll;

    area_text(area, row++, STAGE_COL, ROLE_LABEL, "host-physical");
    for (unsigned i = 0; i < walk->count; i++, row++) {
        const struct x86_walk_step *s = &walk->steps[i];
        char bits[9];

        area_text(area, row, STAGE_COL, ROLE_LABEL, x86_entry_name(s->level));
        area_printf(area, row, STAGE_COL + 6, s->entry & 1 ? ROLE_NUMBER : ROLE_DIM, "%016llx %s",
                    (unsigned long long)s->entry,
                    s->entry & 1 ? pages_entry_bits(look, s->level, s->entry, bits) : "P = 0");
    }
    if (walk->verdict == X86_WALK_OK)
        area_printf(area, row++, STAGE_COL, ROLE_ALLOW, "leads to %llx, without an exit",
                    (unsigned long long)walk->gpa);
    else
        area_text(area, row++, STAGE_COL, ROLE_DENY, "#PF first, for the hypervisor to fill in");
    return row + scroll;
}

int pages_stage(const struct model *model, const struct area *area, int scroll)
{
    const struct pages_look *look = &model->pages;

    return look->has_shadow ? shadow(look, area, scroll) : stages(look, area, scroll);
}
