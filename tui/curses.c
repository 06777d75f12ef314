/*
 * The terminal by ncurses, see terminal.h. Only cells that changed are given to ncurses, which
 * writes what differs from the terminal's contents.
 */
#include "tui/terminal.h"
#include "tui/key.h"
#include "tui/pace.h"
#include "tui/stage.h"
#include "tui/theme.h"

#include <curses.h>
#include <errno.h>
#include <langinfo.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <term.h>
#include <time.h>
#include <unistd.h>

enum { ESCAPE_DELAY_MS = 25, LAST_ANSWER_MS = 300 };

/* Device status report: the question, and the answer "no malfunction" (ECMA-48 8.3.35). */
#define STATUS_QUESTION "\033[5n"
#define STATUS_ANSWER "\033[0n"
enum { KEY_STATUS = KEY_MAX + 1 };

struct terminal {
    SCREEN *screen;
    enum theme_depth depth;
    bool ascii;
    bool suspended;
    bool mouse;
    struct pace pace;
    struct stage stage;
    struct grid *shown; /* what ncurses was told last; NULL: nothing */
};

/* A pair of colours for every role, on its background and on the selection's. */
static short pair_of(unsigned role, unsigned attr)
{
    return (short)(1 + role * 2 + (attr & CELL_SELECTED ? 1 : 0));
}

static void colours_open(struct terminal *t, bool mono)
{
    const char *no_color = getenv("NO_COLOR");

    t->depth = THEME_MONO;
    if (mono || (no_color && *no_color) || !has_colors() || start_color() == ERR)
        return;
    use_default_colors();
    if (COLOR_PAIRS <= pair_of(ROLE_COUNT, CELL_SELECTED))
        return;
    t->depth = COLORS >= 256 ? THEME_256 : THEME_8;
    for (unsigned role = 0; role < ROLE_COUNT; role++)
        for (unsigned attr = 0; attr <= CELL_SELECTED; attr++) {
            struct style style = theme_style(t->depth, (enum role)role, attr);

            init_pair(pair_of(role, attr), (short)style.fg, (short)style.bg);
        }
    bkgd(COLOR_PAIR(pair_of(ROLE_NORMAL, 0)));
}

static void modes_open(void)
{
    raw(); /* Ctrl-C and its kin are keys: the guest's serial console takes them, too */
    noecho();
    nonl();
    intrflush(stdscr, FALSE);
    keypad(stdscr, TRUE);
    nodelay(stdscr, TRUE);
    set_escdelay(ESCAPE_DELAY_MS);
    /* Cells are told apart before ncurses sees them, so typed-ahead keys need not stop a frame. */
    typeahead(-1);
    /* Moving what stands in a line shows it for a moment where it does not belong. */
    idcok(stdscr, FALSE);
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

uint64_t terminal_wait(const struct terminal *terminal, bool urgent)
{
    return pace_wait(&terminal->pace, urgent, now_ns());
}

/* An answer that comes when the screen is left would be typed into the shell: wait for it a little. */
static void status_finish(struct terminal *t)
{
    uint64_t end = now_ns() + LAST_ANSWER_MS * 1000000ull;
    wint_t code;

    timeout(LAST_ANSWER_MS / 10);
    while (t->pace.answers && t->pace.open > 0 && now_ns() < end)
        if (get_wch(&code) == KEY_CODE_YES && code == KEY_STATUS)
            pace_answer(&t->pace);
    timeout(0);
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
    if (!cursor_address || !clear_screen) {
        endwin();
        delscreen(screen);
        error_set(err, -EINVAL, "tui: a terminal of type %.60s (TERM) cannot place the cursor",
                  type);
        return NULL;
    }
    return screen;
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
    rc = stage_open(&t->stage);
    t->screen = rc < 0 ? NULL : screen_open(err);
    if (!t->screen) {
        if (rc < 0)
            error_errno(err, rc, "tui: memory for frames");
        stage_close(&t->stage);
        free(t);
        return err->code;
    }
    modes_open();
    pace_open(t);
    colours_open(t, mono);
    *out = t;
    return 0;
}

void terminal_close(struct terminal *terminal)
{
    if (!terminal)
        return;
    terminal_mouse(terminal, false);
    if (!terminal->suspended) {
        status_finish(terminal);
        endwin();
    }
    delscreen(terminal->screen);
    stage_close(&terminal->stage);
    grid_destroy(terminal->shown);
    free(terminal);
}

void terminal_size(const struct terminal *terminal, int *rows, int *cols)
{
    (void)terminal;
    *rows = LINES < GRID_SIDE_MAX ? LINES : GRID_SIDE_MAX;
    *cols = COLS < GRID_SIDE_MAX ? COLS : GRID_SIDE_MAX;
}

enum theme_depth terminal_depth(const struct terminal *terminal)
{
    return terminal->depth;
}

void terminal_resized(struct terminal *terminal)
{
    struct winsize size;

    (void)terminal;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > 0 && size.ws_col > 0)
        resizeterm(size.ws_row, size.ws_col);
}

static attr_t attributes(const struct style *style)
{
    attr_t attrs = A_NORMAL;

    if (style->attrs & STYLE_BOLD)
        attrs |= A_BOLD;
    if (style->attrs & STYLE_DIM)
        attrs |= A_DIM;
    if (style->attrs & STYLE_REVERSE)
        attrs |= A_REVERSE;
    if (style->attrs & STYLE_UNDERLINE)
        attrs |= A_UNDERLINE;
    return attrs;
}

