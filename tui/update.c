/* What each event does to the screen's state, see update.h. */
#include "tui/update.h"
#include "tui/act.h"
#include "tui/act_ept.h"
#include "tui/act_memory.h"
#include "tui/act_pages.h"
#include "tui/act_snap.h"
#include "tui/key.h"
#include "tui/palette.h"
#include "tui/tour.h"
#include "tui/view.h"

#include <string.h>

void update_send(struct ui *ui, struct command *command, enum command_kind kind)
{
    *command = (struct command){.kind = kind};
    if (kind != COMMAND_INTERRUPT)
        ui->sent++;
    if (!command_is_aside(kind))
        ui->follow = true;
}

unsigned update_action(const struct model *model, struct ui *ui, unsigned action,
                       const char *argument, struct command *command)
{
    enum action_id id = (enum action_id)action;
    const char *why = action_get(id)->why_not(model, ui);

    if (why) {
        ui_message(ui, true, "%s", why);
        return UPDATE_DRAW;
    }
    tour_done(ui, id);
    if (action_get(id)->asks[0] && !argument) {
        prompt_open(&ui->prompt, id);
        return UPDATE_DRAW;
    }
    return act(model, ui, id, argument ? argument : "", command);
}

static unsigned palette_done(const struct model *model, struct ui *ui, struct command *command)
{
    const char *argument;
    enum action_id id = palette_action(ui, &argument);

    if (id == ACTION_COUNT) {
        ui_message(ui, true, "'%.60s' is no command here: ? lists them", ui->prompt.text);
        return UPDATE_DRAW;
    }
    return update_action(model, ui, id, *argument ? argument : NULL, command);
}

static unsigned palette_key(const struct model *model, struct ui *ui, uint32_t key,
                            struct command *command)
{
    switch (key) {
    case K_UP:
    case K_DOWN:
        palette_move(ui, key == K_DOWN ? 1 : -1);
        return UPDATE_DRAW;
    case K_TAB:
        palette_complete(ui);
        return UPDATE_DRAW;
    default:
        break;
    }
    ui->prompt.choice *= key == K_ENTER;
    if (prompt_key(&ui->prompt, key) == PROMPT_DONE)
        return palette_done(model, ui, command);
    return UPDATE_DRAW;
}

static unsigned prompt_update(const struct model *model, struct ui *ui, uint32_t key,
                              struct command *command)
{
    if (palette_is_open(ui))
        return palette_key(model, ui, key, command);
    if (prompt_key(&ui->prompt, key) != PROMPT_DONE)
        return UPDATE_DRAW;
    return update_action(model, ui, ui->prompt.action, ui->prompt.text, command);
}

/* The guest has the keys: all but the one that takes them back. */
static unsigned typed_key(const struct model *model, struct ui *ui, uint32_t key,
                          struct command *command)
{
    char bytes[KEY_BYTES];
    int size;

    if (key_in(action_get(ACTION_TYPE_END)->keys, key))
        return update_action(model, ui, ACTION_TYPE_END, NULL, command);
    size = key_bytes(key, bytes);
    if (size > 0) {
        update_send(ui, command, COMMAND_TYPE);
        command->size = (uint8_t)size;
        memcpy(command->bytes, bytes, (size_t)size);
    }
    return UPDATE_DRAW;
}

static unsigned update_key(const struct model *model, struct ui *ui, uint32_t key,
                           struct command *command)
{
    enum action_id id;
    char pane[2] = {(char)key, '\0'};

    ui->message[0] = '\0';
    if (ui->typing)
        return typed_key(model, ui, key, command);
    if (ui->prompt.open)
        return prompt_update(model, ui, key, command);
    id = action_find(ui_view(ui), key);
    if (id == ACTION_COUNT)
        return UPDATE_DRAW;
    return update_action(model, ui, id, id == ACTION_FOCUS ? pane : NULL, command);
}

/* On a pane: its keys, and the row; on the footer: what stands there. */
static unsigned click(const struct model *model, struct ui *ui, const struct event *event,
                      struct command *command)
{
    const struct view_ops *ops = view_ops(ui_view(ui));
    struct pane pane;
    unsigned id;

    if (event->row == ui->rows - 1) {
        id = screen_footer_action(ui, event->col);
        return id == ACTION_COUNT ? 0 : update_action(model, ui, id, NULL, command);
    }
    if (ui->typing || !view_pane_at(ui, event->row, event->col, &pane))
        return 0;
    view_focus(ui, pane.number);
    if (ops->click && event->row > pane.row && event->row < pane.row + pane.rows - 1)
        ops->click(model, ui, &pane, event->row - pane.row - 1);
    return UPDATE_DRAW;
}

static unsigned update_mouse(const struct model *model, struct ui *ui, const struct event *event,
                             struct command *command)
{
    enum { WHEEL_LINES = 3 };
    struct pane pane;

    if (ui->prompt.open)
        return 0;
    ui->message[0] = '\0';
    if (event->mouse == MOUSE_CLICK)
        return click(model, ui, event, command);
    if (ui->typing || !view_pane_at(ui, event->row, event->col, &pane))
        return 0;
    view_focus(ui, pane.number);
    for (int i = 0; i < WHEEL_LINES; i++)
        view_move(model, ui, event->mouse == MOUSE_WHEEL_UP ? MOVE_UP : MOVE_DOWN);
    return UPDATE_DRAW;
}

static unsigned update_model(const struct model *model, struct ui *ui)
{
    if (model->ring.epoch != ui->epoch) {
        ui->epoch = model->ring.epoch;
        ui->follow = ui->reason_follow = true;
        ui->reason_chosen = ui->has_mark = false;
        for (unsigned pane = 0; pane <= PANES_MAX; pane++)
            ui->scroll[VIEW_STEP][pane] = 0;
    }
    ui->insns = model->insns;
    memory_answer(model, ui);
    if (model->message_id != ui->seen_message) {
        ui->seen_message = model->message_id;
        /* What a key was refused for is not wiped away by the end of the run that refused it. */
        if (model->message[0] || !ui->message_error)
            ui_message(ui, model->message_error, "%s", model->message);
    }
    return UPDATE_DRAW;
}

static unsigned dispatch(const struct model *model, struct ui *ui, const struct event *event,
                         struct command *command)
{
    switch (event->kind) {
    case EVENT_KEY:
        return update_key(model, ui, event->key, command);
    case EVENT_MOUSE:
        return update_mouse(model, ui, event, command);
    case EVENT_RESIZE:
        ui->rows = event->rows;
        ui->cols = event->cols;
        return UPDATE_DRAW | UPDATE_REDRAW;
    case EVENT_MODEL:
        return update_model(model, ui);
    case EVENT_STDERR:
        ui_message(ui, true, "%s", event->text);
        return UPDATE_DRAW;
    }
    return 0;
}

unsigned update(const struct model *model, struct ui *ui, const struct event *event,
                struct command *command)
{
    unsigned result;

    command->kind = COMMAND_NONE;
    result = dispatch(model, ui, event, command);
    if (command->kind == COMMAND_NONE)
        memory_ask(model, ui, command);
    if (command->kind == COMMAND_NONE)
        pages_ask(model, ui, command);
    if (command->kind == COMMAND_NONE)
        ept_ask(model, ui, command);
    if (command->kind == COMMAND_NONE)
        heat_ask(model, ui, command);
    if (command->kind == COMMAND_NONE)
        snap_ask(model, ui, command);
    return result;
}
