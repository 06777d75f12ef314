/*
 * The plain mode: which command a line is, what is said of models made by hand, lines that come in
 * pieces, and a run that is interrupted from a terminal.
 */
#include "core/loader.h"
#include "tests/support/prng.h"
#include "tests/support/screen_models.h"
#include "tui/plain_line.h"
#include "tui/plain_read.h"
#include "tui/plain_say.h"
#include "tui/tui.h"
#include "tui/view.h"

#include <check.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- lines ----------------------------------------------------------------------------------- */

static struct plain_line parse(const char *text)
{
    struct plain_line line;

    plain_line_parse(&line, text, VIEW_STEP);
    return line;
}

static void is_action(const char *text, enum action_id action, const char *argument)
{
    struct plain_line line = parse(text);

    ck_assert_msg(line.kind == PLAIN_LINE_ACTION && line.action == action, "%s: %s", text,
                  line.why);
    ck_assert_str_eq(line.argument, argument);
}

static void is_word(const char *text, enum plain_word word, const char *argument)
{
    struct plain_line line = parse(text);

    ck_assert_msg(line.kind == PLAIN_LINE_WORD && line.word == word, "%s: %s", text, line.why);
    ck_assert_str_eq(line.argument, argument);
}

static void is_wrong(const char *text, const char *why)
{
    struct plain_line line = parse(text);

    ck_assert_int_eq(line.kind, PLAIN_LINE_WRONG);
    ck_assert_str_eq(line.why, why);
}

START_TEST(test_lines)
{
    ck_assert_int_eq(parse("").kind, PLAIN_LINE_EMPTY);
    ck_assert_int_eq(parse(" \t ").kind, PLAIN_LINE_EMPTY);
    is_action("step", ACTION_STEP, "");
    is_action("  s \t", ACTION_STEP, "");
    is_action("step-v", ACTION_STEPS, "");
    is_action("]", ACTION_NEXT_EXIT, "");
    is_action("<Down>", ACTION_DOWN, "");
    is_action("cont", ACTION_CONTINUE, "");
    is_action("break  port=3f8 ", ACTION_BREAK, "port=3f8");
    is_action("b port=3f8", ACTION_BREAK, "port=3f8");
    is_action("find\tout 0x3f8", ACTION_FIND, "out 0x3f8");
    is_action("4", ACTION_FOCUS, "4");
    is_action("pane 4", ACTION_FOCUS, "4");
    is_word("exits 12", PLAIN_EXITS, "12");
    is_word("x", PLAIN_EXPLAIN, "");
    is_word("?", PLAIN_HELP, "");
    is_word("wher", PLAIN_WHERE, "");
    is_wrong("st", "'st' can be step, step-back, step-view.");
    is_wrong("stepp", "'stepp' is no command; did you mean 'step'?");
    is_wrong("something", "'something' is no command; help lists them.");
    is_wrong("zoom", "'zoom' is no command; help lists them.");
    is_wrong("z", "'zoom' is about the screen, which is not there.");
}
END_TEST

/* Every name reaches what it names, whole. */
START_TEST(test_names)
{
    for (unsigned word = 0; word < PLAIN_COUNT; word++)
        is_word(plain_word((enum plain_word)word)->name, (enum plain_word)word, "");
    for (unsigned id = 0; id < ACTION_COUNT; id++)
        if (plain_has_action((enum action_id)id))
            is_action(action_get((enum action_id)id)->name, (enum action_id)id, "");
}
END_TEST

/* Bytes of any kind give a line or a reason that can be printed. */
START_TEST(test_any_bytes)
{
    struct prng prng = {.state = (uint64_t)_i};

    for (int i = 0; i < 2000; i++) {
        char text[400];
        unsigned length = prng_below(&prng, sizeof(text));
        struct plain_line line;

        for (unsigned at = 0; at < length; at++)
            text[at] = (char)(prng_percent(&prng, 30) ? prng_below(&prng, 256)
                                                      : ' ' + prng_below(&prng, 95));
        text[length] = '\0';
        line = parse(text);
        for (const char *p = line.why; *p; p++)
            ck_assert_int_ge((unsigned char)*p, ' ');
        for (const char *p = line.argument; *p; p++)
            ck_assert_int_ge((unsigned char)*p, ' ');
    }
}
END_TEST

static void check_piece(const char *line, unsigned *got)
{
    static const char *const want[] = {"one", "", "two words", "last"};

    ck_assert_uint_lt(*got, 4);
    ck_assert_str_eq(line, want[(*got)++]);
}

