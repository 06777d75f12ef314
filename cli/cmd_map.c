/* vlab map: the linear address space of a guest that has run to a place, in ranges. */
#include "cli/guest_at.h"
#include "x86/page_map.h"

#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RANGES_MAX 4096 /* lines that somebody may still want to read */

enum { OPT_HELP = 256 };

static const struct option long_options[] = {
    {"help", no_argument, NULL, OPT_HELP},
    GUEST_AT_OPTIONS,
    {0},
};

struct report {
    const struct guest_at *guest;
    struct x86_range *ranges;
    struct x86_page_map map;
};

static bool is_page(const struct x86_range *r)
{
    return r->verdict == X86_WALK_OK;
}

/* Written and run: what an attacker looks for first. */
static bool is_wx(const struct x86_range *r)
{
    return is_page(r) && (r->rights & X86_RIGHT_WRITE) && (r->rights & X86_RIGHT_FETCH);
}

static const char *rights_text(const struct x86_range *r, char buf[4])
{
    snprintf(buf, 4, "r%c%c", r->rights & X86_RIGHT_WRITE ? 'w' : '-',
             r->rights & X86_RIGHT_FETCH ? 'x' : '-');
    return buf;
}

/* " key 5", where pages have one. */
static const char *key_text(const struct x86_range *r, bool keys, char buf[8])
{
    buf[0] = '\0';
    if (keys)
        snprintf(buf, 8, " key %u", r->key & 15u);
    return buf;
}

static void print_range(const struct x86_range *r, int digits, bool keys)
{
    char size[GUEST_AT_SIZE_MAX], page[GUEST_AT_SIZE_MAX], rights[4], key[8];

    printf("%0*" PRIx64 "-%0*" PRIx64 "  ", digits, r->first, digits, r->last);
    guest_at_size(r->last - r->first + 1, size);
    if (!is_page(r)) {
        printf("%-21s  %9s  hole: %s\n", "", size, r->rule);
        return;
    }
    printf("%010" PRIx64 "-%010" PRIx64 "  %9s  %-5s  %s %s%s%s%s\n", r->gpa,
           r->gpa + (r->last - r->first), size, guest_at_size(r->page_size, page),
           rights_text(r, rights), r->rights & X86_RIGHT_USER ? "user" : "supervisor",
           r->global ? " global" : "", key_text(r, keys, key), is_wx(r) ? "  W+X" : "");
}

struct sums {
    unsigned ranges, wx;
    uint64_t bytes;
};

static struct sums sums_of(const struct report *r)
{
    struct sums sums = {0};

    for (unsigned i = 0; i < r->map.count; i++) {
        sums.ranges += is_page(&r->ranges[i]);
        sums.wx += is_wx(&r->ranges[i]);
        sums.bytes += is_page(&r->ranges[i]) ? r->ranges[i].last - r->ranges[i].first + 1 : 0;
    }
    return sums;
}

static void print_lines(const struct report *r)
{
    int digits = r->map.levels > 3 ? 16 : 8;
    struct sums sums = sums_of(r);
    char size[GUEST_AT_SIZE_MAX];

    guest_at_print(r->guest);
    if (r->map.levels == 0)
        return;
    printf("\n%-*s  %-21s  %9s  %-5s  rights\n", 2 * digits + 1, "linear", "guest-physical", "size",
           "pages");
    for (unsigned i = 0; i < r->map.count; i++)
        print_range(&r->ranges[i], digits, r->map.keys);
    printf("\n%s mapped; ranges: %u, of them W+X: %u\n", guest_at_size(sums.bytes, size),
           sums.ranges, sums.wx);
    if (r->map.cut)
        printf("cut at %0*" PRIx64 ", after %" PRIu64 " page walks: too many %s\n", digits,
               r->map.cut_at, r->map.walks, r->map.limit);
}

static json_t *range_json(const struct x86_range *r, bool keys)
{
    json_t *object =
        json_pack("{s:o, s:o}", "first", guest_at_hex(r->first), "last", guest_at_hex(r->last));
    char rights[4];

    if (!is_page(r)) {
        json_object_set_new(object, "why", json_string(r->rule));
        return object;
    }
    json_object_set_new(object, "gpa", guest_at_hex(r->gpa));
    json_object_set_new(object, "page_size", json_integer((json_int_t)r->page_size));
    json_object_set_new(object, "rights", json_string(rights_text(r, rights)));
    json_object_set_new(object, "user", json_boolean(r->rights & X86_RIGHT_USER));
    json_object_set_new(object, "global", json_boolean(r->global));
    if (keys)
        json_object_set_new(object, "key", json_integer(r->key));
    json_object_set_new(object, "wx", json_boolean(is_wx(r)));
    return object;
}

static void print_json(const struct report *r)
{
    json_t *object = guest_at_json(r->guest), *ranges = json_array(), *holes = json_array();

    for (unsigned i = 0; i < r->map.count; i++)
        json_array_append_new(is_page(&r->ranges[i]) ? ranges : holes,
                              range_json(&r->ranges[i], r->map.keys));
    json_object_set_new(object, "ranges", ranges);
    json_object_set_new(object, "holes", holes);
    json_object_set_new(object, "walks", json_integer((json_int_t)r->map.walks));
    json_object_set_new(object, "cut", r->map.cut ? guest_at_hex(r->map.cut_at) : json_null());
    json_dumpf(object, stdout, JSON_COMPACT | JSON_ENSURE_ASCII);
    putchar('\n');
    json_decref(object);
}

static int report(const struct guest_at *g)
{
    struct report r = {.guest = g, .ranges = calloc(RANGES_MAX, sizeof(*r.ranges))};
    struct x86_paging mmu;

    if (!r.ranges)
        return cli_failf("map: out of memory");
    guest_at_paging(g, &mmu);
    x86_page_map(&mmu, r.ranges, RANGES_MAX, X86_MAP_WALKS_MAX, &r.map);
    if (g->json)
        print_json(&r);
    else
        print_lines(&r);
    free(r.ranges);
    return CLI_OK;
}

static int run(int argc, char **argv)
{
    struct guest_at g = GUEST_AT;
    int c, status = CLI_OK;

    while (!status && (c = getopt_long(argc, argv, ":h", long_options, NULL)) != -1) {
        if (c == OPT_HELP || c == 'h')
            return cli_help(&verb_map);
        if (run_option_lists(c))
            return CLI_OK;
        status = guest_at_option(&verb_map, argv, c, &g);
    }
    status = status ? status : run_options_check(&verb_map, argc, argv, NULL, &g.run);
    status = status ? status : guest_at_check(&verb_map, &g);
    if (status)
        return status;
    status = guest_at_start(&g);
    if (!status)
        status = report(&g);
    guest_at_finish(&g);
    return status;
}

const struct verb verb_map = {
    .name = "map",
    .arguments = "LAB|IMAGE|--bios FILE " GUEST_AT_USAGE,
    .summary = "what a guest's page tables map, in ranges",
    .help =
        "The linear address space of a guest that has run to a place: linear and guest-physical\n"
        "range, size, size of the pages, rights that all levels of tables give together, G as\n"
        "CR4.PGE lets it count, with CR4.PKE the protection key; W+X marks what can be both\n"
        "written and executed. Neighbours are one range when nothing but the addresses differs.\n"
        "A hole says why the walk ends there. It is what the tables say now; a TLB may still\n"
        "hold something else.\n"
        "\n" GUEST_AT_HELP "\n"
        "At most 4096 ranges and 4 Mi page walks; what is cut says where.\n"
        "\n"
        "Exit status: 0 fine, paging on or off; 1 failed, 2 usage.\n",
    .run = run,
};
