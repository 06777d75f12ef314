/* vlab snap list and show: the tree with what each takes; one of them. */
#include "cli/course_verb.h"
#include "cli/snap.h"
#include "snapshot/branches.h"

#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct tree {
    const struct store_list *list;
    const struct store_usage *usage;
    const char *lab; /* NULL: all */
};

static const struct store_node_usage *usage_of(const struct tree *t, const char *id)
{
    for (size_t i = 0; i < t->usage->count; i++)
        if (!strcmp(t->usage->nodes[i].id, id))
            return &t->usage->nodes[i];
    return NULL;
}

static const char *size_text(uint64_t bytes, char buf[24])
{
    if (bytes < 1024)
        snprintf(buf, 24, "%" PRIu64 " B", bytes);
    else if (bytes < 1024 * 1024)
        snprintf(buf, 24, "%.1f KiB", (double)bytes / 1024);
    else
        snprintf(buf, 24, "%.1f MiB", (double)bytes / (1024 * 1024));
    return buf;
}

static const char *time_text(int64_t created, char buf[32])
{
    time_t when = (time_t)created;
    struct tm tm;

    if (!localtime_r(&when, &tm) || !strftime(buf, 32, "%Y-%m-%d %H:%M", &tm))
        snprintf(buf, 32, "%" PRId64, created);
    return buf;
}

static void print_node(const struct tree *t, const struct node *node, const char *branch)
{
    const struct store_node_usage *u = usage_of(t, node->id);
    char own[24], naive[24], when[32], name[NODE_NAME_SIZE + BRANCH_TEXT_MAX];

    snprintf(name, sizeof(name), "%s%s", branch, node->name);
    printf("@%.8s  %-28s %-19s %9" PRIu64 " %12" PRIu64 "  %-6s %10s %10s  %s\n", node->id, name,
           node->lab, node->exits, node->insns, node->has_ram ? "RAM" : "no RAM",
           u ? size_text(u->own, own) : "damaged", u ? size_text(u->naive, naive) : "",
           time_text(node->created, when));
    if (node->note[0])
        printf("           %*s%s\n", (int)strlen(branch), "", node->note);
}

static bool shown(const struct tree *t, const struct node *node)
{
    return !t->lab || !strcmp(t->lab, node->lab);
}

static int print_branches(const struct tree *t, struct error *err)
{
    struct branch *branches;
    size_t count;
    int rc = branches_of(t->list, t->lab, &branches, &count);

    if (rc)
        return error_errno(err, rc, "snap list");
    for (size_t i = 0; i < count; i++) {
        char lines[BRANCH_TEXT_MAX];

        print_node(t, branches[i].node,
                   branch_text(branches[i].depth, branches[i].lines, BRANCH_DEPTH_MAX, lines));
    }
    free(branches);
    return 0;
}

static int print_tree(const struct tree *t, struct error *err)
{
    char stored[24], unique[24], naive[24];
    int rc;

    if (t->list->count)
        printf("%-9s  %-28s %-19s %9s %12s  %-6s %10s %10s  %s\n", "id", "name", "lab", "exits",
               "instructions", "", "own", "naive", "taken");
    rc = print_branches(t, err);
    for (size_t i = 0; i < t->list->damaged_count; i++)
        printf("@%.8s  damaged: %s\n", t->list->damaged[i].id, t->list->damaged[i].why);
    printf("%zu snapshot%s: %s stored, %s of different pages, %s if each were a copy\n",
           t->list->count, t->list->count == 1 ? "" : "s", size_text(t->usage->on_disk, stored),
           size_text(t->usage->unique, unique), size_text(t->usage->naive, naive));
    return rc;
}

static void print_tree_json(const struct tree *t)
{
    json_t *nodes = json_array();

    for (size_t i = 0; i < t->list->count; i++) {
        const struct store_node_usage *u = usage_of(t, t->list->nodes[i].id);
        json_t *node = snap_node_json(&t->list->nodes[i]);

        if (!shown(t, &t->list->nodes[i])) {
            json_decref(node);
            continue;
        }
        json_object_set_new(node, "own", json_integer(u ? (json_int_t)u->own : -1));
        json_object_set_new(node, "naive", json_integer(u ? (json_int_t)u->naive : -1));
        json_object_set_new(node, "added", json_integer(u ? (json_int_t)u->added : -1));
        json_array_append_new(nodes, node);
    }
    print_json(json_pack("{s:o, s:I, s:I, s:I, s:I}", "snapshots", nodes, "damaged",
                         (json_int_t)t->list->damaged_count, "stored",
                         (json_int_t)t->usage->on_disk, "unique", (json_int_t)t->usage->unique,
                         "naive", (json_int_t)t->usage->naive));
}

