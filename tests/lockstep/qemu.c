/*
 * QEMU as a child process, see qemu.h. The line to its gdb stub is a socket pair: no path, no port,
 * nothing to wait for. CPU model: everything that TCG has, less what vlab's CPUID does not report
 * and what would not raise #UD by itself.
 */
#include "tests/lockstep/qemu.h"

#include "util/bytes.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define CPU "max,-3dnow,-3dnowext,-svm,-sse4a,-rdrand,-rdseed,-xsave,-mpx,-clwb"

/*
 * The stub's registers, as its target description i386-64bit.xml lists them:
 *   0  16 GPRs, 8 bytes each (RAX RBX RCX RDX RSI RDI RBP RSP R8 ...)   128 RIP, 8   136 EFLAGS, 4
 * 140  CS SS DS ES FS GS, 4 each      164 FS, GS, kernel GS base, 8 each
 * 188  CR0 CR2 CR3 CR4 CR8 EFER, 8 each
 * 236  R0-R7 of x87, 10 each (not by stack position)    316 FCW FSW FTW and five more, 4 each
 * 348  XMM0-15, 16 each    604 MXCSR, 4
 */
enum {
    STUB_RIP = 128,
    STUB_FLAGS = 136,
    STUB_SEG = 140,
    STUB_BASES = 164,
    STUB_CR = 188,
    STUB_CR3 = 204,
    STUB_X87 = 236,
    STUB_FCW = 316,
    STUB_FSW = 320,
    STUB_XMM = 348,
    STUB_MXCSR = 604,
    STUB_SIZE = 608
};

static const uint8_t gpr_order[X86_GPR_COUNT] = {
    X86_RAX, X86_RBX, X86_RCX, X86_RDX, X86_RSI, X86_RDI, X86_RBP, X86_RSP,
    X86_R8,  X86_R9,  X86_R10, X86_R11, X86_R12, X86_R13, X86_R14, X86_R15};
static const uint8_t seg_order[6] = {X86_CS, X86_SS, X86_DS, X86_ES, X86_FS, X86_GS};

bool qemu_installed(void)
{
    const char *path = getenv("PATH");
    char program[512];

    while (path && *path) {
        int length = (int)strcspn(path, ":");

        snprintf(program, sizeof(program), "%.*s/%s", length, path, QEMU_PROGRAM);
        if (length && access(program, X_OK) == 0)
            return true;
        path += length;
        path += *path == ':';
    }
    return false;
}

/* ---- process --------------------------------------------------------------------------------- */

static void become_qemu(int line, const char *ram_path, size_t ram_size)
{
    char chardev[64], object[600], size[32];

    snprintf(chardev, sizeof(chardev), "socket,id=gdb,fd=%d", line);
    snprintf(object, sizeof(object), "memory-backend-file,id=ram,size=%zu,mem-path=%s,share=on",
             ram_size, ram_path);
    snprintf(size, sizeof(size), "%zuk", ram_size / 1024);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    fcntl(line, F_SETFD, 0);
    execlp(QEMU_PROGRAM, QEMU_PROGRAM, "-accel", "tcg", "-cpu", CPU, "-M", "pc,memory-backend=ram",
           "-m", size, "-object", object, "-S", "-nodefaults", "-no-user-config", "-display",
           "none", "-no-reboot", "-chardev", chardev, "-gdb", "chardev:gdb", (char *)NULL);
    _exit(127);
}

static int map_ram(struct qemu *q, char *path, size_t ram_size, struct error *err)
{
    int fd = mkstemp(path);
    void *ram = MAP_FAILED;

    if (fd >= 0 && ftruncate(fd, (off_t)ram_size) == 0)
        ram = mmap(NULL, ram_size, PROT_READ, MAP_SHARED, fd, 0);
    if (fd >= 0)
        close(fd);
    if (ram == MAP_FAILED)
        return error_errno(err, -errno, "%s", path);
    q->ram = ram;
    q->ram_size = ram_size;
    return 0;
}

