/*
 * The plain mode: a command a line, answers in sentences. See tui_plain() in tui.h.
 *
 * It is the screen without a screen: update_action() does what a command says, the engine runs the
 * guest, and what differs is only how it is told. From a pipe the next command waits for the end of
 * the one before; on a terminal it is taken in the middle of a run, as a key is.
 */
#include "tui/engine.h"
#include "tui/plain_line.h"
#include "tui/plain_read.h"
#include "tui/plain_say.h"
#include "tui/tui.h"
#include "tui/update.h"
#include "tui/view.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/signalfd.h>
#include <unistd.h>

/* As often as the screen draws; and when a run is worth a line. */
enum { FRAME_MS = 33, FRAMES_LONG = 30, EXITS_SAID = 10 };

/* What the views think the screen is: room for all their panes. */
enum { ROWS = 60, COLS = 160 };

struct plain {
    const struct tui_config *config;
    FILE *out;
    struct plain_reader reader;
    bool terminal; /* the input is one: it gets prompts */
    bool prompted;
    struct engine *engine;
    const struct model *model;
    struct ui ui;
    int signal_fd;
    sigset_t signals_before;

    struct plain_line again;    /* the last command that ran the guest */
    bool waiting, moving;       /* a command is under way; one that runs the guest */
    bool due, due_all;          /* the view is to be said when it has been read; all of its panes */
    unsigned frames;            /* of this run so far */
    struct plain_moment before; /* where it began */
    uint64_t said, text_said;   /* messages, and bytes that `output` has given */
    bool quit;
    int died_of;
};

static bool busy(const struct plain *p)
{
    return ui_busy(&p->ui, p->model);
}

/* ---- messages -------------------------------------------------------------------------------- */

static void say_message(struct plain *p, const struct log_line *line)
{
    if (line->error)
        fprintf(p->out, "Error: %s.\n", line->text);
    else
        plain_say_message(p->out, line->text);
}

/* Those that are new, but for the one numbered `except`. */
static void say_messages(struct plain *p, uint64_t except)
{
    if (p->ui.logged - p->said > LOG_LINES)
        p->said = p->ui.logged - LOG_LINES;
    for (; p->said < p->ui.logged; p->said++)
        if (p->said != except)
            say_message(p, &p->ui.log[p->said % LOG_LINES]);
}

/* A run has ended: its own message, the last one, is part of the sentence. */
static void say_run(struct plain *p)
{
    uint64_t last = p->ui.logged - 1;
    const char *message = "";

    if (p->ui.logged > p->said && !p->ui.log[last % LOG_LINES].error) {
        if (!plain_repeats(p->model, p->ui.log[last % LOG_LINES].text))
            message = p->ui.log[last % LOG_LINES].text;
        say_messages(p, last);
        plain_say_move(p->out, p->model, &p->before, message);
    } else {
        plain_say_move(p->out, p->model, &p->before, "");
        say_messages(p, UINT64_MAX);
    }
}

/* ---- commands -------------------------------------------------------------------------------- */

static void send(struct plain *p, const struct command *command)
{
    bool aside = command_is_aside(command->kind) || command->kind == COMMAND_INTERRUPT;

    if (command->kind == COMMAND_NONE)
        return;
    if (!p->waiting) {
        p->before = plain_moment(p->model);
        p->frames = 0;
    }
    p->waiting = true;
    p->moving |= !aside;
    if (engine_command(p->engine, command) < 0)
        ui_message(&p->ui, true, "too many commands wait: interrupt drops them");
}

/* What the view that is shown wants to see of the machine, before it can be said. True: it was asked for. */
static bool ask(struct plain *p)
{
    struct event event = {.kind = EVENT_MODEL};
    struct command command;

    update(p->model, &p->ui, &event, &command);
    send(p, &command);
    p->due |= command.kind != COMMAND_NONE;
    return command.kind != COMMAND_NONE;
}

static void say_view(struct plain *p)
{
    if (ask(p))
        p->due_all = true;
    else
        plain_say_view(p->out, p->model, &p->ui, ui_view(&p->ui));
}

