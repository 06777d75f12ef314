/*
 * Delivering an event, Intel SDM vol. 3, 6.12 to 6.14. The core does it while it loads the guest
 * (VMCB field EVENTINJ); here is what it leaves out: error codes, the privilege of a software
 * interrupt's gate, task gates, and which address a push to a bad stack had.
 */
#include "backend/unicorn/engine.h"

#include "backend/unicorn/vmcb.h"
#include "util/bytes.h"
#include "x86/descriptor.h"

#include <errno.h>

/* Width of an error code on the handler's stack: the gate's, or the new task's (SDM 6.13). */
static unsigned error_code_width(struct engine *e)
{
    struct x86_segment tr;
    uint8_t gate[8];

    if (e->efer & EFER_LMA)
        return 8;
    if (machine_read_linear(e->machine, e->state.idtr.base + INTR_VECTOR(e->event.info) * 8u, gate,
                            8) < 8)
        return 4;
    if ((gate[5] & 15) != 5)
        return gate[5] & 8 ? 4 : 2;
    context_segment(e, X86_TR, &tr);
    return tr.access & 8 ? 4 : 2;
}

/* The core's injection pushes no error code: append it to the frame that it built. */
static bool push_error_code(struct engine *e)
{
    unsigned width = error_code_width(e);
    uint64_t rsp = engine_reg(e, UC_X86_REG_RSP), new_rsp = rsp - width, gva;
    struct x86_segment ss;
    uint8_t bytes[8];

    context_read(e);
    context_segment(e, X86_SS, &ss);
    if (width != 8)
        new_rsp =
            ss.access & SEG_DB ? new_rsp & 0xffffffff : (rsp & ~0xffffull) | (new_rsp & 0xffff);
    gva = new_rsp;
    if (width != 8)
        gva = (ss.base + (ss.access & SEG_DB ? new_rsp : new_rsp & 0xffff)) & 0xffffffff;
    put_le64(bytes, e->event.error);
    if (memory_write(e, gva, bytes, width) < width) {
        e->fault = (struct fault){.kind = FAULT_PAGE,
                                  .access = X86_WRITE,
                                  .gva = gva,
                                  .error_code = PF_WRITE,
                                  .exact = true};
        return false;
    }
    engine_set_reg(e, UC_X86_REG_RSP, new_rsp);
    return true;
}

/* ---- which push failed ------------------------------------------------------------------- */

static uint64_t tss_word(struct engine *e, unsigned offset, unsigned size)
{
    uint8_t bytes[8] = {0};

    machine_read_linear(e->machine, e->state.seg[X86_TR].base + offset, bytes, size);
    return get_le64(bytes);
}

/* Does a gate to this selector lead to a more privileged stack? Then *dpl is whose. */
static bool switches_stack(struct engine *e, uint16_t selector, unsigned *dpl)
{
    uint8_t descriptor[8] = {0};
    uint64_t gva;

    if (!x86_descriptor_at(&e->state, selector, &gva))
        return false;
    machine_read_linear(e->machine, gva, descriptor, sizeof(descriptor));
    *dpl = descriptor[5] >> 5 & 3;
    return !(descriptor[5] & 4) && *dpl < x86_cpl(&e->state);
}

/* Linear address above the first word that delivery pushes (SDM vol. 3, 6.12.1, 6.14). */
static uint64_t delivery_stack(struct engine *e, const uint8_t *gate)
{
    const struct x86_state *s = &e->state;
    bool wide = s->efer & EFER_LMA;
    unsigned dpl = 0, ist = wide ? gate[4] & 7 : 0;
    uint64_t top = s->gpr[X86_RSP];

    if (ist)
        top = tss_word(e, 28 + 8 * ist, 8);
    else if (switches_stack(e, get_le16(gate + 2), &dpl))
        top = wide ? tss_word(e, 4 + 8 * dpl, 8) : tss_word(e, 4 + 8 * dpl, 4);
    else if (!wide)
        top += s->seg[X86_SS].base;
    return wide ? top & ~15ull : (uint32_t)top;
}

/*
 * A write was denied while the core built the frame, and only its page is known. Words are pushed
 * downwards: the first on that page is the one.
 */
static void locate_push(struct engine *e)
{
    unsigned entry = e->state.efer & EFER_LMA ? 16 : 8, width = error_code_width(e);
    uint64_t page = e->fault.gva & PAGE_MASK, top;
    uint8_t gate[16] = {0};

    e->fault.exact = true;
    machine_read_linear(e->machine, e->state.idtr.base + INTR_VECTOR(e->event.info) * entry, gate,
                        entry);
    top = delivery_stack(e, gate);
    if (top <= page || top > page + (64u << 10))
        return; /* not this frame: the page is all there is to tell */
    if (top > page + PAGE_SIZE)
        top -= (top - page - PAGE_SIZE + width - 1) / width * width;
    memory_locate(e, top - width);
}

/* ---- the gate ---------------------------------------------------------------------------- */