static int start_process(struct qemu *q, const char *ram_path, struct error *err)
{
    int line[2];

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, line))
        return error_errno(err, -errno, "socketpair");
    q->pid = fork();
    if (q->pid == 0)
        become_qemu(line[1], ram_path, q->ram_size);
    close(line[1]);
    gdb_open(&q->gdb, line[0]);
    if (q->pid < 0)
        return error_errno(err, -errno, "fork");
    /* It takes single registers only from who has read its description of them. */
    if (gdb_request(&q->gdb, "?") || gdb_request(&q->gdb, "Qqemu.PhyMemMode:1") ||
        gdb_request(&q->gdb, "qXfer:features:read:target.xml:0,100"))
        return error_set(err, -EIO, "%s: its gdb stub does not answer", QEMU_PROGRAM);
    return 0;
}

int qemu_start(struct qemu *q, size_t ram_size, struct error *err)
{
    const char *folder = getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp";
    char path[512];
    int rc;

    memset(q, 0, sizeof(*q));
    q->gdb.fd = -1;
    snprintf(path, sizeof(path), "%s/lockstep-ram-XXXXXX", folder);
    rc = map_ram(q, path, ram_size, err);
    rc = rc ? rc : start_process(q, path, err);
    unlink(path);
    if (rc)
        qemu_stop(q);
    return rc;
}

void qemu_stop(struct qemu *q)
{
    if (q->pid > 0) {
        kill(q->pid, SIGKILL);
        waitpid(q->pid, NULL, 0);
    }
    if (q->gdb.fd >= 0)
        gdb_close(&q->gdb);
    if (q->ram)
        munmap((void *)q->ram, q->ram_size);
    memset(q, 0, sizeof(*q));
    q->gdb.fd = -1;
}

/* ---- registers ------------------------------------------------------------------------------- */

static unsigned x87_register(const uint8_t *fxsave, unsigned i)
{
    return ((get_le16(fxsave + 2) >> 11) + i) & 7;
}

static void take_fpu(const uint8_t *r, uint8_t *fxsave)
{
    put_le16(fxsave, get_le16(r + STUB_FCW));
    put_le16(fxsave + 2, get_le16(r + STUB_FSW));
    for (unsigned i = 0; i < 8; i++)
        memcpy(fxsave + 32 + 16 * i, r + STUB_X87 + 10 * x87_register(fxsave, i), 10);
    memcpy(fxsave + 160, r + STUB_XMM, 256);
    put_le32(fxsave + 24, get_le32(r + STUB_MXCSR));
}

static void give_fpu(uint8_t *r, const uint8_t *fxsave)
{
    put_le32(r + STUB_FCW, get_le16(fxsave));
    put_le32(r + STUB_FSW, get_le16(fxsave + 2));
    for (unsigned i = 0; i < 8; i++)
        memcpy(r + STUB_X87 + 10 * x87_register(fxsave, i), fxsave + 32 + 16 * i, 10);
    memcpy(r + STUB_XMM, fxsave + 160, 256);
    put_le32(r + STUB_MXCSR, get_le32(fxsave + 24));
}

int qemu_get(struct qemu *q, struct x86_state *s, struct error *err)
{
    uint64_t *const control[6] = {&s->cr0, &s->cr2, &s->cr3, &s->cr4, &s->cr8, &s->efer};
    uint64_t *const bases[3] = {&s->seg[X86_FS].base, &s->seg[X86_GS].base, &s->kernel_gs_base};
    uint8_t r[STUB_SIZE];

    if (gdb_read_registers(&q->gdb, r, sizeof(r)))
        return error_set(err, -EIO, "%s: no registers", QEMU_PROGRAM);
    for (unsigned i = 0; i < X86_GPR_COUNT; i++)
        s->gpr[gpr_order[i]] = get_le64(r + 8 * i);
    s->rip = get_le64(r + STUB_RIP);
    s->rflags = get_le32(r + STUB_FLAGS);
    for (unsigned i = 0; i < 6; i++)
        s->seg[seg_order[i]].selector = get_le16(r + STUB_SEG + 4 * i);
    for (unsigned i = 0; i < 3; i++)
        *bases[i] = get_le64(r + STUB_BASES + 8 * i);
    for (unsigned i = 0; i < 6; i++)
        *control[i] = get_le64(r + STUB_CR + 8 * i);
    take_fpu(r, s->fxsave);
    return 0;
}

