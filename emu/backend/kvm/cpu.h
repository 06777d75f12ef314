/*
 * A vCPU of /dev/kvm: what the files of this folder share. The API is the Linux kernel's,
 * Documentation/virt/kvm/api.rst; the numbers in brackets are its sections.
 *
 *   vm.c        the device, the VM and its vCPU, CPUID, which MSRs leave the guest
 *   slots.c     guest memory as memory slots, the dirty log
 *   state.c     registers: between struct x86_state and the kernel's
 *   pending.c   an instruction that the kernel has begun and user space has to answer
 *   exits.c     from struct kvm_run to struct vm_exit
 *   irqchip.c   the kernel's interrupt controllers, where the machine asks for them
 *   behind.c    which instruction ends at RIP
 *   watchdog.c  no run is longer than it may be
 *   stats.c     exits that the kernel keeps to itself
 *   probe.c     what of all that works on this host
 *   backend.c   the run, and the table of functions
 *
 * - Registers come and go with KVM_RUN itself (KVM_CAP_SYNC_REGS, 5.36): run->s.regs is the guest as
 *   the machine sees it, which may be in front of an instruction that the kernel has behind it.
 * - All else (debug registers, x87 and SSE, XCR0, MSRs) is read when somebody asks, and kept until
 *   the guest runs again.
 */
#ifndef VLAB_KVM_CPU_H
#define VLAB_KVM_CPU_H

#include "core/backend.h"
#include "core/machine.h"
#include "x86/decode.h"

#include <linux/kvm.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

/* ---- memory ------------------------------------------------------------------------------ */

/* A run of guest-physical pages that follow one another in host memory: a KVM memory slot [4.35]. */
struct kvm_range {
    uint64_t gpa, size;
    uint8_t *host;
    bool read_only;
};

struct kvm_slots {
    struct kvm_range *list; /* by gpa; place n is slot n, size 0: none */
    uint32_t count, capacity;
    uint32_t max;    /* slots that the kernel has */
    uint64_t layout; /* of m->ram, that they were made from; ~0: none yet */
};

/* ---- an instruction that the kernel has begun ---------------------------------------------- */

enum pending_kind {
    PENDING_NOTHING,
    PENDING_IO,   /* IN, OUT: data in kvm_run */
    PENDING_MMIO, /* one access of an instruction */
    PENDING_MSR   /* RDMSR, WRMSR that the filter let out */
};

struct pending {
    enum pending_kind kind;
    bool done;       /* the machine has handled it: go on behind */
    bool in_kernel;  /* the kernel has something to finish when it runs next */
    bool in;         /* IN, RDMSR, a read */
    bool to_bus;     /* MMIO: allowed to reach the bus, */
    bool part;       /* as a further part of what was allowed */
    uint64_t before; /* RIP of the instruction, and behind it; the same when that is not known */
    uint64_t after;
    uint64_t kernel_rip; /* where the kernel has it */
};

/*
 * What may still belong to an instruction that was let through to the MMIO bus: the write behind the read of
 * one that does both, or the next part of a wide access.
 */
struct mmio_rest {
    bool write_back;
    uint64_t gpa, size; /* of the part that was done */
    uint64_t after;     /* RIP behind the instruction, ~0: not known */
    bool wide;          /* further parts may follow */
};

/* ---- the vCPU ------------------------------------------------------------------------------ */

/* MSRs that the state has and the segment registers do not. */
#define KVM_STATE_MSRS 11

struct kvm_msr_list_fixed {
    struct kvm_msrs head;
    struct kvm_msr_entry entries[KVM_STATE_MSRS];
};

/* What is not in run->s.regs: fetched from the kernel, changed here. Bits of `known` and `changed`. */
enum kvm_part { PART_DEBUG = 1, PART_FPU = 2, PART_XCR = 4, PART_MSRS = 8 };

struct kvm_cpu {
    struct vcpu *vcpu;
    struct machine *machine;
    int vm_fd, cpu_fd;
    struct kvm_run *run; /* shared with the kernel */
    size_t run_size;
    struct kvm_slots slots;

    unsigned known, changed; /* enum kvm_part */
    struct kvm_debugregs debug;
    struct kvm_fpu fpu;
    struct kvm_xcrs xcr;
    struct kvm_msr_list_fixed msrs;
    uint64_t pdpte[4]; /* in PAE paging, for who walks the tables */
    bool has_xcrs;
    uint32_t features; /* that the guest is told of in leaf 7, ECX of CPUID */

    struct pending pending;
    enum pending_kind unfinished; /* what the kernel has got its answer for and not yet run on */
    struct mmio_rest rest;
    bool mmio_once;       /* allow_mmio() without an access under way */
    uint32_t guest_debug; /* KVM_GUESTDBG_ bits in force */
    bool ran;             /* the guest ran: the dirty log has news */
    bool irqchip_stale;   /* the machine's PIC is to be put into the kernel's */

    /* watchdog.c */
    timer_t timer;
    const void *thread; /* whose timer it is, NULL: there is none */
    bool armed;
    uint64_t armed_for; /* CLOCK_MONOTONIC, ns */
    volatile sig_atomic_t running, idle;
};

