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
 * The state of a node: the config (snapshot/shape.h), then core/saved.h. The list of its disk goes on with
 * the ROM's pages.
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
 * Between runs. -EINVAL: without RAM, and there is nothing to boot from, or the CPU's tables are a
 * monitor's, or a text is none; -EFBIG: a disk of more than 4 GiB; -EINTR: `progress` said no; else as
 * store_save_finish().
 */
int snapshot_take(struct store *store, const struct machine *m, const struct snapshot_about *about,
                  char id[NODE_ID_SIZE], struct error *err);

/*
 * A machine of a node, as it stood, or (*boots) as after RESET when the node has no RAM. `backend` runs
 * it, NULL: the emulated CPU; `text` takes what it prints. -EBADMSG: something of it is damaged, `err` says which page; -EPROTONOSUPPORT: another
 * version; -ENOENT: no such snapshot, or a page of it is not there.
 */
int snapshot_machine(struct store *store, const char *id, const struct backend_ops *backend,
                     const struct text_sink *text, struct machine **m, bool *boots,
                     struct error *err);

/*
 * The same into a machine that there is, between runs: only pages that differ are written, and count as
 * dirty in all logs; breakpoints and rights stay as the monitor has set them. What follows the machine
 * hears of it from the caller: timeline_changed().
 *
 * -EINVAL: the snapshot is of a machine of another config or ROM, `err` says what; else as
 * snapshot_machine(). When it fails the machine is as it was (-ENOMEM may leave it fit for another
 * restore only). For as long as it works it needs a second machine's memory.
 */
int snapshot_restore(struct store *store, const char *id, struct machine *m, bool *boots,
                     struct error *err);

#endif
