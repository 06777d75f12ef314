/*
 * Instructions that the core runs without asking, though they should exit or fault: XSETBV, RDRAND
 * and RDSEED (it would answer with the host's random numbers), far CALL, far JMP and IRET that switch
 * tasks, far CALL and JMP through call gates, LOCK where it is not allowed. And those that lose the
 * flags, which step mode has.
 *
 * They are found when a block is counted, before it runs for the first time: such a block is run
 * instruction by instruction, and each is looked at with the registers that it will have.
 */
#include "backend/unicorn/engine.h"

#include "backend/unicorn/vmcb.h"
#include "util/bytes.h"
#include "x86/call_gate.h"
#include "x86/operand.h"
#include "x86/task.h"

#define OPCODE_CALL_FAR 0x9a
#define OPCODE_JMP_FAR 0xea
#define OPCODE_IRET 0xcf

static bool is_xsetbv(const struct x86_insn *insn)
{
    return insn->map == 1 && insn->opcode == 0x01 && insn->modrm == 0xd1;
}

static bool is_random(const struct x86_insn *insn)
{
    return insn->map == 1 && insn->opcode == 0xc7 && insn->modrm >= 0xf0;
}

/* FF /3 and /5: far CALL and JMP through memory. */
static bool is_far_indirect(const struct x86_insn *insn)
{
    return insn->map == 0 && insn->opcode == 0xff && insn->modrm >> 6 != 3 &&
           ((insn->modrm >> 3 & 7) == 3 || (insn->modrm >> 3 & 7) == 5);
}

static bool is_far_transfer(const struct x86_insn *insn)
{
    return (insn->map == 0 && (insn->opcode == OPCODE_CALL_FAR || insn->opcode == OPCODE_JMP_FAR ||
                               insn->opcode == OPCODE_IRET)) ||
           is_far_indirect(insn);
}

/*
 * VEX: without AVX there are BMI1's and BMI2's instructions on general registers only. The core runs
 * others as what they are without the prefix, jumps included.
 */
static bool is_undefined_vector(const struct x86_insn *insn)
{
    unsigned reg = insn->modrm >> 3 & 7;

    if (insn->map == 2 && insn->opcode == 0xf3)
        return reg == 0 || reg > 3; /* BLSR, BLSMSK, BLSI; the core spoils RFLAGS with the rest */
    if (insn->map == 2)
        return insn->opcode < 0xf2 || insn->opcode == 0xf4 || insn->opcode > 0xf7;
    return insn->map != 3 || insn->opcode != 0xf0;
}

/*
 * POP has one encoding; the rest of 8F is undefined, or XOP, which this CPU has not. Shifts of MMX and
 * XMM registers by an immediate have no form with memory; the core ignores ModRM.mod.
 */
static bool is_undefined(const struct x86_insn *insn)
{
    if (insn->vector)
        return is_undefined_vector(insn);
    if (insn->map == 1)
        return insn->opcode >= 0x71 && insn->opcode <= 0x73 && insn->modrm >> 6 != 3;
    return insn->map == 0 && insn->opcode == 0x8f && (insn->modrm >> 3 & 7) != 0;
}

/* WRFSBASE and WRGSBASE of 64 bits: a base that is not canonical is #GP (SDM vol. 2). */
static bool is_write_base(const struct x86_insn *insn)
{
    return insn->map == 1 && insn->opcode == 0xae && insn->rep && insn->modrm >= 0xd0 &&
           insn->modrm <= 0xdf && insn->operand_size == 8;
}

/*
 * May it lead to a task or a call gate? In protected mode, without virtual-8086 mode; in IA-32e mode
 * there are no tasks, and in 64-bit code no CALL and JMP with an immediate pointer.
 */
static bool leaves_segment(struct engine *e, const struct x86_insn *insn)
{
    if (!is_far_transfer(insn) || !(e->cr0 & CR0_PE) ||
        (engine_reg(e, UC_X86_REG_RFLAGS) & RFLAGS_VM))
        return false;
    if (!(e->efer & EFER_LMA))
        return true;
    return is_far_indirect(insn) || (insn->opcode != OPCODE_IRET && engine_code_bits(e) != 64);
}

/* PCMPESTRI, PCMPESTRM: of the least integer as a length the core reads far beyond its operand. */
static bool is_string_compare(const struct x86_insn *insn)
{
    return insn->map == 3 && (insn->opcode & 0xfe) == 0x60;
}

/* When their count ends, the core forgets which instruction the flags are of. */
static bool is_flag_loop(const struct x86_insn *insn)
{
    return insn->map == 0 && (insn->opcode == 0xe0 || insn->opcode == 0xe1); /* LOOPNE, LOOPE */
}

