/*
 * The library ends the process where it finds itself at fault: it has no answer to LOCK BTS of a
 * register while it translates, for one. A guest must not be able to end the monitor, so the signal
 * that abort() raises is caught while the engine runs, and the engine is given up instead.
 *
 * One handler for the process, and for each thread where to go back to: the exception to the rule
 * that nothing here is global. What was installed before gets every other SIGABRT.
 */
#include "backend/unicorn/engine.h"

#include <setjmp.h>
#include <signal.h>
#include <string.h>

static _Thread_local sigjmp_buf *way_back;
static struct sigaction before;

static void on_abort(int number)
{
    if (way_back)
        siglongjmp(*way_back, 1);
    sigaction(number, &before, NULL);
    raise(number);
}

void rescue_install(void)
{
    struct sigaction action = {.sa_handler = on_abort, .sa_flags = SA_NODEFER}, now;

    sigaction(SIGABRT, NULL, &now);
    if (!(now.sa_flags & SA_SIGINFO) && now.sa_handler == on_abort)
        return;
    before = now;
    sigaction(SIGABRT, &action, NULL);
}

bool rescue_emu_start(struct engine *e, uint64_t rip)
{
    sigjmp_buf here;

    if (sigsetjmp(here, 0)) {
        way_back = NULL;
        return false;
    }
    way_back = &here;
    uc_emu_start(e->uc, rip, ~0ull, 0, 0);
    way_back = NULL;
    return true;
}
