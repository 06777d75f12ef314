/*
 * The terminal by ncurses, see terminal.h: its type, modes, keys, entering and leaving.
 *
 * Frames are written by write_diff.c, in one write each: ncurses sends both colours with every change
 * of one and flushes after each move of the cursor (6.4), twice the bytes in a hundred pieces. So the
 * terminal has to take ECMA-48's sequences, as every one does that is still in use.
 */
#include "tui/terminal.h"
#include "tui/key.h"
#include "tui/mouse_report.h"
#include "tui/pace.h"
#include "tui/theme.h"
#include "tui/write_diff.h"

#include <curses.h>
#include <errno.h>
#include <langinfo.h>
#include <locale.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <term.h>
#include <time.h>
#include <unistd.h>

enum { ESCAPE_DELAY_MS = 25, LAST_ANSWER_MS = 300, REPORT_MS = 1000 };

/* Device status report: the question, and the answer "no malfunction" (ECMA-48 8.3.35). */
#define STATUS_QUESTION "\033[5n"
#define STATUS_ANSWER "\033[0n"
enum { KEY_STATUS = KEY_MAX + 1, KEY_MOUSE_BYTES, KEY_MOUSE_DECIMAL };

/* xterm's modes: presses and releases, and in decimal numbers. */
#define MOUSE_ON "\033[?1000h\033[?1006h"
#define MOUSE_OFF "\033[?1006l\033[?1000l"

#define ECMA48_CURSOR "\033[%i%p1%d;%p2%dH"

struct terminal {
    SCREEN *screen;
    WINDOW *keys; /* not on the screen: reading keys through one that is would draw it */
    enum theme_depth depth;
    int rows, cols;
    bool ascii;
    bool suspended;
    bool has_mouse, mouse;
    struct pace pace;
    struct pen pen;
    struct grid *shown; /* what the terminal shows; NULL: not known */
    FILE *frame;        /* the bytes of a frame are collected here */
    char *bytes;
    size_t size;
};

static enum theme_depth depth_of(bool mono)
{
    const char *no_color = getenv("NO_COLOR");
    int colours = tigetnum("colors");

    if (mono || (no_color && *no_color) || colours < 8)
        return THEME_MONO;
    return colours >= 256 ? THEME_256 : THEME_8;
}

static void modes_open(struct terminal *t)
{
    raw(); /* Ctrl-C and its kin are keys: the guest's serial console takes them, too */
    noecho();
    nonl();
    intrflush(t->keys, FALSE);
    keypad(t->keys, TRUE);
    nodelay(t->keys, TRUE);
    if (!getenv("ESCDELAY")) /* ncurses' own: for lines where a key's bytes come apart */
        set_escdelay(ESCAPE_DELAY_MS);
    refresh(); /* an empty screen: enters the alternate one */
}

