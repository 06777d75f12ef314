/*
 * The keys of the pages view, see act_pages.h.
 *
 * One address is the cursor of all panes: the map and the table move it, the walk says which table is
 * listed. The engine knows of it by COMMAND_LOOK_PAGES; until its answer is there the view shows what
 * it has.
 */
#include "tui/act_pages.h"
#include "tui/act_memory.h"
#include "tui/view.h"

uint64_t pages_cursor(const struct model *model, const struct ui *ui)
{
    return memory_place_address(&ui->pages.question.place, &model->now);
}

void pages_cursor_move(const struct model *model, struct ui *ui, uint64_t gva)
{
    memory_place_move(&ui->pages.question.place, &model->now, gva);
}

int pages_step(const struct model *model)
{
    const struct x86_walk *walk = &model->pages.walk.guest;
    int at = 0;

    if (!model->pages.on || walk->count == 0)
        return -1;
    while (at < walk->count - 1 && walk->steps[at].level != model->pages.asked.level)
        at++;
    return at;
}

static void go_text(struct ui *ui, const char *text)
{
    struct memory_place place;
    struct error err = {0};

    if (memory_place_parse(&place, text, &err) < 0)
        ui_message(ui, true, "%s", err.text);
    else if (place.physical)
        ui_message(ui, true, "that is guest-physical: there is nothing to walk");
    else
        ui->pages.question.place = place;
}

static void try_text(const struct model *model, struct ui *ui, const char *text)
{
    struct error err = {0};

    if (pages_try_parse(&ui->pages.question, pages_cpu_bits(&model->now), text, &err) < 0)
        ui_message(ui, true, "%s", err.text);
}

static void next_access(struct ui *ui)
{
    ui->pages.question.access = (uint8_t)((ui->pages.question.access + 1) % 3);
}

/* What is chosen in the verdict's pane: the other way round. */
static void flip(struct ui *ui)
{
    if (ui->pages.chosen == 0)
        next_access(ui);
    else
        ui->pages.question.tries ^= (uint8_t)(1u << (ui->pages.chosen - 1));
}

static void show_memory(struct ui *ui, bool physical, uint64_t address)
{
    struct memory_place place = {.physical = physical, .offset = address};

    memory_go(ui, &place);
    ui_show(ui, VIEW_MEMORY);
}

/* The table that the entry at the cursor names; memory when it maps a page. */
static void open_entry(const struct model *model, struct ui *ui)
{
    const struct pages_look *look = &model->pages;
    uint64_t entry = look->table.entries[pages_entry_index(look, pages_cursor(model, ui))];

    if (!(entry & 1))
        ui_message(ui, true, "this entry names nothing: P = 0");
    else if (x86_entry_is_leaf(&look->mmu, look->table.level, entry))
        show_memory(ui, false, pages_cursor(model, ui));
    else
        ui->pages.question.level = (uint8_t)(look->table.level - 1);
}

static void open_selected(const struct model *model, struct ui *ui)
{
    unsigned pane = ui->focus[VIEW_PAGES];
    int step = pages_step(model);

    if (pane == PAGES_VERDICT)
        flip(ui);
    else if (pane == PAGES_MAP)
        show_memory(ui, false, pages_cursor(model, ui));
    else if (step < 0)
        ui_message(ui, true, "no table was read");
    else if (pane == PAGES_TABLE && model->pages.table.on)
        open_entry(model, ui);
    else
        show_memory(ui, true, model->pages.walk.guest.steps[step].entry_gpa);
}

static void table_up(const struct model *model, struct ui *ui)
{
    int step = pages_step(model);

    if (step > 0)
        ui->pages.question.level = model->pages.walk.guest.steps[step - 1].level;
    else
        ui_message(ui, true, "this is the first table");
}

bool pages_act(const struct model *model, struct ui *ui, enum action_id id, const char *argument)
{
    if (ui_view(ui) != VIEW_PAGES)
        return false;
    switch (id) {
    case ACTION_ADDRESS:
        go_text(ui, argument);
        return true;
    case ACTION_OPEN_ENTRY:
        open_selected(model, ui);
        return true;
    case ACTION_TABLE_UP:
        table_up(model, ui);
        return true;
    case ACTION_ACCESS:
        next_access(ui);
        return true;
    case ACTION_TRY:
        try_text(model, ui, argument);
        return true;
    default:
        return false;
    }
}

void pages_ask(const struct model *model, struct ui *ui, struct command *command)
{
    struct pages_cursor *p = &ui->pages;
    struct pages_question have = model->pages.asked;

    p->question.on = ui_view(ui) == VIEW_PAGES && model->lab >= 0;
    have.on = model->pages.on;
    if (pages_question_equal(&have, &p->question))
        return;
    if (p->has_asked && pages_question_equal(&p->asked, &p->question) && ui->sent > model->done)
        return;
    update_send(ui, command, COMMAND_LOOK_PAGES);
    command->pages = p->asked = p->question;
    p->has_asked = true;
}
