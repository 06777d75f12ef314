/*
 * The screen on a terminal: waits for keys, models, signals and the timer, and draws when something
 * changed. See tui.h.
 *
 * A key is drawn at once, unless the terminal has not shown the frame before yet (pace.h), or the key
 * was a command, whose result is there in a moment: both are one frame then. While a command runs, a
 * timer asks the engine for a model 30 times a second; else nothing wakes the process.
 */
#include "tui/capture.h"
#include "tui/crash.h"
#include "tui/engine.h"
#include "tui/guard.h"
#include "tui/key.h"
#include "tui/record.h"
#include "tui/terminal.h"
#include "tui/tui.h"
#include "tui/update.h"
#include "tui/view.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#define FRAME_NS (1000000000 / 30)

enum { FD_TTY, FD_SIGNAL, FD_ENGINE, FD_TIMER, FD_STDERR, FD_COUNT };

struct loop {
    const struct tui_config *config;
    struct terminal *terminal;
    struct engine *engine;
    const struct model *model;
    struct ui ui;
    struct grid *grid;
    struct capture capture;
    struct guard *guard;
    struct record *record;   /* NULL: none, or it broke off */
    struct error record_err; /* why */
    sigset_t signals_before;
    struct termios modes; /* before the screen */
    int signal_fd, timer_fd;
    bool timer_armed;
    unsigned due; /* enum update_result bits of all events since the last frame */
    bool urgent;  /* one of them was the user's */
    bool hold;    /* a command was sent: its model is awaited, or the next tick of the timer */
    int died_of;  /* signal that ends the loop */
};

static int grid_fit(struct loop *l, struct error *err)
{
    grid_destroy(l->grid);
    l->grid = grid_create(l->ui.rows, l->ui.cols);
    return l->grid ? 0 : error_set(err, -ENOMEM, "tui: out of memory");
}

/* The screen goes on without a recording that cannot: true when there is that to say. */
static bool record_breaks(struct loop *l)
{
    struct error later = {0};

    if (!l->record ||
        record_frame(l->record, l->grid, terminal_depth(l->terminal), &l->record_err) == 0)
        return false;
    record_close(l->record, &later);
    l->record = NULL;
    ui_message(&l->ui, true, "the recording stopped: %s", l->record_err.text);
    return true;
}

static void frame_show(struct loop *l)
{
    l->ui.frame++;
    screen_draw(l->model, &l->ui, l->grid);
    terminal_show(l->terminal, l->grid, l->due & UPDATE_REDRAW);
    l->due = 0;
    l->urgent = false;
}

static void draw(struct loop *l)
{
    frame_show(l);
    if (record_breaks(l))
        frame_show(l);
}

static void timer_set(struct loop *l, bool on)
{
    struct itimerspec spec = {.it_value.tv_nsec = on ? FRAME_NS : 0,
                              .it_interval.tv_nsec = on ? FRAME_NS : 0};

    if (on == l->timer_armed)
        return;
    timerfd_settime(l->timer_fd, 0, &spec, NULL);
    l->timer_armed = on;
}

static void handle(struct loop *l, const struct event *event)
{
    struct command command;

    unsigned tour = l->ui.tour;

    l->due |= update(l->model, &l->ui, event, &command);
    l->urgent |= event->kind != EVENT_MODEL;
    terminal_mouse(l->terminal, l->ui.mouse);
    if (tour && !l->ui.tour && l->config->tour_over)
        l->config->tour_over(l->config->ctx);
    if (command.kind == COMMAND_NONE)
        return;
    l->hold = command.kind != COMMAND_INTERRUPT;
    if (engine_command(l->engine, &command) < 0)
        ui_message(&l->ui, true, "too many commands wait: i drops them");
}

/* The keys of which a terminal makes signals; here they come as keys, and may be for the guest. */
static bool handle_signal_key(struct loop *l, uint32_t key)
{
    if (l->ui.typing)
        return false;
    if (key == K_CTRL('c'))
        l->died_of = SIGINT;
    else if (key == K_CTRL('\\'))
        l->died_of = SIGQUIT;
    else if (key == K_CTRL('z'))
        kill(getpid(), SIGTSTP);
    else
        return false;
    return true;
}

static void handle_input(struct loop *l)
{
    struct event event;

    while (!(l->due & UPDATE_QUIT) && !l->died_of && terminal_event(l->terminal, &event))
        if (event.kind == EVENT_MOUSE || (event.key != 0 && !handle_signal_key(l, event.key)))
            handle(l, &event);
}