static uint64_t now_ns(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

/* A terminal that tells where its cursor is (u7) speaks of its status, too. */
static void pace_open(struct terminal *t)
{
    const char *cursor_question = tigetstr("u7");

    t->pace.can_ask = cursor_question && cursor_question != (char *)-1 &&
                      define_key(STATUS_ANSWER, KEY_STATUS) == OK;
}

static void mouse_open(struct terminal *t)
{
    t->has_mouse = key_mouse && define_key("\033[M", KEY_MOUSE_BYTES) == OK &&
                   define_key("\033[<", KEY_MOUSE_DECIMAL) == OK;
}

uint64_t terminal_wait(const struct terminal *terminal, bool urgent)
{
    return pace_wait(&terminal->pace, urgent, now_ns());
}

/* An answer that comes when the screen is left would be typed into the shell: wait for it a little. */
static void status_finish(struct terminal *t)
{
    uint64_t end = now_ns() + LAST_ANSWER_MS * 1000000ull;
    wint_t code;

    wtimeout(t->keys, LAST_ANSWER_MS / 10);
    while (t->pace.answers && t->pace.open > 0 && now_ns() < end)
        if (wget_wch(t->keys, &code) == KEY_CODE_YES && code == KEY_STATUS)
            pace_answer(&t->pace);
    wtimeout(t->keys, 0);
    flushinp();
}

static int check_tty(struct error *err)
{
    const char *which;

    if (isatty(STDIN_FILENO) && isatty(STDOUT_FILENO))
        return 0;
    which = isatty(STDOUT_FILENO) ? "input" : "output";
    return error_set(err, -ENOTTY,
                     "tui: standard %s is not a terminal; 'vlab render' draws without one", which);
}

static SCREEN *screen_open(struct error *err)
{
    const char *type = getenv("TERM");
    SCREEN *screen;

    if (!type || !*type) {
        error_set(err, -EINVAL, "tui: TERM is not set: the type of the terminal is unknown");
        return NULL;
    }
    screen = newterm(NULL, stdout, stdin);
    if (!screen) {
        error_set(err, -EINVAL, "tui: the terminal type %.60s (TERM) is unknown", type);
        return NULL;
    }
    if (cursor_address && strncmp(cursor_address, ECMA48_CURSOR, sizeof(ECMA48_CURSOR) - 1) == 0)
        return screen;
    endwin();
    delscreen(screen);
    error_set(err, -EINVAL,
              "tui: a terminal of type %.60s (TERM) cannot place the cursor as ECMA-48 has it; "
              "'vlab tui --plain' needs no more than lines",
              type);
    return NULL;
}

/* What is there when a terminal is closed, or could not be opened. */
static void terminal_free(struct terminal *t)
{
    if (t->keys)
        delwin(t->keys);
    if (t->screen)
        delscreen(t->screen);
    if (t->frame)
        fclose(t->frame);
    free(t->bytes);
    grid_destroy(t->shown);
    free(t);
}

static int parts_open(struct terminal *t, struct error *err)
{
    t->frame = open_memstream(&t->bytes, &t->size);
    if (!t->frame)
        return error_set(err, -ENOMEM, "tui: out of memory");
    t->screen = screen_open(err);
    if (!t->screen)
        return err->code;
    t->keys = newpad(1, 1);
    if (t->keys)
        return 0;
    endwin();
    return error_set(err, -ENOMEM, "tui: out of memory");
}

int terminal_open(struct terminal **out, bool ascii, bool mono, struct error *err)
{
    struct terminal *t;
    int rc = check_tty(err);

    if (rc < 0)
        return rc;
    t = calloc(1, sizeof(*t));
    if (!t)
        return error_set(err, -ENOMEM, "tui: out of memory");
    setlocale(LC_CTYPE, "");
    t->ascii = ascii || strcmp(nl_langinfo(CODESET), "UTF-8") != 0;
    rc = parts_open(t, err);
    if (rc < 0) {
        terminal_free(t);
        return rc;
    }
    t->rows = LINES;
    t->cols = COLS;
    t->depth = depth_of(mono);
    modes_open(t);
    pace_open(t);
    mouse_open(t);
    *out = t;
    return 0;
}

/* ncurses does not know what our frames left: a style, and perhaps no cursor. */
static void leave(struct terminal *t)
{
    status_finish(t);
    if (t->mouse)
        putp(MOUSE_OFF);
    putp(exit_attribute_mode);
    putp(cursor_normal);
    fflush(stdout);
    endwin();
}

void terminal_close(struct terminal *terminal)
{
    if (!terminal)
        return;
    terminal_mouse(terminal, false);
    if (!terminal->suspended)
        leave(terminal);
    terminal_free(terminal);
}

static int side(int cells)
{
    return cells < GRID_SIDE_MAX ? cells : GRID_SIDE_MAX;
}

void terminal_size(const struct terminal *terminal, int *rows, int *cols)
{
    *rows = side(terminal->rows);
    *cols = side(terminal->cols);
}

enum theme_depth terminal_depth(const struct terminal *terminal)
{
    return terminal->depth;
}

void terminal_resized(struct terminal *terminal)
{
    struct winsize size;

    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0 || size.ws_row == 0 || size.ws_col == 0)
        return;
    terminal->rows = size.ws_row;
    terminal->cols = size.ws_col;
}

/* The frame that is shown, to compare the next one with; NULL: the next one is written whole. */
static void shown_keep(struct terminal *t, const struct grid *grid)
{
    if (!t->shown)
        t->shown = grid_create(grid->rows, grid->cols);
    if (t->shown)
        memcpy(t->shown->cells, grid->cells,
               (size_t)grid->rows * (size_t)grid->cols * sizeof(*grid->cells));
}

/* Where the terminal is gone the loop is told by its input. */
static void frame_write(struct terminal *t)
{
    size_t size, done = 0;

    fflush(t->frame);
    size = (size_t)ftell(t->frame);
    while (done < size) {
        ssize_t n = write(STDOUT_FILENO, t->bytes + done, size - done);

        if (n < 0 && errno != EINTR)
            return;
        done += n > 0 ? (size_t)n : 0;
    }
}

static void come_back(struct terminal *t)
{
    reset_prog_mode();
    clearok(stdscr, TRUE);
    refresh();
    if (t->mouse)
        putp(MOUSE_ON);
    fflush(stdout);
    t->pen.known = false;
    t->suspended = false;
}

