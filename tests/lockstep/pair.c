/*
 * Moving both CPUs, see pair.h. Not compared, since they belong to the machine and not to the CPU,
 * or cannot be put back by the stub: what exits (I/O, CPUID, MSRs, control registers, HLT),
 * descriptor-table loads, and accesses where the two have different memory.
 */
#include "tests/lockstep/pair.h"

#include "core/backend.h"
#include "util/bytes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SETUP_STEPS 200 /* more than modes.asm takes */
#define HLT 0xf4

/* ---- the machine ----------------------------------------------------------------------------- */

static enum monitor_action end_sequence(void *ctx, struct machine *m, struct vm_exit *exit)
{
    struct pair *p = ctx;

    (void)m;
    p->why = exit_reason_name(exit->reason);
    return MONITOR_STOP;
}

static enum monitor_action note_exception(void *ctx, struct machine *m, struct vm_exit *exit)
{
    struct pair *p = ctx;

    (void)m;
    p->vector = (int)INTR_VECTOR(exit->intr_info);
    p->vector_rip = exit->rip;
    return MONITOR_PASS;
}

static void watch(struct pair *p)
{
    static const uint8_t ours[] = {EXIT_INVD, EXIT_WBINVD, EXIT_INVLPG, EXIT_PAUSE, EXIT_XSETBV};

    for (unsigned i = 0; i < EXIT_REASON_COUNT; i++)
        p->m->monitor.on_exit[i] = end_sequence;
    for (unsigned i = 0; i < sizeof(ours); i++)
        p->m->monitor.on_exit[ours[i]] = NULL;
    p->m->monitor.on_exit[EXIT_EXCEPTION_NMI] = note_exception;
    p->m->monitor.ctx = p;
}

/* Give the CPU what it raised, without running the handler. False when delivery itself fails. */
static bool deliver(struct pair *p)
{
    struct vm_exit exit;
    struct error err;

    return p->m->vcpu->ops->run(p->m->vcpu, 0, &exit, &err) == BACKEND_BUDGET;
}

static bool step_here(struct pair *p)
{
    struct run_result result;

    p->vector = -1;
    p->why = NULL;
    if (machine_step(p->m, &result)) {
        p->why = "the engine broke";
        return false;
    }
    if (result.stop == STOP_BUDGET && !p->why && (p->vector < 0 || deliver(p)))
        return true;
    if (!p->why)
        p->why = result.stop == STOP_BUDGET ? "an event that cannot be delivered"
                                            : stop_reason_name(result.stop);
    return false;
}

static const uint8_t *ram_here(const struct pair *p)
{
    return ram_ptr(&p->m->ram, 0, LOCKSTEP_TOP);
}

static void put_here(struct pair *p, const uint8_t *wanted)
{
    const uint8_t *ram = ram_here(p);

    for (uint32_t at = 0; at < LOCKSTEP_TOP; at += PAGE_SIZE)
        if (memcmp(ram + at, wanted + at, PAGE_SIZE) != 0) {
            ram_write(&p->m->ram, at, wanted + at, PAGE_SIZE);
            p->m->vcpu->ops->invalidate(p->m->vcpu, at, PAGE_SIZE);
        }
}

/* ---- into the mode --------------------------------------------------------------------------- */

static void fill_ram(uint8_t *ram, const uint8_t *setup, size_t size)
{
    for (unsigned v = 0; v < 256; v++) {
        unsigned n = v < HANDLER_COUNT ? v : HANDLER_COUNT - 1;

        put_le32(ram + 4 * v, AT_HANDLERS + n * HANDLER_SIZE);
    }
    memcpy(ram + AT_SETUP, setup, size);
    generate_data(ram + AT_DATA, DATA_SIZE);
}

static int set_up(struct pair *p, struct error *err)
{
    struct x86_state s;
    unsigned steps = 0;

    x86_state_reset(&s);
    x86_segment_real(&s.seg[X86_CS], 0, true);
    s.rip = AT_SETUP;
    s.gpr[X86_RAX] = p->mode->setup;
    s.fxsave[0] = 0x7f; /* what FNINIT leaves; QEMU's RESET does as much */
    s.fxsave[1] = 0x03;
    s.fxsave[4] = 0;
    machine_set_state(p->m, &s);
    put_here(p, p->ram);
    if (qemu_put_ram(&p->q, p->ram, LOCKSTEP_TOP, err) || qemu_set(&p->q, &s, err))
        return -EIO;
    while (ram_here(p)[s.rip % LOCKSTEP_TOP] != HLT) {
        struct run_result result;

        if (++steps > SETUP_STEPS || machine_step(p->m, &result) || qemu_step(&p->q, err))
            return error_set(err, -EIO, "%s: its set-up does not come to its end", p->mode->name);
        machine_get_state(p->m, &s);
    }
    p->base = s;
    if (qemu_get(&p->q, &s, err))
        return -EIO;
    return s.rip == p->base.rip
               ? 0
               : error_set(err, -EPROTO, "%s: set-up ends at %#llx, in QEMU %#llx", p->mode->name,
                           (unsigned long long)p->base.rip, (unsigned long long)s.rip);
}

