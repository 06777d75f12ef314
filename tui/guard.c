/* The guard, see guard.h. Signals are taken one by one with sigwaitinfo(): no handler, no global. */
#include "tui/guard.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* True when the child has ended, with its wait status. */
static bool child_ended(pid_t child, int *status)
{
    pid_t pid = waitpid(child, status, WNOHANG | WUNTRACED);

    if (pid != child)
        return pid < 0 && errno == ECHILD;
    if (!WIFSTOPPED(*status))
        return true;
    raise(SIGSTOP); /* the shell is to see us stop; what continues us continues it */
    kill(child, SIGCONT);
    return false;
}

static int wait_for(pid_t child, const sigset_t *all)
{
    siginfo_t info;
    int status = 0;

    while (!child_ended(child, &status)) {
        int signal = sigwaitinfo(all, &info);

        if (signal > 0 && signal != SIGCHLD && signal != SIGCONT && signal != SIGWINCH)
            kill(child, signal);
    }
    return status;
}

static void child_run(int (*body)(void *, struct guard *, struct error *), void *ctx,
                      struct guard *guard, const sigset_t *mask)
{
    prctl(PR_SET_PDEATHSIG, SIGHUP);
    sigprocmask(SIG_SETMASK, mask, NULL);
    guard->rc = body(ctx, guard, &guard->err);
    fflush(NULL);
    _exit(0);
}

static void signal_default(int number)
{
    struct sigaction action = {.sa_handler = SIG_DFL};

    sigaction(number, &action, NULL);
}

static int guard_with(struct guard *guard, int (*body)(void *, struct guard *, struct error *),
                      void *ctx, int *signal, struct error *err)
{
    sigset_t all, before;
    int status;
    pid_t child;

    fflush(NULL);
    signal_default(SIGCHLD); /* ignored, a child would leave no status */
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, &before);
    child = fork();
    if (child == 0)
        child_run(body, ctx, guard, &before);
    status = child < 0 ? 0 : wait_for(child, &all);
    if (child > 0 && guard->armed)
        crash_restore(&guard->plan); /* SIGTTOU is blocked: also from the background */
    sigprocmask(SIG_SETMASK, &before, NULL);
    if (child < 0)
        return error_errno(err, -errno, "tui: no process for the screen");
    *signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    *err = guard->err;
    return guard->rc;
}

int guard_run(int (*body)(void *ctx, struct guard *guard, struct error *err), void *ctx,
              int *signal, struct error *err)
{
    struct guard *guard =
        mmap(NULL, sizeof(*guard), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    int rc;

    if (guard == MAP_FAILED)
        return error_set(err, -ENOMEM, "tui: out of memory");
    rc = guard_with(guard, body, ctx, signal, err);
    munmap(guard, sizeof(*guard));
    return rc;
}
