/*
 * From what the engine reports (SVM exit codes, denied fills, hooked port accesses) to the neutral
 * struct vm_exit with the Intel SDM's reasons, qualifications and interruption information.
 *
 * INT n leaves the guest on AMD-V but not on VT-x: it becomes an event to deliver, no exit.
 */
#include "backend/unicorn/engine.h"

#include "backend/unicorn/vmcb.h"
#include "x86/call_gate.h"
#include "x86/insn_info.h"
#include "x86/operand.h"
#include "x86/syscall.h"

#include <string.h>

static bool has_error_code(unsigned vector)
{
    return vector == X86_DF || (vector >= X86_TS && vector <= X86_PF) || vector == X86_AC;
}

static void set_intr(struct vm_exit *exit, enum intr_type type, unsigned vector, bool has_error,
                     uint32_t error)
{
    exit->reason = EXIT_EXCEPTION_NMI;
    exit->intr_info = INTR_VALID | (uint32_t)type << 8 | vector | (has_error ? INTR_HAS_ERROR : 0);
    exit->intr_error = has_error ? error : 0;
    exit->has |= EXIT_HAS_INTR;
}

static void set_qualification(struct vm_exit *exit, uint64_t qualification)
{
    exit->qualification = qualification;
    exit->has |= EXIT_HAS_QUALIFICATION;
}

/* ---- where the guest is ------------------------------------------------------------------ */

static uint8_t mode_of(struct engine *e)
{
    if (!(e->cr0 & CR0_PE))
        return X86_MODE_REAL;
    if (context_code64(e))
        return X86_MODE_LONG64;
    if (engine_reg(e, UC_X86_REG_RFLAGS) & RFLAGS_VM)
        return X86_MODE_V86;
    return engine_code_bits(e) == 32 ? X86_MODE_PROT32 : X86_MODE_PROT16;
}

static void fill_place(struct engine *e, struct vm_exit *exit)
{
    if (e->loaded) {
        context_read_once(e);
        exit->rip = engine_rip(e);
        exit->cs_base = context_cs_base(e);
        exit->selector = context_cs_selector(e);
        exit->cpl = (uint8_t)context_cpl(e);
        exit->mode = mode_of(e);
    } else { /* an event's delivery failed: the guest is as it was before */
        exit->rip = e->state.rip;
        exit->cs_base = e->state.seg[X86_CS].base;
        exit->selector = e->state.seg[X86_CS].selector;
        exit->cpl = (uint8_t)x86_cpl(&e->state);
        exit->mode = (uint8_t)x86_mode_of(&e->state);
    }
}

static uint64_t linear_rip(const struct vm_exit *exit)
{
    uint64_t gva = exit->cs_base + exit->rip;

    return exit->mode == X86_MODE_LONG64 ? gva : gva & 0xffffffff;
}

/*
 * The same few instructions exit again and again. What one is depends on its bytes and the size of
 * the code alone, so nothing makes this stale. False: not an instruction.
 */
static bool fill_known_insn(struct engine *e, struct vm_exit *exit, const uint8_t at[16],
                            struct x86_insn *insn)
{
    struct decoded *d = &e->decoded[exit->rip % DECODED];
    unsigned bits = x86_mode_bits(exit->mode);
    uint64_t bytes[2];

    memcpy(bytes, at, sizeof(bytes));
    if (d->bytes[0] != bytes[0] || d->bytes[1] != bytes[1] || d->bits != bits) {
        *d = (struct decoded){.bytes = {bytes[0], bytes[1]}};
        if (!x86_decode(at, 15, bits, &d->insn))
            return false;
        d->bits = bits;
        memcpy(d->shown, at, d->insn.length);
    }
    *insn = d->insn;
    exit->insn_len = insn->length;
    memcpy(exit->insn, d->shown, sizeof(exit->insn));
    exit->has |= EXIT_HAS_INSN;
    return true;
}