/* Another question in the same view: its answer is in the first panes. */
static void say_due(struct plain *p)
{
    enum view_id view = ui_view(&p->ui);

    if (p->due_all)
        plain_say_view(p->out, p->model, &p->ui, view);
    else if (view == VIEW_PAGES || view == VIEW_EPT)
        for (unsigned pane = 1; pane < view_ops(view)->first_focus; pane++)
            plain_say_pane(p->out, p->model, &p->ui, view, pane);
    p->due = p->due_all = false;
}

/* An action belongs to the view that is shown, else to the step view, else to its own. */
static void show_view_of(struct plain *p, enum action_id id)
{
    unsigned view = VIEW_STEP;

    if (action_in(id, ui_view(&p->ui)))
        return;
    while (!action_in(id, (enum view_id)view))
        view = (view + 1) % VIEW_COUNT;
    ui_show(&p->ui, (enum view_id)view);
}

static bool moves_selection(enum action_id id)
{
    return (id >= ACTION_UP && id <= ACTION_BOTTOM) || id == ACTION_FIND ||
           id == ACTION_FIND_NEXT || id == ACTION_FIND_PREVIOUS || id == ACTION_FOCUS ||
           id == ACTION_FOCUS_NEXT || id == ACTION_FOCUS_PREVIOUS;
}

/* What an action did to the screen, where there were one. */
static void say_place(struct plain *p, enum action_id id, enum view_id before)
{
    enum view_id view = ui_view(&p->ui);

    if (p->quit || (p->ui.message[0] && p->ui.message_error))
        return;
    if (view != before && view == VIEW_STEP)
        plain_say_where(p->out, p->model);
    else if (view != before)
        say_view(p);
    else if (moves_selection(id)) {
        if (id == ACTION_FOCUS || id == ACTION_FOCUS_NEXT || id == ACTION_FOCUS_PREVIOUS)
            fprintf(p->out, "Pane %u, %s.\n", p->ui.focus[view],
                    view_ops(view)->panes[p->ui.focus[view]]);
        plain_say_selection(p->out, p->model, &p->ui);
    }
    ask(p);
}

static void again_keep(struct plain *p, enum action_id id, const char *argument)
{
    struct plain_line line = {.kind = PLAIN_LINE_ACTION, .action = id};

    snprintf(line.argument, sizeof(line.argument), "%s", argument);
    p->again = line;
}

static void do_action(struct plain *p, enum action_id id, const char *argument)
{
    struct command command = {.kind = COMMAND_NONE};
    enum view_id before;
    unsigned result;

    show_view_of(p, id);
    p->ui.message[0] = '\0';
    before = ui_view(&p->ui);
    result = update_action(p->model, &p->ui, id, argument, &command);
    p->quit |= (result & UPDATE_QUIT) != 0;
    send(p, &command);
    if (command.kind >= COMMAND_STEP && command.kind <= COMMAND_SEEK)
        again_keep(p, id, argument);
    if (command.kind != COMMAND_NONE)
        return;
    say_messages(p, UINT64_MAX);
    say_place(p, id, before);
}

static bool lab_is(const struct lab_info *lab, const char *what)
{
    return strcasecmp(lab->name, what) == 0 || strcmp(lab->id, what) == 0 ||
           (lab->id[0] == '0' && strcmp(lab->id + 1, what) == 0);
}

static void open_lab(struct plain *p, const char *what)
{
    unsigned lab = 0;

    while (*what && lab < p->config->lab_count && !lab_is(&p->config->labs[lab], what))
        lab++;
    if (lab == p->config->lab_count) {
        fprintf(p->out, "Error: there is no lab '%.60s': labs lists them.\n", what);
        return;
    }
    if (*what)
        p->ui.selected_lab = lab;
    ui_show(&p->ui, VIEW_LABS);
    do_action(p, ACTION_OPEN, "");
}

static void say_exits(struct plain *p, const char *argument)
{
    char *end;
    unsigned long count = *argument ? strtoul(argument, &end, 10) : EXITS_SAID;

    if (*argument && (*end || argument[0] < '0' || argument[0] > '9'))
        fprintf(p->out, "Error: exits: '%.60s' is not a number.\n", argument);
    else
        plain_say_exits(p->out, p->model, &p->ui, count < EXIT_RING ? (unsigned)count : EXIT_RING);
}

