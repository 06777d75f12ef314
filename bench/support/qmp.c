/* The client's side of QEMU's machine protocol: see qmp.h. */
#include "qmp.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* The next object; NULL: QEMU is gone, or says nothing for as long as the socket waits. */
static json_t *next(struct qmp *q)
{
    char *text = NULL;
    size_t cap = 0;
    ssize_t size = getline(&text, &cap, q->line);
    json_t *object = size > 0 ? json_loadb(text, (size_t)size, 0, NULL) : NULL;

    free(text);
    return object;
}

static int gone(struct error *err)
{
    return error_set(err, -EIO, "QEMU: its monitor does not answer");
}

int qmp_open(struct qmp *q, int fd, struct error *err)
{
    json_t *greeting;

    q->line = fdopen(fd, "r");
    if (!q->line) {
        close(fd);
        return error_errno(err, -errno, "QEMU's monitor");
    }
    greeting = next(q);
    json_decref(greeting);
    return greeting ? qmp_request(q, "qmp_capabilities", NULL, NULL, err) : gone(err);
}

void qmp_close(struct qmp *q)
{
    if (q->line)
        fclose(q->line);
    q->line = NULL;
}

static int send_request(struct qmp *q, const char *command, json_t *arguments, struct error *err)
{
    json_t *request = json_pack("{s:s, s:o*}", "execute", command, "arguments", arguments);
    char *text = json_dumps(request, JSON_COMPACT);
    size_t size = text ? strlen(text) : 0;
    bool sent = text && send(fileno(q->line), text, size, MSG_NOSIGNAL) == (ssize_t)size;

    free(text);
    json_decref(request);
    return sent ? 0 : gone(err);
}

int qmp_request(struct qmp *q, const char *command, json_t *arguments, json_t **value,
                struct error *err)
{
    json_t *answer = NULL, *got = NULL, *why;
    int rc = send_request(q, command, arguments, err);

    while (!rc && !got) {
        json_decref(answer);
        answer = next(q);
        if (!answer)
            return gone(err);
        got = json_object_get(answer, "return");
        why = json_object_get(answer, "error");
        if (why)
            rc = error_set(err, -EIO, "QEMU: %s: %s", command,
                           json_string_value(json_object_get(why, "desc")));
    }
    if (value && got)
        *value = json_incref(got);
    json_decref(answer);
    return rc;
}

int qmp_monitor(struct qmp *q, const char *line, struct error *err)
{
    json_t *said = NULL;
    int rc = qmp_request(q, "human-monitor-command", json_pack("{s:s}", "command-line", line),
                         &said, err);

    if (!rc && *json_string_value(said))
        rc = error_set(err, -EIO, "QEMU: %s: %s", line, json_string_value(said));
    json_decref(said);
    return rc;
}

int qmp_wait(struct qmp *q, const char *event, struct error *err)
{
    for (bool found = false; !found;) {
        json_t *object = next(q);
        const char *name = json_string_value(json_object_get(object, "event"));

        if (!object)
            return gone(err);
        found = name && strcmp(name, event) == 0;
        json_decref(object);
    }
    return 0;
}
