/* Keeping checkpoints and putting a machine back to one, see checkpoints.h. */
#include "trace/checkpoints.h"

#include "core/pages.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define EXIT_COST 700u /* ns, against 1 for an instruction */

uint64_t moment_cost(struct moment from, struct moment to)
{
    return to.insns - from.insns + (to.exits - from.exits) * EXIT_COST;
}

static struct moment moment_of(const struct machine *m)
{
    return (struct moment){m->exits, m->insns};
}

/* ---- pages ------------------------------------------------------------------------------------- */

static int by_number(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

    return x < y ? -1 : x > y;
}

/* The numbers of the pages in the dirty logs, ascending; NULL: out of memory. */
static uint32_t *dirty_pages(const struct machine *m, uint32_t *count)
{
    const struct dirty_pages *ram = &m->ram.dirty[DIRTY_TIME];
    uint32_t *pages = malloc(((size_t)ram->count + m->disk.logged_count + 1) * sizeof(*pages));

    if (!pages)
        return NULL;
    memcpy(pages, ram->pages, ram->count * sizeof(*pages));
    for (uint32_t i = 0; i < m->disk.logged_count; i++)
        pages[ram->count + i] = machine_ram_pages(m) + m->disk.logged[i];
    *count = ram->count + m->disk.logged_count;
    qsort(pages, *count, sizeof(*pages), by_number);
    return pages;
}

static void clear_logs(struct machine *m)
{
    if (!m->config.shadow_paging)
        machine_clear_dirty(m, DIRTY_TIME);
    disk_clear_dirty(&m->disk);
}

static const struct page_version *find_version(const struct checkpoint *c, uint32_t page)
{
    uint32_t low = 0, high = c->page_count;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (c->pages[middle].page < page)
            low = middle + 1;
        else
            high = middle;
    }
    return low < c->page_count && c->pages[low].page == page ? &c->pages[low] : NULL;
}

/* The page as it was at a checkpoint; NULL: zeros. */
static const uint8_t *page_at(const struct checkpoints *c, size_t place, uint32_t page)
{
    for (size_t i = place + 1; i-- > 0;) {
        const struct page_version *version = find_version(&c->list[i], page);

        if (version)
            return version->bytes;
    }
    return NULL;
}

/* ---- one checkpoint ---------------------------------------------------------------------------- */

static void drop(struct checkpoint *c)
{
    for (uint32_t i = 0; i < c->page_count; i++)
        free(c->pages[i].bytes);
    free(c->pages);
    free(c->saved.data);
    free(c->extra);
}

static void count_bytes(struct checkpoint *c)
{
    c->bytes = sizeof(*c) + c->saved.capacity + c->extra_size + c->page_count * sizeof(c->pages[0]);
    for (uint32_t i = 0; i < c->page_count; i++)
        c->bytes += c->pages[i].bytes ? PAGE_SIZE : 0;
}

static bool copy_page(const struct machine *m, uint32_t page, struct page_version *to)
{
    const uint8_t *bytes = machine_page(m, page);

    *to = (struct page_version){.page = page};
    if (!bytes || page_is_zero(bytes))
        return true;
    to->bytes = malloc(PAGE_SIZE);
    if (to->bytes)
        memcpy(to->bytes, bytes, PAGE_SIZE);
    return to->bytes;
}

static bool copy_pages(const struct machine *m, struct checkpoint *c)
{
    uint32_t count, *pages = dirty_pages(m, &count);

    if (!pages)
        return false;
    c->pages = malloc((count + 1) * sizeof(c->pages[0]));
    for (; c->pages && c->page_count < count; c->page_count++)
        if (!copy_page(m, pages[c->page_count], &c->pages[c->page_count]))
            break;
    free(pages);
    return c->pages && c->page_count == count;
}

static bool copy_extra(struct checkpoint *c, const void *extra, size_t size)
{
    if (!size)
        return true;
    c->extra = malloc(size);
    if (c->extra)
        memcpy(c->extra, extra, size);
    c->extra_size = size;
    return c->extra;
}

