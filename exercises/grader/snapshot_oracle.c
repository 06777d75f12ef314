/* Memories of a guest and its snapshots, see snapshot_oracle.h. */
#include "exercises/grader/snapshot_oracle.h"

#include "util/bytes.h"

#include <string.h>

static struct snapshot_memory *guest_of(struct snapshot_oracle *o)
{
    return &o->memories[SNAPSHOT_GUEST];
}

void oracle_begin(struct snapshot_oracle *o, struct grader_random *random)
{
    struct snapshot_memory *guest = guest_of(o);

    memset(o, 0, sizeof(*o));
    for (unsigned page = 0; page < SNAPSHOT_PAGES; page++) {
        guest->version[page] = ++o->versions;
        o->owned[page] = true;
    }
    for (uint32_t at = 0; at < SNAPSHOT_BYTES; at += 8)
        put_le64(guest->bytes + at, random_next(random));
    guest->alive = true;
    guest->parent = SNAPSHOT_NONE;
}

void oracle_take(struct snapshot_oracle *o, unsigned node)
{
    o->memories[node] = *guest_of(o);
    guest_of(o)->parent = node;
    memset(o->owned, 0, sizeof(o->owned));
}

void oracle_revert(struct snapshot_oracle *o, unsigned node)
{
    *guest_of(o) = o->memories[node];
    guest_of(o)->parent = node;
    memset(o->owned, 0, sizeof(o->owned));
}

void oracle_delete(struct snapshot_oracle *o, unsigned node)
{
    o->memories[node].alive = false;
    for (unsigned i = 0; i <= SNAPSHOT_GUEST; i++)
        if (o->memories[i].parent == node)
            o->memories[i].parent = o->memories[node].parent;
}

void oracle_own(struct snapshot_oracle *o, unsigned page)
{
    if (oracle_is_shared(o, page)) {
        guest_of(o)->version[page] = ++o->versions;
        o->copies++;
    }
    o->owned[page] = true;
}

void oracle_store(struct snapshot_oracle *o, uint32_t address, uint32_t value)
{
    put_le32(guest_of(o)->bytes + address, value);
}

/* Does any memory before number `end` have that version? A version belongs to one page only. */
static bool is_had(const struct snapshot_oracle *o, unsigned end, unsigned page, uint32_t version)
{
    for (unsigned i = 0; i < end; i++)
        if (o->memories[i].alive && o->memories[i].version[page] == version)
            return true;
    return false;
}

bool oracle_is_shared(const struct snapshot_oracle *o, unsigned page)
{
    return is_had(o, SNAPSHOT_NODES, page, o->memories[SNAPSHOT_GUEST].version[page]);
}

bool oracle_has_children(const struct snapshot_oracle *o, unsigned node)
{
    for (unsigned i = 0; i < SNAPSHOT_NODES; i++)
        if (o->memories[i].alive && o->memories[i].parent == node)
            return true;
    return false;
}

unsigned oracle_frames(const struct snapshot_oracle *o)
{
    unsigned frames = 0;

    for (unsigned i = 0; i <= SNAPSHOT_GUEST; i++)
        for (unsigned page = 0; o->memories[i].alive && page < SNAPSHOT_PAGES; page++)
            frames += !is_had(o, i, page, o->memories[i].version[page]);
    return frames;
}
