/*
 * vlab walk: one linear address through the tables of a guest that has run to a place, and through
 * the second stage.
 */
#include "cli/guest_at.h"
#include "core/explain.h"
#include "core/handle_shadow.h"
#include "core/nested.h"
#include "mmu/shadow.h"
#include "tui/memory.h"
#include "x86/paging_words.h"

#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define FIELD_SIZE 160

enum { OPT_HELP = 256, OPT_ACCESS, OPT_USER };

static const struct option long_options[] = {
    {"help", no_argument, NULL, OPT_HELP},
    {"access", required_argument, NULL, OPT_ACCESS},
    {"user", no_argument, NULL, OPT_USER},
    GUEST_AT_OPTIONS,
    {0},
};

struct options {
    struct guest_at guest;
    struct memory_place place;
    enum x86_access access;
    bool user;
};

/* What is reported. */
struct report {
    const struct options *o;
    uint64_t gva;
    struct x86_paging mmu;
    struct nested_walk walk;
};

/* ---- options --------------------------------------------------------------------------------- */

static int parse_access(const char *text, enum x86_access *access)
{
    static const char letters[] = {[X86_READ] = 'r', [X86_WRITE] = 'w', [X86_FETCH] = 'x'};

    for (unsigned i = 0; i < sizeof(letters); i++)
        if (text[0] == letters[i] && text[1] == '\0') {
            *access = (enum x86_access)i;
            return CLI_OK;
        }
    return cli_bad_value(&verb_walk, "--access: '%.40s' is none of r, w, x", text);
}

static int parse_option(int c, char **argv, struct options *o)
{
    switch (c) {
    case OPT_ACCESS:
        return parse_access(optarg, &o->access);
    case OPT_USER:
        o->user = true;
        return CLI_OK;
    default:
        return guest_at_option(&verb_walk, argv, c, &o->guest);
    }
}

static int parse_gva(const char *text, struct options *o)
{
    struct error err;

    if (memory_place_parse(&o->place, text, &err))
        return cli_bad_value(&verb_walk, "%s", err.text);
    if (o->place.physical)
        return cli_bad_value(&verb_walk, "'%.40s' is guest-physical: there is nothing to walk",
                             text);
    return CLI_OK;
}

/* ---- words ----------------------------------------------------------------------------------- */

static const char *access_name(enum x86_access access)
{
    static const char *const names[] = {
        [X86_READ] = "read", [X86_WRITE] = "write", [X86_FETCH] = "fetch"};

    return names[access];
}

static bool not_canonical(const struct nested_walk *walk)
{
    return walk->guest.verdict == X86_WALK_NOT_CANONICAL;
}

static const char *verdict_name(const struct nested_walk *walk)
{
    if (walk->verdict == NESTED_ALLOWED)
        return "allowed";
    if (walk->verdict == NESTED_TABLE)
        return "refused by the second stage, for a table";
    if (walk->verdict != NESTED_GUEST)
        return "refused by the second stage";
    return not_canonical(walk) ? "refused before any table" : "refused by the guest's tables";
}

static const char *ept_text(unsigned rights, char buf[4])
{
    snprintf(buf, 4, "%c%c%c", rights & EPT_READ ? 'r' : '-', rights & EPT_WRITE ? 'w' : '-',
             rights & EPT_EXECUTE ? 'x' : '-');
    return buf;
}

static bool in_register(const struct report *r, unsigned step)
{
    return step == 0 && x86_paging_is_pae(&r->mmu);
}

static uint64_t table_of(const struct report *r, const struct x86_walk_step *step)
{
    return step->entry_gpa - (uint64_t)step->index * r->walk.guest.entry_size;
}

/* Did the walk get past this step, so that it has rights? */
static bool passed(const struct report *r, unsigned step)
{
    return step + 1u < r->walk.guest.count || r->walk.guest.page_size ||
           r->walk.guest.verdict == X86_WALK_NO_TABLE;
}