int pair_open(struct pair *p, const struct lockstep_mode *mode, const uint8_t *setup, size_t size,
              struct error *err)
{
    struct machine_config config = MACHINE_CONFIG_DEFAULT;
    int rc;

    memset(p, 0, sizeof(*p));
    p->mode = mode;
    p->q.gdb.fd = -1;
    p->ram = calloc(1, LOCKSTEP_TOP);
    if (!p->ram || size > LOCKSTEP_TOP - AT_SETUP)
        return error_set(err, -EINVAL, "set-up: %zu bytes", size);
    fill_ram(p->ram, setup, size);
    config.ram_size = LOCKSTEP_RAM;
    rc = machine_create(&p->m, &config, err);
    rc = rc ? rc : machine_protect(p->m, LOCKSTEP_TOP, LOCKSTEP_RAM - LOCKSTEP_TOP, 0);
    rc = rc ? rc : qemu_start(&p->q, LOCKSTEP_RAM, err);
    rc = rc ? rc : set_up(p, err);
    if (rc)
        return rc;
    memcpy(p->ram, ram_here(p), LOCKSTEP_TOP); /* with the busy TSS */
    watch(p);
    return 0;
}

void pair_close(struct pair *p)
{
    qemu_stop(&p->q);
    machine_destroy(p->m);
    free(p->ram);
}

int pair_start(struct pair *p, const struct sequence *s, struct error *err)
{
    struct x86_state start = p->base;

    memcpy(p->ram + AT_CODE, s->code, sizeof(s->code));
    memcpy(start.gpr, s->gpr, sizeof(start.gpr));
    memcpy(start.fxsave + 160, s->xmm, sizeof(s->xmm));
    start.rflags = s->rflags;
    lockstep_enter(p->mode, p->ram, &start);
    if (qemu_put_ram(&p->q, p->ram, LOCKSTEP_TOP, err) || qemu_set(&p->q, &start, err))
        return -EIO;
    machine_set_state(p->m, &start);
    put_here(p, p->ram);
    return 0;
}

/* ---- steps ----------------------------------------------------------------------------------- */

/* Loads of what the stub cannot load back: LLDT, LTR, LGDT, LIDT; of what it does not show: DRs. */
static bool changes_hidden_state(const struct x86_insn *insn)
{
    unsigned reg = insn->modrm >> 3 & 7;

    if (insn->map != 1)
        return false;
    if (insn->opcode == 0x00)
        return reg == 2 || reg == 3;
    if (insn->opcode == 0x01)
        return reg == 2 || reg == 3;
    return insn->opcode == 0x21 || insn->opcode == 0x23;
}

/* See "lock-bit-register" in emu/x86/fidelity.c. */
static bool ends_the_run(const struct x86_insn *insn)
{
    unsigned op = insn->opcode;

    return insn->lock && insn->map == 1 && insn->modrm >= 0xc0 &&
           (op == 0xab || op == 0xb3 || op == 0xba || op == 0xbb);
}

static unsigned code_bits(const struct x86_state *s)
{
    return x86_mode_bits(x86_mode_of(s));
}

/* Room for the frame of an exception that does not change the stack; without it, a triple fault. */
static bool has_stack(const struct x86_state *s)
{
    uint32_t access = s->seg[X86_SS].access;
    uint64_t at = s->gpr[X86_RSP] & (access & SEG_DB ? 0xffffffff : 0xffff);

    if (x86_cpl(s) != 0)
        return true;
    at = code_bits(s) == 64 ? s->gpr[X86_RSP] : at + s->seg[X86_SS].base;
    return at >= AT_STACKS + 0x100 && at <= AT_STACKS + 0xffff;
}

/* The decoder lets the last of F2 and F3 count; which one did is what CPUs do not agree on. */
static void note_both_reps(struct pair *p)
{
    for (unsigned i = 0; i < p->insn.prefix_count; i++) {
        p->insn.repne |= p->bytes[i] == 0xf2;
        p->insn.rep |= p->bytes[i] == 0xf3;
    }
}

