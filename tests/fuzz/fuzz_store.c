/*
 * Fuzz entry: any bytes as each of the snapshot store's files. What must hold: as a pack, every
 * place lies in the file and every object that is given out is what its id says; as a node, what is
 * read can be written and read again; as an export, it is refused with a line and leaves nothing, or
 * is taken whole.
 */
#include "snapshot/node_format.h"
#include "snapshot/pack.h"
#include "snapshot/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* ---- a pack ---------------------------------------------------------------------------------- */

static void fuzz_store_object(int fd, const struct place *place, struct codec *codec)
{
    static uint8_t record[RECORD_SIZE_MAX], plain[OBJECT_SIZE_MAX];
    struct object_id id;

    if (record_read(fd, place, record) || record_expand(codec, record, plain))
        return;
    id = object_id_of(plain, place->plain);
    if (!object_id_equal(&id, &place->id))
        abort();
}

static void fuzz_store_pack(int fd, size_t size, struct codec *codec)
{
    struct places places;
    const char *damage;

    if (pack_read(fd, size, &places, &damage))
        abort();
    for (size_t i = 0; i < places.count; i++) {
        if (places.v[i].at + RECORD_HEAD_SIZE + places.v[i].stored > size)
            abort();
        fuzz_store_object(fd, &places.v[i], codec);
    }
    places_free(&places);
}

/* ---- a node ---------------------------------------------------------------------------------- */

static void fuzz_store_node(const uint8_t *data, size_t size, struct codec *codec)
{
    struct node node, again;
    const char *why = NULL;
    uint8_t *bytes;
    size_t length;
    int rc = node_decode(codec, data, size, &node, &why);

    if (rc) {
        if (!why)
            abort();
        return;
    }
    if (node_reject(&node) || node_encode(codec, &node, &bytes, &length) ||
        node_decode(codec, bytes, length, &again, &why))
        abort();
    if (again.state_size != node.state_size || again.ram_count != node.ram_count ||
        memcmp(again.state, node.state, node.state_size) != 0 || strcmp(again.id, node.id) != 0)
        abort();
    free(bytes);
    node_free(&node);
    node_free(&again);
}

/* ---- an export ------------------------------------------------------------------------------- */

/* One for the process: what was taken is removed again. Its folder is in TMPDIR. */
static struct store *fuzz_store_open(void)
{
    static struct store *store;
    struct error err;
    char dir[300];

    if (store)
        return store;
    snprintf(dir, sizeof(dir), "%.250s/fuzz-XXXXXX", getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
    if (!mkdtemp(dir) || store_open(&store, dir, true, &err))
        abort();
    return store;
}

static void fuzz_store_problem(void *ctx, const struct store_problem *problem)
{
    (void)ctx;
    fprintf(stderr, "%s\n", problem->line);
}

static void fuzz_store_taken(struct store *store, const char (*ids)[NODE_ID_SIZE], size_t count)
{
    struct error err;
    uint64_t freed;

    if (store_verify(store, fuzz_store_problem, NULL, &err) != 0)
        abort();
    for (size_t i = 0; i < count; i++)
        if (store_delete(store, ids[i], &err))
            abort();
    if (store_gc(store, &freed, &err))
        abort();
}

static void fuzz_store_import(const char *path)
{
    struct store *store = fuzz_store_open();
    char(*ids)[NODE_ID_SIZE];
    struct error err = {0};
    struct store_list list;
    size_t count;
    int rc = store_import(store, path, &ids, &count, &err);

    if (!rc) {
        fuzz_store_taken(store, (const char(*)[NODE_ID_SIZE])ids, count);
        free(ids);
    } else if (err.code != rc || !err.text[0]) {
        abort();
    }
    if (store_list(store, &list, &err) || list.count || list.damaged_count)
        abort();
    store_list_free(&list);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int fd = memfd_create("store", MFD_CLOEXEC);
    struct codec codec = {0};
    char path[40];

    if (fd < 0)
        abort();
    if (write(fd, data, size) == (ssize_t)size) {
        snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
        fuzz_store_pack(fd, size, &codec);
        fuzz_store_node(data, size, &codec);
        fuzz_store_import(path);
    }
    codec_end(&codec);
    close(fd);
    return 0;
}