/* The same lines whatever the pieces they come in; what is too long is cut once. */
START_TEST(test_pieces)
{
    static const char text[] = "one\n\ntwo words\nlast";
    char line[PLAIN_LINE_MAX];
    unsigned got = 0;
    int ends[2];
    struct plain_reader reader = {0};

    ck_assert_int_eq(pipe(ends), 0);
    reader.fd = ends[0];
    for (const char *p = text; *p; p += _i) {
        size_t size = strlen(p) < (size_t)_i ? strlen(p) : (size_t)_i;

        ck_assert_int_eq(write(ends[1], p, size), (ssize_t)size);
        ck_assert_int_eq(plain_read(&reader), 0);
        while (plain_read_line(&reader, line))
            check_piece(line, &got);
        if (size < (size_t)_i)
            break;
    }
    close(ends[1]);
    ck_assert_int_eq(plain_read(&reader), 0);
    while (plain_read_line(&reader, line))
        check_piece(line, &got);
    ck_assert_uint_eq(got, 4);
    close(ends[0]);
}
END_TEST

START_TEST(test_long_line)
{
    static char text[3 * PLAIN_LINE_MAX];
    struct plain_reader reader = {0};
    char line[PLAIN_LINE_MAX];
    int ends[2], lines = 0;

    memset(text, 'x', sizeof(text));
    memcpy(text + sizeof(text) - 6, "\nnext\n", 6);
    ck_assert_int_eq(pipe(ends), 0);
    ck_assert_int_eq(write(ends[1], text, sizeof(text)), sizeof(text));
    close(ends[1]);
    reader.fd = ends[0];
    while (!reader.ended) {
        ck_assert(plain_read_wants(&reader));
        ck_assert_int_eq(plain_read(&reader), 0);
        while (plain_read_line(&reader, line))
            lines++;
    }
    ck_assert_int_eq(lines, 2);
    ck_assert_str_eq(line, "next");
    close(ends[0]);
}
END_TEST

/* ---- sentences ------------------------------------------------------------------------------- */

static FILE *out;
static char *said;
static size_t said_size;

static void listen(void)
{
    free(said);
    said = NULL;
    out = open_memstream(&said, &said_size);
}

static void heard(const char *want)
{
    fclose(out);
    ck_assert_str_eq(said, want);
    listen();
}

static void heard_part(const char *want)
{
    fclose(out);
    ck_assert_msg(strstr(said, want) != NULL, "'%s' is not in: %s", want, said);
    for (const char *p = said; *p; p++)
        ck_assert(*p == '\n' || (*p >= ' ' && *p < 0x7f));
    listen();
}

START_TEST(test_sentences)
{
    struct model *model = screen_model_real();
    struct plain_moment since = plain_moment(model);
    struct ui ui;

    listen();
    ui_init(&ui, VIEW_STEP, VIEW_STEP, 60, 160);
    model->before = model->now;
    plain_say_changes(out, model);
    heard("No register has changed.\n");
    model->now.gpr[X86_RCX] = 0x1f;
    model->before.gpr[X86_RCX] = 0x20;
    model->before.rflags = RFLAGS_FIXED | RFLAGS_CF;
    model->now.rflags = RFLAGS_FIXED | RFLAGS_ZF;
    model->before.cr0 = 0;
    model->now.cr0 = CR0_ET;
    plain_say_changes(out, model);
    heard("ECX was 20, now 1f.\n"
          "Flags was 3, now 42: ZF set, CF cleared.\n"
          "CR0 was 0, now 10: ET set.\n");
    since.exits--;
    plain_say_move(out, model, &since, "");
    heard_part("Exit 2, I/O, at 0000:7c0f: ");
    since.exits -= 2;
    plain_say_move(out, model, &since, "stopped on request");
    heard_part("3 exits. The last: exit 2, ");
    since.exits += 3;
    since.insns -= 2;
    plain_say_move(out, model, &since, "breakpoint 1: rip=7c05");
    heard_part("2 instructions. Breakpoint 1: rip=7c05. Next: ");
    plain_say_exits(out, model, &ui, 100);
    heard_part("Exit 0, ");
    plain_say_where(out, screen_model_empty());
    heard("No lab is open: labs lists them, open opens one.\n");
    fclose(out);
}
END_TEST

START_TEST(test_text)
{
    static struct text_tail text;
    static char long_text[TEXT_TAIL];

    listen();
    text_tail_add(&text, TEXT_SERIAL, "one\r\n\033[2J\ntw", 12);
    plain_say_text(out, &text, 0);
    heard("Guest: one\nGuest: .[2J\nGuest: tw\n");
    text_tail_add(&text, TEXT_SERIAL, "o\n", 2);
    plain_say_text(out, &text, 12);
    heard("Guest: o\n");
    plain_say_text(out, &text, 14);
    heard("");
    memset(long_text, 'y', sizeof(long_text));
    text_tail_add(&text, TEXT_SERIAL, long_text, sizeof(long_text));
    plain_say_text(out, &text, 5);
    heard_part("Guest: (9 bytes before are not kept)\nGuest: yyy");
    fclose(out);
}
END_TEST

