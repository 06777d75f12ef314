/* Student's programs, see child.h. */
#include "exercises/grader/child.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifndef CLOSE_RANGE_CLOEXEC
#define CLOSE_RANGE_CLOEXEC (1u << 2)
#endif

struct child {
    pid_t pid; /* 0: reaped */
    int socket, printed;
    int64_t deadline; /* ms */
    char output[CHILD_OUTPUT_MAX];
    size_t output_size;
};

static int64_t now_ms(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* ---- starting -------------------------------------------------------------------------------- */

/*
 * In the child, between fork and exec: only calls that are safe there. What fails is told through
 * `failed`, which exec closes.
 */
_Noreturn static void become(const char *program, const struct lockdown *lockdown, int socket,
                             int printed, int failed)
{
    char *const argv[] = {(char *)(uintptr_t)program, NULL}, *const environment[] = {NULL};
    int null = open("/dev/null", O_RDWR | O_CLOEXEC), why;

    /* Out of the way of the numbers that they are to have. */
    socket = fcntl(socket, F_DUPFD, 10);
    printed = fcntl(printed, F_DUPFD, 10);
    failed = fcntl(failed, F_DUPFD, 10);
    if (null >= 0 && socket >= 0 && printed >= 0 && dup2(null, 0) >= 0 && dup2(printed, 1) >= 0 &&
        dup2(printed, 2) >= 0 && dup2(socket, 3) >= 0 &&
        syscall(SYS_close_range, 4u, ~0u, CLOSE_RANGE_CLOEXEC) == 0 &&
        chdir(lockdown->folder) == 0 && setpgid(0, 0) == 0 && lockdown_enter(lockdown))
        execve(program, argv, environment);
    why = errno;
    if (write(failed, &why, sizeof(why)) < 0)
        _exit(1);
    _exit(0);
}

/* Has it become the program? Its end of the pipe closes when it has. */
static int wait_for_exec(int failed, const char *program, struct error *err)
{
    int why;
    ssize_t n;

    do {
        n = read(failed, &why, sizeof(why));
    } while (n < 0 && errno == EINTR);
    return n == sizeof(why) ? error_errno(err, -why, "%s: cannot be run in a sandbox", program) : 0;
}

static void close_pair(const int fds[2])
{
    close(fds[0]);
    close(fds[1]);
}

static int open_pairs(int sockets[2], int printed[2], int failed[2], struct error *err)
{
    int ret;

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets))
        return error_errno(err, -errno, "socketpair");
    if (pipe2(printed, O_CLOEXEC)) {
        ret = -errno;
        close_pair(sockets);
        return error_errno(err, ret, "pipe");
    }
    if (pipe2(failed, O_CLOEXEC)) {
        ret = -errno;
        close_pair(sockets);
        close_pair(printed);
        return error_errno(err, ret, "pipe");
    }
    fcntl(sockets[0], F_SETFL, O_NONBLOCK);
    fcntl(printed[0], F_SETFL, O_NONBLOCK);
    return 0;
}

static int start(struct child *child, const char *program, const struct lockdown *lockdown,
                 struct error *err)
{
    int sockets[2], printed[2], failed[2], ret;
    bool isolated;

    ret = open_pairs(sockets, printed, failed, err);
    if (ret)
        return ret;
    child->socket = sockets[0];
    child->printed = printed[0];
    child->pid = lockdown_fork(&isolated);
    if (child->pid == 0)
        become(program, lockdown, sockets[1], printed[1], failed[1]);
    ret = child->pid < 0 ? error_errno(err, -errno, "fork") : 0;
    close(sockets[1]);
    close(printed[1]);
    close(failed[1]);
    if (!ret)
        ret = wait_for_exec(failed[0], program, err);
    close(failed[0]);
    return ret;
}

int child_start(struct child **out, const char *program, const char *folder,
                const struct sandbox_limits *limits, struct error *err)
{
    struct lockdown lockdown = {
        .program = program, .folder = folder, .limits = limits, .alone = true};
    struct child *child = calloc(1, sizeof(*child));
    int ret;

    *out = NULL;
    if (!child)
        return error_set(err, -ENOMEM, "out of memory");
    child->socket = child->printed = -1;
    child->deadline = now_ms() + limits->wall_seconds * INT64_C(1000);
    ret = start(child, program, &lockdown, err);
    if (ret)
        child_destroy(child);
    else
        *out = child;
    return ret;
}

/* ---- talking --------------------------------------------------------------------------------- */

