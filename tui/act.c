/* What each action does, see act.h. */
#include "tui/act.h"
#include "tui/act_ept.h"
#include "tui/act_memory.h"
#include "tui/act_pages.h"
#include "tui/act_snap.h"
#include "tui/find.h"
#include "tui/view.h"

#include <stdio.h>
#include <string.h>

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

static void open_lab(const struct model *model, struct ui *ui, struct command *command)
{
    if ((int)ui->selected_lab != model->lab) {
        update_send(ui, command, COMMAND_OPEN);
        command->lab = ui->selected_lab;
    }
    ui_show(ui, VIEW_STEP);
}

static void focus(struct ui *ui, const char *pane)
{
    if (strlen(pane) != 1 || pane[0] < '1' || pane[0] > '9' ||
        !view_focus(ui, (unsigned)(pane[0] - '0')))
        ui_message(ui, true, "this view has no pane %.20s", pane);
}

static void filter_set(struct ui *ui, const struct exit_filter *filter, const char *name)
{
    ui->filter = *filter;
    ui_message(ui, false, "only exits with %s are listed; f and Enter list all", name);
}

static void filter(struct ui *ui, const char *what)
{
    struct exit_filter filter = {.on = true};
    struct error err = {0};

    if (!*what) {
        ui->filter.on = false;
        ui_message(ui, false, "all exits are listed");
    } else if (breakpoint_parse(&filter.only, what, &err) < 0) {
        ui_message(ui, true, "%s", err.text);
    } else {
        char text[BREAKPOINT_TEXT_MAX];

        filter_set(ui, &filter, breakpoint_text(&filter.only, text));
    }
}

static void show_reason(const struct model *model, struct ui *ui)
{
    const struct vm_exit *exit = ui_reason_exit(ui, model);
    struct exit_filter filter;

    ui_reason_filter(ui, model, &filter);
    ui->selected_exit = exit->seq;
    ui->follow = ui->reason_follow;
    ui_show(ui, VIEW_STEP);
    filter_set(ui, &filter, exit_reason_name(exit->reason));
}

static void break_at(struct ui *ui, const char *where, struct command *command)
{
    struct breakpoint new = {.enabled = true};
    struct error err = {0};

    if (breakpoint_parse(&new, where, &err) < 0) {
        ui_message(ui, true, "%s", err.text);
        return;
    }
    update_send(ui, command, COMMAND_BREAK_ADD);
    command->breakpoint = new;
}

static void break_change(const struct model *model, struct ui *ui, enum command_kind kind,
                         struct command *command)
{
    unsigned at =
        ui->selected_break < model->break_count ? ui->selected_break : model->break_count - 1;

    update_send(ui, command, kind);
    command->breakpoint = model->breaks[at];
}

/* Commands to the engine that need no more than their kind; COMMAND_NONE: not one of them. */
static enum command_kind plain_command(enum action_id id)
{
    switch (id) {
    case ACTION_STEP:
        return COMMAND_STEP;
    case ACTION_OVER:
        return COMMAND_OVER;
    case ACTION_OUT:
        return COMMAND_OUT;
    case ACTION_NEXT_EXIT:
        return COMMAND_NEXT_EXIT;
    case ACTION_CONTINUE:
        return COMMAND_CONTINUE;
    case ACTION_STEP_BACK:
        return COMMAND_STEP_BACK;
    case ACTION_OVER_BACK:
        return COMMAND_OVER_BACK;
    case ACTION_OUT_BACK:
        return COMMAND_OUT_BACK;
    case ACTION_EXIT_BACK:
        return COMMAND_EXIT_BACK;
    case ACTION_CONTINUE_BACK:
        return COMMAND_CONTINUE_BACK;
    case ACTION_INTERRUPT:
        return COMMAND_INTERRUPT;
    case ACTION_RESTART:
        return COMMAND_RESTART;
    default:
        return COMMAND_NONE;
    }
}

static void send_same(const struct model *model, struct ui *ui, enum command_kind kind,
                      struct command *command)
{
    unsigned reason = ui_reason(ui, model);

    update_send(ui, command, kind);
    command->reason = reason;
}

static void jump(const struct model *model, struct ui *ui, const char *where,
                 struct command *command)
{
    struct time_place place;

