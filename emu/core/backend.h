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

/* What a guest may need of a CPU, one bit each of a mask. */
enum backend_need {
    NEED_REAL,     /* real mode */
    NEED_PROT32,   /* 32-bit protected mode without paging */
    NEED_LONG,     /* 64-bit mode */
    NEED_PAGING32, /* 32-bit paging */
    NEED_PAE,      /* PAE paging */
    NEED_SSE,      /* SSE in ring 0 */
    NEED_X87,      /* x87 in ring 0 */
    NEED_INT,      /* INT n and INT3 in ring 0 */
    NEED_INT_USER, /* INT n in ring 3 */
    NEED_VMCALL,
    NEED_MSR_EXITS, /* RDMSR and WRMSR leave the guest */
    NEED_STEP,      /* single steps by the monitor */
    NEED_WINDOW,    /* interrupts come as soon as the guest lets them */
    NEED_LA57,      /* 5-level paging, */
    NEED_PKU,       /* and protection keys: a CPU may be whole without them */
    NEED_ALL, /* every instruction in every ring, as the emulated CPU and hardware have them */
    NEED_COUNT
};

#define BACKEND_NEEDS_ALL (1u << NEED_ALL)

/* "real", "paging32", ...: as lab.conf and tests/guest/kvm.txt name it; never NULL. */
const char *backend_need_name(enum backend_need need);
/* In words: "32-bit paging". */
const char *backend_need_text(enum backend_need need);
/* Words by blanks into a mask; false: one is none of them. */
bool backend_needs_parse(const char *words, uint32_t *needs);

struct backend_report {
    enum backend_level level;
    char version[64];
    char missing[512]; /* one line each, newline-separated; empty when level is full */
    uint32_t lacks;    /* bits 1 << enum backend_need */
};

/* Why a backend's run() came back. */
enum backend_stop {
    BACKEND_EXIT,    /* *exit is filled */
    BACKEND_BUDGET,  /* the budget is used up: of instructions, exactly */
    BACKEND_STOPPED, /* machine->stop_requested was seen */
    BACKEND_BREAK,   /* a breakpoint, core/breaks.h: the instruction at RIP has not executed */
    BACKEND_BROKEN   /* cannot go on; `err` says why */
};

struct backend_ops {
    const char *name;  /* "emu", "kvm" */
    bool counts_insns; /* else machine->insns counts single steps alone */
    bool second_stage; /* it walks machine->cpu_ept; else the second stage is somebody else's */
    /*
     * What this host can do, of what a guest with these needs asks for (BACKEND_NEEDS_ALL: of everything).
     * Runs the self-test; err-free: everything is in the report.
     */
    void (*probe)(struct backend_report *report, uint32_t needs);
    int (*open)(struct vcpu *vcpu, struct error *err);
    void (*close)(struct vcpu *vcpu);
    /*
     * Run for at most `insns` instructions (UINT64_MAX: no limit), adding to machine->insns. A CPU that
     * cannot count them adds nanoseconds to machine->ran instead, and takes `insns` as so many; a few it
     * runs one by one, and counts.
     */
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
    /* The run is over: pages that only the CPU knows were written go into the dirty logs. NULL: none. */
    void (*rest)(struct vcpu *vcpu);
    /* A device drives a line of the backend's own controller, with config.kernel_irqchip. NULL: it has none. */
    void (*irq_line)(struct vcpu *vcpu, unsigned line, bool level);
};

extern const struct backend_ops backend_unicorn;

#endif
