/*
 * The tree of snapshots for the screen. See session_snap.h.
 *
 * The tree is read when it is asked for and behind each command on it; comparing makes a machine of the
 * node, so it is done when another node is asked about, or the machine has run.
 */
#include "tui/session_snap.h"
#include "tui/session_marks.h"
#include "tui/session_run.h"
#include "tui/session_snap_compare.h"
#include "snapshot/branches.h"
#include "snapshot/cost.h"
#include "snapshot/snapshot.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const char *lab_folder(const struct session *s)
{
    return s->config->labs[s->lab].folder;
}

/* True when the store is open; else `err` says why not. */
static bool open_store(struct session *s, struct error *err)
{
    if (s->store)
        return true;
    if (!s->config->snapshots[0]) {
        error_set(err, -ENOENT, "there is no folder for snapshots");
        return false;
    }
    return store_open(&s->store, s->config->snapshots, true, err) == 0;
}

void session_snap_begin(struct session *s, const char *id)
{
    if (id[0])
        session_mark(s, TIME_SNAPSHOT, id);
    s->snap_fresh = false;
}

void session_snap_forget(struct session *s)
{
    s->snap_fresh = false;
}

void session_snap_end(struct session *s)
{
    store_close(s->store);
    s->store = NULL;
}

void session_snap_look(struct session *s, const struct snapshots_question *question)
{
    s->snap_question = *question;
    s->snap_fresh = false;
}

/* ---- the tree ---------------------------------------------------------------------------------- */

static bool is_mine(const struct session *s, const struct node *node)
{
    return !strcmp(node->lab, lab_folder(s));
}

static void add_row(struct snapshots_look *look, const struct branch *branch)
{
    const struct node *node = branch->node;
    struct snapshot_row *row;

    look->all++;
    if (look->count == SNAPSHOT_ROWS)
        return;
    row = &look->rows[look->count++];
    *row = (struct snapshot_row){.depth = branch->depth,
                                 .lines = branch->lines,
                                 .has_ram = node->has_ram,
                                 .exits = node->exits,
                                 .insns = node->insns};
    memcpy(row->id, node->id, sizeof(row->id));
    snprintf(row->name, sizeof(row->name), "%s", node->name);
    snprintf(row->note, sizeof(row->note), "%.79s", node->note);
}

static int add_rows(const struct session *s, const struct store_list *list,
                    struct snapshots_look *look, struct error *err)
{
    struct branch *branches;
    size_t count;
    int rc = branches_of(list, lab_folder(s), &branches, &count);

    if (rc)
        return error_errno(err, rc, "the tree of snapshots");
    for (size_t i = 0; i < count; i++)
        add_row(look, &branches[i]);
    free(branches);
    return 0;
}

static void add_row_usage(struct snapshots_look *look, const struct store_node_usage *node,
                          unsigned point)
{
    for (unsigned i = 0; i < look->count; i++)
        if (!strcmp(node->id, look->rows[i].id)) {
            look->rows[i].own = node->own;
            look->rows[i].naive = node->naive;
            look->rows[i].added = node->added;
            look->rows[i].point = point;
        }
}

/* Of more snapshots than there are points each point is the last of several. */
static void add_usage(struct snapshots_look *look, const struct store_usage *usage)
{
    size_t points = usage->count < SNAPSHOT_POINTS ? usage->count : SNAPSHOT_POINTS;
    struct snapshot_point sum = {0, 0};

    look->stored = usage->on_disk;
    look->unique = usage->unique;
    look->naive = usage->naive;
    look->growth_count = (unsigned)points;
    for (size_t i = 0; i < usage->count; i++) {
        size_t point = i * points / usage->count;

        sum.unique += usage->nodes[i].added;
        sum.naive += usage->nodes[i].naive;
        look->growth[point] = sum;
        add_row_usage(look, &usage->nodes[i], (unsigned)point);
    }
}

static int read_tree(struct session *s, struct snapshots_look *look, struct error *err)
{
    struct store_usage usage;
    struct store_list list;
    int rc = store_list(s->store, &list, err);

    if (rc)
        return rc;
    rc = add_rows(s, &list, look, err);
    store_list_free(&list);
    rc = rc ? rc : store_usage(s->store, &usage, err);
    if (rc)
        return rc;
    add_usage(look, &usage);
    store_usage_free(&usage);
    return 0;
}

/* ---- the model ---------------------------------------------------------------------------------- */

struct machine *session_snap_machine(struct session *s, const char *id)
{
    const struct text_sink sink = {.write = session_text, .ctx = s};
    struct machine *m = NULL;
    struct error err = {0};
    bool boots;

    if (!open_store(s, &err) || snapshot_machine(s->store, id, NULL, &sink, &m, &boots, &err)) {
        session_message(s, true, "%s", err.text);
        return NULL;
    }
    if (boots)
        session_message(s, false, "the snapshot has no RAM: the machine boots from its disk");
    return m;
}

/* Where the machine is in the tree, and what of its time is in none. */
static void place_read(const struct session *s, struct snapshots_look *look)
{
    struct moment now = timeline_now(s->time), start = timeline_start(s->time);
    const struct time_mark *here = session_mark_before(s, now);
    const struct time_mark *last = session_mark_before(s, timeline_end(s->time));

    memcpy(look->here, here ? here->id : "", here ? sizeof(look->here) : 1);
    look->unsaved = moment_compare(now, here ? here->at : start) != 0;
    memcpy(look->last, last ? last->id : "", last ? sizeof(look->last) : 1);
    look->since = last ? last->at : start;
}