/* What decided, and the manual's section for it. */
static const char *rule_of(const struct nested_walk *walk)
{
    switch (walk->verdict) {
    case NESTED_TABLE:
        return nested_refused_table(walk)->rule;
    case NESTED_PAGE:
    case NESTED_MISCONFIG:
        return walk->page.rule;
    default:
        return walk->guest.rule;
    }
}

static const char *manual_of(const struct nested_walk *walk)
{
    if (walk->verdict > NESTED_GUEST)
        return exit_manual(walk->refused.reason);
    if (walk->guest.verdict == X86_WALK_OK && walk->guest.count == 0)
        return x86_paging_manual(0);
    if (walk->guest.verdict == X86_WALK_DENIED && (walk->guest.error_code & PF_PK))
        return "SDM vol. 3, 4.6.2";
    return x86_verdict_manual(walk->guest.verdict);
}

/* ---- lines ----------------------------------------------------------------------------------- */

static void print_head(const struct report *r)
{
    char place[MEMORY_PLACE_MAX];

    guest_at_print(&r->o->guest);
    memory_place_text(&r->o->place, &r->o->guest.state, place);
    printf("%s %s at %" PRIx64 "%s%s\n", r->o->user ? "user" : "supervisor",
           access_name(r->o->access), r->gva, *place ? " = " : "", place);
}

static void print_rights(const struct report *r, unsigned i)
{
    unsigned rights = r->walk.guest.steps[i].rights;

    if (passed(r, i))
        printf("  %u   %u   %u ", !!(rights & X86_RIGHT_WRITE), !!(rights & X86_RIGHT_USER),
               !(rights & X86_RIGHT_FETCH));
    else
        printf("  -   -   - ");
}

static void print_step(const struct report *r, unsigned i)
{
    const struct x86_walk_step *step = &r->walk.guest.steps[i];
    char bits[X86_ENTRY_TEXT_MAX], stage[4];

    printf("%-5s  %10" PRIx64 "  %5x  %10" PRIx64 "  %-7s  %0*" PRIx64, x86_entry_name(step->level),
           table_of(r, step), step->index, step->entry_gpa,
           in_register(r, i) ? "CPU" : ept_text(r->walk.tables[i].rights, stage),
           2 * r->walk.guest.entry_size, step->entry);
    print_rights(r, i);
    printf(" %s\n", x86_entry_text(&r->mmu, step->level, step->entry, bits));
}

/* The entry that could not be read. */
static void print_missing(const struct report *r)
{
    const struct x86_walk_step *step = &r->walk.guest.steps[r->walk.guest.count];

    const struct ept_walk *stage = &r->walk.tables[r->walk.guest.count];
    char text[4];

    printf("%-5s  %10" PRIx64 "  %5x  %10" PRIx64 "  %-7s  not read: %s\n",
           x86_entry_name(step->level), table_of(r, step), step->index, step->entry_gpa,
           ept_text(stage->rights, text), stage->rule);
}

static void print_steps(const struct report *r)
{
    const struct x86_walk *guest = &r->walk.guest;

    if (guest->count || guest->verdict == X86_WALK_NO_TABLE)
        printf("\n%-5s  %10s  %5s  %10s  %-7s  %-*s R/W U/S XD  bits\n", "entry", "table", "index",
               "address", "stage 2", 2 * guest->entry_size, "value");
    for (unsigned i = 0; i < guest->count; i++)
        print_step(r, i);
    if (guest->verdict == X86_WALK_NO_TABLE)
        print_missing(r);
    if (guest->count && in_register(r, 0))
        printf("the PDPTE is the CPU's own, loaded with CR3 (SDM vol. 3, 4.4.1)\n");
}

static void print_page(const struct report *r)
{
    const struct x86_walk *guest = &r->walk.guest;
    char stage[4], size[GUEST_AT_SIZE_MAX];

    if (!guest->page_size)
        return;
    printf("\npage   guest-physical %" PRIx64, guest->gpa);
    if (guest->count)
        printf(", in a page of %s at %" PRIx64, guest_at_size(guest->page_size, size),
               guest->gpa & ~(guest->page_size - 1));
    if (r->walk.page.count)
        printf("; stage 2: %s", ept_text(r->walk.page.rights, stage));
    putchar('\n');
}