/* A software interrupt's gate must not be more privileged than the caller; -1: fine. */
static int gate_error(struct engine *e)
{
    unsigned vector = INTR_VECTOR(e->event.info), type = INTR_TYPE(e->event.info);
    unsigned size = e->efer & EFER_LMA ? 16 : 8;
    uint8_t gate[16];

    if (!(e->cr0 & CR0_PE) || (type != INTR_SOFTWARE && type != INTR_SOFTWARE_EXCEPTION))
        return -1;
    if (vector * size + size - 1 > e->state.idtr.limit ||
        machine_read_linear(e->machine, e->state.idtr.base + vector * size, gate, size) < size)
        return -1; /* delivery itself finds out */
    if ((e->state.rflags & RFLAGS_VM) && type == INTR_SOFTWARE && RFLAGS_IOPL(e->state.rflags) < 3)
        return 0;
    return (gate[5] >> 5 & 3u) < x86_cpl(&e->state) ? (int)(vector * 8 + 2) : -1;
}

/*
 * IA-32e mode: a handler's entry point that is not canonical is #GP before anything is pushed (SDM
 * vol. 2, INT n); the core jumps there. True: e->raised is to be delivered instead.
 */
static bool entry_is_bad(struct engine *e)
{
    unsigned vector = INTR_VECTOR(e->event.info), type = INTR_TYPE(e->event.info);
    bool software = type == INTR_SOFTWARE || type == INTR_SOFTWARE_EXCEPTION;
    uint8_t gate[16];
    uint64_t entry;

    if (!(e->state.efer & EFER_LMA) || vector * 16 + 15 > e->state.idtr.limit ||
        machine_read_linear(e->machine, e->state.idtr.base + vector * 16, gate, 16) < 16 ||
        !(gate[5] & 0x80))
        return false; /* absent ones fault in the core */
    entry =
        get_le16(gate) | (uint64_t)get_le16(gate + 6) << 16 | (uint64_t)get_le32(gate + 8) << 32;
    if (x86_canonical48(entry) || (e->state.cr4 & CR4_LA57))
        return false;
    e->raised = (struct x86_event){.info = INTR_VALID | INTR_HAS_ERROR |
                                           INTR_HARDWARE_EXCEPTION << 8 | X86_GP,
                                   .error = !software};
    e->aborted = PRIVATE_EXIT_EVENT;
    return true;
}

/* Does the event go through a task gate? Then it is an exit, or a fault on the way there. */
static bool through_task_gate(struct engine *e)
{
    unsigned vector = INTR_VECTOR(e->event.info);
    uint8_t gate[8];

    if (!(e->state.cr0 & CR0_PE) || (e->state.efer & EFER_LMA) ||
        vector * 8 + 7 > e->state.idtr.limit ||
        machine_read_linear(e->machine, e->state.idtr.base + vector * 8, gate, 8) < 8 ||
        (gate[5] & 0x9f) != (0x80 | X86_TASK_GATE))
        return false; /* absent ones fault in the core */
    return inspect_task(e, TASK_GATE, get_le16(gate + 2));
}

/*
 * The image of RFLAGS that a fault pushes has RF set, so that an instruction breakpoint does not hit
 * again (SDM vol. 3, 18.3.1.1). Traps, aborts and #DB leave it as it is.
 */
static bool sets_rf(const struct x86_event *event)
{
    unsigned vector = INTR_VECTOR(event->info);

    return INTR_TYPE(event->info) == INTR_HARDWARE_EXCEPTION && vector != X86_DB &&
           vector != X86_DF && vector != X86_MC;
}

bool deliver_enter(struct engine *e)
{
    uint64_t rip = e->state.rip, rflags = e->state.rflags;
    int error = e->event.info & INTR_VALID ? gate_error(e) : -1;
    int rc;

    if (error >= 0) {
        e->event = (struct x86_event){.info = INTR_VALID | INTR_HAS_ERROR |
                                              INTR_HARDWARE_EXCEPTION << 8 | X86_GP,
                                      .error = (uint32_t)error};
    }
    e->aborted = 0;
    e->native = -1;
    e->fault.kind = FAULT_NONE;
    if ((e->event.info & INTR_VALID) && (through_task_gate(e) || entry_is_bad(e)))
        return false;
    if (e->event.info & INTR_VALID) {
        e->state.rip += e->event.insn_len;
        if (INTR_VECTOR(e->event.info) == X86_PF)
            e->state.cr2 = e->event.cr2;
        if (e->event.insn_len)
            e->state.rflags &= ~(uint64_t)RFLAGS_RF;
        if (sets_rf(&e->event))
            e->state.rflags |= RFLAGS_RF;
        e->nmi_blocked |= INTR_TYPE(e->event.info) == INTR_NMI;
    }
    rc = world_load(e);
    if (!rc && (e->event.info & INTR_HAS_ERROR) && (e->cr0 & CR0_PE) && !push_error_code(e)) {
        e->loaded = false;
        rc = -EFAULT;
    }
    if (rc) {
        e->state.rip = rip;
        e->state.rflags = rflags;
        if (e->fault.kind != FAULT_NONE && e->fault.access == X86_WRITE && !e->fault.exact)
            locate_push(e);
        return false;
    }
    e->machine->insns += e->event.insn_len > 0; /* INT n retires with its delivery */
    e->event = (struct x86_event){0};
    return true;
}
