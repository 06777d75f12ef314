/* Finding snapshots, and machines of them, see snap.h. */
#include "cli/snap.h"

#include "course/catalog.h"
#include "util/nearest.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PREFIX_MIN = 4, SHORT_ID = 8 };

bool snap_is_node(const char *what)
{
    struct stat st;

    return strchr(what, '@') && !strchr(what, '/') && stat(what, &st) != 0;
}

static int store_path(char path[COURSE_PATH_MAX], const char *rest, struct error *err)
{
    char state[COURSE_PATH_MAX];
    int rc = course_state_dir(state, err);

    if (!rc && snprintf(path, COURSE_PATH_MAX, "%s/snapshots%s", state, rest) >= COURSE_PATH_MAX)
        rc = error_set(err, -ENAMETOOLONG, "%.60s...: path too long", state);
    return rc;
}

int snap_store(struct store **store, struct error *err)
{
    char path[COURSE_PATH_MAX];
    int rc = store_path(path, "", err);

    return rc ? rc : store_open(store, path, true, err);
}

const char *snap_short_id(const struct node *node, char buf[NODE_ID_SIZE])
{
    snprintf(buf, NODE_ID_SIZE, "%.*s", SHORT_ID, node->id);
    return buf;
}

/* ---- finding ----------------------------------------------------------------------------------- */

/* "5" and "paging" are "05_paging", as everywhere; a lab that is none is what an image was called. */
static void lab_folder(const char *what, size_t length, char folder[NODE_LAB_SIZE])
{
    char name[NODE_LAB_SIZE];
    struct course *course;
    const struct lab *lab;
    struct error err;

    snprintf(name, sizeof(name), "%.*s", (int)length, what);
    snprintf(folder, NODE_LAB_SIZE, "%s", name);
    if (!length || course_open(&course, &err))
        return;
    if (course_find(course, name, &lab, &err) == 0)
        snprintf(folder, NODE_LAB_SIZE, "%s", lab->folder);
    course_close(course);
}

static bool is_prefix(const char *text)
{
    size_t length = strlen(text);

    return length >= PREFIX_MIN && length < NODE_ID_SIZE &&
           strspn(text, "0123456789abcdef") == length;
}

struct search {
    const struct store_list *list;
    char lab[NODE_LAB_SIZE]; /* "": any */
    const char *name;
    bool by_id;
};

static bool matches(const struct search *s, const struct node *node)
{
    if (s->lab[0] && strcmp(s->lab, node->lab) != 0)
        return false;
    return s->by_id ? !strncmp(node->id, s->name, strlen(s->name)) : !strcmp(node->name, s->name);
}

static const struct node *find_one(const struct search *s, unsigned *count)
{
    const struct node *found = NULL;

    *count = 0;
    for (size_t i = 0; i < s->list->count; i++)
        if (matches(s, &s->list->nodes[i])) {
            found = &s->list->nodes[i];
            ++*count;
        }
    return found;
}

static int several(const struct search *s, const char *what, struct error *err)
{
    char ids[80] = "", id[NODE_ID_SIZE];
    size_t used = 0;

    for (size_t i = 0; i < s->list->count; i++) {
        if (!matches(s, &s->list->nodes[i]))
            continue;
        if (used >= sizeof(ids) - 20) {
            snprintf(ids + used, sizeof(ids) - used, " ...");
            break;
        }
        used += (size_t)snprintf(ids + used, sizeof(ids) - used, " @%s",
                                 strlen(s->name) < SHORT_ID ? snap_short_id(&s->list->nodes[i], id)
                                                            : s->list->nodes[i].id);
    }
    return error_set(err, -EEXIST, "%.60s: several snapshots are called so:%s", what, ids);
}

static int none(const struct search *s, const char *what, struct error *err)
{
    const char **names = calloc(s->list->count + 1, sizeof(*names)), *nearest = NULL;

    for (size_t i = 0; names && i < s->list->count; i++)
        names[i] = s->list->nodes[i].name;
    if (names)
        nearest = nearest_name(s->name, names, s->list->count);
    if (nearest)
        error_set(err, -ENOENT, "%.60s: no such snapshot; did you mean '@%s'?", what, nearest);
    else
        error_set(err, -ENOENT, "%.60s: no such snapshot; 'vlab snap list' lists them", what);
    free(names);
    return -ENOENT;
}