void terminal_show(struct terminal *terminal, struct grid *grid, bool all)
{
    struct terminal *t = terminal;

    if (t->ascii)
        grid_fold_ascii(grid);
    if (t->suspended)
        come_back(t);
    if (t->shown && (all || t->shown->rows != grid->rows || t->shown->cols != grid->cols)) {
        grid_destroy(t->shown);
        t->shown = NULL;
    }
    rewind(t->frame);
    write_diff(&t->pen, t->shown, grid, t->depth, t->frame);
    if (pace_ask(&t->pace, now_ns()))
        fputs(STATUS_QUESTION, t->frame);
    frame_write(t);
    shown_keep(t, grid);
}

static uint32_t key_named(wint_t code)
{
    static const struct {
        wint_t code;
        uint32_t key;
    } keys[] = {{KEY_UP, K_UP},       {KEY_DOWN, K_DOWN},  {KEY_LEFT, K_LEFT},
                {KEY_RIGHT, K_RIGHT}, {KEY_PPAGE, K_PGUP}, {KEY_NPAGE, K_PGDN},
                {KEY_HOME, K_HOME},   {KEY_END, K_END},    {KEY_BTAB, K_BACKTAB},
                {KEY_ENTER, K_ENTER}, {KEY_A1, K_HOME},    {KEY_C1, K_END},
                {KEY_A3, K_PGUP},     {KEY_C3, K_PGDN},    {KEY_BACKSPACE, K_BACKSPACE},
                {KEY_DC, K_DELETE}};

    for (unsigned i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
        if (keys[i].code == code)
            return keys[i].key;
    return 0;
}

static uint32_t key_plain(wint_t code)
{
    switch (code) {
    case '\r':
    case '\n':
        return K_ENTER;
    case '\t':
        return K_TAB;
    case 0:
        return K_NUL;
    case 27:
        return K_ESC;
    case 8:
    case 127:
        return K_BACKSPACE;
    default:
        return (uint32_t)code;
    }
}

/* The rest of a report: its bytes follow at once, or it is none. */
static void mouse_event(enum mouse_encoding encoding, struct event *event)
{
    struct pollfd fd = {.fd = STDIN_FILENO, .events = POLLIN};
    char bytes[MOUSE_REPORT_MAX];
    size_t size = 0;

    while (!mouse_report_whole(encoding, bytes, size) && poll(&fd, 1, REPORT_MS) == 1 &&
           read(STDIN_FILENO, bytes + size, 1) == 1)
        size++;
    *event = mouse_report_event(encoding, bytes, size);
}

static void key_event(struct terminal *t, wint_t code, struct event *event)
{
    switch (code) {
    case KEY_STATUS:
        pace_answer(&t->pace);
        break;
    case KEY_MOUSE_BYTES:
        mouse_event(MOUSE_BYTES, event);
        break;
    case KEY_MOUSE_DECIMAL:
        mouse_event(MOUSE_DECIMAL, event);
        break;
    default:
        event->key = key_named(code);
    }
}

bool terminal_event(struct terminal *terminal, struct event *event)
{
    wint_t code;
    int kind;

    kind = wget_wch(terminal->keys, &code);
    *event = (struct event){.kind = EVENT_KEY};
    if (kind == ERR)
        return false;
    if (kind == KEY_CODE_YES)
        key_event(terminal, code, event);
    else
        event->key = key_plain(code);
    return true;
}

void terminal_mouse(struct terminal *terminal, bool on)
{
    if (on == terminal->mouse || !terminal->has_mouse)
        return;
    terminal->mouse = on;
    putp(on ? MOUSE_ON : MOUSE_OFF);
    fflush(stdout);
}

void terminal_suspend(struct terminal *terminal)
{
    leave(terminal);
    terminal->suspended = true;
}

/* A capability without its padding, "$<5>". */
static size_t capability_add(char *buf, size_t used, size_t size, const char *text)
{
    if (!text || text == (char *)-1)
        return used;
    while (*text && used < size) {
        if (text[0] == '$' && text[1] == '<' && strchr(text, '>'))
            text = strchr(text, '>') + 1;
        else
            buf[used++] = *text++;
    }
    return used;
}

size_t terminal_leave_bytes(const struct terminal *terminal, char *buf, size_t size)
{
    size_t used = 0;

    used = capability_add(buf, used, size, exit_attribute_mode);
    used = capability_add(buf, used, size, orig_pair);
    used = capability_add(buf, used, size, tparm(cursor_address, terminal->rows - 1, 0));
    used = capability_add(buf, used, size, exit_ca_mode);
    used = capability_add(buf, used, size, keypad_local);
    used = capability_add(buf, used, size, cursor_normal);
    if (terminal->has_mouse) /* off, whether it was on or not */
        used = capability_add(buf, used, size, MOUSE_OFF);
    return capability_add(buf, used, size, "\r\n");
}
