/* vlab snap restore, delete, rename, note: what changes the tree, and where a lab's screen opens. */
#include "cli/course_verb.h"
#include "cli/snap.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Open the store and find a node in it; the store is closed when that fails. */
static int open_node(const char *what, struct store **store, struct node *node, struct error *err)
{
    int rc = snap_store(store, err);

    if (rc)
        return rc;
    rc = snap_find(*store, what, node, err);
    if (rc)
        store_close(*store);
    return rc;
}

/* The screen is a lab's: what was made of an image has none. */
static int check_lab(const struct node *node, struct error *err)
{
    struct course *course;
    const struct lab *lab = NULL;
    struct error why;

    if (course_open(&course, err))
        return err->code;
    if (course_find(course, node->lab, &lab, &why) || strcmp(lab->folder, node->lab) != 0)
        lab = NULL;
    course_close(course);
    return lab ? 0
               : error_set(err, -EINVAL,
                           "%.60s: it is no lab, and has no screen; 'vlab run @%.8s' goes on from "
                           "the snapshot",
                           node->lab[0] ? node->lab : "\"\"", node->id);
}

static void print_restored(const struct node *node, const char *before)
{
    printf("%s opens at @%.8s %s: %" PRIu64 " exits, %" PRIu64 " instructions\n", node->lab,
           node->id, node->name, node->exits, node->insns);
    if (!node->has_ram)
        printf("it has no RAM: the machine boots from its disk\n");
    printf("kept: every snapshot, and the files of exercises; dropped: what a screen has run since "
           "its last snapshot, breakpoints, traces\n");
    if (before[0] && strcmp(before, node->id) != 0)
        printf("before, it opened at @%.8s, which stays in the tree\n", before);
}

static int restore(const char *what, bool json, struct error *err)
{
    char before[NODE_ID_SIZE];
    struct store *store;
    struct node node;
    int rc = open_node(what, &store, &node, err);

    if (rc)
        return rc;
    store_close(store);
    rc = check_lab(&node, err);
    rc = rc ? rc : snap_at_get(node.lab, before, err);
    rc = rc ? rc : snap_at_set(node.lab, node.id, err);
    if (rc)
        return rc;
    if (json)
        print_json(json_pack("{s:s, s:s, s:s, s:I, s:I, s:b, s:s}", "lab", node.lab, "id", node.id,
                             "name", node.name, "exits", (json_int_t)node.exits, "instructions",
                             (json_int_t)node.insns, "boots", !node.has_ram, "before", before));
    else
        print_restored(&node, before);
    return 0;
}

static int run_restore(int argc, char **argv)
{
    struct error err = {0};
    bool json = false;
    int status = snap_options(&snap_restore, argc, argv, 1, 1, &json);

    if (status)
        return status < 0 ? CLI_OK : status;
    return restore(argv[optind], json, &err) ? cli_fail(&err) : CLI_OK;
}

const struct verb snap_restore = {
    .name = "snap restore",
    .arguments = "NODE [--json]",
    .summary = "the screen of its lab opens there from now on",
    .help = "'vlab tui LAB' begins at the snapshot; 'r' there, or 'vlab reset LAB', begins at the\n"
            "lab's start again. Nothing of the tree is lost. 'vlab run NODE' runs on from it at "
            "once.\n",
    .run = run_restore,
};

/* Children that live on; -errno. */
static int count_children(struct store *store, const char *id, struct error *err)
{
    struct store_list list;
    int children = 0, rc = store_list(store, &list, err);

    if (rc)
        return rc;
    for (size_t i = 0; i < list.count; i++)
        children += !strcmp(list.nodes[i].parent, id);
    store_list_free(&list);
    return children;
}

static int forget_place(const struct node *node, struct error *err)
{
    char at[NODE_ID_SIZE];

    if (!node->lab[0] || snap_at_get(node->lab, at, err) || strcmp(at, node->id) != 0)
        return 0;
    printf("%s opens at its start again\n", node->lab);
    return snap_at_set(node->lab, "", err);
}

static int delete_one(const char *what, struct error *err)
{
    struct store *store;
    struct node node = {.has_ram = false};
    int rc = snap_store(&store, err), children = 0;

    if (rc)
        return rc;
    rc = snap_find(store, what, &node, err);
    if (rc == -EBADMSG)
        rc = 0; /* what is damaged can go, too */
    if (!rc)
        children = count_children(store, node.id, err);
    rc = rc ? rc : children < 0 ? children : store_delete(store, node.id, err);
    store_close(store);
    if (rc)
        return rc;
    printf("@%.8s%s%s is deleted", node.id, node.name[0] ? " " : "", node.name);
    if (children)
        printf("; its %d child%s live%s on", children, children == 1 ? "" : "ren",
               children == 1 ? "s" : "");
    printf("\n");
    return forget_place(&node, err);
}

static int run_delete(int argc, char **argv)
{
    struct error err = {0};
    int status = snap_options(&snap_delete, argc, argv, 1, argc, NULL);

    if (status)
        return status < 0 ? CLI_OK : status;
    for (int i = optind; i < argc; i++)
        if (delete_one(argv[i], &err))
            return cli_fail(&err);
    return CLI_OK;
}

const struct verb snap_delete = {
    .name = "snap delete",
    .arguments = "NODE...",
    .summary = "take snapshots out of the tree; their children stay",
    .help = "What no snapshot needs any more is given back by 'vlab snap gc'.\n",
    .run = run_delete,
};

static int update(const struct verb *verb, int argc, char **argv, bool name)
{
    struct store *store;
    struct node node;
    struct error err = {0};
    int status = snap_options(verb, argc, argv, 2, 2, NULL), rc;

    if (status)
        return status < 0 ? CLI_OK : status;
    if (open_node(argv[optind], &store, &node, &err))
        return cli_fail(&err);
    rc = name ? snap_name_check(store, node.lab, argv[optind + 1], node.id, &err) : 0;
    rc = rc ? rc
            : store_update(store, node.id, name ? argv[optind + 1] : NULL,
                           name ? NULL : argv[optind + 1], &err);
    store_close(store);
    return rc ? cli_fail(&err) : CLI_OK;
}

static int run_rename(int argc, char **argv)
{
    return update(&snap_rename, argc, argv, true);
}

static int run_note(int argc, char **argv)
{
    return update(&snap_note, argc, argv, false);
}

const struct verb snap_rename = {
    .name = "snap rename",
    .arguments = "NODE NAME",
    .summary = "another name for a snapshot",
    .help = "A name is one of its lab's, and has no '@' and no '/'.\n",
    .run = run_rename,
};

const struct verb snap_note = {
    .name = "snap note",
    .arguments = "NODE TEXT",
    .summary = "a note on a snapshot, in place of the one it has",
    .help = "\"\" takes the note away.\n",
    .run = run_note,
};
