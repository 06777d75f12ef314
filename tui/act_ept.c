/*
 * The keys of the ept and heat views, see act_ept.h.
 *
 * As in the pages view one address is the cursor of all panes; the engine answers COMMAND_LOOK_EPT and
 * COMMAND_LOOK_HEAT.
 */
#include "tui/act_ept.h"
#include "core/ram.h"
#include "tui/act_memory.h"
#include "tui/act_pages.h"
#include "tui/view.h"

uint64_t ept_cursor(const struct model *model, const struct ui *ui)
{
    return memory_place_address(&ui->ept.question.place, &model->now);
}

void ept_cursor_move(struct ui *ui, uint64_t gpa)
{
    ui->ept.question.place = (struct memory_place){.physical = true, .offset = gpa};
}

int ept_step(const struct model *model)
{
    const struct ept_walk *walk = &model->ept.walk;
    int at = 0;

    if (!model->ept.on || walk->count == 0)
        return -1;
    while (at < walk->count - 1 && walk->steps[at].level != model->ept.asked.level)
        at++;
    return at;
}

uint64_t heat_gpa(uint64_t page)
{
    uint64_t gpa = page * PAGE_SIZE;

    return gpa < RAM_LOW_TOP ? gpa : gpa + (RAM_HIGH_BASE - RAM_LOW_TOP);
}

static void go_text(struct ui *ui, const char *text)
{
    struct memory_place place;
    struct error err = {0};

    if (memory_place_parse(&place, text, &err) < 0)
        ui_message(ui, true, "%s", err.text);
    else if (!place.physical && place.base != MEMORY_NUMBER)
        ui_message(ui, true,
                   "that is linear: p walks it, and e there comes back with what it finds");
    else
        ui->ept.question.place = place;
    ui->ept.question.place.physical = true;
}

static void show_memory(struct ui *ui, uint64_t gpa)
{
    struct memory_place place = {.physical = true, .offset = gpa};

    memory_go(ui, &place);
    ui_show(ui, VIEW_MEMORY);
}

/* What is selected in the pages view: an entry's address in its walk, else the page. */
static uint64_t pages_gpa(const struct model *model, const struct ui *ui)
{
    const struct x86_walk *walk = &model->pages.walk.guest;
    int step = pages_step(model);
    bool entry = ui->focus[VIEW_PAGES] <= PAGES_STAGE || !walk->page_size;

    return entry && step >= 0 ? walk->steps[step].entry_gpa : walk->gpa;
}

static void second_stage(const struct model *model, struct ui *ui)
{
    if (ui_view(ui) == VIEW_HEAT)
        ept_cursor_move(ui, heat_gpa(ui->heat.page));
    else if (model->pages.on)
        ept_cursor_move(ui, pages_gpa(model, ui));
    ui_show(ui, VIEW_EPT);
}

static void open_entry(const struct model *model, struct ui *ui)
{
    const struct ept_look *look = &model->ept;
    uint64_t entry = look->entries[ept_entry_index(look, ept_cursor(model, ui))];

    if (!(entry & EPT_ALL))
        ui_message(ui, true, "this entry maps nothing: bits 2:0 are clear");
    else if (ept_is_leaf(look->table_level, entry))
        show_memory(ui, ept_cursor(model, ui));
    else
        ui->ept.question.level = (uint8_t)(look->table_level - 1);
}

static void open_selected(const struct model *model, struct ui *ui)
{
    if (ui_view(ui) == VIEW_HEAT)
        show_memory(ui, heat_gpa(ui->heat.page));
    else if (ui->focus[VIEW_EPT] == EPT_TABLE_PANE && model->ept.has_table)
        open_entry(model, ui);
    else
        show_memory(ui, ept_cursor(model, ui));
}

static void table_up(const struct model *model, struct ui *ui)
{
    int step = ept_step(model);

    if (step > 0)
        ui->ept.question.level = model->ept.walk.steps[step - 1].level;
    else
        ui_message(ui, true, "this is the first table");
}

bool ept_act(const struct model *model, struct ui *ui, enum action_id id, const char *argument)
{
    enum view_id view = ui_view(ui);

    if (id == ACTION_SECOND_STAGE) {
        second_stage(model, ui);
        return true;
    }
    if (view != VIEW_EPT && view != VIEW_HEAT)
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
    default:
        return false;
    }
}

void ept_ask(const struct model *model, struct ui *ui, struct command *command)
{
    struct ept_cursor *e = &ui->ept;
    struct ept_question have = model->ept.asked;

    e->question.on = ui_view(ui) == VIEW_EPT && model->lab >= 0;
    have.on = model->ept.on;
    if (ept_question_equal(&have, &e->question))
        return;
    if (e->has_asked && ept_question_equal(&e->asked, &e->question) && ui->sent > model->done)
        return;
    update_send(ui, command, COMMAND_LOOK_EPT);
    command->ept = e->asked = e->question;
    e->has_asked = true;
}

void heat_ask(const struct model *model, struct ui *ui, struct command *command)
{
    bool on = ui_view(ui) == VIEW_HEAT && model->lab >= 0;

    if (on == model->heat.on || (ui->heat.asked == on && ui->sent > model->done))
        return;
    update_send(ui, command, COMMAND_LOOK_HEAT);
    command->off = !on;
    ui->heat.asked = on;
}
