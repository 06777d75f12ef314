/*
 * Files that are whole or absent, and folders of files that are called by 16 hex digits.
 *
 * A file is written under a temporary name beside its place ("PATH.PID-RANDOM.tmp") and called by
 * its name once all of it is on the disk. What is no regular file (a device, a pipe) is written in
 * place. Private to emu/snapshot.
 */
#ifndef VLAB_SNAPSHOT_FILE_H
#define VLAB_SNAPSHOT_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define FILE_ID_SIZE 17 /* 16 hex digits and NUL */
#define FILE_TEMPORARY ".tmp"

typedef char file_id[FILE_ID_SIZE];

struct file_out {
    char *path;      /* what it is called in the end */
    char *temporary; /* what it is called until then; NULL: written in place, or called `path` */
    int fd;          /* -1: closed */
    int failed;      /* the first failure, negative errno; writing on does nothing */
    uint64_t position;
    size_t used;
    uint8_t *buffer;
};

/*
 * 0 or -errno. Follows links; a folder is -EISDIR. After a failure, file_out_abort() is still to be
 * called: it takes the temporary file away, if there is one. It may be called twice.
 */
int file_out_open(struct file_out *f, const char *path);
void file_out_abort(struct file_out *f);

void file_out_write(struct file_out *f, const void *data, size_t size);

/* What was written can be read through f->fd. 0 or the first failure. */
int file_out_flush(struct file_out *f);

/* All is on the disk, under the temporary name; the file is closed. 0 or the first failure. */
int file_out_close(struct file_out *f);

/*
 * After file_out_close(): gives it its name and waits for the folder to be on the disk, too. Frees
 * everything when it is 0. When it fails the name is as it was before, unless it was only the
 * waiting that failed.
 */
int file_out_publish(struct file_out *f);

/* Close and publish. */
int file_out_finish(struct file_out *f);

int file_sync_folder(const char *path);

/* All `size` bytes at `offset`: 0, -ENODATA where the file ends before, another -errno. */
int file_read_at(int fd, void *to, size_t size, uint64_t offset);

/* The whole file, up to `limit` bytes (-EFBIG); free(*data) is the caller's. */
int file_read_whole(const char *path, size_t limit, uint8_t **data, size_t *size);

/* 16 random hex digits, never all 0. */
void file_random_id(file_id id);
bool file_id_is_good(const char *id);

/* The ids of a folder's files "ID`suffix`", sorted; free(*ids) is the caller's. */
int file_list_ids(const char *folder, const char *suffix, file_id **ids, size_t *count);

/* Removes files whose names end in ".tmp"; adds the bytes that they took to *bytes. */
int file_remove_temporaries(const char *folder, uint64_t *bytes);
uint64_t file_temporaries_size(const char *folder);

#endif
