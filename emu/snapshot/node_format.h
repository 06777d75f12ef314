/* A node as the bytes of its file, see format.h. Private to emu/snapshot. */
#ifndef VLAB_SNAPSHOT_NODE_FORMAT_H
#define VLAB_SNAPSHOT_NODE_FORMAT_H

#include "snapshot/codec.h"
#include "snapshot/format.h"
#include "snapshot/node.h"

/* The most that a node's file can have. */
#define NODE_FILE_MAX                                                                              \
    (NODE_HEAD_SIZE + (size_t)NODE_STATE_MAX + 2 * (size_t)NODE_LEAVES_MAX * OBJECT_ID_SIZE)

/* What is wrong with what a caller gives, or NULL. */
const char *node_reject(const struct node *node);

/* 0, -ENOMEM; free(*bytes) is the caller's. */
int node_encode(struct codec *codec, const struct node *node, uint8_t **bytes, size_t *size);

/*
 * The head alone, NODE_HEAD_SIZE bytes: everything but state and lists, which become NULL with
 * their sizes in place. NULL, or what is wrong with it; then *node is untouched.
 */
const char *node_head_get(const uint8_t *head, struct node *node);

/* How long the file must be with this head, which node_head_get() has accepted. */
size_t node_file_size(const uint8_t *head);

/* 0; -EBADMSG with *why; -ENOMEM with *why. When it fails there is nothing to free. */
int node_decode(struct codec *codec, const uint8_t *bytes, size_t size, struct node *node,
                const char **why);

/* Head fields of `node` (id, parent, lab, name, note) into a file's head, and its new checksum. */
void node_head_patch(uint8_t *head, const struct node *node);

/* Whether two whole files are of one moment: everything equal but what a user may change. */
bool node_same_moment(const uint8_t *a, const uint8_t *b);

#endif