/* One that cannot be read has no name and no lab: its file's id is all there is. */
static int find_damaged(const struct search *s, const char *what, struct node *node,
                        struct error *err)
{
    const struct store_damage *found = NULL;

    for (size_t i = 0; i < s->list->damaged_count; i++)
        if (!strncmp(s->list->damaged[i].id, s->name, strlen(s->name))) {
            if (found)
                return error_set(err, -EEXIST, "%.60s: several damaged snapshots begin so", what);
            found = &s->list->damaged[i];
        }
    if (!found)
        return none(s, what, err);
    *node = (struct node){.has_ram = false};
    memcpy(node->id, found->id, sizeof(node->id));
    return error_set(err, -EBADMSG, "%.60s: it is damaged: %s", what, found->why);
}

static int find_in(struct search *s, const char *what, struct node *node, struct error *err)
{
    const struct node *found;
    unsigned count;

    found = find_one(s, &count);
    if (!count && is_prefix(s->name)) {
        s->by_id = true;
        found = find_one(s, &count);
    }
    if (count > 1)
        return several(s, what, err);
    if (!found)
        return s->by_id ? find_damaged(s, what, node, err) : none(s, what, err);
    *node = *found;
    return 0;
}

int snap_find(struct store *store, const char *what, struct node *node, struct error *err)
{
    const char *at = strchr(what, '@');
    struct store_list list;
    struct search s = {.list = &list};
    int rc;

    if (!at || !at[1])
        return error_set(err, -EINVAL, "%.60s: a snapshot is written @ID, @NAME or LAB@NAME", what);
    lab_folder(what, (size_t)(at - what), s.lab);
    s.name = at + 1;
    rc = store_list(store, &list, err);
    if (rc)
        return rc;
    rc = find_in(&s, what, node, err);
    store_list_free(&list);
    return rc;
}

int snap_machine(const char *what, const struct backend_ops *backend, const struct text_sink *text,
                 struct machine **m, struct node *node, struct error *err)
{
    struct store *store;
    bool boots = false;
    int rc = snap_store(&store, err);

    if (rc)
        return rc;
    rc = snap_find(store, what, node, err);
    rc = rc ? rc : snapshot_machine(store, node->id, backend, text, m, &boots, err);
    store_close(store);
    if (!rc && boots)
        fprintf(stderr, "vlab: %s: it has no RAM: the machine boots from its disk\n", what);
    return rc;
}

/* ---- where a lab's screen opens ---------------------------------------------------------------- */

static int at_path(const char *folder, char path[COURSE_PATH_MAX], struct error *err)
{
    char rest[128];

    if (!folder[0] || folder[0] == '.' || strchr(folder, '/'))
        return error_set(err, -EINVAL, "%.60s: it is no lab", folder[0] ? folder : "\"\"");
    snprintf(rest, sizeof(rest), "/at-%.60s", folder);
    return store_path(path, rest, err);
}

int snap_at_get(const char *folder, char id[NODE_ID_SIZE], struct error *err)
{
    char path[COURSE_PATH_MAX];
    int rc = at_path(folder, path, err);
    FILE *file;

    id[0] = '\0';
    if (rc)
        return rc;
    file = fopen(path, "r");
    if (!file)
        return errno == ENOENT ? 0 : error_errno(err, -errno, "%.200s", path);
    if (!fgets(id, NODE_ID_SIZE, file) || strspn(id, "0123456789abcdef") != NODE_ID_SIZE - 1)
        id[0] = '\0'; /* what is no id is none */
    fclose(file);
    return 0;
}

int snap_at_set(const char *folder, const char *id, struct error *err)
{
    char path[COURSE_PATH_MAX], temporary[COURSE_PATH_MAX + 8];
    int rc = at_path(folder, path, err), fd;
    size_t length = strlen(id);

    if (rc)
        return rc;
    if (!length)
        return unlink(path) && errno != ENOENT ? error_errno(err, -errno, "%.200s", path) : 0;
    snprintf(temporary, sizeof(temporary), "%s.XXXXXX", path);
    fd = mkstemp(temporary);
    if (fd < 0)
        return error_errno(err, -errno, "%.200s", temporary);
    if (write(fd, id, length) != (ssize_t)length || fsync(fd))
        rc = error_errno(err, -errno, "%.200s", temporary);
    close(fd);
    if (!rc && rename(temporary, path))
        rc = error_errno(err, -errno, "%.200s", path);
    if (rc)
        unlink(temporary);
    return rc;
}