/* The page has a protection key that PKRU may be asked about. */
static bool has_key(const struct report *r)
{
    return r->walk.guest.page_size && x86_paging_has_keys(&r->mmu);
}

static bool key_counts(const struct report *r)
{
    return r->walk.guest.rights & X86_RIGHT_USER;
}

static void print_key(const struct report *r)
{
    unsigned key = r->walk.guest.key;

    if (has_key(r) && key_counts(r))
        printf("key    %u: PKRU.AD%u %u, PKRU.WD%u %u\n", key, key, !!(r->mmu.pkru & PKRU_AD(key)),
               key, !!(r->mmu.pkru & PKRU_WD(key)));
    else if (has_key(r))
        printf("key    %u, which does not count: a supervisor page (SDM vol. 3, 4.6.2)\n", key);
}

static json_t *key_json(const struct report *r)
{
    unsigned key = r->walk.guest.key;

    if (!has_key(r))
        return json_null();
    return json_pack("{s:i, s:b, s:b, s:b}", "key", (int)key, "counts", key_counts(r), "ad",
                     !!(r->mmu.pkru & PKRU_AD(key)), "wd", !!(r->mmu.pkru & PKRU_WD(key)));
}

/* ---- the second stage's lines ----------------------------------------------------------------- */

static void print_stage(const char *entry, const struct ept_walk *walk)
{
    char text[4], size[GUEST_AT_SIZE_MAX];

    printf("%-5s  %10" PRIx64 "  ", entry, walk->gpa);
    if (walk->page_size)
        printf("%10" PRIx64 "  %-6s  %-6s  %-4s", walk->hpa, guest_at_size(walk->page_size, size),
               ept_text(walk->rights, text), ept_type_name(walk->type));
    else
        printf("%10s  %-6s  %-6s  %-4s", "-", "-", ept_text(walk->rights, text), "-");
    for (unsigned i = 0; i < walk->count; i++)
        printf("  %" PRIx64, walk->steps[i].entry);
    putchar('\n');
}

/* Each table's address is guest-physical, and so is the page's: the second dimension. */
static void print_stages(const struct report *r)
{
    const struct ept *ept = r->o->guest.machine->cpu_ept;

    printf("\n%s: EPTP %" PRIx64 ", %u levels, A and D %s\n",
           r->o->guest.machine->shadow ? "map of guest memory, which the CPU does not walk"
                                       : "stage 2",
           ept->eptp, (unsigned)EPTP_LEVELS(ept->eptp), ept_has_accessed_dirty(ept) ? "on" : "off");
    printf("%-5s  %10s  %10s  %-6s  %-6s  %-4s  entries, from the PML4E on\n", "for", "guest-phys",
           "host-phys", "page", "rights", "type");
    for (unsigned i = 0; i < NESTED_TABLES_MAX; i++)
        if (r->walk.tables[i].count)
            print_stage(x86_entry_name(r->walk.guest.steps[i].level), &r->walk.tables[i]);
    if (r->walk.page.count)
        print_stage("page", &r->walk.page);
}

/* ---- shadow tables ---------------------------------------------------------------------------- */

/* What the CPU really walks, where there is no second stage. False: there is one. */
static bool shadow_walk(const struct report *r, struct x86_paging *cpu, struct x86_walk *walk)
{
    struct machine *m = r->o->guest.machine;

    if (!m->shadow || shadow_before_run(m))
        return false;
    shadow_registers(&r->mmu, m->shadow_root, m->ram.host, cpu);
    x86_walk(cpu, r->gva, r->o->access, r->o->user, walk);
    return true;
}

