/*
 * Exercise 11 in another way: a node has only the pages that were written since its parent, as the files of
 * a chain of disk images do. What it has not got is its parent's, or that one's parent's.
 *
 * The guest is the youngest layer. Deleting a layer pushes its pages down to those children that have
 * none of their own in that place.
 */
#include "monitor.h"
#include "snapshot.h"

enum { GUEST = NODES, LAYERS = NODES + 1, ABSENT = LAYERS };

static uint64_t guest_map;

static struct {
    unsigned parent;        /* of the layer below, NONE: it is the base; ABSENT: there is no such layer */
    uint64_t frames[PAGES]; /* 0: as the parent */
} layers[LAYERS];

static uint64_t find(unsigned layer, unsigned page)
{
    while (!layers[layer].frames[page])
        layer = layers[layer].parent;
    return layers[layer].frames[page];
}

static void map_all(void)
{
    for (unsigned page = 0; page < PAGES; page++)
        host_write64(guest_map + 8 * page, find(GUEST, page) | PAGE_READ);
}

void begin(uint64_t map)
{
    guest_map = map;
    for (unsigned layer = 0; layer < NODES; layer++)
        layers[layer].parent = ABSENT;
    layers[GUEST].parent = NONE;
    for (unsigned page = 0; page < PAGES; page++)
        layers[GUEST].frames[page] = FRAME_OF(host_read64(map + 8 * page));
}

/* What the guest has written becomes the node's, references and all. */
void take(unsigned node)
{
    layers[node] = layers[GUEST];
    layers[GUEST].parent = node;
    for (unsigned page = 0; page < PAGES; page++)
        layers[GUEST].frames[page] = 0;
    map_all();
}

/* A frame that was pushed down may be in several layers. */
static int others_have(unsigned page, uint64_t frame)
{
    for (unsigned layer = 0; layer < NODES; layer++)
        if (layers[layer].parent != ABSENT && layers[layer].frames[page] == frame)
            return 1;
    return 0;
}

void write_fault(unsigned page)
{
    uint64_t old = layers[GUEST].frames[page], frame = old;

    if (!old || others_have(page, old)) {
        frame = frame_take();
        frame_copy(frame, find(GUEST, page));
        if (old)
            frame_drop(old);
        layers[GUEST].frames[page] = frame;
    }
    host_write64(guest_map + 8 * page, frame | PAGE_WRITE);
}

static void drop_frame(unsigned layer, unsigned page)
{
    if (layers[layer].frames[page])
        frame_drop(layers[layer].frames[page]);
    layers[layer].frames[page] = 0;
}

void revert(unsigned node)
{
    for (unsigned page = 0; page < PAGES; page++)
        drop_frame(GUEST, page);
    layers[GUEST].parent = node;
    map_all();
}

static void push_down(unsigned to, unsigned from)
{
    for (unsigned page = 0; page < PAGES; page++) {
        uint64_t frame = layers[from].frames[page];

        if (!frame || layers[to].frames[page])
            continue;
        frame_hold(frame);
        layers[to].frames[page] = frame;
    }
    layers[to].parent = layers[from].parent;
}

void delete_node(unsigned node)
{
    for (unsigned layer = 0; layer < LAYERS; layer++)
        if (layers[layer].parent == node)
            push_down(layer, node);
    for (unsigned page = 0; page < PAGES; page++)
        drop_frame(node, page);
    layers[node].parent = ABSENT;
}

unsigned parent_of(unsigned node)
{
    return layers[node].parent;
}