static void fill_insn(struct engine *e, struct vm_exit *exit, struct x86_insn *insn)
{
    uint8_t bytes[15];
    size_t size;

    memset(insn, 0, sizeof(*insn));
    size = memory_read_code(e, linear_rip(exit), bytes, sizeof(bytes));
    if (!x86_decode(bytes, size, x86_mode_bits(exit->mode), insn))
        return;
    exit->insn_len = insn->length;
    memcpy(exit->insn, bytes, insn->length);
    exit->has |= EXIT_HAS_INSN;
}

/* EXT: the event that was being delivered did not come from the program (SDM vol. 3, 6.13). */
static uint32_t external(const struct vm_exit *exit)
{
    unsigned type = INTR_TYPE(exit->idt_vectoring);

    return (exit->has & EXIT_HAS_VECTORING) && type != INTR_SOFTWARE &&
           type != INTR_SOFTWARE_EXCEPTION;
}

/* ---- by reason --------------------------------------------------------------------------- */

/*
 * Did this IRET end blocking by NMI before it was refused (Table 28-7, bit 12)? Who lets it run again
 * has to block NMIs again (28.2.3); that is done here.
 */
static bool unblocked_nmi(struct engine *e, const struct x86_insn *insn)
{
    if (!e->loaded || insn->map || insn->opcode != 0xcf || e->nmi_unblocked_at != e->machine->insns)
        return false;
    e->nmi_blocked = true;
    world_intercepts(e);
    return true;
}

static void fill_fault(struct engine *e, struct vm_exit *exit, const struct x86_insn *insn)
{
    const struct fault *f = &e->fault;

    exit->guest_linear = f->gva;
    if (f->kind == FAULT_CANONICAL) {
        bool stack = !e->loaded || x86_operand_on_stack(insn, exit->insn, f->access == X86_WRITE);

        set_intr(exit, INTR_HARDWARE_EXCEPTION,
                 stack && f->access != X86_FETCH ? X86_SS_FAULT : X86_GP, true, external(exit));
        return;
    }
    if (f->kind == FAULT_EPT_MISCONFIG) {
        exit->reason = EXIT_EPT_MISCONFIG;
        exit->native = PRIVATE_EXIT_NPF;
        exit->guest_physical = f->gpa;
        exit->has |= EXIT_HAS_GPA;
        return;
    }
    exit->has |= EXIT_HAS_GVA;
    if (f->kind == FAULT_PAGE) {
        set_intr(exit, INTR_HARDWARE_EXCEPTION, X86_PF, true, f->error_code);
        set_qualification(exit, f->gva);
        return;
    }
    exit->reason = EXIT_EPT_VIOLATION;
    exit->native = PRIVATE_EXIT_NPF;
    exit->guest_physical = f->gpa;
    exit->has |= EXIT_HAS_GPA;
    set_qualification(exit,
                      f->qualification | (unblocked_nmi(e, insn) ? EPT_QUAL_NMI_UNBLOCKING : 0));
}

static void fill_io(struct engine *e, struct vm_exit *exit, const struct x86_insn *insn)
{
    bool string = (insn->opcode & 0xfc) == 0x6c;
    uint64_t q = (uint64_t)e->io.port << 16 | (e->io.size - 1u);

    q |= e->io.in ? IO_QUAL_IN : 0;
    q |= string ? IO_QUAL_STRING : 0;
    q |= string && (insn->rep || insn->repne) ? IO_QUAL_REP : 0;
    q |= (insn->opcode & 0xfc) == 0xe4 ? IO_QUAL_IMM : 0;
    exit->reason = EXIT_IO;
    exit->value = e->io.value;
    set_qualification(exit, q);
}

