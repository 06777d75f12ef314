/*
 * vlab doctor: what this computer can do for vlab. Each check leaves one finding; only a required
 * one that is missing makes the status 1. With --fidelity: what the emulated CPU does otherwise
 * than a real one (doctor_fidelity.c).
 */
#include "cli/cli.h"
#include "exercises/grader/child.h"
#include "cli/doctor_fidelity.h"

#include "backend/kvm/kvm.h"
#include "core/backend.h"
#include "course/catalog.h"

#include <capstone/capstone.h>
#include <curses.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <grp.h>
#include <jansson.h>
#include <langinfo.h>
#include <locale.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <term.h>
#include <unistd.h>
#include <xxhash.h>
#include <zstd.h>

#define FINDINGS_MAX 24
#define SCREEN_ROWS 24 /* what the whole screen needs */
#define SCREEN_COLS 80

enum level { LEVEL_OK, LEVEL_NOTE, LEVEL_MISSING };

struct finding {
    const char *name;
    enum level level; /* LEVEL_MISSING: vlab cannot do its work without it */
    char detail[600];
};

struct findings {
    struct finding list[FINDINGS_MAX];
    unsigned count;
};

__attribute__((format(printf, 4, 5))) static void find(struct findings *f, const char *name,
                                                       enum level level, const char *fmt, ...)
{
    struct finding *finding = &f->list[f->count++];
    va_list ap;

    finding->name = name;
    finding->level = level;
    va_start(ap, fmt);
    vsnprintf(finding->detail, sizeof(finding->detail), fmt, ap);
    va_end(ap);
}

/* ---- checks ---------------------------------------------------------------------------------- */

static void check_engine(struct findings *f)
{
    struct backend_report report;

    backend_unicorn.probe(&report, BACKEND_NEEDS_ALL);
    for (char *p = report.missing; (p = strchr(p, '\n')) != NULL;)
        *p = p[1] ? ';' : '\0';
    if (report.level == BACKEND_ABSENT)
        find(f, "CPU engine", LEVEL_MISSING, "%s fails its self-test: %s", report.version,
             *report.missing ? report.missing : "no reason given");
    else if (report.level == BACKEND_LIMITED)
        find(f, "CPU engine", LEVEL_NOTE, "%s, self-test passed with limits: %s", report.version,
             report.missing);
    else
        find(f, "CPU engine", LEVEL_OK, "%s, self-test passed", report.version);
}

static void check_libraries(struct findings *f)
{
    unsigned xxh = XXH_versionNumber();
    int major, minor;

    cs_version(&major, &minor);
    if (cs_support(CS_ARCH_X86))
        find(f, "Capstone", LEVEL_OK, "%d.%d", major, minor);
    else
        find(f, "Capstone", LEVEL_MISSING, "%d.%d, built without x86", major, minor);
    find(f, "ncurses", LEVEL_OK, "%s", curses_version() + strcspn(curses_version(), "0123456789"));
    find(f, "jansson", LEVEL_OK, "%s", jansson_version_str());
    find(f, "xxHash", LEVEL_OK, "%u.%u.%u", xxh / 10000, xxh / 100 % 100, xxh % 100);
    find(f, "zstd", LEVEL_OK, "%s", ZSTD_versionString());
}

/* A second CPU is welcome, and nothing that a course needs. */
static void check_kvm(struct findings *f)
{
    struct backend_report report;

    backend_kvm.probe(&report, BACKEND_NEEDS_ALL);
    for (char *p = report.missing; (p = strchr(p, '\n')) != NULL;)
        *p = ';';
    if (report.level == BACKEND_ABSENT)
        find(f, "/dev/kvm", LEVEL_NOTE, "absent: %s; the emulated CPU does without",
             report.missing + (strncmp(report.missing, "/dev/kvm: ", 10) ? 0 : 10));
    else if (report.level == BACKEND_LIMITED)
        find(f, "/dev/kvm", LEVEL_NOTE, "limited: %s; does not work: %s", report.version,
             report.missing);
    else
        find(f, "/dev/kvm", LEVEL_OK, "full: %s", report.version);
}