    if (!time_parse(&place, where, model->time.start, model->time.end)) {
        ui_message(ui, true, "%.40s: no moment; it is as 12, i4503, 12 i4503, start or end", where);
        return;
    }
    update_send(ui, command, COMMAND_SEEK);
    command->time = place;
}

static void mark(const struct model *model, struct ui *ui)
{
    ui->mark = model->time.now;
    ui->has_mark = true;
    ui_message(ui, false, "marked: exit %llu, instruction %llu; ' comes back here",
               (unsigned long long)ui->mark.exits, (unsigned long long)ui->mark.insns);
}

static void mark_return(const struct model *model, struct ui *ui, struct command *command)
{
    update_send(ui, command, COMMAND_SEEK);
    command->time = (struct time_place){.at = ui->mark, .by_exits = true, .by_insns = true};
    ui->mark = model->time.now;
}

/* What needs more than the kind of its command. */
static bool act_moment(const struct model *model, struct ui *ui, enum action_id id,
                       const char *argument, struct command *command)
{
    switch (id) {
    case ACTION_NEXT_SAME:
        send_same(model, ui, COMMAND_NEXT_SAME, command);
        return true;
    case ACTION_SAME_BACK:
        send_same(model, ui, COMMAND_SAME_BACK, command);
        return true;
    case ACTION_JUMP:
        jump(model, ui, argument, command);
        return true;
    case ACTION_SET:
        update_send(ui, command, COMMAND_SET);
        snprintf(command->text, sizeof(command->text), "%s", argument);
        return true;
    case ACTION_MARK:
        mark(model, ui);
        return true;
    case ACTION_MARK_RETURN:
        mark_return(model, ui, command);
        return true;
    default:
        return false;
    }
}

static bool act_time(const struct model *model, struct ui *ui, enum action_id id,
                     const char *argument, struct command *command)
{
    enum command_kind kind = plain_command(id);

    if (act_moment(model, ui, id, argument, command))
        return true;
    if (kind == COMMAND_NONE)
        return false;
    update_send(ui, command, kind);
    return true;
}

static bool act_place(const struct model *model, struct ui *ui, enum action_id id)
{
    switch (id) {
    case ACTION_STEPS:
        ui_show(ui, VIEW_STEP);
        return true;
    case ACTION_EXITS:
        ui_show(ui, VIEW_EXITS);
        return true;
    case ACTION_PAGES:
        ui_show(ui, VIEW_PAGES);
        return true;
    case ACTION_EPT:
        ui_show(ui, VIEW_EPT);
        return true;
    case ACTION_HEAT:
        ui_show(ui, VIEW_HEAT);
        return true;
    case ACTION_SNAPSHOTS:
        ui_show(ui, VIEW_SNAPSHOTS);
        return true;
    case ACTION_COMPARE:
        ui_show(ui, VIEW_COMPARE);
        return true;
    case ACTION_COMPARE_FIRST:
        ui->compare.id = model->compare.id;
        ui->compare.row = model->compare.first;
        return true;
    case ACTION_MEMORY:
        ui_show(ui, VIEW_MEMORY);
        return true;
    case ACTION_BREAKS:
        ui_show(ui, VIEW_BREAKS);
        return true;
    case ACTION_DEVICES:
        ui_show(ui, VIEW_DEVICES);
        return true;
    case ACTION_MESSAGES:
        ui_show(ui, VIEW_MESSAGES);
        return true;
    case ACTION_LABS:
        show_labs(model, ui);
        return true;
    case ACTION_HELP:
        ui_show(ui, VIEW_HELP);
        return true;
    case ACTION_FOCUS_NEXT:
    case ACTION_FOCUS_PREVIOUS:
        view_focus_next(ui, id == ACTION_FOCUS_NEXT ? 1 : -1);
        return true;
    case ACTION_LEFT:
    case ACTION_RIGHT:
        view_side(model, ui, id == ACTION_RIGHT ? 1 : -1);
        return true;
    case ACTION_UP:
    case ACTION_DOWN:
    case ACTION_PAGE_UP:
    case ACTION_PAGE_DOWN:
    case ACTION_TOP:
    case ACTION_BOTTOM:
        view_move(model, ui, (enum move)(id - ACTION_UP));
        return true;
    default:
        return false;
    }
}

