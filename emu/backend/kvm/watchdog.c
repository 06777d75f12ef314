/*
 * A guest must not keep KVM_RUN for ever: a timer of the thread that runs it interrupts.
 *
 * The handler sets immediate_exit, so that a signal that comes just before KVM_RUN counts, too [5.4]. The
 * timer goes on for a few ticks behind a run: one that exits often then costs no system call for it.
 */
#include "backend/kvm/cpu.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define TICK_NS 10000000ull /* also how late a request to stop may be seen */
#define IDLE_TICKS 3
#define NS 1000000000ull

/* The C library keeps the first two for itself and programs like to take the first they see. */
#define WATCHDOG_SIGNAL (SIGRTMIN + 5)

#ifndef sigev_notify_thread_id
#define sigev_notify_thread_id _sigev_un._tid
#endif

static _Thread_local char this_thread;

uint64_t watchdog_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * NS + (uint64_t)now.tv_nsec;
}

static void set_timer(struct kvm_cpu *cpu, uint64_t at)
{
    struct itimerspec when = {
        .it_value = {.tv_sec = (time_t)(at / NS), .tv_nsec = (long)(at % NS)},
        .it_interval = {.tv_nsec = at ? (long)TICK_NS : 0},
    };

    timer_settime(cpu->timer, TIMER_ABSTIME, &when, NULL);
}

static void on_tick(int number, siginfo_t *info, void *context)
{
    struct kvm_cpu *cpu = info->si_value.sival_ptr;
    int error = errno;

    (void)number, (void)context;
    if (info->si_code == SI_TIMER && cpu->running) {
        cpu->run->immediate_exit = 1;
        cpu->idle = 0;
    } else if (info->si_code == SI_TIMER && ++cpu->idle >= IDLE_TICKS) {
        set_timer(cpu, 0);
        cpu->armed = false;
    }
    errno = error;
}

static int begin_thread(struct kvm_cpu *cpu, struct error *err)
{
    struct sigaction action = {.sa_sigaction = on_tick, .sa_flags = SA_SIGINFO | SA_RESTART};
    struct sigevent event = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = WATCHDOG_SIGNAL};
    sigset_t set;

    watchdog_stop(cpu);
    event.sigev_value.sival_ptr = cpu;
    event.sigev_notify_thread_id = (pid_t)syscall(SYS_gettid);
    sigemptyset(&action.sa_mask);
    sigaction(WATCHDOG_SIGNAL, &action, NULL);
    sigemptyset(&set);
    sigaddset(&set, WATCHDOG_SIGNAL);
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
    if (timer_create(CLOCK_MONOTONIC, &event, &cpu->timer))
        return error_errno(err, -errno, "/dev/kvm: no timer to watch the guest with");
    cpu->thread = &this_thread;
    return 0;
}

int watchdog_begin(struct kvm_cpu *cpu, uint64_t deadline, struct error *err)
{
    int rc = cpu->thread == &this_thread ? 0 : begin_thread(cpu, err);

    if (rc)
        return rc;
    cpu->running = 1;
    if (!cpu->armed || deadline < cpu->armed_for) {
        uint64_t tick = watchdog_now() + TICK_NS;

        cpu->armed = true;
        cpu->armed_for = deadline < tick ? deadline : UINT64_MAX;
        set_timer(cpu, deadline < tick ? (deadline ? deadline : 1) : tick);
    }
    return 0;
}

void watchdog_end(struct kvm_cpu *cpu)
{
    cpu->running = 0;
    cpu->run->immediate_exit = 0;
    if (cpu->armed_for != UINT64_MAX && watchdog_now() >= cpu->armed_for)
        cpu->armed_for = UINT64_MAX; /* it has come: from now on the ticks behind it */
}

void watchdog_stop(struct kvm_cpu *cpu)
{
    if (cpu->thread)
        timer_delete(cpu->timer);
    cpu->thread = NULL;
    cpu->armed = false;
}
