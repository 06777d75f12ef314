/*
 * The handlers for signals that end the process where it stands. See crash.h.
 *
 * Only functions that POSIX calls async-signal-safe are used. A handler gets no context, so what it
 * needs is static: the one mutable global of the tui, written before the handlers are installed.
 */
#include "tui/crash.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SIGNAL_COUNT = 5, STACK_SIZE = 64 << 10 };

static const int signals[SIGNAL_COUNT] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT};

static struct {
    struct crash_plan plan;
    struct sigaction before[SIGNAL_COUNT];
    void *stack; /* the handler's own: the fault may be an overflow of the thread's */
} state;

static void write_all(int fd, const char *bytes, size_t size)
{
    while (size > 0) {
        ssize_t n = write(fd, bytes, size);

        if (n < 0 && errno != EINTR)
            return;
        if (n > 0) {
            bytes += n;
            size -= (size_t)n;
        }
    }
}

static void pass_on_stderr(const struct crash_plan *plan)
{
    char buf[512];
    ssize_t n;

    if (plan->captured < 0)
        return;
    while ((n = read(plan->captured, buf, sizeof(buf))) > 0)
        write_all(plan->stderr_fd, buf, (size_t)n);
}

void crash_restore(const struct crash_plan *plan)
{
    write_all(STDOUT_FILENO, plan->bytes, plan->size);
    tcsetattr(STDIN_FILENO, TCSANOW, &plan->modes);
}

static void on_crash(int signal)
{
    crash_restore(&state.plan);
    pass_on_stderr(&state.plan);
    if (state.plan.armed)
        *state.plan.armed = false;
    /* SA_RESETHAND and SA_NODEFER: this one ends the process here. */
    raise(signal);
}

/* SIGSTKSZ is no constant any more; ours is large enough for what the handler does. */
static int stack_install(void)
{
    stack_t stack = {.ss_size = STACK_SIZE};

    state.stack = malloc(STACK_SIZE);
    if (!state.stack)
        return -ENOMEM;
    stack.ss_sp = state.stack;
    return sigaltstack(&stack, NULL) < 0 ? -errno : 0;
}

int crash_arm(const struct crash_plan *plan, struct error *err)
{
    struct sigaction action = {.sa_handler = on_crash,
                               .sa_flags = (int)(SA_RESETHAND | SA_NODEFER | SA_ONSTACK)};
    int rc;

    state.plan = *plan;
    rc = stack_install();
    if (rc < 0)
        return error_errno(err, rc, "tui: no stack for signals");
    sigemptyset(&action.sa_mask);
    for (unsigned i = 0; i < SIGNAL_COUNT; i++)
        sigaction(signals[i], &action, &state.before[i]);
    return 0;
}

void crash_disarm(void)
{
    stack_t none = {.ss_flags = SS_DISABLE};

    for (unsigned i = 0; i < SIGNAL_COUNT; i++)
        sigaction(signals[i], &state.before[i], NULL);
    sigaltstack(&none, NULL);
    free(state.stack);
    state.stack = NULL;
}
