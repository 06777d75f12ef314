/*
 * The exits table and the profile by reason. The table shows a window of the newest exits; the
 * counters count them all, and the last line of the table says how much of it is seen.
 */
#include "core/explain.h"
#include "tui/text.h"
#include "tui/theme.h"
#include "tui/view/step.h"

#include <stdio.h>

enum { REASON_COLS = 14, COLS_WITH_INSNS = 88, COLS_WITH_QUAL = 60 };

/* Where the columns of the table begin; all but the reason depend on what the rows hold. */
struct columns {
    int seq_digits, insn_digits, qual_digits, rip_digits;
    int reason, insns, qual, rip, meaning; /* 0 when there is no room: insns, qual, rip */
};

/* The exits that are seen, oldest first. */
struct window {
    uint64_t seqs[GRID_SIDE_MAX];
    int rows;
};

static void widen(int *digits, int needed)
{
    if (*digits < needed)
        *digits = needed;
}

static struct columns exits_columns(const struct exit_ring *ring, const struct window *w, int cols)
{
    struct columns c = {.seq_digits = 4, .insn_digits = 5, .qual_digits = 4, .rip_digits = 4};
    int at;

    for (int i = 0; i < w->rows; i++) {
        const struct vm_exit *exit = exit_ring_get(ring, w->seqs[i]);

        widen(&c.seq_digits, decimal_digits(exit->seq));
        widen(&c.insn_digits, decimal_digits(exit->insns));
        widen(&c.qual_digits, hex_digits(exit->qualification));
        widen(&c.rip_digits, hex_digits(exit->rip));
    }
    at = 1 + c.seq_digits + 2;
    if (cols >= COLS_WITH_INSNS) {
        c.insns = at;
        at += c.insn_digits + 2;
    }
    c.reason = at;
    c.meaning = c.reason + REASON_COLS + 1;
    if (cols < COLS_WITH_QUAL)
        return c;
    c.qual = c.meaning;
    c.rip = c.qual + c.qual_digits + 2;
    c.meaning = c.rip + c.rip_digits + 2;
    return c;
}

static void header_draw(const struct area *area, const struct columns *c)
{
    area_printf(area, 0, 1, ROLE_LABEL, "%*s", c->seq_digits, "exit");
    if (c->insns)
        area_printf(area, 0, c->insns, ROLE_LABEL, "%*s", c->insn_digits, "insns");
    area_text(area, 0, c->reason, ROLE_LABEL, "reason");
    if (c->qual) {
        area_printf(area, 0, c->qual, ROLE_LABEL, "%*s", c->qual_digits, "qual");
        area_printf(area, 0, c->rip, ROLE_LABEL, "%*s", c->rip_digits, "rip");
    }
    area_text(area, 0, c->meaning, ROLE_LABEL, "meaning");
}

static void place_draw(const struct area *area, int row, const struct columns *c,
                       const struct vm_exit *exit)
{
    if (exit->has & EXIT_HAS_QUALIFICATION)
        area_printf(area, row, c->qual, ROLE_NUMBER, "%*llx", c->qual_digits,
                    (unsigned long long)exit->qualification);
    else
        area_printf(area, row, c->qual, ROLE_DIM, "%*s", c->qual_digits, "-");
    area_printf(area, row, c->rip, ROLE_ADDRESS, "%*llx", c->rip_digits,
                (unsigned long long)exit->rip);
}

static void exit_draw(const struct area *area, int row, const struct columns *c,
                      const struct vm_exit *exit)
{
    char meaning[80];

    area_printf(area, row, 1, ROLE_NUMBER, "%*llu", c->seq_digits, (unsigned long long)exit->seq);
    if (c->insns)
        area_printf(area, row, c->insns, ROLE_DIM, "%*llu", c->insn_digits,
                    (unsigned long long)exit->insns);
    area_text(area, row, c->reason, ROLE_REASON, exit_reason_name(exit->reason));
    if (c->qual)
        place_draw(area, row, c, exit);
    exit_meaning(exit, meaning, sizeof(meaning));
    area_text(area, row, c->meaning, ROLE_NORMAL, meaning);
}