static void look_read(struct session *s, struct snapshots_look *look)
{
    struct snapshot_cost cost;
    struct error err = {0};

    *look = (struct snapshots_look){.on = true, .asked = s->snap_question};
    place_read(s, look);
    if (!open_store(s, &err) || read_tree(s, look, &err)) {
        snprintf(look->why_not, sizeof(look->why_not), "%.159s", err.text);
        return;
    }
    session_snap_compare(s, look);
    if (!snapshot_cost(s->store, s->machine, &cost, &err)) {
        look->new_pages = cost.pages;
        look->new_bytes = cost.bytes;
    }
}

void session_snap_publish(struct session *s, struct model *model)
{
    struct moment now = timeline_now(s->time);

    model->snapshots.on = s->snap_question.on;
    if (!s->snap_question.on || s->run == RUN_RUNNING)
        return;
    if (!s->snap_fresh || moment_compare(now, s->snap_read) != 0)
        look_read(s, &s->snap);
    s->snap_fresh = true;
    s->snap_read = now;
    model->snapshots = s->snap;
}

/* ---- commands ---------------------------------------------------------------------------------- */

static bool name_is_taken(struct session *s, const char *name)
{
    struct store_list list;
    struct error err;
    bool taken = false;

    if (store_list(s->store, &list, &err))
        return false;
    for (size_t i = 0; i < list.count; i++)
        taken |= is_mine(s, &list.nodes[i]) && !strcmp(list.nodes[i].name, name);
    store_list_free(&list);
    return taken;
}

/* As the child of the last one that the machine was at. */
static int take(struct session *s, const char *name, const char *note, char id[NODE_ID_SIZE],
                struct error *err)
{
    const struct time_mark *last = session_mark_before(s, timeline_now(s->time));
    const struct snapshot_about about = {.lab = lab_folder(s),
                                         .name = name,
                                         .note = note,
                                         .parent = last ? last->id : NULL,
                                         .created = (int64_t)time(NULL)};

    if (!open_store(s, err))
        return err->code;
    if (name_is_taken(s, name))
        return error_set(err, -EEXIST, "there is a snapshot of the name %.40s already", name);
    return snapshot_take(s->store, s->machine, &about, id, err);
}

/* "exit-12", or what is free behind it. */
static void make_name(struct session *s, const char *stem, char name[NODE_NAME_SIZE])
{
    unsigned n = 1;

    snprintf(name, NODE_NAME_SIZE, "%s", stem);
    while (s->store && name_is_taken(s, name) && n < 10000)
        snprintf(name, NODE_NAME_SIZE, "%.40s-%u", stem, ++n);
}

static void take_here(struct session *s, const char *asked)
{
    char name[NODE_NAME_SIZE], id[NODE_ID_SIZE] = "", stem[40];
    struct error err = {0};

    snprintf(stem, sizeof(stem), "exit-%llu", (unsigned long long)s->machine->exits);
    if (!open_store(s, &err)) {
        session_message(s, true, "%s", err.text);
        return;
    }
    if (asked[0])
        snprintf(name, sizeof(name), "%.63s", asked);
    else
        make_name(s, stem, name);
    if (take(s, name, NULL, id, &err)) {
        session_message(s, true, "%s", err.text);
        return;
    }
    session_snap_begin(s, id);
    session_message(s, false, "snapshot %s is taken: @%.8s", name, id);
}

static void change(struct session *s, const struct command *command)
{
    struct error err = {0};
    int rc;

    if (!open_store(s, &err)) {
        session_message(s, true, "%s", err.text);
        return;
    }
    if (command->kind == COMMAND_SNAP_DELETE)
        rc = store_delete(s->store, command->id, &err);
    else if (command->kind == COMMAND_SNAP_RENAME)
        rc = store_update(s->store, command->id, command->text, NULL, &err);
    else
        rc = store_update(s->store, command->id, NULL, command->text, &err);
    if (rc)
        session_message(s, true, "%s", err.text);
    else if (command->kind == COMMAND_SNAP_DELETE)
        session_message(s, false, "@%.8s is deleted; its children stay", command->id);
    if (rc || command->kind != COMMAND_SNAP_DELETE)
        return;
    session_mark_remove(s, command->id);
}

void session_snap_do(struct session *s, const struct command *command)
{
    if (!s->machine)
        return;
    if (command->kind == COMMAND_SNAP_TAKE)
        take_here(s, command->text);
    else
        change(s, command);
    s->snap_fresh = false;
}

bool session_snap_keep_future(struct session *s)
{
    struct moment now = timeline_now(s->time);
    char name[NODE_NAME_SIZE], id[NODE_ID_SIZE];
    struct error err = {0};
    int rc;

    if (!open_store(s, &err))
        return false;
    make_name(s, "future", name);
    s->going_back = true;
    rc = timeline_seek(s->time, timeline_end(s->time), &err);
    rc = rc ? rc : take(s, name, "the end of a run that went on another way", id, &err);
    if (moment_compare(timeline_now(s->time), now) != 0 && timeline_seek(s->time, now, &err) && !rc)
        rc = err.code;
    s->going_back = false;
    s->snap_fresh = false;
    if (rc)
        session_message(s, true, "%s", err.text);
    else
        session_message(s, false, "a new future; the end of the old one is snapshot %s", name);
    return rc == 0;
}
