/* vlab snap diff: what differs between two snapshots. */
#include "cli/course_verb.h"
#include "cli/snap.h"
#include "snapshot/difference.h"

#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>

struct report {
    json_t *list; /* NULL: lines */
    enum difference_kind last;
    uint64_t bytes, pages;
    bool any;
};

static void add_line(struct report *r, const struct difference *d)
{
    static const char *const titles[] = {"registers", "devices", "page tables", "memory, by page",
                                         "disk, by block"};
    char text[DIFFERENCE_TEXT_MAX];

    if (!r->any || d->kind != r->last)
        printf("%s\n", titles[d->kind]);
    printf("  %s\n", difference_text(d, text));
}

static json_t *bytes_json(const uint8_t *bytes, unsigned count)
{
    char hex[2 * DIFFERENCE_RUN_MAX + 1] = "";

    for (unsigned i = 0; i < count; i++)
        snprintf(hex + (size_t)2 * i, 3, "%02x", bytes[i]);
    return json_string(hex);
}

/* What only some kinds have. */
static void add_place(json_t *object, const struct difference *d)
{
    if (d->kind == DIFFERENCE_ENTRY) {
        json_object_set_new(object, "level", json_integer(d->level));
        json_object_set_new(object, "first", json_sprintf("0x%" PRIx64, d->gva));
        json_object_set_new(object, "last", json_sprintf("0x%" PRIx64, d->gva_last));
    }
    if (d->kind == DIFFERENCE_MEMORY || d->kind == DIFFERENCE_DISK) {
        json_object_set_new(object, "offset", json_integer(d->first));
        json_object_set_new(object, "old_bytes", bytes_json(d->run_old, d->run));
        json_object_set_new(object, "new_bytes", bytes_json(d->run_new, d->run));
    }
}

static void add_json(struct report *r, const struct difference *d)
{
    char text[DIFFERENCE_TEXT_MAX];
    json_t *object =
        json_pack("{s:s, s:s, s:o, s:o, s:o, s:I, s:s}", "kind", difference_kind_name(d->kind),
                  "name", d->name, "address", json_sprintf("0x%" PRIx64, d->address), "old",
                  json_sprintf("0x%" PRIx64, d->old), "new", json_sprintf("0x%" PRIx64, d->new),
                  "bytes", (json_int_t)d->bytes, "text", difference_text(d, text));

    add_place(object, d);
    json_array_append_new(r->list, object);
}

static void found(void *ctx, const struct difference *d)
{
    struct report *r = ctx;

    r->list ? add_json(r, d) : add_line(r, d);
    r->bytes += d->kind == DIFFERENCE_MEMORY ? d->bytes : 0;
    r->pages += d->kind == DIFFERENCE_MEMORY;
    r->any = true;
    r->last = d->kind;
}

static int compare(char **what, bool json, bool *differ, struct error *err)
{
    const struct text_sink nobody = {0};
    struct machine *old = NULL, *new = NULL;
    struct node nodes[2];
    struct report r = {.list = json ? json_array() : NULL};
    int rc = snap_machine(what[0], NULL, &nobody, &old, &nodes[0], err);

    rc = rc ? rc : snap_machine(what[1], NULL, &nobody, &new, &nodes[1], err);
    if (!rc && machine_differences(old, new, found, &r) < 0)
        rc = error_set(err, -1, "%.40s and %.40s: the machines have not the same RAM, ROM and disk",
                       what[0], what[1]);
    if (!rc && json)
        print_json(r.list);
    else if (!rc && r.any)
        printf("%" PRIu64 " bytes of memory differ, in %" PRIu64 " page%s\n", r.bytes, r.pages,
               r.pages == 1 ? "" : "s");
    else if (!rc)
        printf("nothing differs\n");
    *differ = r.any;
    machine_destroy(old);
    machine_destroy(new);
    return rc;
}

static int run(int argc, char **argv)
{
    struct error err = {0};
    bool json = false, differ;
    int status = snap_options(&snap_diff, argc, argv, 2, 2, &json);

    if (status)
        return status < 0 ? CLI_OK : status;
    if (compare(argv + optind, json, &differ, &err))
        return cli_fail(&err);
    return differ ? CLI_FAILED : CLI_OK;
}

const struct verb snap_diff = {
    .name = "snap diff",
    .arguments = "A B [--json]",
    .summary = "what differs between two snapshots",
    .help =
        "Registers by field, devices by field, entries of page tables by address, memory by page\n"
        "and byte, the disk by block. Numbers are hexadecimal.\n"
        "\n"
        "Exit status: 0 when nothing differs, 1 when something does or a snapshot cannot be read,\n"
        "2 usage.\n",
    .run = run,
};