static void print_shadow(const struct report *r)
{
    struct x86_paging cpu;
    struct x86_walk walk;

    if (!shadow_walk(r, &cpu, &walk))
        return;
    printf("\nshadow: %s, CR3 %" PRIx64 ", host-physical\n",
           x86_paging_name(x86_paging_levels(&cpu)), cpu.cr3);
    for (unsigned i = 0; i < walk.count; i++) {
        char bits[X86_ENTRY_TEXT_MAX];

        printf("%-5s  %10" PRIx64 "  %016" PRIx64 "  %s\n", x86_entry_name(walk.steps[i].level),
               walk.steps[i].entry_gpa, walk.steps[i].entry,
               x86_entry_text(&cpu, walk.steps[i].level, walk.steps[i].entry, bits));
    }
    if (walk.verdict == X86_WALK_OK)
        printf("leads to %" PRIx64 ", without an exit\n", walk.gpa);
    else
        printf("%s: #PF with error code %" PRIx32 " first, for the hypervisor\n", walk.rule,
               walk.error_code);
}

static json_t *shadow_json(const struct report *r)
{
    json_t *entries = json_array();
    struct x86_paging cpu;
    struct x86_walk walk;

    if (!shadow_walk(r, &cpu, &walk)) {
        json_decref(entries);
        return json_null();
    }
    for (unsigned i = 0; i < walk.count; i++)
        json_array_append_new(entries, json_pack("{s:s, s:o, s:o}", "entry",
                                                 x86_entry_name(walk.steps[i].level), "address",
                                                 guest_at_hex(walk.steps[i].entry_gpa), "value",
                                                 guest_at_hex(walk.steps[i].entry)));
    return json_pack("{s:o, s:o, s:s, s:o}", "cr3", guest_at_hex(cpu.cr3), "host_physical",
                     walk.verdict == X86_WALK_OK ? guest_at_hex(walk.gpa) : json_null(), "rule",
                     walk.rule, "entries", entries);
}

static void print_reads(const struct report *r)
{
    printf("\nreads  %u of the guest's entries; %u with the second stage's (SDM vol. 3, 29.3.2)\n",
           r->walk.reads, r->walk.nested_reads);
}

static void print_refused_head(const struct nested_walk *walk)
{
    const struct vm_exit *refused = &walk->refused;

    if (not_canonical(walk))
        printf("  #GP(0); #SS(0) where the stack is accessed\n");
    else if (walk->verdict == NESTED_GUEST)
        printf("  #PF, error code %" PRIx32 ", CR2 %" PRIx64 "\n", refused->intr_error,
               refused->qualification);
    else if (walk->verdict == NESTED_MISCONFIG)
        printf("  EPT misconfiguration, guest-physical %" PRIx64 "\n", refused->guest_physical);
    else
        printf("  EPT violation, qualification %" PRIx64 ", guest-physical %" PRIx64 "\n",
               refused->qualification, refused->guest_physical);
}

/* Of an exception only the error code says more than its head. */
static void print_refused(const struct nested_walk *walk)
{
    char line[FIELD_SIZE];

    print_refused_head(walk);
    if (not_canonical(walk))
        return;
    for (unsigned i = 0; exit_field_line(&walk->refused, i, line, sizeof(line)); i++)
        if (walk->verdict != NESTED_GUEST || strncmp(line, "error ", 6) == 0)
            printf("    %s\n", line);
}

static void print_lines(const struct report *r)
{
    print_head(r);
    print_steps(r);
    print_page(r);
    print_key(r);
    if (!not_canonical(&r->walk))
        print_stages(r);
    if (!not_canonical(&r->walk))
        print_shadow(r);
    print_reads(r);
    printf("\n%s: %s (%s)\n", verdict_name(&r->walk), rule_of(&r->walk), manual_of(&r->walk));
    if (r->walk.verdict != NESTED_ALLOWED)
        print_refused(&r->walk);
}

/* ---- JSON ------------------------------------------------------------------------------------ */

static json_t *step_json(const struct report *r, unsigned i)
{
    const struct x86_walk_step *step = &r->walk.guest.steps[i];
    char bits[X86_ENTRY_TEXT_MAX], stage[4];
    json_t *object =
        json_pack("{s:s, s:o, s:i, s:o, s:o, s:s, s:s, s:b}", "entry", x86_entry_name(step->level),
                  "table", guest_at_hex(table_of(r, step)), "index", step->index, "address",
                  guest_at_hex(step->entry_gpa), "value", guest_at_hex(step->entry), "bits",
                  x86_entry_text(&r->mmu, step->level, step->entry, bits), "stage2",
                  ept_text(r->walk.tables[i].rights, stage), "in_register", in_register(r, i));

    if (!passed(r, i))
        return object;
    json_object_set_new(object, "write", json_boolean(step->rights & X86_RIGHT_WRITE));
    json_object_set_new(object, "user", json_boolean(step->rights & X86_RIGHT_USER));
    json_object_set_new(object, "fetch", json_boolean(step->rights & X86_RIGHT_FETCH));
    return object;
}

