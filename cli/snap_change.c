/* vlab snap restore, delete, rename, note: what changes the tree, and where a lab's screen opens. */
#include "cli/snap.h"

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

static int restore(const char *what, struct error *err)
{
    char before[NODE_ID_SIZE];
    struct store *store;
    struct node node;
    int rc = open_node(what, &store, &node, err);

    if (rc)
        return rc;
    store_close(store);
    rc = snap_at_get(node.lab, before, err);
    rc = rc ? rc : snap_at_set(node.lab, node.id, err);
    if (rc)
        return rc;
    printf("%s opens at @%.8s %s: %" PRIu64 " exits, %" PRIu64 " instructions\n", node.lab, node.id,
           node.name, node.exits, node.insns);
    if (!node.has_ram)
        printf("it has no RAM: the machine boots from its disk\n");
    if (before[0] && strcmp(before, node.id) != 0)
        printf("before, it opened at @%.8s, which stays in the tree\n", before);
    return 0;
}

static int run_restore(int argc, char **argv)
{
    struct error err = {0};
    int status = snap_options(&snap_restore, argc, argv, 1, 1, NULL);

    if (status)
        return status < 0 ? CLI_OK : status;
    return restore(argv[optind], &err) ? cli_fail(&err) : CLI_OK;
}

const struct verb snap_restore = {
    .name = "snap restore",
    .arguments = "NODE",
    .summary = "the screen of its lab opens there from now on",
    .help = "'vlab tui LAB' begins at the snapshot; 'r' there, or 'vlab reset LAB', begins at the\n"
            "lab's start again. Nothing of the tree is lost. 'vlab run NODE' runs on from it at "
            "once.\n",
    .run = run_restore,
};

static int delete_one(const char *what, struct error *err)
{
    char at[NODE_ID_SIZE];
    struct store *store;
    struct node node;
    struct store_list list;
    unsigned children = 0;
    int rc = open_node(what, &store, &node, err);

    if (rc)
        return rc;
    rc = store_list(store, &list, err);
    if (!rc) {
        for (size_t i = 0; i < list.count; i++)
            children += !strcmp(list.nodes[i].parent, node.id);
        store_list_free(&list);
        rc = store_delete(store, node.id, err);
    }
    store_close(store);
    if (rc)
        return rc;
    printf("@%.8s %s is deleted", node.id, node.name);
    if (children)
        printf("; its %u child%s live%s on", children, children == 1 ? "" : "ren",
               children == 1 ? "s" : "");
    printf("\n");
    if (snap_at_get(node.lab, at, err) == 0 && !strcmp(at, node.id)) {
        printf("%s opens at its start again\n", node.lab);
        return snap_at_set(node.lab, "", err);
    }
    return 0;
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
    rc = store_update(store, node.id, name ? argv[optind + 1] : NULL,
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
    .help = "",
    .run = run_rename,
};

const struct verb snap_note = {
    .name = "snap note",
    .arguments = "NODE TEXT",
    .summary = "a note on a snapshot, in place of the one it has",
    .help = "",
    .run = run_note,
};
