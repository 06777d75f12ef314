/*
 * The state of the screen itself: where the user is and what is selected. Plain data; update()
 * changes it, views read it.
 */
#ifndef VLAB_TUI_UI_H
#define VLAB_TUI_UI_H

#include "tui/exit_list.h"
#include "tui/memory.h"
#include "tui/model.h"
#include "tui/pages.h"
#include "tui/prompt.h"
#include "tui/widget/console.h"
#include "tui/widget/pane.h"

enum view_id {
    VIEW_STEP,
    VIEW_EXITS,
    VIEW_PAGES,
    VIEW_EPT,
    VIEW_HEAT,
    VIEW_SNAPSHOTS,
    VIEW_COMPARE,
    VIEW_MEMORY,
    VIEW_BREAKS,
    VIEW_DEVICES,
    VIEW_LABS,
    VIEW_MESSAGES,
    VIEW_HELP,
    VIEW_COUNT
};

#define UI_STACK VIEW_COUNT /* a view is on the stack once */

/* The smallest screen that shows more than one pane, and the smallest of all. */
enum { SCREEN_FULL_ROWS = 24, SCREEN_FULL_COLS = 80, SCREEN_MIN_ROWS = 12, SCREEN_MIN_COLS = 40 };

/* The last messages; number n, counted from 0, is log[n % LOG_LINES]. */
enum { LOG_LINES = 200, MESSAGE_MAX = 200 };

struct log_line {
    bool error;
    uint64_t insns; /* where the machine stood */
    char text[MESSAGE_MAX];
};

/* Where the user looks at memory. */
enum { MEMORY_BACK = 16 };

struct memory_cursor {
    struct memory_place place;
    struct memory_place asked; /* of the engine, when has_asked */
    bool has_asked;
    uint64_t top;                          /* the first line that is seen, as far as that can be */
    struct memory_place back[MEMORY_BACK]; /* places before, the last of them back[backs - 1] */
    unsigned backs;
    unsigned base;  /* enum memory_base that is selected in the list; 0: the first */
    uint64_t found; /* id of the last answer to a search */
};

/* What is asked about address translation, and which of the things to try is chosen. */
struct pages_cursor {
    struct pages_question question;
    struct pages_question asked; /* of the engine, when has_asked */
    bool has_asked;
    unsigned chosen; /* 0: the access, else 1 + enum pages_try */
};

struct ept_cursor {
    struct ept_question question;
    struct ept_question asked; /* of the engine, when has_asked */
    bool has_asked;
};

struct heat_cursor {
    uint64_t page; /* of RAM, by number */
    bool asked;    /* the last that the engine was told: to count, or not to */
};

enum { SNAP_FOLDS = 32 };

struct snap_cursor {
    char selected_id[NODE_ID_SIZE]; /* where that is not in the tree: */
    unsigned selected;              /* the row where it was */
    char folded[SNAP_FOLDS][NODE_ID_SIZE];
    unsigned folded_count;
    char mark[NODE_ID_SIZE];         /* to compare with, "": none; */
    bool from_mark;                  /* and it is compared, not now */
    struct snapshots_question asked; /* of the engine, when has_asked */
    bool has_asked;
    unsigned meant; /* enum action_id that is asked for once, about meant_id; 0: none */
    char meant_id[NODE_ID_SIZE];
};

struct ui {
    int rows, cols;
    enum view_id stack[UI_STACK]; /* stack[depth - 1] is shown, stack[0] is the root */
    unsigned depth;
    unsigned focus[VIEW_COUNT]; /* number of the pane that has the keys */
    bool zoom;                  /* the focused pane alone */
    int scroll[VIEW_COUNT][PANES_MAX + 1];

    bool follow;            /* the newest exit is selected */
    uint64_t selected_exit; /* else this one */
    unsigned selected_lab, selected_break, selected_device;
    bool explain; /* the qualification bit by bit */

    bool typing;               /* the guest has the keys, in the serial console */
    enum console_text console; /* what the serial console shows */
    bool reason_chosen;        /* in the profile; else the most frequent reason is selected */
    unsigned reason;
    bool reason_follow; /* the newest exit of that reason is selected */
    uint64_t reason_exit;

    struct memory_cursor memory;
    struct pages_cursor pages;
    struct ept_cursor ept;
    struct heat_cursor heat;

    struct snap_cursor snap;
    struct {
        uint64_t id; /* of the answer that it is a row of; else the first difference is selected */
        unsigned row;
    } compare;
    struct moment mark; /* where to return to, when has_mark */
    bool has_mark;

    struct prompt prompt;
    char find[PROMPT_MAX]; /* what was looked for last */
    struct exit_filter filter;
    unsigned tour; /* the step of the tour that is shown, from 1; 0: none */
    bool mouse;    /* the terminal gives mouse events to us */

    uint64_t sent;  /* commands given to the engine */
    uint64_t epoch; /* of the machine whose exits are shown */
    uint64_t seen_message;
    bool message_error;
    char message[MESSAGE_MAX];
    uint64_t insns;  /* of the machine, for the log */
    uint64_t logged; /* messages so far */
    struct log_line log[LOG_LINES];

    bool show_frame; /* test mode: the number of the frame in the corner */
    uint64_t frame;
};

/* `root` is the first view; a second one on top of it when `top` differs. */
void ui_init(struct ui *ui, enum view_id root, enum view_id top, int rows, int cols);
enum view_id ui_view(const struct ui *ui);
/* Show a view: go back to it when it is on the stack, else put it on top. */
void ui_show(struct ui *ui, enum view_id view);
/* Show a text in the message line and add it to the log. */
void ui_message(struct ui *ui, bool error, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* One pane only: the screen is small, or the user asked for it. */
bool ui_one_pane(const struct ui *ui);
/* The line of the tour is on the screen: in the step view, which it is about. */
bool ui_shows_tour(const struct ui *ui);
/* A command is under way or waiting. */
bool ui_busy(const struct ui *ui, const struct model *model);
/* The exit that is selected among those that pass the filter; NULL when there is none. */
const struct vm_exit *ui_exit(const struct ui *ui, const struct model *model);
/*
 * The reason that is selected: in the profile its row, else that of the selected exit;
 * EXIT_REASON_COUNT when there is none.
 */
unsigned ui_reason(const struct ui *ui, const struct model *model);
/* In the profile: only exits of the selected reason, and the selected one of them or NULL. */
void ui_reason_filter(const struct ui *ui, const struct model *model, struct exit_filter *filter);
const struct vm_exit *ui_reason_exit(const struct ui *ui, const struct model *model);

#endif
