/*
 * Frames of host memory, see host_memory.h.
 *
 * Left out: nodes, caching, and giving back what is free: a chunk once made stays. A piece may lie where
 * all of another has come free, so that any number of machines can be made one after the other.
 */
#include "core/host_memory.h"

#include "util/bytes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define CHUNK_MIN (1ull << 20)
#define CHUNK_MAX (64ull << 20)
#define PIECE_ALIGN (2ull << 20)

struct host_memory *host_memory_create(void)
{
    struct host_memory *host = calloc(1, sizeof(*host));

    if (!host)
        return NULL;
    host->holders = 1;
    host->frames_end = HOST_FRAMES_BASE;
    host->pieces_end = HOST_FRAMES_END;
    return host;
}

struct host_memory *host_memory_hold(struct host_memory *host)
{
    host->holders++;
    return host;
}

void host_memory_release(struct host_memory *host)
{
    if (!host || --host->holders)
        return;
    for (unsigned i = 0; i < host->count; i++) {
        munmap(host->chunks[i].bytes, host->chunks[i].size);
        free(host->chunks[i].references);
    }
    free(host);
}

/* ---- chunks ------------------------------------------------------------------------------ */

static int chunk_add(struct host_memory *host, uint64_t hpa, uint64_t size)
{
    struct host_chunk *chunk = &host->chunks[host->count];
    void *bytes;

    if (host->count == HOST_CHUNKS_MAX)
        return -ENOSPC;
    bytes = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
                 -1, 0);
    if (bytes == MAP_FAILED)
        return -errno;
    *chunk = (struct host_chunk){.hpa = hpa, .size = size, .bytes = bytes};
    chunk->references = calloc(size / PAGE_SIZE, sizeof(*chunk->references));
    if (!chunk->references) {
        munmap(bytes, size);
        return -ENOMEM;
    }
    host->count++;
    return 0;
}

static struct host_chunk *chunk_of(const struct host_memory *host, uint64_t hpa)
{
    for (unsigned i = 0; i < host->count; i++)
        if (hpa - host->chunks[i].hpa < host->chunks[i].size)
            return (struct host_chunk *)&host->chunks[i];
    return NULL;
}

const struct host_chunk *host_memory_chunk(const struct host_memory *host, uint64_t hpa)
{
    return chunk_of(host, hpa);
}

uint8_t *host_memory_ptr(const struct host_memory *host, uint64_t hpa, uint64_t size)
{
    const struct host_chunk *chunk = chunk_of(host, hpa);

    if (!chunk || size > chunk->size - (hpa - chunk->hpa))
        return NULL;
    return chunk->bytes + (hpa - chunk->hpa);
}

/* ---- pieces ------------------------------------------------------------------------------ */

static bool all_free(const struct host_chunk *chunk, uint64_t first, uint64_t count)
{
    for (uint64_t i = first; i < first + count; i++)
        if (chunk->references[i])
            return false;
    return true;
}

/* Where in a chunk of pieces `size` bytes are free and can be made zeros; false: nowhere. */
static bool find_room(const struct host_chunk *chunk, uint64_t size, uint64_t step, uint64_t *hpa)
{
    uint64_t end = chunk->hpa + chunk->size;

    for (uint64_t at = (chunk->hpa + step - 1) & ~(step - 1); at < end && size <= end - at;
         at += step) {
        uint64_t offset = at - chunk->hpa;

        *hpa = at;
        if (all_free(chunk, offset / PAGE_SIZE, size / PAGE_SIZE))
            return madvise(chunk->bytes + offset, size, MADV_DONTNEED) == 0;
    }
    return false;
}

static int piece_place(struct host_memory *host, uint64_t size, uint64_t step, uint64_t *hpa)
{
    int rc;

    for (unsigned i = 0; i < host->count; i++)
        if (host->chunks[i].hpa >= HOST_FRAMES_END && find_room(&host->chunks[i], size, step, hpa))
            return 0;
    *hpa = (host->pieces_end + step - 1) & ~(step - 1);
    rc = size > HOST_MEMORY_END - *hpa ? -ENOSPC : chunk_add(host, *hpa, size);
    if (!rc)
        host->pieces_end = *hpa + size;
    return rc;
}