static int list_all(const char *lab, bool json, struct error *err)
{
    struct store_usage usage;
    struct store_list list;
    struct store *store;
    struct tree t = {&list, &usage, lab};
    int rc = snap_store(&store, err);

    if (rc)
        return rc;
    rc = store_list(store, &list, err);
    if (!rc) {
        rc = store_usage(store, &usage, err);
        if (!rc) {
            if (json)
                print_tree_json(&t);
            else
                rc = print_tree(&t, err);
            store_usage_free(&usage);
        }
        store_list_free(&list);
    }
    store_close(store);
    return rc;
}

static int run_list(int argc, char **argv)
{
    struct course *course;
    const struct lab *lab = NULL;
    struct error err = {0};
    bool json = false;
    int status = snap_options(&snap_list, argc, argv, 0, 1, &json), rc = 0;

    if (status)
        return status < 0 ? CLI_OK : status;
    if (optind == argc)
        return list_all(NULL, json, &err) ? cli_fail(&err) : CLI_OK;
    if (course_open(&course, &err))
        return cli_fail(&err);
    rc = course_find(course, argv[optind], &lab, &err);
    rc = rc ? rc : list_all(lab->folder, json, &err);
    course_close(course);
    return rc ? cli_fail(&err) : CLI_OK;
}

const struct verb snap_list = {
    .name = "snap list",
    .arguments = "[LAB] [--json]",
    .summary = "the tree of snapshots",
    .help =
        "own: what is stored for this one alone, and would go with it. naive: what a copy of all\n"
        "its pages would take.\n",
    .run = run_list,
};

/* ---- one --------------------------------------------------------------------------------------- */

struct shown {
    struct node node;
    char state[20]; /* the hash of the machine; "": there is none, because */
    struct error why;
    unsigned children;
};

/* A machine of it, as long as its pages are whole: what is known without one is shown in any case. */
static void read_state(struct store *store, struct shown *s)
{
    const struct text_sink nobody = {0};
    struct machine *m;
    bool boots;

    if (snapshot_machine(store, s->node.id, NULL, &nobody, &m, &boots, &s->why))
        return;
    snprintf(s->state, sizeof(s->state), "%016" PRIx64, machine_state_hash(m));
    machine_destroy(m);
}

static int read_shown(const char *what, struct shown *s, struct error *err)
{
    struct store_list list;
    struct store *store;
    int rc = snap_store(&store, err);

    if (rc)
        return rc;
    rc = snap_find(store, what, &s->node, err);
    rc = rc ? rc : store_list(store, &list, err);
    if (!rc) {
        for (size_t i = 0; i < list.count; i++)
            s->children += !strcmp(list.nodes[i].parent, s->node.id);
        store_list_free(&list);
        read_state(store, s);
    }
    store_close(store);
    return rc;
}

static void print_shown(const struct shown *s)
{
    const struct node *node = &s->node;
    char when[32];

    printf("@%s %s\n", node->id, node->name);
    printf("  lab        %s\n  parent     %s%s\n  children   %u\n  note       %s\n", node->lab,
           node->parent[0] ? "@" : "none", node->parent, s->children, node->note);
    printf("  taken      %s\n", time_text(node->created, when));
    printf("  place      %" PRIu64 " exits, %" PRIu64 " instructions\n", node->exits, node->insns);
    printf("  RAM        %" PRIu64 " MiB%s\n", node->ram_size >> 20,
           node->has_ram ? "" : ", not kept: it boots from its disk");
    printf("  state      %s\n", s->state[0] ? s->state : "damaged");
}

static void print_shown_json(const struct shown *s)
{
    json_t *object = snap_node_json(&s->node);

    json_object_set_new(object, "children", json_integer(s->children));
    json_object_set_new(object, "state", s->state[0] ? json_string(s->state) : json_null());
    print_json(object);
}

static int run_show(int argc, char **argv)
{
    struct shown shown = {.children = 0};
    struct error err = {0};
    bool json = false;
    int status = snap_options(&snap_show, argc, argv, 1, 1, &json);

    if (status)
        return status < 0 ? CLI_OK : status;
    status = cli_check_engine();
    if (status)
        return status;
    if (read_shown(argv[optind], &shown, &err))
        return cli_fail(&err);
    json ? print_shown_json(&shown) : print_shown(&shown);
    return shown.state[0] ? CLI_OK : cli_fail(&shown.why);
}

const struct verb snap_show = {
    .name = "snap show",
    .arguments = "NODE [--json]",
    .summary = "one snapshot",
    .help = "state is the hash that 'vlab run --json' prints: of registers, RAM and devices.\n",
    .run = run_show,
};