static bool take(struct machine *m, const void *extra, size_t size, struct checkpoint *c)
{
    *c = (struct checkpoint){.at = moment_of(m)};
    if (!copy_pages(m, c) || !copy_extra(c, extra, size) || machine_save(m, &c->saved)) {
        drop(c);
        return false;
    }
    count_bytes(c);
    return true;
}

/* ---- the list ---------------------------------------------------------------------------------- */

static bool make_room(struct checkpoints *c)
{
    struct checkpoint *list;

    if (c->count < c->capacity)
        return true;
    list = realloc(c->list, (2 * c->capacity + 16) * sizeof(*list));
    if (!list)
        return false;
    c->list = list;
    c->capacity = 2 * c->capacity + 16;
    return true;
}

static void insert(struct checkpoints *c, size_t place, const struct checkpoint *one)
{
    memmove(&c->list[place + 1], &c->list[place], (c->count - place) * sizeof(*one));
    c->list[place] = *one;
    c->count++;
    c->bytes += one->bytes;
}

/* All blocks of the disk are in the first checkpoint. */
static void log_disk(struct disk *disk)
{
    for (uint32_t i = 0; i < disk->sectors; i += DISK_BLOCK / DISK_SECTOR)
        disk_mark_dirty(disk, i);
}

int checkpoints_begin(struct checkpoints *c, struct machine *m, const void *extra, size_t size)
{
    struct checkpoint first;

    *c = (struct checkpoints){.machine = m};
    log_disk(&m->disk);
    if (!make_room(c))
        return -ENOMEM;
    if (!take(m, extra, size, &first)) {
        checkpoints_end(c);
        return -ENOMEM;
    }
    first.kept = true;
    insert(c, 0, &first);
    clear_logs(m);
    return 0;
}

void checkpoints_end(struct checkpoints *c)
{
    for (size_t i = 0; i < c->count; i++)
        drop(&c->list[i]);
    free(c->list);
    *c = (struct checkpoints){0};
}