static int vmx_instruction(const struct x86_insn *insn)
{
    static const uint8_t group7[] = {EXIT_VMCALL, EXIT_VMLAUNCH, EXIT_VMRESUME, EXIT_VMXOFF};
    bool memory = insn->has_modrm && insn->modrm >> 6 != 3;

    if (insn->vector)
        return -1;
    if (insn->map == 2 && insn->opsize_prefix && memory &&
        (insn->opcode == 0x80 || insn->opcode == 0x81))
        return insn->opcode == 0x80 ? EXIT_INVEPT : EXIT_INVVPID;
    if (insn->map != 1)
        return -1;
    if (insn->opcode == 0x01 && insn->modrm >= 0xc1 && insn->modrm <= 0xc4)
        return group7[insn->modrm - 0xc1];
    if (insn->opcode == 0x78 || insn->opcode == 0x79)
        return insn->opsize_prefix || insn->rep || insn->repne ? -1
               : insn->opcode == 0x78                          ? EXIT_VMREAD
                                                               : EXIT_VMWRITE;
    if (insn->opcode != 0xc7 || !memory)
        return -1;
    if ((insn->modrm >> 3 & 7) == 7)
        return EXIT_VMPTRST;
    if ((insn->modrm >> 3 & 7) != 6)
        return -1;
    return insn->rep ? EXIT_VMXON : insn->opsize_prefix ? EXIT_VMCLEAR : EXIT_VMPTRLD;
}

/*
 * VMX instructions are undefined to the core. In VMX non-root operation they exit, VMCALL anywhere,
 * the others where they are not #UD: real, virtual-8086 and compatibility mode (SDM vol. 3, ch. 31).
 */
static int vmx_reason(struct engine *e, const struct x86_insn *insn, unsigned mode)
{
    int reason = vmx_instruction(insn);
    bool compatible = (e->efer & EFER_LMA) && mode != X86_MODE_LONG64;

    if (reason != EXIT_VMCALL && (mode == X86_MODE_REAL || mode == X86_MODE_V86 || compatible))
        return -1;
    return reason;
}

/*
 * An error code that names an IDT entry holds the vector in bits 15:3 in every mode (SDM vol. 3,
 * 6.13); the core shifts it one bit too far in IA-32e mode.
 */
static uint32_t error_code(struct engine *e)
{
    uint32_t code = context_error_code(e);

    if (!(e->efer & EFER_LMA) || !(code & 2))
        return code;
    return (code >> 4 & 0xff) << 3 | (code & 7);
}

static bool is_mov_dr(const struct x86_insn *insn)
{
    return insn->map == 1 && (insn->opcode == 0x21 || insn->opcode == 0x23);
}

static void fill_dr(struct engine *e, struct vm_exit *exit, const struct x86_insn *insn)
{
    bool from = insn->opcode == 0x21;
    unsigned gpr = x86_insn_rm(insn), dr = x86_insn_reg(insn) & 7;

    exit->reason = EXIT_DR_ACCESS;
    if (!from)
        exit->value = engine_reg(e, engine_gprs[gpr]);
    if (!from && exit->mode != X86_MODE_LONG64)
        exit->value &= 0xffffffff;
    set_qualification(exit, dr | (from ? DR_QUAL_FROM : 0) | gpr << 8);
}

static void fill_exception(struct engine *e, struct vm_exit *exit, const struct x86_insn *insn,
                           unsigned vector)
{
    int vmx = vector == X86_UD ? vmx_reason(e, insn, exit->mode) : -1;
    enum intr_type type =
        vector == X86_BP || vector == X86_OF ? INTR_SOFTWARE_EXCEPTION : INTR_HARDWARE_EXCEPTION;

    if (vmx >= 0) {
        exit->reason = (uint32_t)vmx;
        return;
    }
    if (vector == X86_GP && is_mov_dr(insn) && e->loaded && exit->cpl &&
        (e->machine->controls.primary & PRIMARY_MOV_DR)) {
        fill_dr(e, exit, insn); /* exits before the privilege check, SDM 26.1.3 */
        return;
    }
    context_read(e); /* also after a failed delivery, when the guest is not loaded */
    set_intr(exit, type, vector, has_error_code(vector) && (e->cr0 & CR0_PE),
             vector == X86_PF ? 0 : error_code(e) | external(exit));
    if (vector == X86_DB) {
        set_qualification(exit, (engine_reg(e, UC_X86_REG_DR6) & DR6_BS) | e->debug_hit);
        e->debug_hit = 0;
        engine_set_reg(e, UC_X86_REG_DR6, DR6_FIXED);
    }
}