static void cell_show(const struct terminal *t, int row, int col, const struct cell *cell)
{
    struct style style = theme_style(t->depth, (enum role)cell->role, cell->attr);
    wchar_t text[2] = {(wchar_t)cell->ch, 0};
    short pair = t->depth == THEME_MONO ? 0 : pair_of(cell->role, cell->attr);
    cchar_t out;

    setcchar(&out, text, attributes(&style), pair, NULL);
    mvadd_wch(row, col, &out);
}

static bool cell_equal(const struct cell *a, const struct cell *b)
{
    return a->ch == b->ch && a->role == b->role && a->attr == b->attr;
}

static void cells_show(struct terminal *t, const struct grid *grid)
{
    for (int row = 0; row < grid->rows; row++)
        for (int col = 0; col < grid->cols; col++) {
            const struct cell *cell = grid_at(grid, row, col);

            if (!t->shown || !cell_equal(cell, grid_at(t->shown, row, col)))
                cell_show(t, row, col, cell);
        }
}

/* Keep what was shown; without memory for that, every frame gives all cells to ncurses. */
static void shown_keep(struct terminal *t, const struct grid *grid)
{
    if (!t->shown)
        t->shown = grid_create(grid->rows, grid->cols);
    if (t->shown)
        memcpy(t->shown->cells, grid->cells,
               (size_t)grid->rows * (size_t)grid->cols * sizeof(*grid->cells));
}

void terminal_show(struct terminal *terminal, struct grid *grid, bool all)
{
    struct grid *shown = terminal->shown;

    if (terminal->ascii)
        grid_fold_ascii(grid);
    if (shown && (all || shown->rows != grid->rows || shown->cols != grid->cols)) {
        grid_destroy(shown);
        terminal->shown = NULL;
    }
    if (all)
        clearok(stdscr, TRUE);
    if (terminal->suspended)
        reset_prog_mode(); /* now, while standard output is the terminal */
    terminal->suspended = false;
    cells_show(terminal, grid);
    shown_keep(terminal, grid);
    if (grid->cursor_row >= 0)
        move(grid->cursor_row, grid->cursor_col);
    stage_begin(&terminal->stage);
    curs_set(grid->cursor_row >= 0);
    refresh();
    stage_end(&terminal->stage, pace_ask(&terminal->pace, now_ns()) ? STATUS_QUESTION : "");
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

/* What ncurses makes of a press, with what came behind it by the time it looks. */
#define LEFT_BUTTON                                                                                \
    (BUTTON1_PRESSED | BUTTON1_CLICKED | BUTTON1_DOUBLE_CLICKED | BUTTON1_TRIPLE_CLICKED)

/*
 * The left button and the wheel; another one is a key without a meaning. False when ncurses has no
 * more: it may have taken several for one KEY_MOUSE.
 */
static bool mouse_event(struct event *event)
{
    MEVENT mouse;

    *event = (struct event){.kind = EVENT_KEY};
    if (getmouse(&mouse) != OK)
        return false;
    event->row = mouse.y;
    event->col = mouse.x;
    event->kind = EVENT_MOUSE;
    if (mouse.bstate & LEFT_BUTTON)
        event->mouse = MOUSE_CLICK;
    else if (mouse.bstate & BUTTON4_PRESSED)
        event->mouse = MOUSE_WHEEL_UP;
    else if (mouse.bstate & BUTTON5_PRESSED)
        event->mouse = MOUSE_WHEEL_DOWN;
    else
        event->kind = EVENT_KEY;
    return true;
}

bool terminal_event(struct terminal *terminal, struct event *event)
{
    wint_t code;
    int kind;

    if (terminal->mouse && mouse_event(event))
        return true;
    kind = get_wch(&code);
    *event = (struct event){.kind = EVENT_KEY};
    if (kind == ERR)
        return false;
    if (kind == KEY_CODE_YES && code == KEY_STATUS)
        pace_answer(&terminal->pace);
    else if (kind == KEY_CODE_YES && code == KEY_MOUSE)
        mouse_event(event);
    else
        event->key = kind == KEY_CODE_YES ? key_named(code) : key_plain(code);
    return true;
}

void terminal_mouse(struct terminal *terminal, bool on)
{
    if (on == terminal->mouse)
        return;
    terminal->mouse = on;
    mouseinterval(0);
    mousemask(on ? LEFT_BUTTON | BUTTON4_PRESSED | BUTTON5_PRESSED : 0, NULL);
}

void terminal_suspend(struct terminal *terminal)
{
    status_finish(terminal);
    endwin();
    terminal->suspended = true;
}

int terminal_fd(const struct terminal *terminal)
{
    return terminal->stage.terminal;
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

    (void)terminal;
    used = capability_add(buf, used, size, exit_attribute_mode);
    used = capability_add(buf, used, size, orig_pair);
    used = capability_add(buf, used, size, tparm(cursor_address, LINES - 1, 0));
    used = capability_add(buf, used, size, exit_ca_mode);
    used = capability_add(buf, used, size, keypad_local);
    used = capability_add(buf, used, size, cursor_normal);
    if (key_mouse) /* off, whether it was on or not: xterm's modes, as ncurses sets them */
        used = capability_add(buf, used, size, "\033[?1006;1000l");
    return capability_add(buf, used, size, "\r\n");
}
