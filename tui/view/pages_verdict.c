/* What the access comes to: by which stage, by which rule; and what can be tried out. */
#include "core/explain.h"
#include "tui/act_pages.h"
#include "tui/theme.h"
#include "tui/view/pages.h"
#include "x86/paging_words.h"

#include <stdio.h>

static int refused(const struct nested_walk *walk, const struct area *area, int row, int col)
{
    const struct vm_exit *exit = &walk->refused;

    if (walk->verdict == NESTED_GUEST && walk->guest.verdict == X86_WALK_NOT_CANONICAL)
        return area_text(area, row, col, ROLE_REASON, "=> #GP(0); #SS(0) on the stack");
    if (walk->verdict == NESTED_GUEST)
        return area_printf(area, row, col, ROLE_REASON, "=> #PF, error code %x, CR2 %llx",
                           exit->intr_error, (unsigned long long)exit->qualification);
    if (exit->reason == EXIT_EPT_MISCONFIG)
        return area_printf(area, row, col, ROLE_REASON, "=> EPT misconfiguration (%u), GPA %llx",
                           exit->reason, (unsigned long long)exit->guest_physical);
    return area_printf(area, row, col, ROLE_REASON, "=> EPT violation (%u), not #PF: qual. %llx",
                       exit->reason, (unsigned long long)exit->qualification);
}

static int stage_verdict(const struct area *area, int row, int col, const char *who, bool asked,
                         bool allowed)
{
    col = area_printf(area, row, col, ROLE_LABEL, "%s ", who);
    if (!asked)
        return area_text(area, row, col, ROLE_DIM, "not asked") + 2;
    return area_printf(area, row, col, allowed ? ROLE_ALLOW : ROLE_DENY, "%s",
                       allowed ? "ALLOWS" : "REFUSES") +
           2;
}

/* Without a second stage every access that the shadow does not allow yet is the hypervisor's first. */
static void shadow_verdict(const struct pages_look *look, const struct area *area, int row)
{
    const struct nested_walk *walk = &look->walk;
    int col = stage_verdict(area, row, 1, "guest", walk->verdict != NESTED_TABLE,
                            walk->verdict != NESTED_GUEST);

    if (walk->verdict == NESTED_GUEST) {
        refused(walk, area, row, col);
        return;
    }
    col = stage_verdict(area, row, col, "shadow", true, look->shadow.verdict == X86_WALK_OK);
    if (look->shadow.verdict == X86_WALK_OK)
        area_text(area, row, col, ROLE_ALLOW, "=> allowed");
    else if (walk->verdict == NESTED_ALLOWED)
        area_text(area, row, col, ROLE_REASON, "=> #PF exit (0): fill in, and again");
    else
        area_text(area, row, col, ROLE_REASON, "=> #PF exit (0): the map refuses");
}

static void verdict_draw(const struct pages_look *look, const struct area *area, int row)
{
    const struct nested_walk *walk = &look->walk;
    bool table = walk->verdict == NESTED_TABLE;
    int col;

    if (look->has_shadow) {
        shadow_verdict(look, area, row);
        return;
    }
    col = stage_verdict(area, row, 1, "guest", !table, walk->verdict != NESTED_GUEST);
    col = stage_verdict(area, row, col, "second stage", walk->page.count || table,
                        walk->verdict == NESTED_ALLOWED);
    if (walk->verdict == NESTED_ALLOWED)
        area_text(area, row, col, ROLE_ALLOW, "=> allowed");
    else
        refused(walk, area, row, col);
}

static void rule_draw(const struct nested_walk *walk, const struct area *area, int row)
{
    const char *rule = walk->guest.rule, *manual = x86_verdict_manual(walk->guest.verdict);
    int col;

    if (walk->verdict == NESTED_TABLE)
        rule = nested_refused_table(walk)->rule;
    else if (walk->verdict > NESTED_GUEST)
        rule = walk->page.rule;
    if (walk->verdict > NESTED_GUEST)
        manual = exit_manual(walk->refused.reason);
    if (walk->guest.verdict == X86_WALK_OK && walk->guest.count == 0)
        manual = x86_paging_manual(0);
    col = area_text(area, row, 1, ROLE_NORMAL, rule);
    area_printf(area, row, col + 1, ROLE_DIM, "(%s)", manual);
}