/* RCL and RCR in memory work the flags out before their access, which may fault. */
static bool loses_flags(const struct x86_insn *insn)
{
    unsigned reg = insn->modrm >> 3 & 7;
    bool shift = (insn->opcode & 0xfe) == 0xc0 || (insn->opcode & 0xfc) == 0xd0;

    return is_flag_loop(insn) ||
           (insn->map == 0 && shift && insn->modrm >> 6 != 3 && (reg == 2 || reg == 3));
}

bool inspect_keeps_flags(struct engine *e, uint64_t gva)
{
    struct x86_insn insn;
    uint8_t bytes[15];

    return engine_decode(e, gva, &insn, bytes) && !insn.vector && is_flag_loop(&insn);
}

static bool is_suspect(struct engine *e, const struct x86_insn *insn)
{
    if (insn->vector)
        return is_undefined(insn);
    return loses_flags(insn) || is_random(insn) || is_string_compare(insn) || is_xsetbv(insn) ||
           is_write_base(insn) || is_undefined(insn) || (insn->lock && !x86_lock_allowed(insn)) ||
           leaves_segment(e, insn);
}

/* Far transfers, SYSEXIT, POPF, STI and loads of SS end their block and leave another state behind. */
static bool changes_state(const struct x86_insn *insn)
{
    unsigned op = insn->opcode;

    if (insn->vector)
        return false;
    if (insn->map == 1)
        return op == 0xb2 || op == 0x35; /* LSS, SYSEXIT */
    return insn->map == 0 &&
           (is_far_transfer(insn) || op == 0xca || op == 0xcb || op == 0x9d || op == 0xfb ||
            op == 0x17 || (op == 0x8e && x86_insn_reg(insn) == X86_SS));
}

static enum suspicion suspicion_of(struct engine *e, const struct x86_insn *insn)
{
    bool iret = insn->map == 0 && insn->opcode == OPCODE_IRET && !insn->lock;

    if (is_suspect(e, insn))
        return iret ? SUSPECT_IRET : SUSPECT;
    return changes_state(insn) ? SUSPECT_STATE : NOT_SUSPECT;
}

enum suspicion inspect_code(struct engine *e, const uint8_t *bytes, size_t size, size_t behind)
{
    enum suspicion suspect = NOT_SUSPECT;
    unsigned bits = engine_code_bits(e);
    struct x86_insn insn;

    for (size_t at = 0;
         !suspect && at < size && x86_decode(bytes + at, size + behind - at, bits, &insn);
         at += insn.length)
        suspect = suspicion_of(e, &insn);
    return suspect;
}

bool inspect_rep_stores(struct engine *e, const uint8_t *bytes, size_t size)
{
    unsigned bits = engine_code_bits(e);
    struct x86_insn insn;

    for (size_t at = 0; x86_decode(bytes + at, size - at, bits, &insn); at += insn.length)
        if (insn.map == 0 && (insn.rep || insn.repne) &&
            ((insn.opcode & 0xf6) == 0xa4 || (insn.opcode & 0xfe) == 0xaa ||
             (insn.opcode & 0xfe) == 0x6c))
            return true; /* MOVS (and CMPS), STOS, INS */
    return false;
}

/* ---- one instruction --------------------------------------------------------------------- */

static void raise(struct engine *e, const struct x86_event *event)
{
    e->raised = *event;
    engine_come_back(e, PRIVATE_EXIT_EVENT);
}

/* False: the pointer cannot be read, which the core finds, too. */
static bool far_selector(struct engine *e, const struct x86_insn *insn, const uint8_t *bytes,
                         uint16_t *selector)
{
    struct x86_linear mem;
    uint8_t pointer[10];

    if (!is_far_indirect(insn)) {
        *selector = (uint16_t)(insn->immediate >> (8 * insn->operand_size));
        return true;
    }
    machine_linear(e->machine, &e->state, &mem);
    mem.kind = x86_cpl(&e->state) == 3 ? X86_LINEAR_USER : X86_LINEAR_SUPERVISOR;
    if (!x86_linear_read(&mem, x86_operand_linear(insn, bytes, &e->state), pointer,
                         insn->operand_size + 2u))
        return false;
    *selector = get_le16(pointer + insn->operand_size);
    return true;
}

static enum task_source source_of(const struct x86_insn *insn)
{
    if (insn->opcode == OPCODE_IRET)
        return TASK_IRET;
    if (insn->opcode == OPCODE_CALL_FAR || (insn->opcode == 0xff && (insn->modrm >> 3 & 7) == 3))
        return TASK_CALL;
    return TASK_JMP;
}

bool inspect_task(struct engine *e, enum task_source source, uint16_t selector)
{
    struct x86_linear mem;
    uint16_t tss;

    machine_linear(e->machine, &e->state, &mem);
    switch (x86_task_target(&mem, source, selector, &tss)) {
    case X86_TASK_NONE:
        return false;
    case X86_TASK_SWITCH:
        e->task = (uint64_t)source << 30 | tss;
        engine_come_back(e, PRIVATE_EXIT_TASK);
        return true;
    case X86_TASK_FAULT:
        break;
    }
    if (!(mem.fault.info & INTR_VALID))
        return false; /* tables outside memory: the core's own access ends in an EPT violation */
    raise(e, &mem.fault);
    return true;
}