static int handle_resize(struct loop *l, struct error *err)
{
    struct event event = {.kind = EVENT_RESIZE};

    terminal_resized(l->terminal);
    terminal_size(l->terminal, &event.rows, &event.cols);
    handle(l, &event);
    return grid_fit(l, err);
}

/* Ctrl-Z: the shell gets its terminal, and the next frame takes it back. */
static int handle_stop(struct loop *l, struct error *err)
{
    terminal_suspend(l->terminal);
    kill(getpid(), SIGSTOP);
    return handle_resize(l, err);
}

static int handle_signals(struct loop *l, struct error *err)
{
    struct signalfd_siginfo info;
    int rc = 0;

    while (rc == 0 && read(l->signal_fd, &info, sizeof(info)) == sizeof(info)) {
        if (info.ssi_signo == SIGWINCH)
            rc = handle_resize(l, err);
        else if (info.ssi_signo == SIGTSTP)
            rc = handle_stop(l, err);
        else if (info.ssi_signo != SIGCONT)
            l->died_of = (int)info.ssi_signo;
    }
    return rc;
}

static void handle_model(struct loop *l)
{
    struct event event = {.kind = EVENT_MODEL};
    uint64_t count;

    if (read(engine_fd(l->engine), &count, sizeof(count)) != sizeof(count))
        return;
    l->model = engine_model(l->engine);
    l->urgent |= l->hold; /* what the user's command came to */
    l->hold = false;
    handle(l, &event);
}

static void handle_timer(struct loop *l)
{
    uint64_t count;

    if (read(l->timer_fd, &count, sizeof(count)) != sizeof(count))
        return;
    l->hold = false;
    engine_request_frame(l->engine);
}

static void handle_stderr(struct loop *l)
{
    struct event event = {.kind = EVENT_STDERR};

    event.text = capture_read(&l->capture);
    if (event.text)
        handle(l, &event);
}

/* How long to wait for an event: for ever, or until a frame may be written. */
static const struct timespec *patience(const struct loop *l, struct timespec *ts)
{
    uint64_t wait = l->due && !l->hold ? terminal_wait(l->terminal, l->urgent) : 0;

    if (!wait)
        return NULL;
    *ts = (struct timespec){.tv_sec = (time_t)(wait / 1000000000u),
                            .tv_nsec = (long)(wait % 1000000000u)};
    return ts;
}

static int wait_and_handle(struct loop *l, struct error *err)
{
    struct timespec ts;
    struct pollfd fds[FD_COUNT] = {
        [FD_TTY] = {.fd = STDIN_FILENO, .events = POLLIN},
        [FD_SIGNAL] = {.fd = l->signal_fd, .events = POLLIN},
        [FD_ENGINE] = {.fd = engine_fd(l->engine), .events = POLLIN},
        [FD_TIMER] = {.fd = l->timer_fd, .events = POLLIN},
        [FD_STDERR] = {.fd = l->capture.fd, .events = POLLIN},
    };

    if (ppoll(fds, FD_COUNT, patience(l, &ts), NULL) < 0)
        return errno == EINTR ? 0 : error_errno(err, -errno, "tui: waiting for events");
    if (fds[FD_TTY].revents & POLLIN)
        handle_input(l);
    if (fds[FD_TTY].revents & (POLLHUP | POLLERR))
        l->died_of = SIGHUP;
    if (fds[FD_ENGINE].revents)
        handle_model(l);
    if (fds[FD_TIMER].revents)
        handle_timer(l);
    if (fds[FD_STDERR].revents)
        handle_stderr(l);
    return fds[FD_SIGNAL].revents ? handle_signals(l, err) : 0;
}

static int loop_run(struct loop *l, struct error *err)
{
    int rc = 0;

    while (rc == 0 && !l->died_of && !(l->due & UPDATE_QUIT)) {
        if (l->due && !l->hold && terminal_wait(l->terminal, l->urgent) == 0)
            draw(l);
        timer_set(l, ui_busy(&l->ui, l->model));
        rc = wait_and_handle(l, err);
    }
    return rc;
}

