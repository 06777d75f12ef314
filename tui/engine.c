/*
 * The engine thread, see engine.h.
 *
 * Three models go round: `front` is being drawn, `ready` is the newest whole one, `back` is being
 * filled. Only their exchange is locked, so neither side ever waits for the other's work.
 *
 * To show a run that goes on, the screen asks the machine to stop, the run comes back at a
 * consistent point, a model is filled, and the run goes on. A request that falls between two runs
 * may be lost; the screen repeats it with the next frame.
 */
#include "tui/engine.h"
#include "tui/session.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

enum { QUEUE_SIZE = 256 };

/* Rates over less time than this say nothing. */
#define RATE_NS_MIN 10000000u

struct sample {
    uint64_t ns, exits, insns;
};

struct engine {
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    int fd;

    /* Under the lock. */
    struct command queue[QUEUE_SIZE];
    unsigned head, count;
    uint64_t dropped; /* commands that the session never sees: thrown away, or joined to another */
    bool quit, interrupt, frame_wanted, fresh;
    struct machine *running; /* the one to ask to stop, NULL when none runs */
    struct model *front, *ready, *back;

    /* The thread's own. */
    struct session *session;
    struct sample start;
};

static uint64_t now_ns(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static struct sample sample_take(const struct engine *e)
{
    const struct machine *m = e->session->machine;

    return (struct sample){.ns = now_ns(), .exits = m ? m->exits : 0, .insns = m ? m->insns : 0};
}

/* The rate of this run so far. */
static void rate_update(struct engine *e)
{
    struct sample s = sample_take(e);
    uint64_t ns = s.ns - e->start.ns;

    e->session->has_rate = ns >= RATE_NS_MIN && s.insns >= e->start.insns;
    if (!e->session->has_rate)
        return;
    e->session->rate_exits = (uint64_t)((double)(s.exits - e->start.exits) * 1e9 / (double)ns);
    e->session->rate_insns = (uint64_t)((double)(s.insns - e->start.insns) * 1e9 / (double)ns);
}

static void publish(struct engine *e)
{
    const uint64_t one = 1;
    struct model *filled;

    session_publish(e->session, e->back);
    pthread_mutex_lock(&e->lock);
    e->back->done += e->dropped;
    filled = e->back;
    e->back = e->ready;
    e->ready = filled;
    e->fresh = true;
    pthread_mutex_unlock(&e->lock);
    while (write(e->fd, &one, sizeof(one)) < 0 && errno == EINTR)
        ;
}

/* With the lock held. */
static struct command queue_pop(struct engine *e)
{
    struct command command = e->queue[e->head];

    e->head = (e->head + 1) % QUEUE_SIZE;
    e->count--;
    return command;
}

/* The next command, if it is one that does not wait for the end of a run. */
static bool aside_take(struct engine *e, struct command *command)
{
    bool taken;

    pthread_mutex_lock(&e->lock);
    taken = e->count > 0 && !e->quit && command_is_aside(e->queue[e->head].kind);
    if (taken)
        *command = queue_pop(e);
    pthread_mutex_unlock(&e->lock);
    return taken;
}

/* Called by the session where a run came back on request: true when it may go on. */
static bool engine_pause(void *ctx)
{
    struct engine *e = ctx;
    struct command command;
    bool stop, frame, aside = false;

    while (aside_take(e, &command)) {
        session_execute(e->session, &command);
        aside = true;
    }
    pthread_mutex_lock(&e->lock);
    stop = e->quit || e->interrupt;
    frame = e->frame_wanted || aside;
    e->frame_wanted = false;
    pthread_mutex_unlock(&e->lock);
    if (!stop && frame) {
        rate_update(e);
        publish(e);
    }
    return !stop;
}

/* Called by the session where the guest waits for a key. */
static bool engine_wait(void *ctx)
{
    struct engine *e = ctx;

    pthread_mutex_lock(&e->lock);
    while (!e->quit && !e->interrupt && !e->frame_wanted &&
           !(e->count > 0 && command_is_aside(e->queue[e->head].kind)))
        pthread_cond_wait(&e->wake, &e->lock);
    pthread_mutex_unlock(&e->lock);
    return engine_pause(e);
}

/* The next command; false when the engine is to end. COMMAND_NONE: only publish. */
static bool command_take(struct engine *e, struct command *command)
{
    bool go_on;

    pthread_mutex_lock(&e->lock);
    while (e->count == 0 && !e->quit && !e->frame_wanted)
        pthread_cond_wait(&e->wake, &e->lock);
    command->kind = COMMAND_NONE;
    if (e->count > 0 && !e->quit) {
        *command = queue_pop(e);
        e->interrupt = false;
        if (command->kind != COMMAND_OPEN && command->kind != COMMAND_RESTART)
            e->running = e->session->machine;
    }
    e->frame_wanted = false;
    go_on = !e->quit;
    pthread_mutex_unlock(&e->lock);
    return go_on;
}

/* What is done aside runs nothing: the rate of the last run stays. */
static void command_run(struct engine *e, const struct command *command)
{
    bool runs = !command_is_aside(command->kind);

    if (runs)
        e->start = sample_take(e);
    session_execute(e->session, command);
    pthread_mutex_lock(&e->lock);
    e->running = NULL;
    pthread_mutex_unlock(&e->lock);
    if (runs)
        rate_update(e);
}

static void *engine_main(void *arg)
{
    struct engine *e = arg;
    struct command command;

    while (command_take(e, &command)) {
        if (command.kind != COMMAND_NONE)
            command_run(e, &command);
        publish(e);
    }
    return NULL;
}

static void engine_free(struct engine *e)
{
    if (e->fd >= 0)
        close(e->fd);
    session_destroy(e->session);
    free(e->front);
    free(e->ready);
    free(e->back);
    pthread_cond_destroy(&e->wake);
    pthread_mutex_destroy(&e->lock);
    free(e);
}

/* Everything but the thread. */
static int engine_prepare(struct engine *e, const struct tui_config *config)
{
    struct model **models[] = {&e->front, &e->ready, &e->back};

    pthread_mutex_init(&e->lock, NULL);
    pthread_cond_init(&e->wake, NULL);
    e->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    e->session = session_create(config);
    if (e->fd < 0 || !e->session)
        return -ENOMEM;
    e->session->pause = engine_pause;
    e->session->wait = engine_wait;
    e->session->ctx = e;
    e->session->has_cost = true;
    for (unsigned i = 0; i < 3; i++) {
        *models[i] = malloc(sizeof(struct model));
        if (!*models[i])
            return -ENOMEM;
        model_init(*models[i], config->labs, config->lab_count);
        if (config->lab >= 0)
            (*models[i])->run = RUN_OPENING;
    }
    return 0;
}

int engine_create(struct engine **out, const struct tui_config *config, struct error *err)
{
    struct engine *e = calloc(1, sizeof(*e));
    int rc;

    if (!e)
        return error_set(err, -ENOMEM, "tui: out of memory");
    rc = engine_prepare(e, config);
    if (rc == 0)
        rc = -pthread_create(&e->thread, NULL, engine_main, e);
    if (rc < 0) {
        engine_free(e);
        return error_errno(err, rc, "tui: the engine does not start");
    }
    *out = e;
    return 0;
}

/* With the lock held. */
static void ask_to_stop(struct engine *e)
{
    if (e->running)
        machine_request_stop(e->running);
}

void engine_destroy(struct engine *engine)
{
    if (!engine)
        return;
    pthread_mutex_lock(&engine->lock);
    engine->quit = true;
    pthread_cond_signal(&engine->wake);
    /* A request can fall just before the run begins, which clears it: ask until it was seen. */
    while (engine->running) {
        struct timespec pause = {.tv_nsec = 1000000};

        ask_to_stop(engine);
        pthread_mutex_unlock(&engine->lock);
        nanosleep(&pause, NULL);
        pthread_mutex_lock(&engine->lock);
    }
    pthread_mutex_unlock(&engine->lock);
    pthread_join(engine->thread, NULL);
    engine_free(engine);
}

/* With the lock held: what is typed faster than it is taken, as when it is pasted, is one command. */
static bool queue_join(struct engine *e, const struct command *command)
{
    struct command *last = &e->queue[(e->head + e->count - 1) % QUEUE_SIZE];

    if (command->kind != COMMAND_TYPE || e->count == 0 || last->kind != COMMAND_TYPE ||
        last->size + command->size > COMMAND_BYTES)
        return false;
    memcpy(last->bytes + last->size, command->bytes, command->size);
    last->size = (uint8_t)(last->size + command->size);
    e->dropped++;
    return true;
}

int engine_command(struct engine *engine, const struct command *command)
{
    int rc = 0;

    pthread_mutex_lock(&engine->lock);
    if (command->kind == COMMAND_INTERRUPT) {
        engine->dropped += engine->count;
        engine->count = 0;
        engine->interrupt = true;
        engine->frame_wanted = true;
        ask_to_stop(engine);
    } else if (queue_join(engine, command)) {
        ask_to_stop(engine);
    } else if (engine->count == QUEUE_SIZE) {
        engine->dropped++;
        rc = -EAGAIN;
    } else {
        engine->queue[(engine->head + engine->count++) % QUEUE_SIZE] = *command;
        if (command_is_aside(command->kind))
            ask_to_stop(engine);
    }
    pthread_cond_signal(&engine->wake);
    pthread_mutex_unlock(&engine->lock);
    return rc;
}

void engine_request_frame(struct engine *engine)
{
    pthread_mutex_lock(&engine->lock);
    engine->frame_wanted = true;
    ask_to_stop(engine);
    pthread_cond_signal(&engine->wake);
    pthread_mutex_unlock(&engine->lock);
}

int engine_fd(const struct engine *engine)
{
    return engine->fd;
}

const struct model *engine_model(struct engine *engine)
{
    struct model *front;

    pthread_mutex_lock(&engine->lock);
    if (engine->fresh) {
        front = engine->ready;
        engine->ready = engine->front;
        engine->front = front;
        engine->fresh = false;
    }
    front = engine->front;
    pthread_mutex_unlock(&engine->lock);
    return front;
}