static void check_terminal_type(struct findings *f)
{
    const char *term = getenv("TERM");
    int error, colours;

    if (!term || !*term) {
        find(f, "terminal type", LEVEL_NOTE, "TERM is not set: the screen cannot open");
        return;
    }
    if (setupterm(term, STDOUT_FILENO, &error) != OK) {
        find(f, "terminal type", LEVEL_NOTE, "TERM=%.60s is unknown here: the screen cannot open",
             term);
        return;
    }
    colours = tigetnum("colors");
    if (colours >= 8)
        find(f, "terminal type", LEVEL_OK, "TERM=%.60s, %d colours", term, colours);
    else
        find(f, "terminal type", LEVEL_NOTE, "TERM=%.60s, no colours: the screen uses attributes",
             term);
    del_curterm(cur_term);
}

static void check_terminal_size(struct findings *f)
{
    struct winsize size;

    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size)) {
        find(f, "terminal size", LEVEL_NOTE, "standard output is no terminal");
        return;
    }
    find(f, "terminal size",
         size.ws_row < SCREEN_ROWS || size.ws_col < SCREEN_COLS ? LEVEL_NOTE : LEVEL_OK,
         "%ux%u; the whole screen needs %ux%u", size.ws_col, size.ws_row, SCREEN_COLS, SCREEN_ROWS);
}

static void check_locale(struct findings *f)
{
    const char *locale = setlocale(LC_CTYPE, "");
    const char *codeset = nl_langinfo(CODESET);

    if (!locale)
        find(f, "locale", LEVEL_NOTE,
             "LC_ALL, LC_CTYPE or LANG names a locale that is not "
             "installed: lines are drawn in ASCII");
    else if (strcmp(codeset, "UTF-8") == 0)
        find(f, "locale", LEVEL_OK, "%.60s, UTF-8", locale);
    else
        find(f, "locale", LEVEL_NOTE, "%.60s, %.60s: lines are drawn in ASCII", locale, codeset);
}

static void check_folders(struct findings *f)
{
    char state[COURSE_PATH_MAX];
    struct course *course;
    struct error err;

    if (course_open(&course, &err)) {
        find(f, "course data", LEVEL_MISSING, "%s", err.text);
    } else {
        find(f, "course data", LEVEL_OK, "%.500s: %u lab%s", course_root(course),
             course_lab_count(course), course_lab_count(course) == 1 ? "" : "s");
        course_close(course);
    }
    if (course_state_dir(state, &err))
        find(f, "state folder", LEVEL_MISSING, "%s", err.text);
    else
        find(f, "state folder", LEVEL_OK, "%.500s", state);
}

/* Where PATH has `tool`; false when nowhere. */
static bool find_tool(const char *tool, char *found, size_t size)
{
    const char *path = getenv("PATH");

    while (path && *path) {
        int length = (int)strcspn(path, ":");

        snprintf(found, size, "%.*s/%s", length, path, tool);
        if (length && access(found, X_OK) == 0)
            return true;
        path += length;
        path += *path == ':';
    }
    return false;
}

static void check_tool(struct findings *f, const char *tool, const char *use)
{
    char found[512];

    if (find_tool(tool, found, sizeof(found)))
        find(f, tool, LEVEL_OK, "%s", found);
    else
        find(f, tool, LEVEL_NOTE, "not found: %s", use);
}

/* How far a student's program is locked in. */
static void check_sandbox(struct findings *f)
{
    bool whole = lockdown_has_namespaces() && lockdown_has_landlock() && lockdown_has_filter();

    find(f, "sandbox", whole ? LEVEL_OK : LEVEL_NOTE, "%s", child_level());
}