static void fill_cr_write(struct engine *e, struct vm_exit *exit, const struct x86_insn *insn,
                          unsigned cr)
{
    uint64_t q = cr;

    exit->reason = EXIT_CR_ACCESS;
    if (insn->opcode == 0x06) {
        q = CR_ACCESS_CLTS << 4;
        exit->value = e->cr0 & ~(uint64_t)CR0_TS;
    } else if (insn->opcode == 0x01) {
        uint16_t source = 0;

        q = CR_ACCESS_LMSW << 4;
        if (insn->modrm >> 6 == 3) {
            source = (uint16_t)engine_reg(e, engine_gprs[x86_insn_rm(insn)]);
        } else {
            uint8_t word[2] = {0, 0};

            world_read(e);
            machine_read_linear(e->machine, x86_operand_linear(insn, exit->insn, &e->state), word,
                                2);
            source = (uint16_t)(word[0] | word[1] << 8);
            q |= CR_QUAL_LMSW_MEM;
        }
        q |= (uint64_t)source << 16;
        exit->value = source;
    } else {
        q |= x86_insn_rm(insn) << 8;
        exit->value = engine_reg(e, engine_gprs[x86_insn_rm(insn)]);
        if (exit->mode != X86_MODE_LONG64)
            exit->value &= 0xffffffff;
    }
    set_qualification(exit, q);
}

static void fill_cr_read(struct engine *e, struct vm_exit *exit, const struct x86_insn *insn,
                         unsigned cr)
{
    exit->reason = EXIT_CR_ACCESS;
    exit->value = cr == 8 ? e->cr8 : e->cr3;
    set_qualification(exit, cr | CR_ACCESS_MOV_FROM << 4 | x86_insn_rm(insn) << 8);
}

/*
 * Reading CR0 or CR4 never exits: the guest gets the shadow's bits where the mask is set (SDM vol.
 * 3, 26.3). True: done. SMSW to where it cannot write is left to the core, which knows how to fault.
 */
static bool store_shadowed(struct engine *e, const struct vm_exit *exit,
                           const struct x86_insn *insn, uint64_t value)
{
    uint8_t word[2] = {(uint8_t)value, (uint8_t)(value >> 8)};

    world_read(e);
    if (memory_write(e, x86_operand_linear(insn, exit->insn, &e->state), word, 2) < 2)
        return false;
    e->vcpu->ops->complete(e->vcpu, insn->length);
    return true;
}

static bool read_shadowed(struct engine *e, const struct vm_exit *exit, const struct x86_insn *insn,
                          unsigned cr)
{
    const struct controls *c = &e->machine->controls;
    uint64_t mask = cr ? c->cr4_mask : c->cr0_mask, shadow = cr ? c->cr4_shadow : c->cr0_shadow;
    uint64_t value = ((cr ? e->cr4 : e->cr0) & ~mask) | (shadow & mask);
    int reg = engine_gprs[x86_insn_rm(insn)];

    if (insn->opcode == 0x01) { /* SMSW */
        if (insn->modrm >> 6 != 3)
            return store_shadowed(e, exit, insn, value);
        if (insn->operand_size == 2)
            value = (engine_reg(e, reg) & ~0xffffull) | (value & 0xffff);
    }
    engine_set_reg(e, reg, value);
    e->vcpu->ops->complete(e->vcpu, insn->length);
    return true;
}

/* The end of NMI blocking is no exit: the IRET itself comes next, and any window behind it. */
static void unblock_nmi(struct engine *e)
{
    e->nmi_blocked = false;
    e->nmi_unblocked_at = e->machine->insns;
    e->window_later = true;
    world_intercepts(e);
}

