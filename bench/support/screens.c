/* The programs whose screens are measured, see screens.h. */
#include "screens.h"

#include "measure.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATH_CAP 4096
#define SETTLE_SECONDS 0.3 /* to what it still has to draw */
#define EXITS_FIRST "60"
#define INSNS_FIRST 719u /* instructions until then */

/* ---- files ----------------------------------------------------------------------------------- */

static int make_folder(const char *name, struct error *err)
{
    char path[PATH_CAP];

    if (!measure_path(path, sizeof(path), name))
        return error_set(err, -ENAMETOOLONG, "%s", name);
    if (mkdir(path, 0777) < 0 && errno != EEXIST)
        return error_errno(err, -errno, "%s", path);
    return 0;
}

static int write_file(const char *name, const char *text, struct error *err)
{
    char path[PATH_CAP];
    FILE *file = measure_path(path, sizeof(path), name) ? fopen(path, "w") : NULL;
    int rc = file ? fputs(text, file) : EOF;

    if (file && fclose(file) == EOF)
        rc = EOF;
    return rc == EOF ? error_errno(err, -errno, "%s", path) : 0;
}

/* A lab whose image is one of the guests here. */
static int make_lab(const char *folder, const char *guest, const char *kind, struct error *err)
{
    char image[PATH_CAP], link[PATH_CAP], name[256], text[512];
    int failed;

    snprintf(name, sizeof(name), "bench/guest/%s", guest);
    if (!measure_path(image, sizeof(image), name))
        return error_set(err, -ENAMETOOLONG, "%s", name);
    snprintf(name, sizeof(name), "bench/data/labs/%s", folder);
    failed = make_folder(name, err);
    snprintf(name, sizeof(name), "bench/data/labs/%s/lab.conf", folder);
    snprintf(text, sizeof(text), "title = %s\ngoal = Measured\nimage = %s\nram = 4M\n%s", folder,
             guest, kind);
    failed = failed ? failed : write_file(name, text, err);
    snprintf(name, sizeof(name), "bench/data/labs/%s/%s", folder, guest);
    if (failed || !measure_path(link, sizeof(link), name))
        return failed;
    unlink(link);
    return symlink(image, link) < 0 ? error_errno(err, -errno, "%s", link) : 0;
}

static int make_gdb_script(struct error *err)
{
    char text[2 * PATH_CAP], elf[PATH_CAP];

    if (!measure_path(elf, sizeof(elf), "bench/guest/step.elf"))
        return error_set(err, -ENAMETOOLONG, "bench/guest/step.elf");
    /* setpriv: QEMU would outlive a gdb that is killed. */
    snprintf(text, sizeof(text),
             "set pagination off\n"
             "set confirm off\n"
             "target remote | exec setpriv --pdeathsig KILL qemu-system-i386 -S -gdb stdio"
             " -accel tcg -display none -nodefaults -m 64 -kernel '%s'\n"
             "tbreak *guest_entry\n"
             "continue\n",
             elf);
    return write_file("bench/data/gdb.cmd", text, err);
}

static int make_files(struct error *err)
{
    static const char *const folders[] = {"bench/data", "bench/data/labs", "bench/data/exercises",
                                          "bench/data/cgdb"};
    int failed = 0;

    for (size_t i = 0; !failed && i < sizeof(folders) / sizeof(folders[0]); i++)
        failed = make_folder(folders[i], err);
    failed = failed ? failed : make_lab(SCREEN_STEP "_step", "step.elf", "kind = elf\n", err);
    failed = failed ? failed
                    : make_lab(SCREEN_ENDLESS "_endless", "endless.bin",
                               "kind = flat\nat = 0x1000\n", err);
    failed = failed ? failed : write_file("bench/data/cgdb/cgdbrc", "set dis\n", err);
    return failed ? failed : make_gdb_script(err);
}

int screens_prepare(struct error *err)
{
    char data[PATH_CAP], cgdb[PATH_CAP], state[PATH_CAP];

    if (!measure_path(data, sizeof(data), "bench/data") ||
        !measure_path(cgdb, sizeof(cgdb), "bench/data/cgdb") ||
        !measure_path(state, sizeof(state), "bench/state"))
        return error_set(err, -EINVAL, "no place for labs");
    unsetenv("NO_COLOR");
    unsetenv("LINES");
    unsetenv("COLUMNS");
    setenv("TERM", "xterm-256color", 1);
    setenv("LC_ALL", "C.UTF-8", 1);
    setenv("VLAB_DATA", data, 1);
    setenv("VLAB_HOME", state, 1);
    setenv("CGDB_DIR", cgdb, 1);
    return make_files(err);
}

