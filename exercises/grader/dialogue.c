/* Questions to a student's program, see dialogue.h. */
#include "exercises/grader/dialogue.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

static bool is_size(uint64_t size)
{
    return size == 1 || size == 2 || size == 4 || size == 8;
}

/* Memory, where a world does not say what else it has. */
static bool has_space(const struct world *world, uint64_t space)
{
    unsigned spaces = world->spaces ? world->spaces : 1u << WIRE_GUEST | 1u << WIRE_HOST;

    return space < WIRE_SPACES && spaces >> space & 1;
}

static bool serve_memory(const struct world *world, const struct wire_record *record,
                         uint64_t *value)
{
    const uint64_t *v = record->values;
    enum wire_space space = (enum wire_space)v[0];

    if (!has_space(world, v[0]) || !is_size(v[2]))
        return false;
    if (record->kind == WIRE_READ)
        return world->read && world->read(world->ctx, space, v[1], (unsigned)v[2], value);
    return world->write && world->write(world->ctx, space, v[1], (unsigned)v[2], v[3]);
}

bool dialogue_serve(const struct world *world, const struct wire_record *record,
                    struct wire_record *reply)
{
    uint64_t value = record->kind == WIRE_READ ? UINT64_MAX : 0;
    bool done;

    switch (record->kind) {
    case WIRE_READ:
    case WIRE_WRITE:
        done = serve_memory(world, record, &value);
        break;
    case WIRE_TAKE:
        done = world->take && world->take(world->ctx, &value);
        break;
    case WIRE_DROP:
        done = world->drop && world->drop(world->ctx, record->values[0]);
        break;
    case WIRE_HOLD:
        done = world->hold && world->hold(world->ctx, record->values[0]);
        break;
    case WIRE_COPY:
        done = world->copy && world->copy(world->ctx, record->values[0], record->values[1]);
        break;
    default:
        return false;
    }
    *reply = (struct wire_record){
        .kind = WIRE_RESULT, .number = record->number, .values = {value, !done}};
    return true;
}

static enum dialogue_verdict verdict_of(enum child_io io)
{
    return io == CHILD_TIMEOUT ? DIALOGUE_TOO_LONG : DIALOGUE_ENDED;
}

static enum child_io send_record(struct child *child, const struct wire_record *record)
{
    uint8_t bytes[WIRE_SIZE];

    wire_encode(record, bytes);
    return child_send(child, bytes, sizeof(bytes));
}

static enum child_io receive_record(struct child *child, struct wire_record *record)
{
    uint8_t bytes[WIRE_SIZE];
    enum child_io io = child_receive(child, bytes, sizeof(bytes));

    if (io == CHILD_OK)
        wire_decode(bytes, record);
    return io;
}

enum dialogue_verdict dialogue_ask(struct dialogue *d, const uint64_t question[WIRE_VALUES],
                                   uint64_t answer[WIRE_VALUES])
{
    struct wire_record record = {.kind = WIRE_QUESTION, .number = ++d->questions}, reply;
    enum child_io io;

    memcpy(record.values, question, sizeof(record.values));
    d->requests = 0;
    io = send_record(d->child, &record);
    while (io == CHILD_OK && (io = receive_record(d->child, &record)) == CHILD_OK) {
        if (record.number != d->questions)
            return DIALOGUE_NONSENSE;
        if (record.kind == WIRE_ANSWER) {
            memcpy(answer, record.values, sizeof(record.values));
            return DIALOGUE_ANSWERED;
        }
        if (++d->requests > d->requests_max)
            return DIALOGUE_TOO_MUCH;
        if (!dialogue_serve(d->world, &record, &reply))
            return DIALOGUE_NONSENSE;
        io = send_record(d->child, &reply);
    }
    return verdict_of(io);
}

static bool explain_end(struct dialogue *d, char *buf, size_t size)
{
    struct child_end end;

    child_finish(d->child, &end);
    if (end.how == CHILD_SIGNALLED && (end.status == SIGXCPU || end.status == SIGKILL))
        snprintf(buf, size, "out of CPU time at question %u", d->questions);
    else if (end.how == CHILD_SIGNALLED)
        snprintf(buf, size, "ended by signal %d (%s) at question %u", end.status,
                 strsignal(end.status), d->questions);
    else if (end.how == CHILD_EXITED)
        snprintf(buf, size, "exit with status %d at question %u", end.status, d->questions);
    else
        snprintf(buf, size, "its end of the socket closed at question %u", d->questions);
    return true;
}

bool dialogue_explain(struct dialogue *d, enum dialogue_verdict verdict, char *buf, size_t size)
{
    struct child_end end;

    if (verdict == DIALOGUE_ENDED)
        return explain_end(d, buf, size);
    if (verdict == DIALOGUE_TOO_MUCH)
        snprintf(buf, size, "%u requests at question %u, and no answer", d->requests_max,
                 d->questions);
    else if (verdict == DIALOGUE_TOO_LONG)
        snprintf(buf, size, "no answer to question %u", d->questions);
    else
        snprintf(buf, size, "something else than an answer to question %u", d->questions);
    child_finish(d->child, &end);
    return false;
}