static bool look_at_instruction(struct pair *p)
{
    const struct x86_state *s = &p->before;
    size_t left;

    p->linear = s->rip + (code_bits(s) == 64 ? 0 : s->seg[X86_CS].base);
    if (code_bits(s) != 64)
        p->linear &= 0xffffffff;
    if (p->linear >= LOCKSTEP_TOP) {
        p->why = "code outside memory";
        return false;
    }
    left = LOCKSTEP_TOP - p->linear;
    memset(p->bytes, 0, sizeof(p->bytes));
    memcpy(p->bytes, ram_here(p) + p->linear, left < 15 ? left : 15);
    if (!x86_decode(p->bytes, 15, code_bits(s), &p->insn))
        p->insn = (struct x86_insn){0};
    note_both_reps(p);
    p->why = "PAUSE"; /* the stub's step goes on to the next instruction */
    if (p->insn.map == 0 && p->insn.opcode == 0x90 && p->insn.rep)
        return false;
    p->why = "the end of a code segment"; /* limits are not checked, see "segment-limits" */
    if (code_bits(s) == 16 && s->rip + p->insn.length > 0xffff)
        return false;
    p->why = "REX in front of a prefix"; /* see "rex-order" */
    for (unsigned i = 0; code_bits(s) == 64 && i + 1u < p->insn.prefix_count; i++)
        if ((p->bytes[i] & 0xf0) == 0x40)
            return false;
    p->why = "what ends a run";
    if (ends_the_run(&p->insn))
        return false;
    p->why = "a stack elsewhere";
    if (!has_stack(s))
        return false;
    p->why = "a load of hidden state";
    return !(x86_cpl(s) == 0 && changes_hidden_state(&p->insn));
}

/*
 * A REP whose count has come to 0 is left with the last iteration there, and here with a turn of
 * its own that does nothing more. Where it stands in between is no CPU's to define.
 */
static bool finish_rep(struct pair *p)
{
    bool waits = (p->insn.rep || p->insn.repne) && p->vector < 0 && p->here.rip == p->before.rip &&
                 p->there.rip != p->before.rip;

    if (!waits)
        return true;
    if (!step_here(p))
        return false;
    machine_get_state(p->m, &p->here);
    return true;
}

/*
 * A branch to where nothing can be fetched: the fault belongs to the next instruction, but the
 * machine raises it in the branch's step.
 */
static bool faulted_behind(const struct pair *p, uint64_t insns)
{
    return p->vector >= 0 && p->vector != X86_DB && p->m->insns != insns &&
           p->vector_rip != p->before.rip;
}

/*
 * A fault pushes RFLAGS with RF set, which QEMU leaves out (emu/x86/fidelity.c, "rf-image"): one bit
 * of the frame. Here it becomes what it is there.
 */
static void forgive_rf(struct pair *p)
{
    uint32_t at = pair_memory_difference(p);
    uint8_t there = at < LOCKSTEP_TOP ? p->q.ram[at] : 0;

    if (p->vector >= 0 && at < LOCKSTEP_TOP && ram_here(p)[at] == (there | 1))
        ram_write(&p->m->ram, at, &there, 1);
}

enum pair_result pair_step(struct pair *p, struct error *err)
{
    uint64_t insns = p->m->insns;

    machine_get_state(p->m, &p->before);
    if (!look_at_instruction(p) || !step_here(p))
        return PAIR_END;
    if (qemu_step(&p->q, err) || (faulted_behind(p, insns) && qemu_step(&p->q, err)))
        return PAIR_ERROR;
    machine_get_state(p->m, &p->here);
    p->there = p->here;
    if (qemu_get(&p->q, &p->there, err))
        return PAIR_ERROR;
    forgive_rf(p);
    return finish_rep(p) ? PAIR_OK : PAIR_END;
}

uint32_t pair_memory_difference(const struct pair *p)
{
    const uint8_t *here = ram_here(p), *there = p->q.ram;
    uint32_t at = 0;

    if (memcmp(here, there, AT_PDPTE) == 0) {
        at = AT_PDPTE + 1;
        if (memcmp(here + at, there + at, LOCKSTEP_TOP - at) == 0)
            return LOCKSTEP_TOP;
    }
    while (here[at] == there[at])
        at++;
    return at;
}

void pair_adopt(struct pair *p)
{
    uint8_t pdpte = ram_here(p)[AT_PDPTE];

    machine_set_state(p->m, &p->there);
    put_here(p, p->q.ram);
    ram_write(&p->m->ram, AT_PDPTE, &pdpte, 1);
    p->m->vcpu->ops->invalidate(p->m->vcpu, AT_PDPTE, 1);
}
