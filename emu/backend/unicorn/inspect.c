/*
 * Instructions that the core runs without asking, though they should exit or fault: XSETBV, RDRAND
 * and RDSEED (it would answer with the host's random numbers), far CALL, far JMP and IRET that switch
 * tasks, LOCK where it is not allowed.
 *
 * They are found when a block is counted, before it runs for the first time: such a block is run
 * instruction by instruction, and each is looked at with the registers that it will have.
 */
#include "backend/unicorn/engine.h"

#include "backend/unicorn/vmcb.h"
#include "x86/operand.h"
#include "x86/task.h"

#define OPCODE_CALL_FAR 0x9a
#define OPCODE_JMP_FAR 0xea
#define OPCODE_IRET 0xcf

/* Task switches exist in protected mode alone, without IA-32e mode and virtual-8086 mode. */
static bool has_tasks(struct engine *e)
{
    return (e->cr0 & CR0_PE) && !(e->efer & EFER_LMA) &&
           !(engine_reg(e, UC_X86_REG_RFLAGS) & RFLAGS_VM);
}

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

/* POP has one encoding; the rest of 8F is undefined, or XOP, which this CPU has not. */
static bool is_undefined(const struct x86_insn *insn)
{
    unsigned reg = insn->modrm >> 3 & 7;

    if (insn->vector && insn->map == 2 && insn->opcode == 0xf3)
        return reg == 0 || reg > 3; /* BLSR, BLSMSK, BLSI; the core spoils RFLAGS with the rest */
    return insn->map >= 8 || (insn->map == 0 && insn->opcode == 0x8f && reg != 0);
}

/* WRFSBASE and WRGSBASE of 64 bits: a base that is not canonical is #GP (SDM vol. 2). */
static bool is_write_base(const struct x86_insn *insn)
{
    return insn->map == 1 && insn->opcode == 0xae && insn->rep && insn->modrm >= 0xd0 &&
           insn->modrm <= 0xdf && insn->operand_size == 8;
}

static bool is_suspect(struct engine *e, const struct x86_insn *insn)
{
    if (insn->vector)
        return is_undefined(insn);
    return is_random(insn) || is_xsetbv(insn) || is_write_base(insn) || is_undefined(insn) ||
           (insn->lock && !x86_lock_allowed(insn)) || (is_far_transfer(insn) && has_tasks(e));
}

/* Far transfers, POPF, STI and loads of SS end their block and leave another state behind. */
static bool changes_state(const struct x86_insn *insn)
{
    unsigned op = insn->opcode;

    if (insn->vector)
        return false;
    if (insn->map == 1)
        return op == 0xb2; /* LSS */
    return insn->map == 0 &&
           (is_far_transfer(insn) || op == 0xca || op == 0xcb || op == 0x9d || op == 0xfb ||
            op == 0x17 || (op == 0x8e && x86_insn_reg(insn) == X86_SS));
}

/* The instruction at `gva`; false when it cannot be read or decoded. */
static bool fetch(struct engine *e, uint64_t gva, struct x86_insn *insn, uint8_t bytes[15])
{
    size_t size = machine_read_linear(e->machine, gva, bytes, 15);

    return x86_decode(bytes, size, engine_code_bits(e), insn);
}

static enum suspicion suspicion_of(struct engine *e, const struct x86_insn *insn)
{
    bool iret = insn->map == 0 && insn->opcode == OPCODE_IRET && !insn->lock;

    if (is_suspect(e, insn))
        return iret ? SUSPECT_IRET : SUSPECT;
    return changes_state(insn) ? SUSPECT_STATE : NOT_SUSPECT;
}

enum suspicion inspect_code(struct engine *e, const uint8_t *bytes, size_t size)
{
    enum suspicion suspect = NOT_SUSPECT;
    unsigned bits = engine_code_bits(e);
    struct x86_insn insn;

    for (size_t at = 0; !suspect && x86_decode(bytes + at, size - at, bits, &insn);
         at += insn.length)
        suspect = suspicion_of(e, &insn);
    return suspect;
}

/* ---- one instruction --------------------------------------------------------------------- */

static void raise(struct engine *e, const struct x86_event *event)
{
    e->raised = *event;
    engine_come_back(e, PRIVATE_EXIT_EVENT);
}

static uint16_t far_selector(struct engine *e, const struct x86_insn *insn, const uint8_t *bytes)
{
    unsigned offset_size = insn->operand_size == 2 ? 2 : 4;
    uint8_t word[2] = {0, 0};

    if (!is_far_indirect(insn))
        return (uint16_t)(insn->immediate >> (8 * offset_size));
    machine_read_linear(e->machine, x86_operand_linear(insn, bytes, &e->state) + offset_size, word,
                        2);
    return (uint16_t)(word[0] | word[1] << 8);
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

static bool inspect_far(struct engine *e, const struct x86_insn *insn, const uint8_t *bytes)
{
    enum task_source source = source_of(insn);

    world_read(e);
    if (source == TASK_IRET && !(e->state.rflags & RFLAGS_NT))
        return false;
    return inspect_task(e, source, source == TASK_IRET ? 0 : far_selector(e, insn, bytes));
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

    if (!fetch(e, gva, &insn, bytes) || !is_suspect(e, &insn))
        return false;
    if (insn.lock || is_undefined(&insn)) {
        raise(e, &ud);
        return true;
    }
    if (is_write_base(&insn))
        return inspect_write_base(e, &insn);
    if (is_xsetbv(&insn))
        return inspect_xsetbv(e, &insn);
    if (!is_random(&insn))
        return inspect_far(e, &insn, bytes);
    engine_come_back(e, PRIVATE_EXIT_RANDOM);
    return true;
}
