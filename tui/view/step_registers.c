/*
 * The registers pane of the step view. What differs from the stop before has a `*`; the values it
 * had are on the line "was", or beside each register where there is room for one a line.
 */
#include "tui/text.h"
#include "tui/theme.h"
#include "tui/view/step.h"

#include <stdio.h>
#include <string.h>

/* One register with its value now and at the stop before. */
struct reg {
    const char *name;
    uint64_t now, before;
    int digits;
};

enum { GPRS = 16, SEGS = 6, REGS_MAX = GPRS + SEGS + 8 };

struct regs {
    struct reg list[REGS_MAX];
    unsigned count, gprs; /* the general-purpose ones come first */
    bool has_before;
};

/* A page of lines, of which those from `scroll` on are seen. */
struct sheet {
    const struct area *area;
    int scroll, line;
};

struct bit_name {
    uint32_t bit;
    const char *name;
};

static const struct bit_name flag_names[] = {
    {RFLAGS_AC, "AC"}, {RFLAGS_VM, "VM"}, {RFLAGS_RF, "RF"}, {RFLAGS_NT, "NT"}, {RFLAGS_OF, "OF"},
    {RFLAGS_DF, "DF"}, {RFLAGS_IF, "IF"}, {RFLAGS_TF, "TF"}, {RFLAGS_SF, "SF"}, {RFLAGS_ZF, "ZF"},
    {RFLAGS_AF, "AF"}, {RFLAGS_PF, "PF"}, {RFLAGS_CF, "CF"}, {0, NULL}};

static const struct bit_name cr0_names[] = {
    {CR0_PG, "PG"}, {CR0_CD, "CD"}, {CR0_NW, "NW"}, {CR0_AM, "AM"}, {CR0_WP, "WP"}, {CR0_NE, "NE"},
    {CR0_ET, "ET"}, {CR0_TS, "TS"}, {CR0_EM, "EM"}, {CR0_MP, "MP"}, {CR0_PE, "PE"}, {0, NULL}};

static const struct bit_name cr4_names[] = {{CR4_PKE, "PKE"},
                                            {CR4_SMAP, "SMAP"},
                                            {CR4_SMEP, "SMEP"},
                                            {CR4_OSXSAVE, "OSXSAVE"},
                                            {CR4_FSGSBASE, "FSGSBASE"},
                                            {CR4_LA57, "LA57"},
                                            {CR4_OSXMMEXCPT, "OSXMMEXCPT"},
                                            {CR4_OSFXSR, "OSFXSR"},
                                            {CR4_PGE, "PGE"},
                                            {CR4_PAE, "PAE"},
                                            {CR4_PSE, "PSE"},
                                            {0, NULL}};

static const struct bit_name efer_names[] = {
    {EFER_NXE, "NXE"}, {EFER_LMA, "LMA"}, {EFER_LME, "LME"}, {EFER_SCE, "SCE"}, {0, NULL}};

static void regs_add(struct regs *regs, const char *name, int digits, uint64_t now, uint64_t before)
{
    regs->list[regs->count++] =
        (struct reg){.name = name, .now = now, .before = before, .digits = digits};
}

static void regs_add_gprs(struct regs *regs, const struct model *model)
{
    static const enum x86_gpr order[GPRS] = {X86_RAX, X86_RBX, X86_RCX, X86_RDX, X86_RSI, X86_RDI,
                                             X86_RSP, X86_RBP, X86_R8,  X86_R9,  X86_R10, X86_R11,
                                             X86_R12, X86_R13, X86_R14, X86_R15};
    static const char *const wide[GPRS] = {"RAX", "RBX", "RCX", "RDX", "RSI", "RDI", "RSP", "RBP",
                                           "R8",  "R9",  "R10", "R11", "R12", "R13", "R14", "R15"};
    static const char *const narrow[8] = {"EAX", "EBX", "ECX", "EDX", "ESI", "EDI", "ESP", "EBP"};
    bool is_wide = model_digits(model) == 16;

    regs->gprs = is_wide ? GPRS : 8;
    for (unsigned i = 0; i < regs->gprs; i++)
        regs_add(regs, is_wide ? wide[i] : narrow[i], (int)model_digits(model),
                 model->now.gpr[order[i]], model->before.gpr[order[i]]);
}

static void regs_add_segments(struct regs *regs, const struct model *model)
{
    static const char *const names[SEGS] = {"ES", "CS", "SS", "DS", "FS", "GS"};

    for (unsigned i = 0; i < SEGS; i++)
        regs_add(regs, names[i], 4, model->now.seg[i].selector, model->before.seg[i].selector);
}

enum { REG_RIP, REG_FL, REG_CR0, REG_CR2, REG_CR3, REG_CR4, REG_EFER, REG_SYSTEM };

