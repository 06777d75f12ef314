/* vlab snap export, import, verify, gc: the store's files. */
#include "cli/snap.h"

#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- to another store -------------------------------------------------------------------------- */

static bool is_chosen(const char (*ids)[NODE_ID_SIZE], size_t count, const char *id)
{
    for (size_t i = 0; i < count; i++)
        if (!strcmp(ids[i], id))
            return true;
    return false;
}

/* The node and, with `tree`, all below it: as often as one is added, its children may be. */
static size_t choose(const struct store_list *list, const char *root, bool tree,
                     char (*ids)[NODE_ID_SIZE])
{
    size_t count = 1, before = 0;

    memcpy(ids[0], root, NODE_ID_SIZE);
    while (tree && before != count) {
        before = count;
        for (size_t i = 0; i < list->count; i++)
            if (is_chosen((const char(*)[NODE_ID_SIZE])ids, count, list->nodes[i].parent) &&
                !is_chosen((const char(*)[NODE_ID_SIZE])ids, count, list->nodes[i].id))
                memcpy(ids[count++], list->nodes[i].id, NODE_ID_SIZE);
    }
    return count;
}

static int export(const char *what, const char *path, bool tree, struct error *err)
{
    char(*ids)[NODE_ID_SIZE] = NULL;
    struct store_list list;
    struct store *store;
    struct node node;
    size_t count = 0;
    int rc = snap_store(&store, err);

    if (rc)
        return rc;
    rc = snap_find(store, what, &node, err);
    rc = rc ? rc : store_list(store, &list, err);
    if (!rc) {
        ids = calloc(list.count + 1, sizeof(*ids));
        count = ids ? choose(&list, node.id, tree, ids) : 0;
        store_list_free(&list);
        rc = ids ? store_export(store, (const char(*)[NODE_ID_SIZE])ids, count, path, err)
                 : error_set(err, -1, "snap export: out of memory");
    }
    store_close(store);
    free(ids);
    if (!rc)
        printf("%zu snapshot%s to %s\n", count, count == 1 ? "" : "s", path);
    return rc;
}

static int run_export(int argc, char **argv)
{
    static const struct option options[] = {
        {"help", no_argument, NULL, 'h'}, {"tree", no_argument, NULL, 't'}, {0}};
    struct error err = {0};
    bool tree = false;
    int c;

    optind = 0;
    while ((c = getopt_long(argc, argv, ":", options, NULL)) != -1) {
        if (c == 'h')
            return cli_help(&snap_export);
        if (c != 't')
            return cli_bad_option(&snap_export, argv, c);
        tree = true;
    }
    if (argc - optind != 2)
        return cli_usage(&snap_export, "a NODE and a FILE are wanted");
    return export(argv[optind], argv[optind + 1], tree, &err) ? cli_fail(&err) : CLI_OK;
}

const struct verb snap_export = {
    .name = "snap export",
    .arguments = "NODE FILE [--tree]",
    .summary = "one file with a snapshot and all that it needs",
    .help =
        "  --tree  and those below it\n"
        "\n"
        "The file stands alone: 'vlab snap import' takes it anywhere. It is a backup; a snapshot\n"
        "in the same store is none, for it shares its pages with the others.\n",
    .run = run_export,
};

static int import(const char *path, struct error *err)
{
    char(*ids)[NODE_ID_SIZE];
    struct store *store;
    size_t count;
    int rc = snap_store(&store, err);

    if (rc)
        return rc;
    rc = store_import(store, path, &ids, &count, err);
    store_close(store);
    if (rc)
        return rc;
    printf("%zu snapshot%s from %s:", count, count == 1 ? "" : "s", path);
    for (size_t i = 0; i < count; i++)
        printf(" @%.8s", ids[i]);
    printf("\n");
    free(ids);
    return 0;
}

static int run_import(int argc, char **argv)
{
    struct error err = {0};
    int status = snap_options(&snap_import, argc, argv, 1, 1, NULL);

    if (status)
        return status < 0 ? CLI_OK : status;
    return import(argv[optind], &err) ? cli_fail(&err) : CLI_OK;
}

const struct verb snap_import = {
    .name = "snap import",
    .arguments = "FILE",
    .summary = "the snapshots of a file that 'vlab snap export' made",
    .help = "All of the file is checked before any of it is in the store.\n",
    .run = run_import,
};

/* ---- care -------------------------------------------------------------------------------------- */

static void print_problem(void *ctx, const struct store_problem *problem)
{
    (void)ctx;
    printf("%s\n", problem->line);
    for (size_t i = 0; i < problem->node_count; i++)
        printf("  belongs to @%.8s %s\n", problem->nodes[i]->id, problem->nodes[i]->name);
}

static int run_verify(int argc, char **argv)
{
    struct store *store;
    struct error err = {0};
    int status = snap_options(&snap_verify, argc, argv, 0, 0, NULL), problems;

    if (status)
        return status < 0 ? CLI_OK : status;
    if (snap_store(&store, &err))
        return cli_fail(&err);
    problems = store_verify(store, print_problem, NULL, &err);
    store_close(store);
    if (problems < 0)
        return cli_fail(&err);
    if (problems)
        return cli_failf("snap verify: %d problem%s; what is not named is whole", problems,
                         problems == 1 ? "" : "s");
    printf("every snapshot is whole\n");
    return CLI_OK;
}

const struct verb snap_verify = {
    .name = "snap verify",
    .arguments = "",
    .summary = "read and check every byte of every snapshot",
    .help = "A damaged page names the snapshots that it belongs to; the others are whole.\n",
    .run = run_verify,
};

static int run_gc(int argc, char **argv)
{
    struct store *store;
    struct error err = {0};
    uint64_t freed;
    int status = snap_options(&snap_gc, argc, argv, 0, 0, NULL), rc;

    if (status)
        return status < 0 ? CLI_OK : status;
    if (snap_store(&store, &err))
        return cli_fail(&err);
    rc = store_gc(store, &freed, &err);
    store_close(store);
    if (rc)
        return cli_fail(&err);
    printf("%" PRIu64 " KiB given back\n", (freed + 1023) / 1024);
    return CLI_OK;
}

const struct verb snap_gc = {
    .name = "snap gc",
    .arguments = "",
    .summary = "give back what no snapshot needs",
    .help = "",
    .run = run_gc,
};
