/*
 * Packs: files of objects, see format.h. Private to emu/snapshot.
 *
 * A record in memory is RECORD_HEAD_SIZE bytes of head and then what is stored, as in the file.
 */
#ifndef VLAB_SNAPSHOT_PACK_H
#define VLAB_SNAPSHOT_PACK_H

#include "snapshot/codec.h"
#include "snapshot/file.h"
#include "snapshot/format.h"
#include "snapshot/object.h"

#define RECORD_SIZE_MAX (RECORD_HEAD_SIZE + OBJECT_SIZE_MAX)

/* What an object takes in a store: its record and its entry in the table. */
#define RECORD_COST(stored) ((uint64_t)(RECORD_HEAD_SIZE + TOC_ENTRY_SIZE) + (stored))

/* Where an object lies in a pack, and its sizes in bytes. */
struct place {
    struct object_id id;
    uint64_t at; /* of its record in the file */
    uint32_t stored, plain;
};

struct places {
    struct place *v;
    size_t count, room;
};

int places_add(struct places *p, const struct place *place); /* 0, -ENOMEM */
void places_free(struct places *p);

/* ---- records --------------------------------------------------------------------------------- */

/* A whole record for these bytes (1 to OBJECT_SIZE_MAX); returns its length. */
size_t record_make(struct codec *codec, uint8_t *record, const struct object_id *id,
                   const uint8_t *data, size_t size);

/* The head's id and sizes (`at` is left alone); false when there is none. */
bool record_head_get(const uint8_t *head, struct place *place);

/* Whether head and stored bytes are as they were written; record_head_get() was true. */
bool record_sum_is_good(const uint8_t *record);

/* Its plain bytes to `to`, checked against its id: 0, -EBADMSG, -ENOMEM. */
int record_expand(struct codec *codec, const uint8_t *record, uint8_t *to);

/* The record at `place`, which must be of that id and these sizes: 0, -EBADMSG, another -errno. */
int record_read(int fd, const struct place *place, uint8_t *record);

/* ---- files ----------------------------------------------------------------------------------- */

/* A header of `magic`; and whether there is one: NULL, or what is wrong with it. */
void file_head_put(uint8_t head[FILE_HEAD_SIZE], const char *magic);
const char *file_head_reject(const uint8_t head[FILE_HEAD_SIZE], const char *magic);

/*
 * The objects of a pack, `size` bytes long. 0, -ENOMEM or what reading fails with. *damage is NULL,
 * or says why not all of it could be taken as it was written: then the places are of the records
 * that are whole.
 */
int pack_read(int fd, uint64_t size, struct places *places, const char **damage);

struct pack_writer {
    struct file_out out; /* its failure is the writer's */
    struct places places;
};

/* As file_out_open(). */
int pack_writer_open(struct pack_writer *w, const char *path);
void pack_writer_abort(struct pack_writer *w);

/* A whole record; its place goes to w->places. 0 or the first failure. */
int pack_writer_add(struct pack_writer *w, const uint8_t *record);

/* Table and footer, and all of it on the disk, under its temporary name. 0 or the first failure. */
int pack_writer_close(struct pack_writer *w);

/* As file_out_publish(). */
int pack_writer_publish(struct pack_writer *w);

#endif