size_t checkpoints_before(const struct checkpoints *c, struct moment at)
{
    size_t low = 0, high = c->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (moment_compare(c->list[middle].at, at) <= 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low ? low - 1 : 0;
}

/*
 * The pages that were written since the base are more than those since the one before the new place,
 * when others lie between; that does no harm.
 */
int checkpoints_add(struct checkpoints *c, uint64_t inputs, const void *extra, size_t size,
                    size_t *place)
{
    struct checkpoint one;
    bool replaces;

    *place = checkpoints_before(c, moment_of(c->machine));
    replaces = moment_compare(c->list[*place].at, moment_of(c->machine)) == 0;
    if (!make_room(c) || !take(c->machine, extra, size, &one))
        return -ENOMEM;
    one.inputs = inputs;
    insert(c, ++*place, &one);
    if (replaces && *place > 1) {
        c->list[*place].kept = c->list[*place - 1].kept;
        checkpoints_remove(c, --*place);
    }
    c->base = *place;
    clear_logs(c->machine);
    return 0;
}

/* ---- putting back ------------------------------------------------------------------------------ */

static void put_page(struct checkpoints *c, size_t place, uint32_t page)
{
    machine_put_page(c->machine, page, page_at(c, place, page));
}

static void put_logged(struct checkpoints *c, size_t place)
{
    const struct machine *m = c->machine;

    for (uint32_t i = 0; i < m->ram.dirty[DIRTY_TIME].count; i++)
        put_page(c, place, m->ram.dirty[DIRTY_TIME].pages[i]);
    for (uint32_t i = 0; i < m->disk.logged_count; i++)
        put_page(c, place, machine_ram_pages(m) + m->disk.logged[i]);
}

/* Pages that differ between the base and the place, for checkpoints lie between. */
static void put_between(struct checkpoints *c, size_t place)
{
    size_t from = place < c->base ? place : c->base, to = place < c->base ? c->base : place;

    for (size_t i = from + 1; i <= to; i++)
        for (uint32_t k = 0; k < c->list[i].page_count; k++)
            put_page(c, place, c->list[i].pages[k].page);
}

/* With shadow paging: what was loaded into the machine counts as written, and nothing else. */
static void begin_logs_anew(struct checkpoints *c)
{
    struct ram *ram = &c->machine->ram;

    for (unsigned i = 0; i < DIRTY_LOGS; i++)
        ram_clear_dirty(ram, i);
    for (uint32_t i = 0; i < c->list[0].page_count; i++)
        if (c->list[0].pages[i].page < machine_ram_pages(c->machine))
            ram_mark_dirty(ram, ram_page_gpa(c->list[0].pages[i].page));
}

int checkpoints_restore(struct checkpoints *c, size_t place, struct error *err)
{
    const struct checkpoint *to = &c->list[place];
    int rc = machine_restore(c->machine, to->saved.data, to->saved.size, err);

    /* Behind the state: the CPU holds nothing then that each page would have to be dropped from. */
    put_logged(c, place);
    put_between(c, place);
    c->base = place;
    if (c->machine->config.shadow_paging)
        begin_logs_anew(c);
    clear_logs(c->machine);
    return rc;
}

/* ---- taking out -------------------------------------------------------------------------------- */

/* What the one that goes has, and the next has not, becomes the next's. False: out of memory. */
static bool merge(struct checkpoint *gone, struct checkpoint *next)
{
    uint32_t i = 0, k = 0, count = 0;
    struct page_version *both =
        malloc(((size_t)gone->page_count + next->page_count + 1) * sizeof(*both));

    if (!both)
        return false;
    while (i < gone->page_count || k < next->page_count) {
        bool old = k == next->page_count ||
                   (i < gone->page_count && gone->pages[i].page < next->pages[k].page);

        if (!old && i < gone->page_count && gone->pages[i].page == next->pages[k].page)
            free(gone->pages[i++].bytes);
        both[count++] = old ? gone->pages[i++] : next->pages[k++];
    }
    free(next->pages);
    next->pages = both;
    next->page_count = count;
    gone->page_count = 0;
    return true;
}

void checkpoints_remove(struct checkpoints *c, size_t place)
{
    struct checkpoint *gone = &c->list[place];
    struct checkpoint *next = place + 1 < c->count ? gone + 1 : NULL;

    if (next) {
        uint64_t before = next->bytes;

        if (!merge(gone, next))
            return;
        count_bytes(next);
        c->bytes += next->bytes - before;
    }
    c->bytes -= gone->bytes;
    drop(gone);
    memmove(gone, gone + 1, (c->count - place - 1) * sizeof(*gone));
    c->count--;
    c->base -= c->base > place;
}

void checkpoints_cut(struct checkpoints *c, struct moment at)
{
    while (c->count > 1 && moment_compare(c->list[c->count - 1].at, at) > 0) {
        c->bytes -= c->list[c->count - 1].bytes;
        drop(&c->list[--c->count]);
    }
}

/* What it is worth that one is there: how far apart its neighbours are, by how long ago it was. */
static double worth(const struct checkpoints *c, size_t i, struct moment now)
{
    double gap = (double)moment_cost(c->list[i - 1].at, c->list[i + 1].at);
    double age = moment_compare(c->list[i].at, now) < 0 ? (double)moment_cost(c->list[i].at, now)
                                                        : (double)moment_cost(now, c->list[i].at);

    return gap / (age + 1);
}

static size_t least_worth(const struct checkpoints *c, struct moment now)
{
    size_t least = 0;

    for (size_t i = 1; i + 1 < c->count; i++)
        if (!c->list[i].kept && i != c->base && (!least || worth(c, i, now) < worth(c, least, now)))
            least = i;
    return least;
}

void checkpoints_thin(struct checkpoints *c, uint64_t bytes, struct moment now)
{
    while (c->bytes > bytes) {
        size_t count = c->count, least = least_worth(c, now);

        if (least)
            checkpoints_remove(c, least);
        if (c->count == count)
            return;
        c->thinned++;
    }
}
