/*
 * Host-physical memory: the frames that guests' pages, and the tables of their second stages, lie in.
 *
 * A frame is 4 KiB and is named by its host-physical address (HPA). Frames come in chunks, which are
 * mapped into this process as a whole; a chunk stays where it is until the memory is destroyed, so a
 * pointer from host_memory_ptr() lives as long. What comes free in it is used again.
 * - A frame in use has a count of its references: who maps it, takes one. At 0 it is free.
 * - Several machines may have one host memory: whoever keeps it, holds it. All of them are used by
 *   one thread at a time.
 * - HPAs below 1 GiB are single frames; memory that is taken in one piece begins above, aligned so
 *   that pages of 2 MiB, and of 1 GiB where there is so much, can map it.
 */
#ifndef VLAB_CORE_HOST_MEMORY_H
#define VLAB_CORE_HOST_MEMORY_H

#include "util/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PAGE_SIZE 4096u
#define PAGE_MASK (~(uint64_t)(PAGE_SIZE - 1))

#define HOST_CHUNKS_MAX 256
#define HOST_FRAMES_BASE 0x100000ull  /* single frames, */
#define HOST_FRAMES_END 0x40000000ull /* up to here; pieces from here on, */
#define HOST_MEMORY_END (1ull << 40)  /* and all of it below MAXPHYADDR */

struct host_chunk {
    uint64_t hpa;  /* first byte */
    uint64_t size; /* bytes, whole frames */
    uint8_t *bytes;
    uint32_t *references; /* of each frame */
    uint64_t next;        /* no frame below this number is free */
};

struct host_memory {
    struct host_chunk chunks[HOST_CHUNKS_MAX];
    unsigned count;
    unsigned holders;
    uint64_t frames_end;  /* where the next chunk of single frames begins, */
    uint64_t pieces_end;  /* and the next piece */
    uint64_t frames_used; /* frames with a reference */
};

/* One holder; NULL: out of memory. */
struct host_memory *host_memory_create(void);
struct host_memory *host_memory_hold(struct host_memory *host); /* returns it */
void host_memory_release(struct host_memory *host); /* the last frees it; NULL is fine */

/*
 * A piece of `size` bytes (whole frames) of zeros, with one reference to each frame. `align`: a power
 * of two, of the HPA. -ENOMEM, -ENOSPC.
 */
int host_memory_take(struct host_memory *host, uint64_t size, uint64_t align, uint64_t *hpa,
                     struct error *err);
/* Drop one reference to each of its frames. */
void host_memory_drop(struct host_memory *host, uint64_t hpa, uint64_t size);

/* One frame of zeros with one reference. -ENOMEM, -ENOSPC. */
int host_frame_take(struct host_memory *host, uint64_t *hpa);
void host_frame_hold(struct host_memory *host, uint64_t hpa);
void host_frame_drop(struct host_memory *host, uint64_t hpa);
/* 0: it is free, or there is none. */
uint32_t host_frame_references(const struct host_memory *host, uint64_t hpa);

/* The chunk that holds `hpa`, or NULL; its number is its place in host->chunks. */
const struct host_chunk *host_memory_chunk(const struct host_memory *host, uint64_t hpa);

/* Host pointer to [hpa, hpa + size); NULL when it is not wholly inside one chunk. */
uint8_t *host_memory_ptr(const struct host_memory *host, uint64_t hpa, uint64_t size);

/* Entries of tables: 8 bytes, little-endian. What is not there reads as all ones, as on a PC's bus. */
uint64_t host_read64(const struct host_memory *host, uint64_t hpa);
void host_write64(struct host_memory *host, uint64_t hpa, uint64_t value);

#endif
