/* A table of kept exits, see exit_table.h. */
#include "tui/widget/exit_table.h"
#include "core/explain.h"
#include "tui/text.h"
#include "tui/theme.h"

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

int exit_table_draw(const struct exit_ring *ring, const struct exit_filter *filter,
                    const struct vm_exit *selected, const struct area *area)
{
    struct window w;
    struct columns c;

    w.rows = exit_list_window(ring, filter, selected->seq, area->rows - 2, w.seqs);
    c = exits_columns(ring, &w, area->cols);
    header_draw(area, &c);
    for (int i = 0; i < w.rows; i++) {
        exit_draw(area, i + 1, &c, exit_ring_get(ring, w.seqs[i]));
        if (w.seqs[i] == selected->seq) {
            area_char(area, i + 1, 0, ROLE_SELECTED, (uint32_t)theme_mark(ROLE_SELECTED));
            area_select_row(area, i + 1);
        }
    }
    return w.rows;
}

const struct vm_exit *exit_table_move(const struct exit_ring *ring,
                                      const struct exit_filter *filter,
                                      const struct vm_exit *selected, enum move move, int page)
{
    int step = move == MOVE_PAGE_UP || move == MOVE_PAGE_DOWN ? (page > 3 ? page - 2 : 1) : 1;

    if (move == MOVE_TOP)
        return exit_list_first(ring, filter);
    if (move == MOVE_BOTTOM)
        return exit_list_last(ring, filter);
    return exit_list_move(ring, filter, selected->seq,
                          move == MOVE_UP || move == MOVE_PAGE_UP ? -step : step);
}

/* Reason and meaning, as the table shows them. */
static bool exit_has(const struct vm_exit *exit, const char *text)
{
    char meaning[80];

    exit_meaning(exit, meaning, sizeof(meaning));
    return text_has(exit_reason_name(exit->reason), text) || text_has(meaning, text);
}

const struct vm_exit *exit_table_find(const struct exit_ring *ring,
                                      const struct exit_filter *filter,
                                      const struct vm_exit *selected, const char *text,
                                      int direction)
{
    const struct vm_exit *exit = selected;

    while (exit) {
        const struct vm_exit *next = exit_list_move(ring, filter, exit->seq, direction);

        if (next == exit)
            next = direction > 0 ? exit_list_first(ring, filter) : exit_list_last(ring, filter);
        if (exit_has(next, text))
            return next;
        exit = next != selected ? next : NULL;
    }
    return NULL;
}

const struct vm_exit *exit_table_at(const struct exit_ring *ring, const struct exit_filter *filter,
                                    const struct vm_exit *selected, int rows, int row)
{
    uint64_t seqs[GRID_SIDE_MAX];
    int seen = exit_list_window(ring, filter, selected->seq, rows - 2, seqs);

    return row >= 1 && row <= seen ? exit_ring_get(ring, seqs[row - 1]) : NULL;
}
