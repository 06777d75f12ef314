/* rejected-by: write
 * The first write goes to the frame that the node has. */
#include "monitor.h"
#include "snapshot.h"

#include <stdbool.h>
#include <string.h>

enum { GUEST = NODES, LISTS = NODES + 1 };

static uint64_t guest_map;
static uint64_t has[LISTS][PAGES]; /* frames */
static bool alive[LISTS];
static unsigned parent[LISTS]; /* the guest's: where it comes from */

static void enter(unsigned page, uint64_t flags)
{
    host_write64(guest_map + 8 * page, has[GUEST][page] | flags);
}

/* One list becomes as another one. */
static void share(unsigned to, unsigned from)
{
    for (unsigned page = 0; page < PAGES; page++)
        frame_hold(has[from][page]);
    memcpy(has[to], has[from], sizeof(has[to]));
}

static void drop(unsigned list)
{
    for (unsigned page = 0; page < PAGES; page++)
        frame_drop(has[list][page]);
}

static void enter_all(uint64_t flags)
{
    for (unsigned page = 0; page < PAGES; page++)
        enter(page, flags);
}

void begin(uint64_t map)
{
    guest_map = map;
    memset(alive, 0, sizeof(alive));
    alive[GUEST] = true;
    parent[GUEST] = NONE;
    for (unsigned page = 0; page < PAGES; page++)
        has[GUEST][page] = FRAME_OF(host_read64(map + 8 * page));
}

void take(unsigned node)
{
    share(node, GUEST);
    alive[node] = true;
    parent[node] = parent[GUEST];
    parent[GUEST] = node;
    enter_all(PAGE_READ);
}

void write_fault(unsigned page)
{
    enter(page, PAGE_WRITE);
}

void revert(unsigned node)
{
    drop(GUEST);
    share(GUEST, node);
    parent[GUEST] = node;
    enter_all(PAGE_READ);
}

void delete_node(unsigned node)
{
    drop(node);
    alive[node] = false;
    for (unsigned list = 0; list < LISTS; list++)
        if (parent[list] == node)
            parent[list] = parent[node];
}

unsigned parent_of(unsigned node)
{
    return parent[node];
}