int host_memory_take(struct host_memory *host, uint64_t size, uint64_t align, uint64_t *hpa,
                     struct error *err)
{
    uint64_t step = align > PIECE_ALIGN ? align : PIECE_ALIGN, first;
    int rc = piece_place(host, size, step, hpa);
    struct host_chunk *chunk;

    if (rc)
        return error_errno(err, rc, "host memory: cannot take %llu bytes",
                           (unsigned long long)size);
    chunk = chunk_of(host, *hpa);
    first = (*hpa - chunk->hpa) / PAGE_SIZE;
    for (uint64_t i = 0; i < size / PAGE_SIZE; i++)
        chunk->references[first + i] = 1;
    host->frames_used += size / PAGE_SIZE;
    return 0;
}

void host_memory_drop(struct host_memory *host, uint64_t hpa, uint64_t size)
{
    for (uint64_t done = 0; done < size; done += PAGE_SIZE)
        host_frame_drop(host, hpa + done);
}

/* ---- frames ------------------------------------------------------------------------------ */

static uint32_t *references_of(const struct host_memory *host, uint64_t hpa)
{
    struct host_chunk *chunk = chunk_of(host, hpa);

    return chunk ? &chunk->references[(hpa - chunk->hpa) / PAGE_SIZE] : NULL;
}

/* The next free frame of a chunk; false when there is none. Frames that came free hold old bytes. */
static bool chunk_take(struct host_chunk *chunk, uint64_t *hpa)
{
    for (uint64_t i = chunk->next; i < chunk->size / PAGE_SIZE; i++) {
        if (chunk->references[i])
            continue;
        chunk->references[i] = 1;
        chunk->next = i + 1;
        memset(chunk->bytes + i * PAGE_SIZE, 0, PAGE_SIZE);
        *hpa = chunk->hpa + i * PAGE_SIZE;
        return true;
    }
    chunk->next = chunk->size / PAGE_SIZE;
    return false;
}

/* Each chunk of frames is as large as all those before it. */
static int frames_grow(struct host_memory *host)
{
    uint64_t size = host->frames_end - HOST_FRAMES_BASE;
    int rc;

    size = size < CHUNK_MIN ? CHUNK_MIN : size > CHUNK_MAX ? CHUNK_MAX : size;
    if (size > HOST_FRAMES_END - host->frames_end)
        return -ENOSPC;
    rc = chunk_add(host, host->frames_end, size);
    if (!rc)
        host->frames_end += size;
    return rc;
}

int host_frame_take(struct host_memory *host, uint64_t *hpa)
{
    int rc;

    for (unsigned i = 0; i < host->count; i++) {
        if (chunk_take(&host->chunks[i], hpa)) {
            host->frames_used++;
            return 0;
        }
    }
    rc = frames_grow(host);
    return rc ? rc : host_frame_take(host, hpa);
}

void host_frame_hold(struct host_memory *host, uint64_t hpa)
{
    uint32_t *references = references_of(host, hpa);

    if (references && !(*references)++)
        host->frames_used++;
}

void host_frame_drop(struct host_memory *host, uint64_t hpa)
{
    struct host_chunk *chunk = chunk_of(host, hpa);
    uint64_t frame = chunk ? (hpa - chunk->hpa) / PAGE_SIZE : 0;

    if (!chunk || !chunk->references[frame] || --chunk->references[frame])
        return;
    host->frames_used--;
    if (frame < chunk->next)
        chunk->next = frame;
}

uint32_t host_frame_references(const struct host_memory *host, uint64_t hpa)
{
    const uint32_t *references = references_of(host, hpa);

    return references ? *references : 0;
}

/* ---- entries ----------------------------------------------------------------------------- */

uint64_t host_read64(const struct host_memory *host, uint64_t hpa)
{
    const uint8_t *p = host_memory_ptr(host, hpa, 8);

    return p ? get_le64(p) : ~0ull;
}

void host_write64(struct host_memory *host, uint64_t hpa, uint64_t value)
{
    uint8_t *p = host_memory_ptr(host, hpa, 8);

    if (p)
        put_le64(p, value);
}