static void fill_invlpg(struct engine *e, struct vm_exit *exit, const struct x86_insn *insn)
{
    exit->reason = EXIT_INVLPG;
    world_read(e);
    exit->guest_linear = x86_operand_linear(insn, exit->insn, &e->state);
    exit->has |= EXIT_HAS_GVA;
    set_qualification(exit, exit->guest_linear);
}

static void fill_msr(struct engine *e, struct vm_exit *exit, const struct x86_insn *insn)
{
    bool write = insn->opcode == 0x30;

    exit->reason = write ? EXIT_WRMSR : EXIT_RDMSR;
    exit->msr = (uint32_t)engine_reg(e, UC_X86_REG_RCX);
    if (write)
        exit->value = engine_reg(e, UC_X86_REG_RDX) << 32 | (uint32_t)engine_reg(e, UC_X86_REG_RAX);
}

/* INT1, ICEBP: undefined to the core. */
static bool is_int1(const struct x86_insn *insn)
{
    return insn->map == 0 && insn->opcode == 0xf1 && insn->length;
}

/* Software interrupts are no exit; a gate the guest may not use is a #GP (SDM vol. 3, 6.12.1.2). */
static bool software_int(struct engine *e, struct vm_exit *exit, const struct x86_insn *insn)
{
    bool int3 = insn->opcode == 0xcc, into = insn->opcode == 0xce;
    enum intr_type type = int3 || into ? INTR_SOFTWARE_EXCEPTION : INTR_SOFTWARE;
    unsigned vector = int3 ? X86_BP : into ? X86_OF : (unsigned)insn->immediate & 0xff;

    if (is_int1(insn)) {
        type = INTR_PRIVILEGED_SOFTWARE;
        vector = X86_DB;
    }
    if (type != INTR_SOFTWARE && (e->machine->controls.exception_bitmap >> vector & 1)) {
        set_intr(exit, type, vector, false, 0);
        return true;
    }
    e->event = (struct x86_event){.info = INTR_VALID | (uint32_t)type << 8 | vector,
                                  .insn_len = insn->length};
    return false;
}

/*
 * SYSCALL and SYSENTER are hooked (the library leaves them out), SYSRET arrives as #UD because the
 * core never sees EFER.SCE, SYSEXIT in IA-32e mode because AMD has it undefined there. They are no exits either. False: not one of them, or it faults.
 */
static bool fast_system_call(struct engine *e, struct vm_exit *exit, const struct x86_insn *insn)
{
    unsigned vector = X86_UD;
    bool done;

    if (insn->map != 1 || (insn->opcode != 0x05 && insn->opcode != 0x07 && insn->opcode != 0x34 &&
                           insn->opcode != 0x35))
        return false;
    world_read(e);
    if (insn->opcode == 0x05)
        done = x86_syscall(&e->state, insn->length, &vector);
    else if (insn->opcode == 0x07)
        done = x86_sysret(&e->state, insn->rex & 8, &vector);
    else if (insn->opcode == 0x35)
        done = x86_sysexit(&e->state, insn->rex & 8, &vector);
    else
        done = x86_sysenter(&e->state, &vector);
    if (done) {
        e->loaded = false;
        e->machine->insns++;
    } else {
        set_intr(exit, INTR_HARDWARE_EXCEPTION, vector, vector == X86_GP, 0);
    }
    return done;
}

/*
 * RDPKRU and WRPKRU (SDM vol. 2) are #UD to the core, which has no CR4.PKE, and no exit. Prefixes that
 * the manual does not list make other instructions of them, or none.
 */
static bool is_pkru_access(const struct x86_insn *insn)
{
    return insn->map == 1 && insn->opcode == 0x01 && (insn->modrm | 1) == 0xef && !insn->lock &&
           !insn->opsize_prefix && !insn->rep && !insn->repne;
}

static void write_pkru(struct engine *e, uint32_t value)
{
    if (value == e->state.pkru)
        return;
    e->state.pkru = value;
    memory_flush(
        e); /* the core's entries have what it allowed before; the guest's TLB has the keys */
}