static int descriptors_open(struct loop *l, struct error *err)
{
    static const int wanted[] = {SIGWINCH, SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGTSTP, SIGCONT};
    sigset_t set;

    sigemptyset(&set);
    for (unsigned i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
        sigaddset(&set, wanted[i]);
    l->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    sigaddset(&set, SIGTTOU); /* the terminal is given back from the background, too */
    pthread_sigmask(SIG_BLOCK, &set, &l->signals_before);
    l->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    if (l->signal_fd < 0 || l->timer_fd < 0)
        return error_errno(err, -errno, "tui: signals and timer");
    return 0;
}

static void descriptors_close(struct loop *l)
{
    if (l->signal_fd >= 0)
        close(l->signal_fd);
    if (l->timer_fd >= 0)
        close(l->timer_fd);
    pthread_sigmask(SIG_SETMASK, &l->signals_before, NULL);
}

static int crash_prepare(struct loop *l, struct error *err)
{
    struct crash_plan plan = {.modes = l->modes,
                              .armed = &l->guard->armed,
                              .captured = l->capture.fd,
                              .stderr_fd = l->capture.real_fd};

    plan.size = terminal_leave_bytes(l->terminal, plan.bytes, sizeof(plan.bytes));
    l->guard->plan = plan;
    l->guard->armed = true;
    return crash_arm(&plan, err);
}

static void ui_prepare(struct loop *l)
{
    const char *frames = getenv("VLAB_TEST_FRAMES");
    enum view_id root = l->config->lab >= 0 ? VIEW_STEP : VIEW_LABS;
    int rows, cols;

    terminal_size(l->terminal, &rows, &cols);
    ui_init(&l->ui, root, root, rows, cols);
    l->ui.mouse = l->config->mouse;
    l->ui.tour = l->config->tour;
    terminal_mouse(l->terminal, l->ui.mouse);
    l->ui.show_frame = frames && strcmp(frames, "1") == 0;
    l->due = UPDATE_DRAW | UPDATE_REDRAW;
}

/* The first frame is on the screen before the machine is made. */
static int loop_start(struct loop *l, struct error *err)
{
    struct command command = {0};
    int rc;

    ui_prepare(l);
    rc = grid_fit(l, err);
    if (rc == 0)
        rc = engine_create(&l->engine, l->config, err);
    if (rc < 0)
        return rc;
    l->model = engine_model(l->engine);
    if (l->config->lab >= 0)
        update_send(&l->ui, &command, COMMAND_OPEN);
    draw(l);
    command.lab = (unsigned)l->config->lab;
    command.exits = l->config->exits;
    if (l->config->lab >= 0)
        engine_command(l->engine, &command);
    return 0;
}

static int loop_on_terminal(struct loop *l, struct error *err)
{
    int rc = crash_prepare(l, err);

    if (rc < 0)
        return rc;
    rc = loop_start(l, err);
    if (rc == 0)
        rc = loop_run(l, err);
    engine_destroy(l->engine);
    grid_destroy(l->grid);
    crash_disarm();
    return rc;
}

/* What broke the recording off is the error where nothing else ended the screen. */
static int record_end(struct loop *l, int rc, struct error *err)
{
    if (l->record_err.code == 0)
        record_close(l->record, &l->record_err);
    if (rc == 0 && !l->died_of && l->record_err.code < 0) {
        *err = l->record_err;
        rc = err->code;
    }
    return rc;
}

static int loop_open_terminal(struct loop *l, struct error *err)
{
    int rc = terminal_open(&l->terminal, l->config->ascii, l->config->mono, err);

    if (rc < 0)
        return rc;
    rc = capture_open(&l->capture);
    if (rc < 0)
        error_errno(err, rc, "tui: standard error");
    else
        rc = loop_on_terminal(l, err);
    terminal_close(l->terminal);
    l->guard->armed = false;
    capture_close(&l->capture);
    return rc;
}

/* The process ends by the signal that ended the loop, with the terminal as it was before. */
static void die_of(int signal_number)
{
    fflush(NULL);
    signal(signal_number, SIG_DFL);
    raise(signal_number);
}

static int screen_run(void *ctx, struct guard *guard, struct error *err)
{
    struct loop *l = calloc(1, sizeof(*l));
    int rc, died_of;

    if (!l)
        return error_set(err, -ENOMEM, "tui: out of memory");
    l->config = ctx;
    l->guard = guard;
    tcgetattr(STDIN_FILENO, &l->modes); /* where it is no terminal, the next call says so */
    rc = descriptors_open(l, err);
    if (rc == 0 && l->config->record)
        rc = record_create(&l->record, l->config->record, err);
    if (rc == 0)
        rc = loop_open_terminal(l, err);
    rc = record_end(l, rc, err);
    descriptors_close(l);
    died_of = l->died_of;
    free(l);
    if (died_of)
        die_of(died_of);
    return rc;
}

int tui_run(struct tui_config *config, int *signal, struct error *err)
{
    return guard_run(screen_run, config, signal, err);
}