/* Reasons by count, the most frequent first; returns how many there are. */
static unsigned reasons_sort(const uint64_t counts[EXIT_REASON_COUNT],
                             uint8_t order[EXIT_REASON_COUNT])
{
    unsigned used = 0;

    for (unsigned reason = 0; reason < EXIT_REASON_COUNT; reason++) {
        unsigned at = used;

        if (counts[reason] == 0)
            continue;
        for (; at > 0 && counts[order[at - 1]] < counts[reason]; at--)
            order[at] = order[at - 1];
        order[at] = (uint8_t)reason;
        used++;
    }
    return used;
}

/* "94 %", rounded down, and never 0 for what happened. */
static void share_text(uint64_t count, uint64_t total, char buf[8])
{
    unsigned percent = total ? (unsigned)((double)count * 100 / (double)total) : 0;

    snprintf(buf, 8, percent ? "%u%%" : "<1%%", percent);
}

static void summary_draw(const struct model *model, const struct area *area, int drawn)
{
    uint8_t order[EXIT_REASON_COUNT];
    unsigned used = reasons_sort(model->counts, order);
    char total[NUMBER_MAX], share[8];
    int row = area->rows - 1;
    int col = area_printf(area, row, 1, ROLE_DIM, "drawn %d, kept %llu, counted all %s:", drawn,
                          (unsigned long long)(model->ring.end - model->ring.begin),
                          text_grouped(model->exits, total)) +
              1;

    for (unsigned i = 0; i < used; i++) {
        const char *name = exit_reason_name(order[i]);

        share_text(model->counts[order[i]], model->exits, share);
        if (col + utf8_columns(name) + 5 > area->cols)
            return;
        col = area_printf(area, row, col, ROLE_DIM, "%s %s", name, share) + 2;
    }
}

int step_exits(const struct model *model, const struct ui *ui, const struct area *area)
{
    const struct vm_exit *selected = ui_exit(ui, model);
    struct window w;
    struct columns c;

    if (!selected) {
        area_text(area, 0, 1, ROLE_DIM,
                  ui->filter.on ? "No such exit is kept: f and Enter list all of them."
                                : "No exit yet: ] runs to the first one, s steps.");
        return 1;
    }
    w.rows = exit_list_window(&model->ring, &ui->filter, selected->seq, area->rows - 2, w.seqs);
    c = exits_columns(&model->ring, &w, area->cols);
    header_draw(area, &c);
    for (int i = 0; i < w.rows; i++) {
        exit_draw(area, i + 1, &c, exit_ring_get(&model->ring, w.seqs[i]));
        if (w.seqs[i] == selected->seq) {
            area_char(area, i + 1, 0, ROLE_SELECTED, (uint32_t)theme_mark(ROLE_SELECTED));
            area_select_row(area, i + 1);
        }
    }
    summary_draw(model, area, w.rows);
    return w.rows + 2;
}

static void bar_draw(const struct area *area, int row, int col, int width, uint64_t count,
                     uint64_t total)
{
    int full = total && width > 0 ? (int)((double)count * width / (double)total + 0.5) : 0;

    for (int i = 0; i < width; i++)
        area_char(area, row, col + i, i < full ? ROLE_BAR : ROLE_BORDER,
                  i < full ? 0x2588 : 0x2591);
}

int step_profile(const struct model *model, const struct area *area, int scroll)
{
    uint8_t order[EXIT_REASON_COUNT];
    unsigned used = reasons_sort(model->counts, order);
    char number[NUMBER_MAX], share[8];

    for (unsigned i = 0; i < used; i++) {
        uint64_t count = model->counts[order[i]];
        int row = (int)i - scroll;

        area_text(area, row, 1, ROLE_REASON, exit_reason_name(order[i]));
        bar_draw(area, row, REASON_COLS + 1, area->cols - REASON_COLS - 16, count, model->exits);
        share_text(count, model->exits, share);
        area_printf(area, row, area->cols - 15, ROLE_NUMBER, "%4s %9s", share,
                    text_short(count, number));
    }
    return (int)used;
}