static void say_output(struct plain *p)
{
    const struct text_tail *text = &p->model->text;

    if (text->total == p->text_said)
        fprintf(p->out, "The guest has printed nothing%s.\n", text->total ? " since" : "");
    else
        plain_say_text(p->out, text, p->text_said);
    p->text_said = text->total;
}

static void show_view(struct plain *p, const char *name)
{
    enum view_id view = *name ? view_find(name) : ui_view(&p->ui);

    if (view == VIEW_COUNT) {
        fprintf(p->out, "Error: there is no view '%.60s'. There are", name);
        for (unsigned i = 0; i < VIEW_COUNT; i++)
            fprintf(p->out, "%s %s", i ? "," : "", view_ops((enum view_id)i)->name);
        fputs(".\n", p->out);
        return;
    }
    ui_show(&p->ui, view);
    say_view(p);
}

static void do_word(struct plain *p, enum plain_word word, const char *argument)
{
    switch (word) {
    case PLAIN_WHERE:
        plain_say_where(p->out, p->model);
        break;
    case PLAIN_REGISTERS:
        plain_say_pane(p->out, p->model, &p->ui, VIEW_STEP, 2);
        break;
    case PLAIN_CHANGES:
        plain_say_changes(p->out, p->model);
        break;
    case PLAIN_EXITS:
        say_exits(p, argument);
        break;
    case PLAIN_WHY:
    case PLAIN_EXPLAIN:
        plain_say_why(p->out, p->model, &p->ui, word == PLAIN_EXPLAIN);
        break;
    case PLAIN_OUTPUT:
        say_output(p);
        break;
    case PLAIN_PROFILE:
        plain_say_profile(p->out, p->model);
        break;
    case PLAIN_BREAKS:
        show_view(p, "breaks");
        break;
    case PLAIN_MESSAGES:
        show_view(p, "messages");
        break;
    case PLAIN_OPEN:
        open_lab(p, argument);
        break;
    case PLAIN_VIEW:
        show_view(p, argument);
        break;
    case PLAIN_HELP:
        plain_say_help(p->out);
        break;
    case PLAIN_QUIT:
    case PLAIN_COUNT:
        p->quit = true;
        break;
    }
}

static void do_line(struct plain *p, const char *text)
{
    struct plain_line line;

    plain_line_parse(&line, text, ui_view(&p->ui));
    if (line.kind == PLAIN_LINE_EMPTY)
        line = p->again;
    if (line.kind == PLAIN_LINE_WRONG)
        fprintf(p->out, "%s\n", line.why);
    else if (line.kind == PLAIN_LINE_WORD)
        do_word(p, line.word, line.argument);
    else if (line.kind == PLAIN_LINE_ACTION)
        do_action(p, line.action, line.argument);
    else
        fputs("Nothing has run yet that could be repeated; help lists the commands.\n", p->out);
}

/* ---- waiting --------------------------------------------------------------------------------- */

static void handle_model(struct plain *p)
{
    struct event event = {.kind = EVENT_MODEL};
    struct command command;
    uint64_t count;

    if (read(engine_fd(p->engine), &count, sizeof(count)) != sizeof(count))
        return;
    p->model = engine_model(p->engine);
    if (p->model->ring.epoch != p->ui.epoch)
        p->text_said = 0; /* that was another machine's */
    update(p->model, &p->ui, &event, &command);
    send(p, &command); /* what the view that is shown wants to see of the machine */
}

/* A command is carried out: say what came of it. */
static void settle(struct plain *p)
{
    if (!p->waiting || busy(p))
        return;
    if (p->moving)
        say_run(p);
    else
        say_messages(p, UINT64_MAX);
    p->waiting = p->moving = false;
    if (p->due)
        say_due(p);
}

