/*
 * What the snapshot store keeps: pieces of up to 64 KiB, each named by what is in it.
 *
 * The name is the XXH3-128 hash of the plain bytes in its canonical (big-endian) form. It tells
 * damage from what was stored, and equal pages from different ones; it is no defence against who
 * makes two pages of one name on purpose.
 *
 * The name of all zero bytes stands for "nothing but zeros", whatever the size: it is never stored.
 */
#ifndef VLAB_SNAPSHOT_OBJECT_H
#define VLAB_SNAPSHOT_OBJECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define OBJECT_SIZE_MAX 65536u /* bytes */
#define OBJECT_ID_SIZE 16u
#define OBJECT_ID_TEXT 33 /* 32 hex digits and NUL */

struct object_id {
    uint8_t bytes[OBJECT_ID_SIZE];
};

/* The name of `size` bytes; all zero for nothing but zeros. */
struct object_id object_id_of(const uint8_t *data, size_t size);

bool object_id_is_zero(const struct object_id *id);
bool object_id_equal(const struct object_id *a, const struct object_id *b);

/* 32 hex digits; returns `text`. */
const char *object_id_text(const struct object_id *id, char text[OBJECT_ID_TEXT]);

#endif