/* Instead of a write: would it be one? What a hook sees must not change under the engine. */
static bool only_look(void *ctx, uint64_t gpa, const void *buf, uint64_t size)
{
    const struct machine *m = ctx;
    const struct ram_slot *slot = ram_find(&m->ram, gpa);

    (void)buf;
    return slot && !slot->read_only && ram_ptr(&m->ram, gpa, size);
}

/* Try the instruction on a copy of the state; exits.c does it. */
static bool inspect_gate(struct engine *e, enum task_source source, uint16_t selector,
                         unsigned insn_len)
{
    struct x86_state s = e->state;
    struct x86_linear mem;

    machine_linear(e->machine, &s, &mem);
    mem.write = only_look;
    switch (x86_call_gate(&s, &mem, selector, source == TASK_CALL, insn_len)) {
    case X86_GATE_NONE:
        return false;
    case X86_GATE_DONE:
        e->task = (uint64_t)source << 30 | selector;
        engine_come_back(e, PRIVATE_EXIT_GATE);
        return true;
    case X86_GATE_FAULT:
        break;
    }
    if (!(mem.fault.info & INTR_VALID))
        return false; /* as in inspect_task() */
    raise(e, &mem.fault);
    return true;
}

static bool inspect_far(struct engine *e, const struct x86_insn *insn, const uint8_t *bytes)
{
    enum task_source source = source_of(insn);
    uint16_t selector = 0;

    world_read(e);
    if (source == TASK_IRET)
        return (e->state.rflags & RFLAGS_NT) && inspect_task(e, source, 0);
    if (!far_selector(e, insn, bytes, &selector))
        return false;
    return (!(e->efer & EFER_LMA) && inspect_task(e, source, selector)) ||
           inspect_gate(e, source, selector, insn->length);
}

static bool is_least(uint64_t length)
{
    return length == 1ull << 63 || (uint32_t)length == 1u << 31;
}

/* Any length beyond the operand means all of it (SDM vol. 2, 4.1.3): let it be 16. */
static bool clamp_lengths(struct engine *e)
{
    uint64_t rax = engine_reg(e, UC_X86_REG_RAX), rdx = engine_reg(e, UC_X86_REG_RDX);

    if (!is_least(rax) && !is_least(rdx))
        return false;
    e->clamped = true;
    e->clamped_rax = rax;
    e->clamped_rdx = rdx;
    engine_set_reg(e, UC_X86_REG_RAX, is_least(rax) ? 16 : rax);
    engine_set_reg(e, UC_X86_REG_RDX, is_least(rdx) ? 16 : rdx);
    return false;
}

void inspect_unclamp(struct engine *e)
{
    if (!e->clamped)
        return;
    e->clamped = false;
    engine_set_reg(e, UC_X86_REG_RAX, e->clamped_rax);
    engine_set_reg(e, UC_X86_REG_RDX, e->clamped_rdx);
}

static bool inspect_write_base(struct engine *e, const struct x86_insn *insn)
{
    static const struct x86_event gp = {.info = INTR_VALID | INTR_HAS_ERROR |
                                                INTR_HARDWARE_EXCEPTION << 8 | X86_GP};

    if (!(e->cr4 & CR4_FSGSBASE) || x86_canonical48(engine_reg(e, engine_gprs[x86_insn_rm(insn)])))
        return false;
    raise(e, &gp);
    return true;
}

/* XSETBV exits when it does not fault before that: the core finds those faults (SDM 26.1.1). */
static bool inspect_xsetbv(struct engine *e, const struct x86_insn *insn)
{
    if (!(e->cr4 & CR4_OSXSAVE) || engine_cpl(e) || insn->rep || insn->repne || insn->opsize_prefix)
        return false;
    engine_come_back(e, PRIVATE_EXIT_XSETBV);
    return true;
}

bool inspect_insn(struct engine *e, uint64_t gva)
{
    static const struct x86_event ud = {.info = INTR_VALID | INTR_HARDWARE_EXCEPTION << 8 | X86_UD};
    struct x86_insn insn;
    uint8_t bytes[15];

    if (!engine_decode(e, gva, &insn, bytes) || !is_suspect(e, &insn))
        return false;
    if (insn.lock || is_undefined(&insn)) {
        raise(e, &ud);
        return true;
    }
    if (loses_flags(&insn))
        return false;
    if (is_string_compare(&insn))
        return clamp_lengths(e);
    if (is_write_base(&insn))
        return inspect_write_base(e, &insn);
    if (is_xsetbv(&insn))
        return inspect_xsetbv(e, &insn);
    if (!is_random(&insn))
        return inspect_far(e, &insn, bytes);
    engine_come_back(e, PRIVATE_EXIT_RANDOM);
    return true;
}
