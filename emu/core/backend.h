/*
 * The CPU behind a machine: one table of functions per implementation.
 *
 * - A backend runs guest instructions on a vCPU until something needs the machine: it fills a
 *   neutral struct vm_exit and returns. Nothing above this table sees uc_* or kvm_run.
 * - A backend never ends the process and never prints; a guest cannot make it fail.
 */
#ifndef VLAB_CORE_BACKEND_H
#define VLAB_CORE_BACKEND_H

#include "core/exit.h"
#include "util/error.h"
#include "x86/paging.h"
#include "x86/regs.h"
#include "x86/tlb.h"

#include <stdbool.h>
#include <stdint.h>

struct machine;

/*
 * One virtual CPU; `priv` is the backend's. `tlb` is guest state as registers are: who puts a state
 * back puts it back behind set_state(), which empties it. Stays empty where the CPU is real.
 */
struct vcpu {
    const struct backend_ops *ops;
    struct machine *machine;
    void *priv;
    unsigned id;
    struct x86_tlb tlb;
};

enum backend_level { BACKEND_ABSENT, BACKEND_LIMITED, BACKEND_FULL };

struct backend_report {
    enum backend_level level;
    char version[64];
    char missing[512]; /* one line each, newline-separated; empty when level is full */
};

/* Why a backend's run() came back. */
enum backend_stop {
    BACKEND_EXIT,    /* *exit is filled */
    BACKEND_BUDGET,  /* the instruction budget is used up, exactly */
    BACKEND_STOPPED, /* machine->stop_requested was seen */
    BACKEND_BREAK,   /* a breakpoint, core/breaks.h: the instruction at RIP has not executed */
    BACKEND_BROKEN   /* cannot go on; `err` says why */
};

struct backend_ops {
    const char *name; /* "emu", "kvm" */
    /* What this host can do. Runs the self-test; err-free: everything is in the report. */
    void (*probe)(struct backend_report *report);
    int (*open)(struct vcpu *vcpu, struct error *err);
    void (*close)(struct vcpu *vcpu);
    /* Run for at most `insns` instructions (UINT64_MAX: no limit), adding to machine->insns. */
    enum backend_stop (*run)(struct vcpu *vcpu, uint64_t insns, struct vm_exit *exit,
                             struct error *err);
    /* Single registers, the fast path of exit handlers. RIP is the offset in CS. */
    uint64_t (*get_gpr)(struct vcpu *vcpu, enum x86_gpr gpr);
    void (*set_gpr)(struct vcpu *vcpu, enum x86_gpr gpr, uint64_t value);
    uint64_t (*get_rip)(struct vcpu *vcpu);
    void (*set_rip)(struct vcpu *vcpu, uint64_t rip);
    uint64_t (*get_rflags)(struct vcpu *vcpu);
    void (*set_rflags)(struct vcpu *vcpu, uint64_t value);
    /* Control registers and MSRs, values as the guest sees them, already checked. CR 0, 2, 3, 4, 8. */
    uint64_t (*get_cr)(struct vcpu *vcpu, unsigned cr);
    void (*set_cr)(struct vcpu *vcpu, unsigned cr, uint64_t value);
    void (*set_xcr0)(struct vcpu *vcpu, uint64_t value);
    /* Debug registers 0-3, 6, 7. */
    uint64_t (*get_dr)(struct vcpu *vcpu, unsigned dr);
    void (*set_dr)(struct vcpu *vcpu, unsigned dr, uint64_t value);
    /* PDPTEs, already checked; get_paging() tells them. */
    void (*set_pdptes)(struct vcpu *vcpu, const uint64_t pdpte[4]);
    uint64_t (*get_msr)(struct vcpu *vcpu, uint32_t msr);
    void (*set_msr)(struct vcpu *vcpu, uint32_t msr, uint64_t value);
    /* INVLPG: forget the translation of one linear address. */
    void (*invlpg)(struct vcpu *vcpu, uint64_t gva);
    /* The whole state, but for the TLB. */
    void (*get_state)(struct vcpu *vcpu, struct x86_state *state);
    void (*set_state)(struct vcpu *vcpu, const struct x86_state *state);
    /* Finish the instruction of an exit that a handler emulated: RIP, shadows, RF, TF. */
    void (*complete)(struct vcpu *vcpu, unsigned insn_len);
    /* Deliver an event at the next run(). A fault during delivery is an exit with IDT vectoring. */
    void (*inject)(struct vcpu *vcpu, const struct x86_event *event);
    /* Let the one instruction at RIP, at the next run(), reach the MMIO bus where no memory is. */
    void (*allow_mmio)(struct vcpu *vcpu);
    /* Let the CPU execute the one instruction at RIP, at the next run(), as if it made no exit. */
    void (*allow_insn)(struct vcpu *vcpu);
    /*
     * Would the guest take an interrupt (or NMI) now: RFLAGS.IF set (NMI: no blocking by NMI), no
     * shadow of STI or MOV SS, no event pending? When m->controls or m->irq ask for a window, run()
     * comes back with its exit as soon as this becomes true.
     */
    bool (*interruptible)(struct vcpu *vcpu, bool nmi);
    /* Where the CPU is, for an exit that the machine makes: all but reason and what belongs to it. */
    void (*describe)(struct vcpu *vcpu, struct vm_exit *exit);
    /* m->controls changed. */
    void (*controls_changed)(struct vcpu *vcpu);
    /* m->breaks changed, outside a run. */
    void (*breaks_changed)(struct vcpu *vcpu);
    /* What the walker needs, from the loaded state. */
    void (*get_paging)(struct vcpu *vcpu, struct x86_paging *mmu);
    /* Guest-physical memory or its rights changed behind the CPU's back. */
    void (*invalidate)(struct vcpu *vcpu, uint64_t gpa, uint64_t size);
};

extern const struct backend_ops backend_unicorn;

#endif
