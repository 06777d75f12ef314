/* What each event does to the screen's state, see update.h. */
#include "tui/update.h"
#include "tui/action.h"
#include "tui/view.h"

void update_send(struct ui *ui, struct command *command, enum command_kind kind, unsigned lab)
{
    *command = (struct command){.kind = kind, .lab = lab};
    if (kind != COMMAND_INTERRUPT)
        ui->sent++;
    ui->follow = true;
}

static void open_lab(const struct model *model, struct ui *ui, struct command *command)
{
    if ((int)ui->selected_lab != model->lab)
        update_send(ui, command, COMMAND_OPEN, ui->selected_lab);
    ui_show(ui, VIEW_STEP);
}

static unsigned go_back(struct ui *ui)
{
    if (ui->zoom) {
        ui->zoom = false;
        return UPDATE_DRAW;
    }
    if (ui->depth == 1)
        return UPDATE_QUIT;
    ui->depth--;
    return UPDATE_DRAW;
}

static void show_labs(const struct model *model, struct ui *ui)
{
    if (model->lab >= 0)
        ui->selected_lab = (unsigned)model->lab;
    ui_show(ui, VIEW_LABS);
}

static void focus_key(struct ui *ui, uint32_t key)
{
    if (!view_focus(ui, key - '0'))
        ui_message(ui, true, "this view has no pane %c", (char)key);
}

static unsigned act(const struct model *model, struct ui *ui, enum action_id id, uint32_t key,
                    struct command *command)
{
    switch (id) {
    case ACTION_STEP:
        update_send(ui, command, COMMAND_STEP, 0);
        break;
    case ACTION_NEXT_EXIT:
        update_send(ui, command, COMMAND_NEXT_EXIT, 0);
        break;
    case ACTION_CONTINUE:
        update_send(ui, command, COMMAND_CONTINUE, 0);
        break;
    case ACTION_INTERRUPT:
        update_send(ui, command, COMMAND_INTERRUPT, 0);
        break;
    case ACTION_RESTART:
        update_send(ui, command, COMMAND_RESTART, 0);
        break;
    case ACTION_EXPLAIN:
        ui->explain = !ui->explain;
        break;
    case ACTION_OPEN:
        open_lab(model, ui, command);
        break;
    case ACTION_LABS:
        show_labs(model, ui);
        break;
    case ACTION_ZOOM:
        ui->zoom = !ui->zoom;
        break;
    case ACTION_FOCUS:
        focus_key(ui, key);
        break;
    case ACTION_FOCUS_NEXT:
    case ACTION_FOCUS_PREVIOUS:
        view_focus_next(ui, id == ACTION_FOCUS_NEXT ? 1 : -1);
        break;
    case ACTION_UP:
    case ACTION_DOWN:
    case ACTION_PAGE_UP:
    case ACTION_PAGE_DOWN:
    case ACTION_TOP:
    case ACTION_BOTTOM:
        view_move(model, ui, (enum move)(id - ACTION_UP));
        break;
    case ACTION_REDRAW:
        return UPDATE_DRAW | UPDATE_REDRAW;
    case ACTION_HELP:
        ui_show(ui, VIEW_HELP);
        break;
    case ACTION_BACK:
        return go_back(ui);
    case ACTION_COUNT:
        break;
    }
    return UPDATE_DRAW;
}

_Static_assert(ACTION_DOWN - ACTION_UP == MOVE_DOWN && ACTION_BOTTOM - ACTION_UP == MOVE_BOTTOM &&
                   ACTION_PAGE_UP - ACTION_UP == MOVE_PAGE_UP,
               "the moves of action.def are in the order of enum move");

static unsigned update_key(const struct model *model, struct ui *ui, uint32_t key,
                           struct command *command)
{
    enum action_id id = action_find(ui_view(ui), key);
    const char *why;

    ui->message[0] = '\0';
    if (id == ACTION_COUNT)
        return UPDATE_DRAW;
    why = action_get(id)->why_not(model, ui);
    if (why) {
        ui_message(ui, true, "%s", why);
        return UPDATE_DRAW;
    }
    return act(model, ui, id, key, command);
}

static unsigned update_model(const struct model *model, struct ui *ui)
{
    if (model->ring.epoch != ui->epoch) {
        ui->epoch = model->ring.epoch;
        ui->follow = true;
        for (unsigned pane = 0; pane <= PANES_MAX; pane++)
            ui->scroll[VIEW_STEP][pane] = 0;
    }
    if (model->message_id != ui->seen_message) {
        ui->seen_message = model->message_id;
        ui_message(ui, model->message_error, "%s", model->message);
    }
    return UPDATE_DRAW;
}

unsigned update(const struct model *model, struct ui *ui, const struct event *event,
                struct command *command)
{
    command->kind = COMMAND_NONE;
    switch (event->kind) {
    case EVENT_KEY:
        return update_key(model, ui, event->key, command);
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
