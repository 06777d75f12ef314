/* vlab snap: the tree of snapshots. The parts are snap_*.c. */
#include "cli/snap.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const struct verb *const parts[] = {
    &snap_take, &snap_list, &snap_show,   &snap_restore, &snap_delete, &snap_rename,
    &snap_note, &snap_diff, &snap_export, &snap_import,  &snap_verify, &snap_gc,
};

#define PARTS (sizeof(parts) / sizeof(parts[0]))

/* "take" of "snap take" */
static const char *part_name(const struct verb *part)
{
    return strchr(part->name, ' ') + 1;
}

int snap_options(const struct verb *verb, int argc, char **argv, int least, int most, bool *json)
{
    static const struct option options[] = {
        {"help", no_argument, NULL, 'h'}, {"json", no_argument, NULL, 'j'}, {0}};
    int c;

    optind = 0;
    while ((c = getopt_long(argc, argv, ":", options, NULL)) != -1) {
        if (c == 'h') {
            cli_help(verb);
            return -1;
        }
        if (c != 'j' || !json)
            return cli_bad_option(verb, argv, c);
        *json = true;
    }
    if (argc - optind < least)
        return cli_usage(verb, "%s", least == 1 ? "what?" : "two things are wanted");
    if (argc - optind > most)
        return cli_usage(verb, "unexpected argument \"%.40s\"", argv[optind + most]);
    return CLI_OK;
}

void snap_progress(const char *what, uint64_t done, uint64_t all)
{
    if (!isatty(STDERR_FILENO))
        return;
    if (all)
        fprintf(stderr, "\r%s: %u%%", what, (unsigned)(done * 100 / all));
    else
        fprintf(stderr, "\r%*s\r", (int)strlen(what) + 8, "");
}

json_t *snap_node_json(const struct node *node)
{
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:I, s:I, s:I, s:I, s:b}", "id", node->id, "parent",
                     node->parent, "lab", node->lab, "name", node->name, "note", node->note,
                     "created", (json_int_t)node->created, "exits", (json_int_t)node->exits,
                     "instructions", (json_int_t)node->insns, "ram", (json_int_t)node->ram_size,
                     "has_ram", node->has_ram);
}

static int run(int argc, char **argv)
{
    if (argc < 2)
        return cli_usage(&verb_snap,
                         "which? take, list, show, restore, delete, rename, note, diff, "
                         "export, import, verify, gc");
    if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h"))
        return cli_help(&verb_snap);
    for (size_t i = 0; i < PARTS; i++)
        if (!strcmp(argv[1], part_name(parts[i])))
            return parts[i]->run(argc - 1, argv + 1);
    return cli_usage(&verb_snap, "%.40s: no such part", argv[1]);
}

const struct verb verb_snap = {
    .name = "snap",
    .arguments = "take|list|show|restore|delete|rename|note|diff|export|import|verify|gc ...",
    .summary = "snapshots: a tree of moments that a machine can be put back to",
    .help =
        "  take WHAT [--at N | --insns N] [--name NAME] [--note TEXT] [--no-ram]\n"
        "                       run WHAT (a lab, an image or a snapshot) to a place, and keep it\n"
        "  list [LAB]           the tree, and what each takes\n"
        "  show NODE            one of them, with the hash of its state\n"
        "  restore NODE         the screen of its lab opens there\n"
        "  delete NODE...       its children stay\n"
        "  rename NODE NAME, note NODE TEXT\n"
        "  diff A B             registers, devices, page tables, memory, disk\n"
        "  export NODE FILE [--tree], import FILE\n"
        "                       to another store, and from one: a copy that stands alone\n"
        "  verify               read and check all of it\n"
        "  gc                   give back what no snapshot needs\n"
        "\n"
        "A NODE is @ID (4 digits of it at least), @NAME or LAB@NAME. 'vlab run', 'walk' and 'map'\n"
        "take one in place of a lab. 'vlab snap PART --help' says more.\n"
        "Snapshots lie in the folder snapshots beside the working copies; pages that several of\n"
        "them have are stored once.\n",
    .run = run,
};
