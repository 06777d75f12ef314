/*
 * Locking a child process in, see lockdown.h: landlock(7), namespaces(7), seccomp(2), setrlimit(2).
 *
 * Left out: user and group IDs of its own inside the user namespace; a file system of its own, for
 * which Landlock stands.
 */
#include "exercises/grader/lockdown.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define READ_RIGHTS                                                                                \
    (LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define FILE_RIGHTS (LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_READ_FILE)
/* Every right of the first version: all that is not granted below is refused. */
#define ALL_RIGHTS ((LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1)

#define NAMESPACES                                                                                 \
    (CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWNS | CLONE_NEWUTS)

/* ---- files ----------------------------------------------------------------------------------- */

bool lockdown_has_landlock(void)
{
    return syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION) >= 1;
}

/* A path that is not there needs no rule. */
static bool allow(int ruleset, const char *path, uint64_t rights)
{
    struct landlock_path_beneath_attr rule = {.allowed_access = rights};
    long ret;

    rule.parent_fd = open(path, O_PATH | O_CLOEXEC);
    if (rule.parent_fd < 0)
        return errno == ENOENT;
    ret = syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
    close(rule.parent_fd);
    return ret == 0;
}

static bool lock_files(const struct lockdown *l)
{
    static const char *const libraries[] = {"/lib",       "/lib32",     "/lib64",        "/usr/lib",
                                            "/usr/lib32", "/usr/lib64", "/usr/local/lib"};
    struct landlock_ruleset_attr attr = {.handled_access_fs = ALL_RIGHTS};
    int ruleset;
    bool ok;

    if (!lockdown_has_landlock())
        return true;
    ruleset = (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof(attr), 0);
    if (ruleset < 0)
        return false;
    ok = allow(ruleset, l->program, FILE_RIGHTS) && allow(ruleset, l->folder, ALL_RIGHTS) &&
         allow(ruleset, "/etc/ld.so.cache", LANDLOCK_ACCESS_FS_READ_FILE);
    for (size_t i = 0; ok && i < sizeof(libraries) / sizeof(libraries[0]); i++)
        ok = allow(ruleset, libraries[i], READ_RIGHTS);
    if (ok && l->limits->tools)
        ok = allow(ruleset, "/usr", READ_RIGHTS) && allow(ruleset, "/bin", READ_RIGHTS);
    ok = ok && syscall(SYS_landlock_restrict_self, ruleset, 0) == 0;
    close(ruleset);
    return ok;
}

/* ---- system calls ---------------------------------------------------------------------------- */

#if defined(__x86_64__)
#define FILTER_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define FILTER_ARCH AUDIT_ARCH_AARCH64
#endif

bool lockdown_has_filter(void)
{
#ifdef FILTER_ARCH
    return prctl(PR_GET_SECCOMP, 0, 0, 0, 0) >= 0;
#else
    return false;
#endif
}

#ifdef FILTER_ARCH

/*
 * What the loader, malloc() and stdio need. openat() is Landlock's to judge; execve() is for the program
 * itself, and Landlock lets no other be run.
 */
static const int allowed[] = {
    SYS_read,
    SYS_write,
    SYS_readv,
    SYS_writev,
    SYS_pread64,
    SYS_lseek,
    SYS_close,
    SYS_fstat,
    SYS_newfstatat,
    SYS_statx,
    SYS_openat,
    SYS_readlinkat,
    SYS_faccessat,
    SYS_faccessat2,
    SYS_getcwd,
    SYS_mmap,
    SYS_mprotect,
    SYS_munmap,
    SYS_mremap,
    SYS_madvise,
    SYS_brk,
    SYS_execve,
    SYS_exit,
    SYS_exit_group,
    SYS_rt_sigaction,
    SYS_rt_sigprocmask,
    SYS_rt_sigreturn,
    SYS_sigaltstack,
    SYS_getpid,
    SYS_gettid,
    SYS_getuid,
    SYS_geteuid,
    SYS_getgid,
    SYS_getegid,
    SYS_uname,
    SYS_getrandom,
    SYS_ppoll,
    SYS_clock_gettime,
    SYS_gettimeofday,
    SYS_clock_nanosleep,
    SYS_nanosleep,
    SYS_sched_yield,
    SYS_futex,
    SYS_set_tid_address,
    SYS_set_robust_list,
    SYS_rseq,
    SYS_prlimit64,
    SYS_membarrier,
#ifdef __x86_64__
    SYS_arch_prctl,
    SYS_access,
    SYS_poll,
    SYS_open,
    SYS_stat,
    SYS_readlink,
#endif
};

enum { ALLOWED = sizeof(allowed) / sizeof(allowed[0]), FILTER_HEAD = 4 };

/*
 *   load arch; not ours: kill          load the number; one of the list: allow; else: EPERM
 */
static bool filter_calls(void)
{
    struct sock_filter code[FILTER_HEAD + ALLOWED + 2] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, FILTER_ARCH, 1, 0),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
    };
    struct sock_fprog program = {.len = FILTER_HEAD + ALLOWED + 2, .filter = code};

    for (unsigned i = 0; i < ALLOWED; i++)
        code[FILTER_HEAD + i] = (struct sock_filter)BPF_JUMP(
            BPF_JMP | BPF_JEQ | BPF_K, (unsigned)allowed[i], (uint8_t)(ALLOWED - i), 0);
    code[FILTER_HEAD + ALLOWED] =
        (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM);
    code[FILTER_HEAD + ALLOWED + 1] =
        (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) == 0;
}

#else

static bool filter_calls(void)
{
    return true;
}

#endif

/* ---- limits ---------------------------------------------------------------------------------- */

static bool limit(int resource, rlim_t value)
{
    /* Of CPU time the hard limit is SIGKILL: SIGXCPU is to come first, because it says why. */
    struct rlimit limit = {.rlim_cur = value, .rlim_max = value + (resource == RLIMIT_CPU)};

    return setrlimit(resource, &limit) == 0;
}

static bool set_limits(const struct sandbox_limits *limits)
{
    return limit(RLIMIT_CPU, limits->cpu_seconds) && limit(RLIMIT_AS, limits->memory_bytes) &&
           limit(RLIMIT_FSIZE, limits->file_bytes) && limit(RLIMIT_NOFILE, 32) &&
           limit(RLIMIT_CORE, 0);
}

bool lockdown_enter(const struct lockdown *l)
{
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 &&
           lock_files(l) && set_limits(l->limits) &&
           (!l->alone || !lockdown_has_filter() || filter_calls());
}

/* ---- namespaces ------------------------------------------------------------------------------ */

pid_t lockdown_fork(bool *isolated)
{
    long pid = syscall(SYS_clone, (unsigned long)NAMESPACES | SIGCHLD, NULL, NULL, NULL, NULL);

    *isolated = pid >= 0;
    return pid >= 0 ? (pid_t)pid : fork();
}

bool lockdown_has_namespaces(void)
{
    bool isolated;
    pid_t pid = lockdown_fork(&isolated);

    if (pid == 0)
        _exit(0);
    if (pid > 0)
        while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
            ;
    return isolated;
}