/* All panes of all views, of small and large models, as printable ASCII. */
START_TEST(test_views)
{
    struct model *(*const models[])(void) = {screen_model_empty, screen_model_real,
                                             screen_model_long};
    struct model *model = models[_i % 3]();
    enum view_id view = (enum view_id)(_i / 3);
    const char *pane = NULL;
    char want[64];
    struct ui ui;

    for (unsigned number = 1; number <= PANES_MAX; number++)
        if (view_ops(view)->panes[number]) {
            pane = view_ops(view)->panes[number];
            snprintf(want, sizeof(want), "\nPane %u, %s", number, pane);
        }
    listen();
    ui_init(&ui, VIEW_STEP, VIEW_STEP, 60, 160);
    plain_say_view(out, model, &ui, view);
    heard_part(want);
    fclose(out);
}
END_TEST

/* ---- a guest without an end ------------------------------------------------------------------ */

static int open_spin(void *ctx, unsigned lab, const struct text_sink *text,
                     struct machine **machine, struct error *err)
{
    static const uint8_t spin[] = {0xeb, 0xfe}; /* jmp $ */
    struct machine_config config = MACHINE_CONFIG_DEFAULT;
    struct image image = {.kind = IMAGE_FLAT, .name = "guest", .at = 0x1000, .has_at = true};
    int rc;

    (void)ctx;
    (void)lab;
    config.text = *text;
    rc = machine_create(machine, &config, err);
    if (rc < 0)
        return rc;
    image.data = spin;
    image.size = sizeof(spin);
    return machine_load(*machine, &image, err);
}

static void child_run(void)
{
    static const struct lab_info lab = {.id = "01", .name = "spin"};
    struct tui_config config = {.labs = &lab, .lab_count = 1, .open = open_spin};
    struct error err = {0};
    int died_of;

    unsetenv("TERM");
    if (tui_plain(&config, STDIN_FILENO, stdout, &died_of, &err) < 0)
        _exit(1);
    _exit(died_of == SIGINT ? 42 : 2);
}

static void see(int fd, char *all, size_t size, const char *want)
{
    size_t used = strlen(all);

    while (!strstr(all, want)) {
        struct pollfd ready = {.fd = fd, .events = POLLIN};
        ssize_t n;

        ck_assert_msg(poll(&ready, 1, 60000) > 0, "no '%s' in: %s", want, all);
        n = read(fd, all + used, size - used - 1);
        ck_assert_msg(n > 0, "it ended without '%s': %s", want, all);
        used += (size_t)n;
        all[used] = '\0';
    }
    memmove(all, strstr(all, want) + strlen(want), strlen(strstr(all, want) + strlen(want)) + 1);
}

static void type(int fd, const char *text)
{
    ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
}

START_TEST(test_interrupt)
{
    static char all[16384];
    int master, status;
    pid_t pid = forkpty(&master, NULL, NULL, NULL);

    ck_assert_int_ge(pid, 0);
    if (pid == 0)
        child_run();
    see(master, all, sizeof(all), "\n> ");
    type(master, "continue\n");
    see(master, all, sizeof(all), "The guest is running; Ctrl-C stops it.");
    type(master, "step\n");
    see(master, all, sizeof(all), "Error: the guest is running");
    type(master, "\003");
    see(master, all, sizeof(all), "Stopped on request. Next: jmp 0x1000.");
    see(master, all, sizeof(all), "\n> ");
    type(master, "c\n"); /* and as a command */
    see(master, all, sizeof(all), "The guest is running");
    type(master, "interrupt\n");
    see(master, all, sizeof(all), "Stopped on request. Next: jmp 0x1000.");
    see(master, all, sizeof(all), "\n> ");
    type(master, "\003");
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert(WIFEXITED(status));
    ck_assert_int_eq(WEXITSTATUS(status), 42);
    close(master);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("plain");
    TCase *tc = tcase_create("plain");
    SRunner *runner;
    int failed;

    tcase_set_timeout(tc, 200);
    tcase_add_test(tc, test_lines);
    tcase_add_test(tc, test_names);
    tcase_add_loop_test(tc, test_any_bytes, 1, 4);
    tcase_add_loop_test(tc, test_pieces, 1, 25);
    tcase_add_test(tc, test_long_line);
    tcase_add_test(tc, test_sentences);
    tcase_add_test(tc, test_text);
    tcase_add_loop_test(tc, test_views, 0, 3 * VIEW_COUNT);
    tcase_add_test(tc, test_interrupt);
    suite_add_tcase(suite, tc);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