/* False: not one of them, or it faults. */
static bool pkru_access(struct engine *e, struct vm_exit *exit, const struct x86_insn *insn)
{
    const struct backend_ops *ops = e->vcpu->ops;
    bool write = insn->modrm == 0xef;

    if (!is_pkru_access(insn) || !(e->cr4 & CR4_PKE))
        return false;
    if ((uint32_t)ops->get_gpr(e->vcpu, X86_RCX) ||
        (write && (uint32_t)ops->get_gpr(e->vcpu, X86_RDX))) {
        set_intr(exit, INTR_HARDWARE_EXCEPTION, X86_GP, true, 0);
        return false;
    }
    if (write) {
        write_pkru(e, (uint32_t)ops->get_gpr(e->vcpu, X86_RAX));
    } else {
        ops->set_gpr(e->vcpu, X86_RAX, e->state.pkru);
        ops->set_gpr(e->vcpu, X86_RDX, 0);
    }
    ops->complete(e->vcpu, insn->length);
    return true;
}

/* Not an exit: the core runs the instruction after all. */
static bool allow_natively(struct engine *e)
{
    e->bare_once = true;
    return false;
}

/* SVM's codes go IDTR, GDTR, LDTR, TR, first reads and then writes. */
static void fill_table_access(struct vm_exit *exit, unsigned native)
{
    exit->reason = (native - SVM_EXIT_READ_IDTR) % 4 < 2 ? EXIT_GDTR_IDTR : EXIT_LDTR_TR;
}

/* Exits that have nothing but a reason. The core takes RDTSCP for RDTSC, and INVD for WBINVD. */
static int plain_reason(unsigned native, const struct x86_insn *insn)
{
    switch (native) {
    case SVM_EXIT_RDTSC:
        return insn->opcode == 0x01 ? EXIT_RDTSCP : EXIT_RDTSC;
    case SVM_EXIT_RDPMC:
        return EXIT_RDPMC;
    case SVM_EXIT_CPUID:
        return EXIT_CPUID;
    case SVM_EXIT_INVD:
        return EXIT_INVD;
    case SVM_EXIT_PAUSE:
        return EXIT_PAUSE;
    case SVM_EXIT_HLT:
        return EXIT_HLT;
    case SVM_EXIT_SHUTDOWN:
        return EXIT_TRIPLE_FAULT;
    case SVM_EXIT_RDTSCP:
        return EXIT_RDTSCP;
    case SVM_EXIT_WBINVD:
        return insn->opcode == 0x08 ? EXIT_INVD : EXIT_WBINVD;
    case SVM_EXIT_MONITOR:
        return EXIT_MONITOR;
    case SVM_EXIT_MWAIT:
        return EXIT_MWAIT;
    case SVM_EXIT_XSETBV:
        return EXIT_XSETBV;
    default:
        return -1;
    }
}

/* #UD: what the core does not know, or does not know of. False: no exit. */
static bool fill_undefined(struct engine *e, struct vm_exit *exit, const struct x86_insn *insn)
{
    if (fast_system_call(e, exit, insn) || pkru_access(e, exit, insn))
        return false;
    if (exit->has & EXIT_HAS_INTR)
        return true; /* SYSRET, RDPKRU or WRPKRU that faults */
    if (is_int1(insn))
        return software_int(e, exit, insn);
    fill_exception(e, exit, insn, X86_UD);
    return true;
}

/* Control, debug and descriptor-table registers, MSRs; false: none of these. */
static bool fill_register_access(struct engine *e, struct vm_exit *exit,
                                 const struct x86_insn *insn, unsigned native)
{
    if (native < SVM_EXIT_WRITE_CR0)
        fill_cr_read(e, exit, insn, native);
    else if (native < SVM_EXIT_READ_DR0)
        fill_cr_write(e, exit, insn, native - SVM_EXIT_WRITE_CR0);
    else if (native < SVM_EXIT_EXCEPTION)
        fill_dr(e, exit, insn);
    else if (native >= SVM_EXIT_READ_IDTR && native <= SVM_EXIT_WRITE_TR)
        fill_table_access(exit, native);
    else if (native == SVM_EXIT_INVLPG)
        fill_invlpg(e, exit, insn);
    else if (native == SVM_EXIT_MSR)
        fill_msr(e, exit, insn);
    else
        return false;
    return true;
}