static void keep_output(struct child *child, const char *bytes, size_t size)
{
    for (size_t i = 0; i < size && child->output_size < CHILD_OUTPUT_MAX - 1; i++)
        child->output[child->output_size++] =
            isprint((unsigned char)bytes[i]) || bytes[i] == '\n' ? bytes[i] : '.';
}

/* Read some of what it printed; false: there is nothing at the moment. */
static bool has_printed(struct child *child)
{
    char bytes[512];
    ssize_t n = read(child->printed, bytes, sizeof(bytes));

    if (n > 0)
        keep_output(child, bytes, (size_t)n);
    return n > 0;
}

/* Wait until the socket can be used. */
static enum child_io wait_for(struct child *child, short events)
{
    struct pollfd fds[2] = {{.fd = child->socket, .events = events},
                            {.fd = child->printed, .events = POLLIN}};

    /* What it prints is read meanwhile, so that it does not wait for us at a full pipe. */
    for (;;) {
        int64_t left = child->deadline - now_ms();

        if (left <= 0)
            return CHILD_TIMEOUT;
        if (poll(fds, 2, (int)left) <= 0)
            continue;
        if (fds[1].revents && !has_printed(child))
            fds[1].fd = -1;
        if (fds[0].revents)
            return CHILD_OK;
    }
}

static enum child_io transfer(struct child *child, uint8_t *bytes, size_t size, bool sends)
{
    for (size_t at = 0; at < size;) {
        ssize_t n = sends ? send(child->socket, bytes + at, size - at, MSG_NOSIGNAL)
                          : recv(child->socket, bytes + at, size - at, 0);
        enum child_io io;

        if (n > 0) {
            at += (size_t)n;
            continue;
        }
        if (n == 0 || (errno != EAGAIN && errno != EINTR))
            return CHILD_CLOSED;
        io = wait_for(child, sends ? POLLOUT : POLLIN);
        if (io != CHILD_OK)
            return io;
    }
    return CHILD_OK;
}

enum child_io child_send(struct child *child, const void *bytes, size_t size)
{
    return transfer(child, (uint8_t *)(uintptr_t)bytes, size, true);
}

enum child_io child_receive(struct child *child, void *bytes, size_t size)
{
    return transfer(child, bytes, size, false);
}

/* ---- ending ---------------------------------------------------------------------------------- */

/*
 * It has closed its socket: it is about to end, most likely, and its status is to be its own. A moment is
 * enough for who ends, and all there is for who does not.
 */
static bool ends_by_itself(const struct child *child)
{
    enum { MOMENT_MS = 2000 };
    struct pollfd ended = {.events = POLLIN};
    char byte;
    bool yes;

    if (recv(child->socket, &byte, 1, MSG_PEEK) < 0)
        return false;
    ended.fd = (int)syscall(SYS_pidfd_open, child->pid, 0);
    yes = ended.fd >= 0 && poll(&ended, 1, MOMENT_MS) > 0;
    close(ended.fd);
    return yes;
}

void child_finish(struct child *child, struct child_end *end)
{
    bool by_itself = ends_by_itself(child);
    int status = 0;

    kill(-child->pid, SIGKILL);
    kill(child->pid, SIGKILL);
    while (waitpid(child->pid, &status, 0) < 0 && errno == EINTR)
        ;
    child->pid = 0;
    while (child->output_size < CHILD_OUTPUT_MAX - 1 && has_printed(child))
        ;
    end->status = WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status);
    end->how = WIFSIGNALED(status) ? CHILD_SIGNALLED : CHILD_EXITED;
    if (!by_itself && end->how == CHILD_SIGNALLED && end->status == SIGKILL)
        end->how = CHILD_KILLED;
}

const char *child_output(const struct child *child)
{
    return child->output;
}

void child_destroy(struct child *child)
{
    struct child_end end;

    if (!child)
        return;
    if (child->pid > 0)
        child_finish(child, &end);
    if (child->socket >= 0) {
        close(child->socket);
        close(child->printed);
    }
    free(child);
}

const char *child_level(void)
{
    static const char *const names[8] = {
        "limits only",
        "namespaces and limits",
        "landlock and limits",
        "namespaces, landlock and limits",
        "system call filter and limits",
        "namespaces, system call filter and limits",
        "landlock, system call filter and limits",
        "namespaces, landlock, system call filter and limits",
    };

    return names[(lockdown_has_namespaces() ? 1 : 0) | (lockdown_has_landlock() ? 2 : 0) |
                 (lockdown_has_filter() ? 4 : 0)];
}
