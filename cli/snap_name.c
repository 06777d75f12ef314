/* Names of snapshots, see snap.h: what NODE can say, and one of a lab's each. */
#include "cli/snap.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { NUMBERS_MAX = 10000 };

static int check_text(const char *name, struct error *err)
{
    if (!name[0])
        return error_set(err, -EINVAL, "name: it is empty");
    if (strpbrk(name, "@/"))
        return error_set(err, -EINVAL, "%.60s: a name has no '@' and no '/'", name);
    if (strlen(name) >= NODE_NAME_SIZE)
        return error_set(err, -EINVAL, "%.20s...: a name has at most %d bytes", name,
                         NODE_NAME_SIZE - 1);
    if (!node_text_is_good(name, NODE_NAME_SIZE))
        return error_set(err, -EINVAL, "name: it is no text");
    return 0;
}

static bool is_taken(const struct store_list *list, const char *lab, const char *name,
                     const char *id)
{
    for (size_t i = 0; i < list->count; i++)
        if (!strcmp(list->nodes[i].name, name) && !strcmp(list->nodes[i].lab, lab) &&
            strcmp(list->nodes[i].id, id) != 0)
            return true;
    return false;
}

int snap_name_check(struct store *store, const char *lab, const char *name, const char *id,
                    struct error *err)
{
    struct store_list list;
    int rc = check_text(name, err);

    rc = rc ? rc : store_list(store, &list, err);
    if (rc)
        return rc;
    if (is_taken(&list, lab, name, id))
        rc = error_set(err, -EEXIST, "%.60s: %s has a snapshot of that name already", name, lab);
    store_list_free(&list);
    return rc;
}

int snap_name_make(struct store *store, const struct machine *m, const char *lab,
                   char name[NODE_NAME_SIZE], struct error *err)
{
    struct store_list list;
    int rc = store_list(store, &list, err);

    if (rc)
        return rc;
    snprintf(name, NODE_NAME_SIZE, "exit-%" PRIu64 "-%" PRIu64, m->exits, m->insns);
    for (unsigned n = 2; n < NUMBERS_MAX && is_taken(&list, lab, name, ""); n++)
        snprintf(name, NODE_NAME_SIZE, "exit-%" PRIu64 "-%" PRIu64 "-%u", m->exits, m->insns, n);
    store_list_free(&list);
    return 0;
}