/* ---- programs -------------------------------------------------------------------------------- */

const char *screen_name(enum screen_program program)
{
    static const char *const names[SCREEN_COUNT] = {"vlab", "gdb's TUI", "cgdb"};

    return names[program];
}

static bool runs(const char *program)
{
    char out[256];
    char *argv[] = {(char *)program, "--version", NULL};
    struct error ignored;
    double seconds;
    int status;

    return measure_command(argv, out, sizeof(out), &seconds, &status, &ignored) == 0;
}

bool screen_installed(enum screen_program program)
{
    if (program == SCREEN_VLAB)
        return true;
    return runs("qemu-system-i386") && runs("gdb") && (program == SCREEN_GDB || runs("cgdb"));
}

static int open_vlab(struct pty **pty, int cols, int rows, struct error *err)
{
    char vlab[PATH_CAP], *argv[] = {vlab, "tui", SCREEN_STEP, "--at", EXITS_FIRST, NULL};
    int failed;

    if (!measure_path(vlab, sizeof(vlab), "vlab"))
        return error_set(err, -EINVAL, "vlab: not found");
    failed = pty_open(pty, argv, cols, rows, err);
    return failed ? failed : pty_wait(*pty, "exits " EXITS_FIRST " ", true, NULL, err);
}

/* Where a debugger's mark stands at the beginning of the loop, and an instruction later. */
static const char *first_line(enum screen_program program)
{
    return program == SCREEN_GDB ? "> 0x100010 " : "> 0x00100010 ";
}

static const char *second_line(enum screen_program program)
{
    return program == SCREEN_GDB ? "> 0x100015 " : "> 0x00100015 ";
}

static int open_debugger(struct pty **pty, enum screen_program program, int cols, int rows,
                         struct error *err)
{
    char script[PATH_CAP], elf[PATH_CAP];
    char *gdb[] = {"gdb",        "-q",  "-nx",         "-x", script, "-ex",
                   "layout asm", "-ex", "layout regs", elf,  NULL};
    char *cgdb[] = {"cgdb", "-q", "-nx", "-x", script, elf, NULL};
    int failed;

    if (!measure_path(script, sizeof(script), "bench/data/gdb.cmd") ||
        !measure_path(elf, sizeof(elf), "bench/guest/step.elf"))
        return error_set(err, -EINVAL, "no script for gdb");
    failed = pty_open(pty, program == SCREEN_GDB ? gdb : cgdb, cols, rows, err);
    failed = failed ? failed : pty_wait(*pty, first_line(program), true, NULL, err);
    /* What it still has to draw; then a command that Enter repeats. */
    failed = failed ? failed : pty_listen(*pty, SETTLE_SECONDS, NULL, NULL, err);
    return failed ? failed : pty_send(*pty, "stepi\r", err);
}

int screen_open(struct pty **pty, enum screen_program program, int cols, int rows,
                struct error *err)
{
    int failed = program == SCREEN_VLAB ? open_vlab(pty, cols, rows, err)
                                        : open_debugger(pty, program, cols, rows, err);

    failed = failed ? failed : pty_listen(*pty, SETTLE_SECONDS, NULL, NULL, err);
    return failed ? failed : screen_check(*pty, program, 0, err);
}

/*
 * A debugger that is killed leaves QEMU, and cgdb leaves gdb, too. One that quits waits five seconds
 * for QEMU to go by itself; `kill` makes it go.
 */
void screen_close(struct pty *pty, enum screen_program program)
{
    struct error ignored;

    if (pty && program != SCREEN_VLAB && pty_send(pty, "kill\rquit\r", &ignored) == 0)
        pty_listen(pty, 2, NULL, NULL, &ignored); /* comes back when it ends */
    pty_close(pty);
}

int screen_silence(enum screen_program program)
{
    return program == SCREEN_VLAB ? 40 : 100;
}

const char *screen_step_key(enum screen_program program)
{
    return program == SCREEN_VLAB ? "s" : "\r";
}

int screen_check(struct pty *pty, enum screen_program program, unsigned steps, struct error *err)
{
    char text[64];

    if (program != SCREEN_VLAB)
        return pty_wait(pty, second_line(program), true, NULL, err);
    snprintf(text, sizeof(text), "instructions %u ", INSNS_FIRST + steps);
    return pty_wait(pty, text, true, NULL, err);
}