/* Number, place and size of the registers that follow each other. */
static const struct {
    uint16_t at;
    uint8_t size, number, count;
} runs[] = {{STUB_FLAGS, 4, 17, 1}, {STUB_SEG, 4, 18, 6},   {0, 8, 0, 17},
            {STUB_BASES, 8, 24, 3}, {STUB_CR, 8, 27, 6},    {STUB_X87, 10, 33, 8},
            {STUB_FCW, 4, 41, 2},   {STUB_XMM, 16, 49, 16}, {STUB_MXCSR, 4, 65, 1}};

/*
 * One by one ('P'), what differs: in a packet with all ('G') the stub takes 4 bytes for a control
 * register while CS is not 64-bit code, and loses its place. Flags and segments first: what a
 * selector means hangs on VM, whether a GPR has 64 bits hangs on CS. CR3 always: that makes QEMU
 * forget translations.
 */
static int write_registers(struct gdb_client *g, const uint8_t *wanted)
{
    uint8_t now[STUB_SIZE];
    int rc = 0;

    for (unsigned i = 0; i < sizeof(runs) / sizeof(runs[0]) && !rc; i++) {
        rc = i < 3 ? gdb_read_registers(g, now, sizeof(now)) : 0;
        for (unsigned n = 0; n < runs[i].count && !rc; n++) {
            unsigned at = runs[i].at + n * runs[i].size;

            if (at == STUB_CR3 || memcmp(now + at, wanted + at, runs[i].size) != 0)
                rc = gdb_write_register(g, runs[i].number + n, wanted + at, runs[i].size);
        }
    }
    return rc;
}

int qemu_set(struct qemu *q, const struct x86_state *s, struct error *err)
{
    const uint64_t control[6] = {s->cr0, s->cr2, s->cr3, s->cr4, s->cr8, s->efer};
    const uint64_t bases[3] = {s->seg[X86_FS].base, s->seg[X86_GS].base, s->kernel_gs_base};
    uint8_t r[STUB_SIZE] = {0};

    for (unsigned i = 0; i < X86_GPR_COUNT; i++)
        put_le64(r + 8 * i, s->gpr[gpr_order[i]]);
    put_le64(r + STUB_RIP, s->rip);
    put_le32(r + STUB_FLAGS, (uint32_t)s->rflags);
    for (unsigned i = 0; i < 6; i++)
        put_le32(r + STUB_SEG + 4 * i, s->seg[seg_order[i]].selector);
    for (unsigned i = 0; i < 3; i++)
        put_le64(r + STUB_BASES + 8 * i, bases[i]);
    for (unsigned i = 0; i < 6; i++)
        put_le64(r + STUB_CR + 8 * i, control[i]);
    give_fpu(r, s->fxsave);
    return write_registers(&q->gdb, r)
               ? error_set(err, -EIO, "%s: does not take registers", QEMU_PROGRAM)
               : 0;
}

/* ---- memory, steps --------------------------------------------------------------------------- */

int qemu_put_ram(struct qemu *q, const uint8_t *wanted, size_t size, struct error *err)
{
    const size_t part = 256;

    for (size_t at = 0; at < size; at += part) {
        if (memcmp(q->ram + at, wanted + at, part) == 0)
            continue;
        if (gdb_write_memory(&q->gdb, at, wanted + at, part))
            return error_set(err, -EIO, "%s: does not take memory at %#zx", QEMU_PROGRAM, at);
    }
    return 0;
}

int qemu_step(struct qemu *q, struct error *err)
{
    if (gdb_step(&q->gdb))
        return error_set(err, -EIO, "%s: does not step", QEMU_PROGRAM);
    return 0;
}