_Static_assert(ACTION_DOWN - ACTION_UP == MOVE_DOWN && ACTION_BOTTOM - ACTION_UP == MOVE_BOTTOM &&
                   ACTION_PAGE_UP - ACTION_UP == MOVE_PAGE_UP,
               "the moves of action.def are in the order of enum move");

/* Memory is searched by the engine: what is on the screen is little of it. */
static void find_next(const struct model *model, struct ui *ui, int direction,
                      struct command *command)
{
    if (memory_has_keys(ui))
        memory_find(model, ui, direction, command);
    else
        find_move(model, ui, direction);
}

static void find(const struct model *model, struct ui *ui, const char *text,
                 struct command *command)
{
    if (*text)
        snprintf(ui->find, sizeof(ui->find), "%s", text);
    if (ui->find[0])
        find_next(model, ui, 1, command);
}

/* Two steps from another pane: nobody is to type to the guest who wanted a device of the list. */
static void type_begin(struct ui *ui)
{
    if (ui->focus[VIEW_DEVICES] == CONSOLE_PANE) {
        ui->typing = true;
        ui->scroll[VIEW_DEVICES][CONSOLE_PANE] = 0;
    }
    view_focus(ui, CONSOLE_PANE);
}

/* The rest: what asks for something, and what changes the screen itself. */
static unsigned act_other(const struct model *model, struct ui *ui, enum action_id id,
                          const char *argument, struct command *command)
{
    switch (id) {
    case ACTION_COMPARE_TRACES:
        update_send(ui, command, COMMAND_COMPARE);
        snprintf(command->text, sizeof(command->text), "%s", argument);
        break;
    case ACTION_EXPLAIN:
        ui->explain = !ui->explain;
        break;
    case ACTION_OPEN:
        open_lab(model, ui, command);
        break;
    case ACTION_BREAK:
        break_at(ui, argument, command);
        break;
    case ACTION_ENABLE:
        break_change(model, ui, COMMAND_BREAK_ENABLE, command);
        break;
    case ACTION_REMOVE:
        break_change(model, ui, COMMAND_BREAK_REMOVE, command);
        break;
    case ACTION_SHOW_REASON:
        show_reason(model, ui);
        break;
    case ACTION_FILTER:
        filter(ui, argument);
        break;
    case ACTION_FIND:
        find(model, ui, argument, command);
        break;
    case ACTION_FIND_NEXT:
    case ACTION_FIND_PREVIOUS:
        find_next(model, ui, id == ACTION_FIND_NEXT ? 1 : -1, command);
        break;
    case ACTION_FOCUS:
        focus(ui, argument);
        break;
    case ACTION_TYPE:
        type_begin(ui);
        break;
    case ACTION_TYPE_END:
        ui->typing = false;
        break;
    case ACTION_CONSOLE:
        ui->console = (enum console_text)((ui->console + 1) % CONSOLE_TEXTS);
        break;
    case ACTION_ZOOM:
        ui->zoom = !ui->zoom;
        break;
    case ACTION_TOUR:
        ui->tour = ui->tour ? 0 : 1;
        break;
    case ACTION_MOUSE:
        ui->mouse = !ui->mouse;
        ui_message(ui, false, ui->mouse ? "the mouse is used here" : "the mouse is the terminal's");
        break;
    case ACTION_REDRAW:
        return UPDATE_DRAW | UPDATE_REDRAW;
    case ACTION_BACK:
        return go_back(ui);
    case ACTION_QUIT:
        return UPDATE_QUIT;
    default:
        break;
    }
    return UPDATE_DRAW;
}

unsigned act(const struct model *model, struct ui *ui, enum action_id id, const char *argument,
             struct command *command)
{
    if (act_time(model, ui, id, argument, command) || act_place(model, ui, id) ||
        pages_act(model, ui, id, argument) || ept_act(model, ui, id, argument) ||
        memory_act(model, ui, id, argument) || snap_act(model, ui, id, argument, command))
        return UPDATE_DRAW;
    return act_other(model, ui, id, argument, command);
}
