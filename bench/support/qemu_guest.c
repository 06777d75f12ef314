/* A ROM in QEMU, moved from here: see qemu_guest.h. */
#include "qemu_guest.h"

#include "measure.h"
#include "rom_guest.h"
#include "tests/lockstep/qemu.h"
#include "util/bytes.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#define PATIENCE 5 /* seconds */
/* Its local APIC would keep the PIC's interrupts from the CPU until some firmware tells it not to. */
#define CPU "qemu64,-apic"

bool qemu_guest_possible(const char **missing)
{
    char *argv[] = {"qemu-img", "--version", NULL}, out[8];
    struct error err;
    double seconds;
    int status;

    *missing = qemu_installed() ? "qemu-img is not installed" : QEMU_PROGRAM " is not installed";
    return qemu_installed() &&
           measure_command(argv, out, sizeof(out), &seconds, &status, &err) == 0;
}

int qemu_guest_disk(const char *path, struct error *err)
{
    char *argv[] = {"qemu-img", "create", "-q", "-f", "qcow2", (char *)path, "64M", NULL}, out[8];
    double seconds;
    int status, failed = measure_command(argv, out, sizeof(out), &seconds, &status, err);

    if (!failed && status)
        failed = error_set(err, -EIO, "qemu-img: cannot make %s", path);
    return failed;
}

/* ---- the process ----------------------------------------------------------------------------- */

static void become_qemu(int monitor, int gdb, const char *rom, const char *disk, const char *icount)
{
    char drive[600], qmp_line[64], gdb_line[64], ram[16];
    char *argv[] = {QEMU_PROGRAM, "-cpu",      CPU,           "-accel",
                    "tcg",        "-machine",  "pc",          "-m",
                    ram,          "-S",        "-nodefaults", "-no-user-config",
                    "-display",   "none",      "-device",     "isa-debug-exit,iobase=0xf4,iosize=4",
                    "-bios",      (char *)rom, "-drive",      drive,
                    "-chardev",   qmp_line,    "-mon",        "chardev=qmp,mode=control",
                    "-chardev",   gdb_line,    "-gdb",        "chardev:gdb",
                    NULL,         NULL,        NULL};

    snprintf(ram, sizeof(ram), "%uM", ROM_GUEST_MIB);
    snprintf(drive, sizeof(drive), "file=%s,if=none,format=qcow2,id=disk", disk);
    snprintf(qmp_line, sizeof(qmp_line), "socket,id=qmp,fd=%d", monitor);
    snprintf(gdb_line, sizeof(gdb_line), "socket,id=gdb,fd=%d", gdb);
    if (icount) {
        argv[sizeof(argv) / sizeof(argv[0]) - 3] = "-icount";
        argv[sizeof(argv) / sizeof(argv[0]) - 2] = (char *)icount;
    }
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    fcntl(monitor, F_SETFD, 0);
    fcntl(gdb, F_SETFD, 0);
    execvp(argv[0], argv);
    _exit(127);
}

static int make_line(int line[2], struct error *err)
{
    struct timeval patience = {.tv_sec = PATIENCE};

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, line))
        return error_errno(err, -errno, "socketpair");
    setsockopt(line[0], SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    return 0;
}

static int meet(struct qemu_guest *g, int monitor, struct error *err)
{
    int failed = qmp_open(&g->qmp, monitor, err);

    if (failed)
        return failed;
    if (gdb_request(&g->gdb, "?") || gdb_request(&g->gdb, "Qqemu.PhyMemMode:1"))
        return error_set(err, -EIO, "%s: its gdb stub does not answer", QEMU_PROGRAM);
    return 0;
}

int qemu_guest_start(struct qemu_guest *g, const char *rom, const char *disk, const char *icount,
                     struct error *err)
{
    int monitor[2], gdb[2], failed;
    char path[4096], name[128];

    *g = (struct qemu_guest){.gdb.fd = -1};
    snprintf(name, sizeof(name), "bench/guest/%s", rom);
    if (!measure_path(path, sizeof(path), name))
        return error_set(err, -EINVAL, "%s: not found", name);
    failed = make_line(monitor, err);
    if (failed)
        return failed;
    failed = make_line(gdb, err);
    if (failed) {
        close(monitor[0]);
        close(monitor[1]);
        return failed;
    }
    g->pid = fork();
    if (g->pid == 0)
        become_qemu(monitor[1], gdb[1], path, disk, icount);
    close(monitor[1]);
    close(gdb[1]);
    gdb_open(&g->gdb, gdb[0]);
    failed = g->pid < 0 ? error_errno(err, -errno, "fork") : 0;
    if (failed)
        close(monitor[0]);
    else
        failed = meet(g, monitor[0], err);
    if (failed)
        qemu_guest_stop(g);
    return failed;
}

void qemu_guest_stop(struct qemu_guest *g)
{
    if (g->pid > 0) {
        kill(g->pid, SIGKILL);
        waitpid(g->pid, NULL, 0);
    }
    if (g->gdb.fd >= 0)
        gdb_close(&g->gdb);
    qmp_close(&g->qmp);
    *g = (struct qemu_guest){.gdb.fd = -1};
}

/* ---- the guest ------------------------------------------------------------------------------- */

/* From a breakpoint it goes on only by a step. */
int qemu_guest_round(struct qemu_guest *g, struct error *err)
{
    if ((g->at_mark ? gdb_step(&g->gdb) : gdb_request(&g->gdb, "Z0,f0004,1")) ||
        gdb_request(&g->gdb, "c"))
        return error_set(err, -EIO, "%s: does not come to the mark", QEMU_PROGRAM);
    g->at_mark = true;
    return 0;
}

/* Debug-exit ends the process at once: the stub's line breaks off. */
int qemu_guest_finish(struct qemu_guest *g, struct error *err)
{
    struct pollfd process = {.fd = (int)syscall(SYS_pidfd_open, g->pid, 0), .events = POLLIN};
    int status = 0;
    bool ended = gdb_request(&g->gdb, "c") == -EIO && poll(&process, 1, PATIENCE * 1000) == 1 &&
                 waitpid(g->pid, &status, 0) == g->pid;

    close(process.fd);
    if (ended)
        g->pid = 0;
    if (!ended || !WIFEXITED(status) || WEXITSTATUS(status) != 1)
        return error_set(err, -EIO, "%s: does not come to debug-exit", QEMU_PROGRAM);
    return 0;
}

int qemu_guest_put(struct qemu_guest *g, uint32_t gpa, uint32_t value, struct error *err)
{
    uint8_t bytes[4];

    put_le32(bytes, value);
    if (gdb_write_memory(&g->gdb, gpa, bytes, sizeof(bytes)))
        return error_set(err, -EIO, "%s: does not take memory", QEMU_PROGRAM);
    return 0;
}

int qemu_guest_get(struct qemu_guest *g, uint32_t gpa, uint32_t *value, struct error *err)
{
    char packet[32];

    snprintf(packet, sizeof(packet), "m%x,4", gpa);
    if (gdb_request(&g->gdb, packet) || strlen(g->gdb.reply) != 8)
        return error_set(err, -EIO, "%s: does not give memory", QEMU_PROGRAM);
    *value = __builtin_bswap32((uint32_t)strtoul(g->gdb.reply, NULL, 16));
    return 0;
}