/* ---- report ---------------------------------------------------------------------------------- */

static const char *level_name(enum level level)
{
    switch (level) {
    case LEVEL_OK:
        return "ok";
    case LEVEL_NOTE:
        return "note";
    default:
        return "missing";
    }
}

static void print_lines(const struct findings *f)
{
    for (unsigned i = 0; i < f->count; i++)
        printf("%-8s %-19s %s\n", level_name(f->list[i].level), f->list[i].name, f->list[i].detail);
}

static void print_json(const struct findings *f, bool ready)
{
    json_t *checks = json_array();
    json_t *object;

    for (unsigned i = 0; i < f->count; i++) {
        const struct finding *finding = &f->list[i];
        json_t *detail = json_string(finding->detail);

        json_array_append_new(checks, json_pack("{s:s, s:s, s:o}", "name", finding->name, "status",
                                                level_name(finding->level), "detail",
                                                detail ? detail : json_string("not UTF-8")));
    }
    object =
        json_pack("{s:b, s:s, s:o}", "ready", ready, "version", VLAB_VERSION, "checks", checks);
    json_dumpf(object, stdout, JSON_COMPACT | JSON_ENSURE_ASCII);
    putchar('\n');
    json_decref(object);
}

static int examine(bool json)
{
    struct findings f = {0};
    const struct finding *missing = NULL;

    check_engine(&f);
    check_libraries(&f);
    check_kvm(&f);
    check_terminal_type(&f);
    check_terminal_size(&f);
    check_locale(&f);
    check_folders(&f);
    check_tool(&f, "nasm", "'vlab check' needs it to assemble exercises");
    check_tool(&f, "cc", "'vlab check' needs it to compile exercises in C");
    check_sandbox(&f);
    check_tool(&f, "qemu-system-x86_64", "the tests that compare with QEMU are skipped");
    for (unsigned i = f.count; i-- > 0;)
        if (f.list[i].level == LEVEL_MISSING)
            missing = &f.list[i];
    if (json)
        print_json(&f, !missing);
    else
        print_lines(&f);
    fflush(stdout);
    return missing ? cli_failf("%s: %s", missing->name, missing->detail) : CLI_OK;
}

static int run(int argc, char **argv)
{
    static const struct option long_options[] = {
        {"fidelity", no_argument, NULL, 'f'},
        {"help", no_argument, NULL, 'h'},
        {"json", no_argument, NULL, 'j'},
        {0},
    };
    bool json = false, fidelity = false;
    int c;

    while ((c = getopt_long(argc, argv, ":h", long_options, NULL)) != -1) {
        if (c == 'h')
            return cli_help(&verb_doctor);
        if (c == 'j')
            json = true;
        else if (c == 'f')
            fidelity = true;
        else
            return cli_bad_option(&verb_doctor, argv, c);
    }
    if (optind < argc)
        return cli_usage(&verb_doctor, "'%.60s': no arguments are taken", argv[optind]);
    return fidelity ? doctor_fidelity(json) : examine(json);
}

const struct verb verb_doctor = {
    .name = "doctor",
    .arguments = "[--fidelity] [--json]",
    .summary = "say what this computer has of what vlab needs",
    .help =
        "One line a check: 'ok', 'note' (works without, or less well) or 'missing'. Checked are\n"
        "the CPU engine (by running guest code), libraries, /dev/kvm, the terminal, the course's\n"
        "data, the state folder, tools, and how far students' programs are locked in.\n"
        "\n"
        "  --fidelity     say instead where the emulated CPU differs from a real one, with the\n"
        "                 section of the Intel SDM\n"
        "  --json         one JSON object: ready, version, checks (name, status, detail); with\n"
        "                 --fidelity: version, fidelity (id, text, section, seen, differs)\n"
        "\n"
        "Exit status: 0 everything that is required is there, 1 something is missing, 2 usage.\n",
    .run = run,
};