/* vm.c */
int kvm_device_open(struct error *err);
int kvm_vm_create(struct kvm_cpu *cpu, struct error *err);
void kvm_vm_destroy(struct kvm_cpu *cpu);

/* slots.c */
/* Let the kernel's slots follow m->ram. */
int kvm_slots_update(struct kvm_cpu *cpu, struct error *err);
/* What the guest wrote since last time goes into the machine's dirty logs. */
void kvm_slots_log(struct kvm_cpu *cpu);
void kvm_slots_free(struct kvm_cpu *cpu);

/* state.c */
void kvm_state_reset(struct kvm_cpu *cpu);
void kvm_state_get(struct kvm_cpu *cpu, struct x86_state *state);
/* The same without what costs a system call: debug registers, x87 and SSE, XCR0, MSRs read 0. */
void kvm_registers_get(struct kvm_cpu *cpu, struct x86_state *state);
void kvm_state_set(struct kvm_cpu *cpu, const struct x86_state *state);
/* What was changed here and KVM_RUN does not take along goes into the kernel. -errno. */
int kvm_state_flush(struct kvm_cpu *cpu);
void kvm_state_forget(struct kvm_cpu *cpu); /* the guest has run */
void kvm_part_fetch(struct kvm_cpu *cpu, enum kvm_part part);
uint64_t *kvm_gpr(struct kvm_cpu *cpu, enum x86_gpr gpr);
uint64_t kvm_msr_get(struct kvm_cpu *cpu, uint32_t msr);
void kvm_msr_set(struct kvm_cpu *cpu, uint32_t msr, uint64_t value);
unsigned kvm_mode(const struct kvm_cpu *cpu); /* enum x86_mode */
unsigned kvm_cpl(const struct kvm_cpu *cpu);
/* The event that is to be delivered before the next instruction; info 0: none. */
void kvm_event_get(const struct kvm_cpu *cpu, struct x86_event *event);
void kvm_event_set(struct kvm_cpu *cpu, const struct x86_event *event);

/* pending.c */
/* The machine has done the instruction: `len` bytes, 0: it is run again. */
void pending_complete(struct kvm_cpu *cpu, unsigned len);
/*
 * Before KVM_RUN: hand the kernel its answer, or take back what it has begun. *again: the access is still
 * not allowed, and its exit comes once more. -errno.
 */
int pending_resolve(struct kvm_cpu *cpu, bool *again);
/* Let the kernel finish what it has begun without letting the guest go on. -errno. */
int pending_finish(struct kvm_cpu *cpu);
/* An access that still belongs to an instruction that was let through: true, and it is pending. */
bool pending_belongs(struct kvm_cpu *cpu);
/* Other registers are about to be put in place of the guest's. */
void pending_drop(struct kvm_cpu *cpu);

/* exits.c */
/* Place, mode and instruction. */
void kvm_describe(struct kvm_cpu *cpu, struct vm_exit *exit);
/* What the kernel came back for; false: the guest just goes on, or *broken has what went wrong. */
bool kvm_exit_fill(struct kvm_cpu *cpu, struct vm_exit *exit, struct error *broken);
/* The exit of a HLT that the kernel was waiting in. */
void kvm_fill_halt(struct kvm_cpu *cpu, struct vm_exit *exit);
/* The linear address of an offset in CS. */
uint64_t kvm_linear(struct kvm_cpu *cpu, uint64_t rip);
/* The instruction at a RIP, with its bytes; false when there is none. */
bool kvm_decode(struct kvm_cpu *cpu, uint64_t rip, struct x86_insn *insn, uint8_t bytes[15]);

/* behind.c */
/* The one instruction that ends at `end` and made the access in kvm_run; false: not sure which. */
bool behind_io(struct kvm_cpu *cpu, uint64_t end, uint64_t *rip);
bool behind_store(struct kvm_cpu *cpu, uint64_t end, uint64_t *rip);
/* Is the instruction one for the I/O access in kvm_run? */
bool behind_is_io(struct kvm_cpu *cpu, const struct x86_insn *insn);

/* irqchip.c: nothing in a machine with a PIC of its own */
int irqchip_create(struct kvm_cpu *cpu, struct error *err); /* before the vCPU is made */
int irqchip_push(struct kvm_cpu *cpu);                      /* before a run; -errno */
void irqchip_pull(struct kvm_cpu *cpu);                     /* behind it */
void irqchip_line(struct kvm_cpu *cpu, unsigned line, bool level);
bool irqchip_halted(struct kvm_cpu *cpu); /* does the guest wait in the kernel's HLT? */
/* The guest is in HLT, and nothing of ours will ever wake it: it is taken out of it. */
bool irqchip_halted_for_good(struct kvm_cpu *cpu);

/* watchdog.c */
/* Around KVM_RUN: it comes back at `deadline` (CLOCK_MONOTONIC, ns) and at least every 20 ms. */
int watchdog_begin(struct kvm_cpu *cpu, uint64_t deadline, struct error *err);
void watchdog_end(struct kvm_cpu *cpu);
void watchdog_stop(struct kvm_cpu *cpu);
uint64_t watchdog_now(void);

/* probe.c */
void kvm_probe(struct backend_report *report, uint32_t needs);

#endif
