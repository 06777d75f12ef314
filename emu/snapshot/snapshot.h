/*
 * Snapshots of machines: a node of the store (snapshot/store.h) made of a machine, and a machine of a
 * node.
 *
 * - A node has registers, TLB, devices, config, the blocks of the disk, the firmware ROM and, unless told
 *   otherwise, RAM: a machine can be made of it without the image that it ran.
 * - Not in it: breakpoints, rights that --ept took away, pages shared with other machines (their contents
 *   are there). With shadow paging the shadow tables begin anew: the page faults that fill them come
 *   again.
 * - A node without RAM is what a PC is that was switched off: its machine boots from its disk.
 *
 * The state of a node: the config, then core/saved.h. The list of its disk goes on with the ROM's pages.
 *   offset size
 *     0     4   version, 1
 *     4     4   flags: 1 shadow paging, 2 A and D flags in the second stage
 *     8     8   bytes of RAM
 *    16     8   what the RTC said at first
 *    24     4   sectors of the disk
 *    28     4   pages of the ROM
 *    32     4   presses of the NMI button; 36: their times, 16 of 8 bytes
 */
#ifndef VLAB_SNAPSHOT_SNAPSHOT_H
#define VLAB_SNAPSHOT_SNAPSHOT_H

#include "core/machine.h"
#include "snapshot/store.h"

struct snapshot_about {
    const char *lab, *name, *note; /* as in struct node; NULL: "" */
    const char *parent;            /* id; NULL: a root */
    int64_t created;               /* seconds since 1970 */
    bool without_ram;
    /* Called now and then, with pages done and in all; false ends it without a trace. May be NULL. */
    bool (*progress)(void *ctx, uint64_t done, uint64_t all);
    void *ctx;
};

/*
 * Between runs. -EINVAL: without RAM, and there is nothing to boot from, or a text is none; -EINTR:
 * `progress` said no; else as store_save_finish().
 */
int snapshot_take(struct store *store, const struct machine *m, const struct snapshot_about *about,
                  char id[NODE_ID_SIZE], struct error *err);

/*
 * A machine of a node, as it stood, or (*boots) as after RESET when the node has no RAM. `text` takes
 * what it prints. -EBADMSG: something of it is damaged, `err` says what; -ENOENT.
 */
int snapshot_machine(struct store *store, const char *id, const struct text_sink *text,
                     struct machine **m, bool *boots, struct error *err);

#endif
