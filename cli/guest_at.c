/* A guest that has run to a place, see guest_at.h. What it prints on the way is dropped. */
#include "cli/guest_at.h"

#include "core/backend.h"
#include "tui/model.h"
#include "x86/paging_words.h"

#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>

int guest_at_option(const struct verb *verb, char **argv, int c, struct guest_at *g)
{
    switch (c) {
    case GUEST_OPT_AT:
        return run_parse_count(verb, "at", optarg, &g->place.exits);
    case GUEST_OPT_INSNS:
        return run_parse_count(verb, "insns", optarg, &g->place.insns);
    case GUEST_OPT_JSON:
        g->json = true;
        return CLI_OK;
    default:
        return run_option(verb, argv, c, &g->run);
    }
}

int guest_at_check(const struct verb *verb, const struct guest_at *g)
{
    if (g->place.exits && g->place.insns)
        return cli_usage(verb, "--at and --insns are two positions");
    return CLI_OK;
}

static int run_to_place(struct guest_at *g)
{
    if (!g->place.exits && !g->place.insns)
        return 0;
    return machine_run(g->machine, &g->place, &g->result);
}

int guest_at_start(struct guest_at *g)
{
    struct text_sink nobody = {0};
    struct error err;
    int status = cli_check_engine();

    job_init(&g->job);
    if (status)
        return status;
    if (run_options_open(&g->run, &g->job, &err) ||
        run_options_machine(&g->run, &g->job, &nobody, &g->machine, &err))
        return cli_fail(&err);
    if (run_to_place(g))
        return cli_fail(&g->result.error);
    machine_get_state(g->machine, &g->state);
    return CLI_OK;
}

void guest_at_finish(struct guest_at *g)
{
    machine_destroy(g->machine);
    job_close(&g->job);
}

void guest_at_paging(const struct guest_at *g, struct x86_paging *mmu)
{
    g->machine->vcpu->ops->get_paging(g->machine->vcpu, mmu);
    mmu->ac = g->state.rflags & RFLAGS_AC;
}

/* What the guest's run came to, where that is not the place that was asked for; else NULL. */
static const char *ended_by(const struct guest_at *g)
{
    return g->result.stop == STOP_BUDGET ? NULL : stop_reason_name(g->result.stop);
}

static void print_paging(const struct guest_at *g)
{
    const struct x86_state *s = &g->state;
    struct x86_paging mmu;
    unsigned levels;

    guest_at_paging(g, &mmu);
    levels = x86_paging_levels(&mmu);
    if (levels == 0) {
        printf("paging is off (CR0.PG = 0): linear addresses are guest-physical (%s)\n",
               x86_paging_manual(0));
        return;
    }
    printf("%s (%s), CR3 %" PRIx64 "; CR0.WP %u; CR4.PSE %u PGE %u SMEP %u SMAP %u; EFER.NXE %u; "
           "RFLAGS.AC %u",
           x86_paging_name(levels), x86_paging_manual(levels), s->cr3, !!(s->cr0 & CR0_WP),
           !!(s->cr4 & CR4_PSE), !!(s->cr4 & CR4_PGE), !!(s->cr4 & CR4_SMEP), !!(s->cr4 & CR4_SMAP),
           !!(s->efer & EFER_NXE), !!(s->rflags & RFLAGS_AC));
    if (x86_paging_has_keys(&mmu))
        printf("; CR4.PKE 1, PKRU %08" PRIx32, s->pkru);
    putchar('\n');
}

void guest_at_print(const struct guest_at *g)
{
    const struct x86_state *s = &g->state;

    printf("at %04x:%" PRIx64 ", %s, CPL %u, after %" PRIu64 " exits, %" PRIu64 " instructions",
           s->seg[X86_CS].selector, s->rip, mode_name(x86_mode_of(s)), x86_cpl(s),
           g->machine->exits, g->machine->insns);
    if (ended_by(g))
        printf("; the guest ended there: %s", ended_by(g));
    putchar('\n');
    print_paging(g);
}

json_t *guest_at_hex(uint64_t value)
{
    return json_sprintf("0x%" PRIx64, value);
}

json_t *guest_at_json(const struct guest_at *g)
{
    const struct x86_state *s = &g->state;
    struct x86_paging mmu;
    json_t *object;

    guest_at_paging(g, &mmu);
    object = json_pack(
        "{s:I, s:I, s:i, s:o, s:s, s:i, s:s, s:i}", "exits", (json_int_t)g->machine->exits,
        "instructions", (json_int_t)g->machine->insns, "cs", s->seg[X86_CS].selector, "rip",
        guest_at_hex(s->rip), "mode", mode_name(x86_mode_of(s)), "cpl", (int)x86_cpl(s), "paging",
        x86_paging_name(x86_paging_levels(&mmu)), "levels", (int)x86_paging_levels(&mmu));
    json_object_set_new(object, "ended", ended_by(g) ? json_string(ended_by(g)) : json_null());
    json_object_set_new(object, "cr0", guest_at_hex(s->cr0));
    json_object_set_new(object, "cr3", guest_at_hex(s->cr3));
    json_object_set_new(object, "cr4", guest_at_hex(s->cr4));
    json_object_set_new(object, "efer", guest_at_hex(s->efer));
    json_object_set_new(object, "pkru",
                        x86_paging_has_keys(&mmu) ? guest_at_hex(s->pkru) : json_null());
    json_object_set_new(object, "rflags", guest_at_hex(s->rflags));
    return object;
}

const char *guest_at_size(uint64_t bytes, char buf[GUEST_AT_SIZE_MAX])
{
    static const char units[] = "KMGTPE";
    unsigned unit = 0;
    uint64_t size = 1024, tenths;

    while (unit + 2 < sizeof(units) && bytes / size >= 1024) {
        size *= 1024;
        unit++;
    }
    tenths = bytes % size / (size / 1024) * 10 / 1024;
    if (tenths)
        snprintf(buf, GUEST_AT_SIZE_MAX, "%" PRIu64 ".%u %ciB", bytes / size, (unsigned)tenths,
                 units[unit]);
    else
        snprintf(buf, GUEST_AT_SIZE_MAX, "%" PRIu64 " %ciB", bytes / size, units[unit]);
    return buf;
}
