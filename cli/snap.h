/*
 * What the parts of `vlab snap` share, and who else takes a snapshot as an operand: the store of the state
 * folder, and finding a snapshot by what a user calls it.
 *
 *   @3f2a...      an id, or the beginning of one: 4 hexadecimal digits at least
 *   @NAME         the one of that name
 *   LAB@NAME      the one of that name of the lab
 */
#ifndef VLAB_CLI_SNAP_H
#define VLAB_CLI_SNAP_H

#include "cli/cli.h"
#include "snapshot/snapshot.h"

#include <jansson.h>

/* Is it so written, and no file? */
bool snap_is_node(const char *what);

/* The store, in the folder "snapshots" of the state folder. It is made when it is not there. */
int snap_store(struct store **store, struct error *err);

/*
 * -ENOENT: none, with the nearest; -EEXIST: several, with their ids; -EBADMSG: it is damaged, and node->id
 * is all that is known of it. The node has no lists and state.
 */
int snap_find(struct store *store, const char *what, struct node *node, struct error *err);

/* "3f2a0c11": the beginning of its id. Returns buf. */
const char *snap_short_id(const struct node *node, char buf[NODE_ID_SIZE]);

/*
 * Whether a snapshot of `lab` may be called so: -EINVAL: NODE could not say it; -EEXIST: another one is
 * (`id`: but for this one; "").
 */
int snap_name_check(struct store *store, const char *lab, const char *name, const char *id,
                    struct error *err);

/* A name for who gave none, by the machine's place: "exit-40-3906", and with "-2" where that is taken. */
int snap_name_make(struct store *store, const struct machine *m, const char *lab,
                   char name[NODE_NAME_SIZE], struct error *err);

/* A machine of what `what` names, as snapshot_machine(); says on standard error when it boots anew. */
int snap_machine(const char *what, const struct backend_ops *backend, const struct text_sink *text,
                 struct machine **m, struct node *node, struct error *err);

/*
 * Where a lab's screen opens: at a snapshot, or ("" ) at its start. `folder` is the lab's; what could not be
 * the name of a folder is -EINVAL.
 */
int snap_at_get(const char *folder, char id[NODE_ID_SIZE], struct error *err);
int snap_at_set(const char *folder, const char *id, struct error *err); /* "": at its start */

/* The parts: argv[0] is the part's name. Each returns the exit status. */
extern const struct verb snap_take, snap_list, snap_show, snap_restore, snap_delete, snap_rename,
    snap_note, snap_diff, snap_export, snap_import, snap_verify, snap_gc;

/* --help and --json, and the operands from optind on: CLI_OK, or the status; -1: help was given. */
int snap_options(const struct verb *verb, int argc, char **argv, int least, int most, bool *json);

/* Progress on a terminal: a line on standard error that is written over; all == 0: it goes. */
void snap_progress(const char *what, uint64_t done, uint64_t all);

json_t *snap_node_json(const struct node *node);

#endif