static void set_page(json_t *object, const struct report *r)
{
    const struct x86_walk *guest = &r->walk.guest;
    char stage[4];

    json_object_set_new(object, "gpa", guest->page_size ? guest_at_hex(guest->gpa) : json_null());
    json_object_set_new(object, "page_size", json_integer((json_int_t)guest->page_size));
    json_object_set_new(object, "stage2",
                        r->walk.page.count ? json_string(ept_text(r->walk.page.rights, stage))
                                           : json_null());
}

static json_t *refused_json(const struct vm_exit *refused)
{
    json_t *object = json_object(), *fields = json_array();
    char line[FIELD_SIZE];

    json_object_set_new(object, "reason", json_string(exit_reason_name(refused->reason)));
    if (refused->has & EXIT_HAS_INTR) {
        json_object_set_new(object, "vector",
                            json_integer((json_int_t)INTR_VECTOR(refused->intr_info)));
        json_object_set_new(object, "error_code", json_integer(refused->intr_error));
    }
    if (refused->has & EXIT_HAS_QUALIFICATION)
        json_object_set_new(object, "qualification", guest_at_hex(refused->qualification));
    if (refused->has & EXIT_HAS_GPA)
        json_object_set_new(object, "guest_physical", guest_at_hex(refused->guest_physical));
    for (unsigned i = 0; exit_field_line(refused, i, line, sizeof(line)); i++)
        json_array_append_new(fields, json_string(line));
    json_object_set_new(object, "fields", fields);
    return object;
}

static json_t *stage_json(const char *entry, const struct ept_walk *walk)
{
    char text[4];
    json_t *entries = json_array();

    for (unsigned i = 0; i < walk->count; i++)
        json_array_append_new(entries, json_pack("{s:o, s:o}", "address",
                                                 guest_at_hex(walk->steps[i].entry_hpa), "value",
                                                 guest_at_hex(walk->steps[i].entry)));
    return json_pack("{s:s, s:o, s:o, s:I, s:s, s:s, s:s, s:o}", "of", entry, "guest_physical",
                     guest_at_hex(walk->gpa), "host_physical",
                     walk->page_size ? guest_at_hex(walk->hpa) : json_null(), "page_size",
                     (json_int_t)walk->page_size, "rights", ept_text(walk->rights, text), "type",
                     walk->page_size ? ept_type_name(walk->type) : "", "rule", walk->rule,
                     "entries", entries);
}

static json_t *stages_json(const struct report *r)
{
    json_t *stages = json_array();

    for (unsigned i = 0; i < NESTED_TABLES_MAX; i++)
        if (r->walk.tables[i].count)
            json_array_append_new(stages, stage_json(x86_entry_name(r->walk.guest.steps[i].level),
                                                     &r->walk.tables[i]));
    if (r->walk.page.count)
        json_array_append_new(stages, stage_json("page", &r->walk.page));
    return stages;
}