/* General-purpose, then segments, then the system registers in the order of the enum above. */
static void regs_collect(struct regs *regs, const struct model *model)
{
    const struct x86_state *now = &model->now, *before = &model->before;
    int digits = (int)model_digits(model);

    regs->count = 0;
    regs->has_before = model->has_before;
    regs_add_gprs(regs, model);
    regs_add_segments(regs, model);
    regs_add(regs, digits == 16 ? "RIP" : "EIP", digits, now->rip, before->rip);
    regs_add(regs, "FL", 8, now->rflags, before->rflags);
    regs_add(regs, "CR0", 8, now->cr0, before->cr0);
    regs_add(regs, "CR2", digits, now->cr2, before->cr2);
    regs_add(regs, "CR3", digits, now->cr3, before->cr3);
    regs_add(regs, "CR4", 8, now->cr4, before->cr4);
    regs_add(regs, "EFER", 4, now->efer, before->efer);
}

static const struct reg *system_reg(const struct regs *regs, unsigned which)
{
    return &regs->list[regs->gprs + SEGS + which];
}

static bool changed(const struct regs *regs, const struct reg *reg)
{
    return regs->has_before && reg->now != reg->before;
}

/* "*RAX 000000000000002a"; returns the column behind it. */
static int reg_draw(const struct sheet *sheet, int col, const struct regs *regs,
                    const struct reg *reg)
{
    bool is_changed = changed(regs, reg);
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
                     const struct reg *reg, const struct bit_name *names)
{
    uint64_t differs = regs->has_before ? reg->now ^ reg->before : 0;

    return names_draw(sheet, reg_draw(sheet, col, regs, reg), reg->now, differs, names);
}

/* The flags by name alone, where there is no room for the number too. */
static void flags_draw(const struct sheet *sheet, int col, const struct regs *regs)
{
    const struct reg *fl = system_reg(regs, REG_FL);
    int row = sheet->line - sheet->scroll;

    if (changed(regs, fl))
        area_char(sheet->area, row, col, ROLE_CHANGED, (uint32_t)theme_mark(ROLE_CHANGED));
    col = area_text(sheet->area, row, col + 1, ROLE_LABEL, "FL");
    names_draw(sheet, col, fl->now, regs->has_before ? fl->now ^ fl->before : 0, flag_names);
}

/* "was EAX 29  EIP 7c02": always there, so that nothing moves when something changes. */
static void was_draw(const struct sheet *sheet, const struct regs *regs)
{
    int row = sheet->line - sheet->scroll;
    int col = area_text(sheet->area, row, 1, ROLE_DIM, "was") + 1;

    for (unsigned i = 0; i < regs->count; i++)
        if (changed(regs, &regs->list[i]))
            col = area_printf(sheet->area, row, col, ROLE_WAS, "%s %llx", regs->list[i].name,
                              (unsigned long long)regs->list[i].before) +
                  2;
}

static void segments_draw(struct sheet *sheet, const struct regs *regs)
{
    static const enum x86_seg order[SEGS] = {X86_CS, X86_SS, X86_DS, X86_ES, X86_FS, X86_GS};
    int col = 0;

    for (unsigned i = 0; i < SEGS; i++)
        if (col + 8 <= sheet->area->cols)
            col = reg_draw(sheet, col, regs, &regs->list[regs->gprs + order[i]]);
    sheet->line++;
}

static void control_draw(struct sheet *sheet, const struct regs *regs)
{
    bits_draw(sheet, 0, regs, system_reg(regs, REG_CR0), cr0_names);
    sheet->line++;
    bits_draw(sheet, 0, regs, system_reg(regs, REG_CR4), cr4_names);
    sheet->line++;
    reg_draw(sheet, reg_draw(sheet, 0, regs, system_reg(regs, REG_CR3)), regs,
             system_reg(regs, REG_CR2));
    sheet->line++;
    bits_draw(sheet, 0, regs, system_reg(regs, REG_EFER), efer_names);
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

    reg_draw(sheet, 0, regs, system_reg(regs, REG_RIP));
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

    if (changed(regs, reg))
        area_printf(sheet->area, sheet->line - sheet->scroll, col + 1, ROLE_WAS, "(was %llx)",
                    (unsigned long long)reg->before);
    sheet->line++;
}

static void column_draw(struct sheet *sheet, const struct regs *regs)
{
    for (unsigned i = 0; i < regs->gprs; i++)
        inline_draw(sheet, regs, &regs->list[i]);
    inline_draw(sheet, regs, system_reg(regs, REG_RIP));
    bits_draw(sheet, 0, regs, system_reg(regs, REG_FL), flag_names);
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