static bool fill_svm(struct engine *e, struct vm_exit *exit, const struct x86_insn *insn)
{
    unsigned native = (unsigned)e->native;
    int plain = plain_reason(native, insn);

    exit->native = native;
    switch (native) {
    case SVM_EXIT_EXCEPTION + X86_UD:
        return fill_undefined(e, exit, insn);
    case SVM_EXIT_READ_CR0:
    case SVM_EXIT_READ_CR0 + 4:
        return !read_shadowed(e, exit, insn, native) && allow_natively(e);
    case SVM_EXIT_IRET:
        unblock_nmi(e);
        return false;
    case SVM_EXIT_SOFTWARE_INT:
        return software_int(e, exit, insn);
    default:
        break;
    }
    if (plain >= 0)
        exit->reason = (uint32_t)plain;
    else if (native - SVM_EXIT_EXCEPTION < 32)
        fill_exception(e, exit, insn, native - SVM_EXIT_EXCEPTION);
    else if (!fill_register_access(e, exit, insn, native)) /* AMD-V instructions */
        set_intr(exit, INTR_HARDWARE_EXCEPTION, X86_UD, false, 0);
    if (exit->reason == EXIT_CPUID)
        exit->value = (uint32_t)engine_reg(e, UC_X86_REG_RAX);
    return true;
}

static void fill_raised(struct engine *e, struct vm_exit *exit)
{
    const struct x86_event *event = &e->raised;

    set_intr(exit, INTR_TYPE(event->info), INTR_VECTOR(event->info), event->info & INTR_HAS_ERROR,
             event->error);
    if (INTR_VECTOR(event->info) == X86_PF) {
        exit->guest_linear = event->cr2;
        exit->has |= EXIT_HAS_GVA;
        set_qualification(exit, event->cr2);
    }
}

/*
 * A far CALL or JMP through a call gate is no exit. False: it faults, because its stack lies over
 * its own page tables; when it left memory that way the instruction is looked at once more.
 */
static bool pass_gate(struct engine *e, struct vm_exit *exit, const struct x86_insn *insn)
{
    bool call = TASK_QUAL_SOURCE(e->task) == TASK_CALL;
    struct x86_linear mem;

    world_read(e);
    machine_linear(e->machine, &e->state, &mem);
    if (x86_call_gate(&e->state, &mem, (uint16_t)TASK_QUAL_SELECTOR(e->task), call, insn->length) !=
        X86_GATE_DONE) {
        e->raised = mem.fault;
        if (mem.fault.info & INTR_VALID)
            fill_raised(e, exit);
        return !(mem.fault.info & INTR_VALID);
    }
    e->loaded = false;
    e->machine->insns++;
    if (e->state.rflags & RFLAGS_TF) {
        e->state.dr6 |= DR6_BS;
        e->event = (struct x86_event){.info = INTR_VALID | INTR_HARDWARE_EXCEPTION << 8 | X86_DB};
    }
    return true;
}

