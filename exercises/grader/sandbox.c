/* Child processes of the grader that run tools, see sandbox.h. */
#include "exercises/grader/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define EXIT_NO_SANDBOX 125 /* of the child: it could not lock itself in */
#define EXIT_NO_EXEC 126

const char *sandbox_level(void)
{
    return lockdown_has_landlock() ? "landlock and limits" : "limits only";
}

/* In the child, between fork and exec: only calls that are safe there. */
_Noreturn static void become(const char *program, char *const argv[], const char *folder,
                             const struct sandbox_limits *limits, int messages)
{
    static char path[] = "PATH=/usr/bin:/bin", tmp[] = "TMPDIR=.";
    char *const environment[] = {path, tmp, NULL};
    struct lockdown lockdown = {.program = program, .folder = folder, .limits = limits};
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);

    if (null < 0 || dup2(null, 0) < 0 || dup2(null, 1) < 0 || dup2(messages, 2) < 0 ||
        chdir(folder) || syscall(SYS_close_range, 3u, ~0u, 0u) || !lockdown_enter(&lockdown))
        _exit(EXIT_NO_SANDBOX);
    execve(program, argv, environment);
    _exit(EXIT_NO_EXEC);
}

static int64_t now_ms(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* Keep the first bytes, read on to the end. False when the time is up first. */
static bool read_messages(int fd, int64_t deadline, char *messages)
{
    size_t used = 0;
    char buf[1024];

    messages[0] = '\0';
    for (;;) {
        struct pollfd poller = {.fd = fd, .events = POLLIN};
        int64_t left = deadline - now_ms();
        ssize_t n;

        if (left <= 0)
            return false;
        if (poll(&poller, 1, (int)left) <= 0)
            continue;
        n = read(fd, buf, sizeof(buf));
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return true;
        if ((size_t)n > SANDBOX_MESSAGES_MAX - 1 - used)
            n = (ssize_t)(SANDBOX_MESSAGES_MAX - 1 - used);
        memcpy(messages + used, buf, (size_t)n);
        used += (size_t)n;
        messages[used] = '\0';
    }
}

static int wait_for(pid_t pid, struct sandbox_result *result, struct error *err)
{
    int status;

    while (waitpid(pid, &status, 0) < 0) {
        if (errno != EINTR)
            return error_errno(err, -errno, "waiting for a child process");
    }
    if (result->end == SANDBOX_TIMEOUT)
        return 0;
    result->end = WIFSIGNALED(status) ? SANDBOX_KILLED : SANDBOX_EXITED;
    result->status = WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status);
    return 0;
}

int sandbox_run(const char *program, char *const argv[], const char *folder,
                const struct sandbox_limits *limits, struct sandbox_result *result,
                struct error *err)
{
    int fds[2], ret;
    pid_t pid;

    if (pipe2(fds, O_CLOEXEC))
        return error_errno(err, -errno, "pipe");
    pid = fork();
    if (pid == 0)
        become(program, argv, folder, limits, fds[1]);
    close(fds[1]);
    if (pid < 0) {
        ret = -errno;
        close(fds[0]);
        return error_errno(err, ret, "fork");
    }
    result->end = SANDBOX_EXITED;
    if (!read_messages(fds[0], now_ms() + limits->wall_seconds * INT64_C(1000), result->messages)) {
        result->end = SANDBOX_TIMEOUT;
        kill(pid, SIGKILL);
    }
    close(fds[0]);
    ret = wait_for(pid, result, err);
    if (ret || result->end != SANDBOX_EXITED)
        return ret;
    if (result->status == EXIT_NO_SANDBOX)
        return error_set(err, -EPERM, "%s: the sandbox could not be set up", program);
    if (result->status == EXIT_NO_EXEC)
        return error_set(err, -ENOEXEC, "%s: cannot be run", program);
    return 0;
}

int sandbox_find(const char *tool, char *path, size_t size, struct error *err)
{
    static const char *const folders[] = {"/usr/bin", "/bin", "/usr/local/bin"};

    for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
        snprintf(path, size, "%s/%s", folders[i], tool);
        if (access(path, X_OK) == 0)
            return 0;
    }
    return error_set(err, -ENOENT, "%s: not installed", tool);
}