static void print_json(const struct report *r)
{
    json_t *object = guest_at_json(&r->o->guest), *steps = json_array();

    for (unsigned i = 0; i < r->walk.guest.count; i++)
        json_array_append_new(steps, step_json(r, i));
    json_object_set_new(object, "gva", guest_at_hex(r->gva));
    json_object_set_new(object, "access", json_string(access_name(r->o->access)));
    json_object_set_new(object, "as_user", json_boolean(r->o->user));
    json_object_set_new(object, "steps", steps);
    set_page(object, r);
    json_object_set_new(object, "protection_key", key_json(r));
    json_object_set_new(object, "eptp", guest_at_hex(r->o->guest.machine->cpu_ept->eptp));
    json_object_set_new(object, "second_stage", stages_json(r));
    json_object_set_new(object, "shadow", shadow_json(r));
    json_object_set_new(object, "reads", json_integer(r->walk.reads));
    json_object_set_new(object, "nested_reads", json_integer(r->walk.nested_reads));
    json_object_set_new(object, "allowed", json_boolean(r->walk.verdict == NESTED_ALLOWED));
    json_object_set_new(object, "verdict", json_string(verdict_name(&r->walk)));
    json_object_set_new(object, "rule", json_string(rule_of(&r->walk)));
    json_object_set_new(object, "manual", json_string(manual_of(&r->walk)));
    json_object_set_new(object, "refused",
                        r->walk.verdict == NESTED_ALLOWED ? json_null()
                                                          : refused_json(&r->walk.refused));
    json_dumpf(object, stdout, JSON_COMPACT | JSON_ENSURE_ASCII);
    putchar('\n');
    json_decref(object);
}

/* ---- the verb -------------------------------------------------------------------------------- */

static int report(const struct options *o)
{
    struct report r = {.o = o, .gva = memory_place_address(&o->place, &o->guest.state)};

    if (!(o->guest.state.efer & EFER_LMA) && r.gva > UINT32_MAX)
        return cli_failf("walk: %" PRIx64 ": addresses have 32 bits after %" PRIu64 " exits", r.gva,
                         o->guest.machine->exits);
    guest_at_paging(&o->guest, &r.mmu);
    machine_nested_walk(o->guest.machine, r.gva, o->access, o->user, &r.walk);
    if (o->guest.json)
        print_json(&r);
    else
        print_lines(&r);
    return CLI_OK;
}

static int parse(int argc, char **argv, struct options *o, bool *done)
{
    int c, status = CLI_OK;

    while (!status && (c = getopt_long(argc, argv, ":h", long_options, NULL)) != -1) {
        *done = c == OPT_HELP || c == 'h';
        if (*done)
            return cli_help(&verb_walk);
        *done = run_option_lists(c);
        if (*done)
            return CLI_OK;
        status = parse_option(c, argv, o);
    }
    status = status ? status : run_options_check(&verb_walk, argc, argv, "GVA", &o->guest.run);
    status = status ? status : guest_at_check(&verb_walk, &o->guest);
    return status ? status : parse_gva(argv[optind], o);
}

static int run(int argc, char **argv)
{
    struct options o = {.guest = GUEST_AT};
    bool done = false;
    int status = parse(argc, argv, &o, &done);

    if (status || done)
        return status;
    status = guest_at_start(&o.guest);
    if (!status)
        status = report(&o);
    guest_at_finish(&o.guest);
    return status;
}

const struct verb verb_walk = {
    .name = "walk",
    .arguments = "LAB|IMAGE|--bios FILE GVA [--access r|w|x] [--user] " GUEST_AT_USAGE,
    .summary = "one address through a guest's page tables and the second stage",
    .help =
        "A guest runs to a place; there GVA is translated as the CPU would, and nothing changes.\n"
        "Each entry is shown with its table, index and address (guest-physical), the second\n"
        "stage's rights there, its value, the rights of all levels so far (XD 1: no execution)\n"
        "and its bits; then the page, with CR4.PKE its protection key and PKRU's bits for it,\n"
        "how many entries were read, and the verdict: allowed, or which stage refuses and why,\n"
        "with the exception's error code or the qualification of the EPT violation, bit by bit.\n"
        "It is what the tables say now; a TLB may still hold something else.\n"
        "\n"
        "GVA is hexadecimal, or a register and an offset: 7c00, 0x7c00, rsp+10, es:di, f000:fff0.\n"
        "\n"
        "  --access A     r: a read, as without it; w: a write; x: a fetch\n"
        "  --user         at CPL 3; without it the access is a supervisor's, for which SMEP, SMAP\n"
        "                 and CR0.WP count; protection keys count for both\n" GUEST_AT_HELP "\n"
        "Exit status: 0 fine, also when the access is refused; 1 failed, 2 usage.\n",
    .run = run,
};