/* "4 entries of the guest, 16 with the second stage's" */
static void reads_draw(const struct pages_look *look, const struct area *area, int row)
{
    const struct nested_walk *walk = &look->walk;
    int col = area_printf(area, row, 1, ROLE_LABEL, "reads ");

    if (look->has_shadow) {
        area_printf(area, row, col, ROLE_NUMBER, "%u of the shadow's entries, by the CPU",
                    look->shadow.count);
        return;
    }
    area_printf(area, row, col, ROLE_NUMBER,
                "%u = %u of the guest's tables + %u of the second stage", walk->nested_reads,
                walk->reads, walk->nested_reads - walk->reads);
}

/* The name of what can be tried, and what it is now; marked when that is not what the CPU has. */
static int try_draw(const struct pages_look *look, const struct ui *ui, const struct area *area,
                    int row, int col, unsigned try)
{
    const unsigned value[PAGES_TRIES] = {
        [TRY_CPL] = look->user ? 3 : 0,
        [TRY_WP] = !!(look->mmu.cr0 & CR0_WP),
        [TRY_SMEP] = !!(look->mmu.cr4 & CR4_SMEP),
        [TRY_SMAP] = !!(look->mmu.cr4 & CR4_SMAP),
        [TRY_AC] = look->mmu.ac,
        [TRY_NXE] = !!(look->mmu.efer & EFER_NXE),
        [TRY_PKE] = !!(look->mmu.cr4 & CR4_PKE),
    };
    bool tried = look->asked.tries >> try & 1;
    bool chosen = ui->pages.chosen == try + 1 && ui->focus[VIEW_PAGES] == PAGES_VERDICT;

    area_char(area, row, col, tried ? ROLE_CHANGED : ROLE_SELECTED,
              (uint32_t)(chosen  ? theme_mark(ROLE_SELECTED)
                         : tried ? theme_mark(ROLE_CHANGED)
                                 : ' '));
    return area_printf(area, row, col + 1,
                       tried    ? ROLE_CHANGED
                       : chosen ? ROLE_SELECTED
                                : ROLE_NORMAL,
                       "%s %u", pages_try_name(try), value[try]);
}

static int access_draw(const struct pages_look *look, const struct ui *ui, const struct area *area,
                       int row)
{
    static const char *const names[] = {
        [X86_READ] = "read", [X86_WRITE] = "write", [X86_FETCH] = "fetch"};
    bool chosen = ui->pages.chosen == 0 && ui->focus[VIEW_PAGES] == PAGES_VERDICT;

    if (chosen)
        area_char(area, row, 0, ROLE_SELECTED, (uint32_t)theme_mark(ROLE_SELECTED));
    return area_printf(area, row, 1, chosen ? ROLE_SELECTED : ROLE_NORMAL, "%-5s",
                       names[look->asked.access]);
}

/* "CPL 0 rw-": a letter where the access is allowed; '2' where the second stage refuses. */
static int all_draw(const struct pages_look *look, const struct area *area, int row, int col,
                    bool user)
{
    static const char letters[] = "rwx";

    col = area_printf(area, row, col, ROLE_LABEL, "  CPL %u ", user ? 3 : 0);
    for (unsigned access = 0; access < 3; access++) {
        uint8_t verdict = look->verdicts[user][access];

        area_char(area, row, col++, verdict == NESTED_ALLOWED ? ROLE_ALLOW : ROLE_DENY,
                  (uint32_t)(verdict == NESTED_ALLOWED ? letters[access]
                             : verdict == NESTED_GUEST ? '-'
                                                       : '2'));
    }
    return col;
}

static bool second_stage_refuses(const struct pages_look *look)
{
    for (unsigned i = 0; i < 6; i++)
        if (look->verdicts[i / 3][i % 3] > NESTED_GUEST)
            return true;
    return false;
}

int pages_verdict(const struct model *model, const struct ui *ui, const struct area *area,
                  int scroll)
{
    const struct pages_look *look = &model->pages;
    int row = -scroll, col;

    verdict_draw(look, area, row++);
    rule_draw(&look->walk, area, row++);
    reads_draw(look, area, row++);
    col = access_draw(look, ui, area, row);
    for (unsigned try = 0; try < PAGES_TRIES; try++)
        col = try_draw(look, ui, area, row, col + 1, try);
    col = all_draw(look, area, row, col, false);
    col = all_draw(look, area, row, col, true);
    if (second_stage_refuses(look))
        area_printf(area, row, col + 2, ROLE_DIM, "2: the %s refuses",
                    look->has_shadow ? "map" : "second stage");
    if (ui->focus[VIEW_PAGES] == PAGES_VERDICT)
        area_select_row(area, row);
    return row + 1 + scroll;
}
