/*
 * The registers pane of the step view. What differs from the stop before has a `*`; the values it
 * had are on the line "was", or beside each register where there is room for one a line.
 */
#include "tui/registers.h"
#include "tui/text.h"
#include "tui/theme.h"
#include "tui/view/step.h"

#include <stdio.h>
#include <string.h>

/* A page of lines, of which those from `scroll` on are seen. */
struct sheet {
    const struct area *area;
    int scroll, line;
};

/* "*RAX 000000000000002a"; returns the column behind it. */
static int reg_draw(const struct sheet *sheet, int col, const struct regs *regs,
                    const struct reg *reg)
{
    bool is_changed = regs_changed(regs, reg);
    int row = sheet->line - sheet->scroll;

    if (is_changed)
        area_char(sheet->area, row, col, ROLE_CHANGED, (uint32_t)theme_mark(ROLE_CHANGED));
    col = area_text(sheet->area, row, col + 1, ROLE_LABEL, reg->name);
    if (strlen(reg->name) == 2 && reg->digits > 4)
        col++; /* the values of R8 and RAX stand below each other */
    return area_printf(sheet->area, row, col + 1, is_changed ? ROLE_CHANGED : ROLE_NUMBER, "%0*llx",
                       reg->digits, (unsigned long long)reg->now);
}

static int names_draw(const struct sheet *sheet, int col, uint64_t value, uint64_t differs,
                      const struct bit_name *names)
{
    for (; names->name; names++)
        if (value & names->bit)
            col = area_printf(sheet->area, sheet->line - sheet->scroll, col + 1,
                              differs & names->bit ? ROLE_CHANGED : ROLE_NORMAL, "%s", names->name);
    return col;
}

static int bits_draw(const struct sheet *sheet, int col, const struct regs *regs,
                     const struct reg *reg)
{
    uint64_t differs = regs->has_before ? reg->now ^ reg->before : 0;

    return names_draw(sheet, reg_draw(sheet, col, regs, reg), reg->now, differs, reg->bits);
}

/* The flags by name alone, where there is no room for the number too. */
static void flags_draw(const struct sheet *sheet, int col, const struct regs *regs)
{
    const struct reg *fl = regs_system(regs, REG_FL);
    int row = sheet->line - sheet->scroll;

    if (regs_changed(regs, fl))
        area_char(sheet->area, row, col, ROLE_CHANGED, (uint32_t)theme_mark(ROLE_CHANGED));
    col = area_text(sheet->area, row, col + 1, ROLE_LABEL, "FL");
    names_draw(sheet, col, fl->now, regs->has_before ? fl->now ^ fl->before : 0, fl->bits);
}

/* "was EAX 29  EIP 7c02": always there, so that nothing moves when something changes. */
static void was_draw(const struct sheet *sheet, const struct regs *regs)
{
    int row = sheet->line - sheet->scroll;
    int col = area_text(sheet->area, row, 1, ROLE_DIM, "was") + 1;

    for (unsigned i = 0; i < regs->count; i++)
        if (regs_changed(regs, &regs->list[i]))
            col = area_printf(sheet->area, row, col, ROLE_WAS, "%s %llx", regs->list[i].name,
                              (unsigned long long)regs->list[i].before) +
                  2;
}

static void segments_draw(struct sheet *sheet, const struct regs *regs)
{
    static const enum x86_seg order[REGS_SEGS] = {X86_CS, X86_SS, X86_DS, X86_ES, X86_FS, X86_GS};
    int col = 0;

    for (unsigned i = 0; i < REGS_SEGS; i++)
        if (col + 8 <= sheet->area->cols)
            col = reg_draw(sheet, col, regs, &regs->list[regs->gprs + order[i]]);
    sheet->line++;
}

static void control_draw(struct sheet *sheet, const struct regs *regs)
{
    bits_draw(sheet, 0, regs, regs_system(regs, REG_CR0));
    sheet->line++;
    bits_draw(sheet, 0, regs, regs_system(regs, REG_CR4));
    sheet->line++;
    reg_draw(sheet, reg_draw(sheet, 0, regs, regs_system(regs, REG_CR3)), regs,
             regs_system(regs, REG_CR2));
    sheet->line++;
    bits_draw(sheet, 0, regs, regs_system(regs, REG_EFER));
    sheet->line++;
    if (!regs_system(regs, REG_PKRU))
        return;
    reg_draw(sheet, 0, regs, regs_system(regs, REG_PKRU));
    sheet->line++;
}

static void tables_draw(struct sheet *sheet, const struct x86_state *state)
{
    const struct x86_table *tables[] = {&state->gdtr, &state->idtr};
    static const char *const names[] = {"GDTR", "IDTR"};

    for (unsigned i = 0; i < 2; i++, sheet->line++) {
        int row = sheet->line - sheet->scroll;
        int col = area_text(sheet->area, row, 1, ROLE_LABEL, names[i]);

        area_printf(sheet->area, row, col + 1, ROLE_NUMBER, "%llx limit %x",
                    (unsigned long long)tables[i]->base, tables[i]->limit);
    }
}

/* As many columns of general-purpose registers as fit. */
static void matrix_draw(struct sheet *sheet, const struct regs *regs)
{
    int width = 1 + 3 + 1 + regs->list[0].digits + 1;
    int columns = (sheet->area->cols + 1) / width;

    reg_draw(sheet, 0, regs, regs_system(regs, REG_RIP));
    flags_draw(sheet, width, regs);
    sheet->line++;
    was_draw(sheet, regs);
    sheet->line++;
    if (columns < 1)
        columns = 1;
    for (unsigned i = 0; i < regs->gprs; i++) {
        reg_draw(sheet, (int)i % columns * width, regs, &regs->list[i]);
        if ((int)i % columns == columns - 1 || i == regs->gprs - 1)
            sheet->line++;
    }
}

/* One register a line, with what it was. */
static void inline_draw(struct sheet *sheet, const struct regs *regs, const struct reg *reg)
{
    int col = reg_draw(sheet, 0, regs, reg);

    if (regs_changed(regs, reg))
        area_printf(sheet->area, sheet->line - sheet->scroll, col + 1, ROLE_WAS, "(was %llx)",
                    (unsigned long long)reg->before);
    sheet->line++;
}

static void column_draw(struct sheet *sheet, const struct regs *regs)
{
    for (unsigned i = 0; i < regs->gprs; i++)
        inline_draw(sheet, regs, &regs->list[i]);
    inline_draw(sheet, regs, regs_system(regs, REG_RIP));
    bits_draw(sheet, 0, regs, regs_system(regs, REG_FL));
    sheet->line++;
}

int step_registers(const struct model *model, const struct area *area, int scroll)
{
    struct sheet sheet = {.area = area, .scroll = scroll};
    struct regs regs;

    regs_collect(&regs, model);
    if (area->rows >= (int)regs.gprs + 7 && area->cols >= 44)
        column_draw(&sheet, &regs);
    else
        matrix_draw(&sheet, &regs);
    segments_draw(&sheet, &regs);
    control_draw(&sheet, &regs);
    tables_draw(&sheet, &model->now);
    return sheet.line;
}