/* What a hook of this backend found. */
static bool fill_private(struct engine *e, struct vm_exit *exit, const struct x86_insn *insn)
{
    switch ((enum private_exit_code)e->aborted) {
    case PRIVATE_EXIT_IO:
        fill_io(e, exit, insn);
        return true;
    case PRIVATE_EXIT_IO_DENIED:
        set_intr(exit, INTR_HARDWARE_EXCEPTION, X86_GP, true, 0);
        return true;
    case PRIVATE_EXIT_SYSTEM_CALL:
        return !fast_system_call(e, exit, insn);
    case PRIVATE_EXIT_RANDOM:
        exit->reason = (insn->modrm >> 3 & 7) == 6 ? EXIT_RDRAND : EXIT_RDSEED;
        return true;
    case PRIVATE_EXIT_XSETBV:
        exit->reason = EXIT_XSETBV;
        return true;
    case PRIVATE_EXIT_TASK:
        exit->reason = EXIT_TASK_SWITCH;
        set_qualification(exit, e->task);
        return true;
    case PRIVATE_EXIT_GATE:
        return !pass_gate(e, exit, insn);
    case PRIVATE_EXIT_EVENT:
        fill_raised(e, exit);
        return true;
    case PRIVATE_EXIT_BREAKPOINT:
        set_intr(exit, INTR_HARDWARE_EXCEPTION, X86_DB, false, 0);
        set_qualification(exit, e->debug_hit);
        e->debug_hit = 0;
        return true;
    case PRIVATE_EXIT_NPF:
    case PRIVATE_EXIT_FAULT:
    case PRIVATE_EXIT_AGAIN:
        break;
    }
    fill_fault(e, exit, insn);
    return true;
}

static void begin_exit(struct engine *e, struct vm_exit *exit)
{
    memset(exit, 0, sizeof(*exit));
    exit->source = EXIT_SOURCE_EMULATED;
    fill_place(e, exit);
}

void exit_describe(struct engine *e, struct vm_exit *exit)
{
    struct x86_insn insn;

    begin_exit(e, exit);
    exit->insns = e->machine->insns;
    fill_insn(e, exit, &insn);
}

/* INS and OUTS: the address of the operand, from the few registers that it takes. */
static void fill_string_operand(struct engine *e, struct vm_exit *exit, const struct x86_insn *insn)
{
    int reg = exit->qualification & IO_QUAL_IN ? UC_X86_REG_RDI : UC_X86_REG_RSI;
    struct x86_segment segment;

    context_read(e);
    context_segment(e, x86_string_segment(insn), &segment);
    exit->guest_linear =
        x86_string_linear(insn, x86_mode_bits(exit->mode), segment.base, engine_reg(e, reg));
    exit->has |= EXIT_HAS_GVA;
}

/* The operands of the instruction, where the SDM has a field for them (vol. 3, 28.2.5). */
static void fill_insn_info(struct engine *e, struct vm_exit *exit, const struct x86_insn *insn)
{
    unsigned bits = x86_mode_bits(exit->mode);
    uint64_t displacement;

    if (!(exit->has & EXIT_HAS_INSN) ||
        !x86_insn_info(insn, exit->insn, bits, exit->reason, &exit->insn_info))
        return;
    exit->has |= EXIT_HAS_INSN_INFO;
    if (x86_insn_displacement(insn, exit->insn, bits, exit->rip + exit->insn_len, exit->reason,
                              &displacement))
        set_qualification(exit, displacement);
    if (exit->reason == EXIT_IO)
        fill_string_operand(e, exit, insn);
}

static bool fill_exit(struct engine *e, struct vm_exit *exit, struct x86_insn *insn)
{
    const uint8_t *code = NULL;

    begin_exit(e, exit);
    if (e->loaded) {
        code = count_code(e, linear_rip(exit), 16);
        count_settle(e, linear_rip(exit));
    }
    exit->insns = e->machine->insns;
    if (!code || !fill_known_insn(e, exit, code, insn))
        fill_insn(e, exit, insn);
    if (!e->loaded && (e->event.info & INTR_VALID)) {
        exit->idt_vectoring = e->event.info;
        exit->idt_error = e->event.error;
        exit->has |= EXIT_HAS_VECTORING;
        e->event = (struct x86_event){0};
    }
    if (e->aborted)
        exit->native = (uint32_t)e->aborted;
    if (e->aborted)
        return fill_private(e, exit, insn);
    if (e->fault.kind == FAULT_NONE)
        return fill_svm(e, exit, insn);
    fill_fault(e, exit, insn);
    return true;
}

bool exit_fill(struct engine *e, struct vm_exit *exit)
{
    struct x86_insn insn;

    if (!fill_exit(e, exit, &insn))
        return false;
    fill_insn_info(e, exit, &insn);
    return true;
}