static void handle_signal(struct plain *p)
{
    struct signalfd_siginfo info;

    if (read(p->signal_fd, &info, sizeof(info)) != sizeof(info))
        return;
    if (p->terminal)
        fputc('\n', p->out);
    if (busy(p))
        do_action(p, ACTION_INTERRUPT, "");
    else
        p->died_of = SIGINT;
}

/* The same request as for a frame of the screen, so that none to stop is lost. */
static void handle_time(struct plain *p)
{
    engine_request_frame(p->engine);
    if (++p->frames == FRAMES_LONG && p->terminal)
        fputs("The guest is running; Ctrl-C stops it.\n", p->out);
}

static void prompt(struct plain *p)
{
    if (p->terminal && !p->prompted && !busy(p))
        fputs("> ", p->out);
    p->prompted = !busy(p);
    fflush(p->out);
}

static int wait_and_handle(struct plain *p, struct error *err)
{
    struct pollfd fds[] = {
        {.fd = plain_read_wants(&p->reader) ? p->reader.fd : -1, .events = POLLIN},
        {.fd = p->signal_fd, .events = POLLIN},
        {.fd = engine_fd(p->engine), .events = POLLIN},
    };
    int ready, rc = 0;

    prompt(p);
    ready = poll(fds, 3, busy(p) ? FRAME_MS : -1);
    if (ready < 0)
        return errno == EINTR ? 0 : error_errno(err, -errno, "tui: waiting for events");
    if (ready == 0)
        handle_time(p);
    if (fds[0].revents)
        rc = plain_read(&p->reader);
    if (rc < 0)
        return error_errno(err, rc, "tui: standard input");
    if (fds[1].revents)
        handle_signal(p);
    if (fds[2].revents)
        handle_model(p);
    settle(p);
    return 0;
}

/* The next line, when it is its turn. */
static bool next_line(struct plain *p, char line[PLAIN_LINE_MAX])
{
    return (p->terminal || !busy(p)) && plain_read_line(&p->reader, line);
}

static int plain_run(struct plain *p, struct error *err)
{
    char line[PLAIN_LINE_MAX];
    int rc = 0;

    while (rc == 0 && !p->quit && !p->died_of && !ferror(p->out)) {
        if (next_line(p, line)) {
            p->prompted = false;
            do_line(p, line);
        } else if (p->reader.ended && !busy(p)) {
            break;
        } else {
            rc = wait_and_handle(p, err);
        }
    }
    return rc;
}

static int plain_start(struct plain *p, struct error *err)
{
    enum view_id root = p->config->lab >= 0 ? VIEW_STEP : VIEW_LABS;
    struct command command = {.kind = COMMAND_NONE};
    int rc = engine_create(&p->engine, p->config, err);

    if (rc < 0)
        return rc;
    p->model = engine_model(p->engine);
    ui_init(&p->ui, root, root, ROWS, COLS);
    if (root == VIEW_LABS) {
        plain_say_view(p->out, p->model, &p->ui, VIEW_LABS);
        return 0;
    }
    update_send(&p->ui, &command, COMMAND_OPEN);
    command.lab = (unsigned)p->config->lab;
    command.exits = p->config->exits;
    send(p, &command);
    return 0;
}

static int signals_open(struct plain *p, struct error *err)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    pthread_sigmask(SIG_BLOCK, &set, &p->signals_before);
    p->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    return p->signal_fd < 0 ? error_errno(err, -errno, "tui: signals") : 0;
}

int tui_plain(const struct tui_config *config, int in, FILE *out, int *signal, struct error *err)
{
    struct plain *p = calloc(1, sizeof(*p));
    int rc;

    *signal = 0;
    if (!p)
        return error_set(err, -ENOMEM, "tui: out of memory");
    p->config = config;
    p->out = out;
    p->reader.fd = in;
    p->terminal = isatty(in);
    rc = signals_open(p, err);
    if (rc == 0)
        rc = plain_start(p, err);
    if (rc == 0)
        rc = plain_run(p, err);
    engine_destroy(p->engine);
    if (p->signal_fd >= 0)
        close(p->signal_fd);
    pthread_sigmask(SIG_SETMASK, &p->signals_before, NULL);
    *signal = p->died_of;
    free(p);
    return rc;
}
