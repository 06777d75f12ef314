/*
 * The machine: RAM, one vCPU, buses, devices, a virtual clock and the trace of its exits.
 *
 *   struct machine_config config = MACHINE_CONFIG_DEFAULT;
 *   struct machine *m;
 *   if (machine_create(&m, &config, &err) || machine_load(m, &image, &err)) ...
 *   machine_run(m, &limits, &result);
 *   machine_destroy(m);
 *
 * - A machine owns everything in it; two machines in one process do not know of each other.
 * - One thread at a time uses a machine, except machine_request_stop(), which any thread or signal
 *   handler may call.
 * - Runs on the emulated CPU repeat exactly: nothing in them depends on the host.
 */
#ifndef VLAB_CORE_MACHINE_H
#define VLAB_CORE_MACHINE_H

#include "core/breaks.h"
#include "core/bus.h"
#include "core/controls.h"
#include "core/disk.h"
#include "core/exit.h"
#include "core/irq.h"
#include "core/ram.h"
#include "core/serial.h"
#include "mmu/ept.h"
#include "util/error.h"
#include "x86/linear.h"
#include "x86/paging.h"
#include "x86/regs.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct backend_ops;
struct vcpu;
struct machine;
struct shadow;

/* Where a guest's text comes from. */
enum text_source { TEXT_DEBUG_PORT, TEXT_SERIAL };

/* Takes what the guest prints, as it comes, a few bytes at a time. */
struct text_sink {
    void (*write)(void *ctx, enum text_source source, const char *text, size_t size);
    void *ctx;
};

#define MACHINE_NMIS_MAX 16

struct machine_config {
    uint64_t ram_size;        /* bytes, see core/ram.h */
    struct host_memory *host; /* NULL: one of its own; the same for guests that share pages */
    bool ept_accessed_dirty;  /* the second stage's A and D flags are in use */
    bool shadow_paging;       /* the CPU has no second stage: mmu/shadow.h */
    bool monitor_shadows; /* ... and its tables are the monitor's: machine_set_shadow_root(). The
                                 monitor takes #PF, MOV to CR3 and INVLPG */
    const struct backend_ops *backend; /* NULL: the emulated CPU */
    bool kernel_irqchip;               /* interrupts are the kernel's: /dev/kvm alone has that */
    struct text_sink text;             /* write may be NULL: text is dropped */
    uint64_t rtc_start;                /* what the RTC says at first, seconds since 1970 UTC */
    uint64_t nmi_at[MACHINE_NMIS_MAX]; /* when the NMI button is pressed, ns, ascending */
    unsigned nmi_count;                /* 0: there is none */
};

#define MACHINE_CONFIG_DEFAULT                                                                     \
    {                                                                                              \
        .ram_size = 16u << 20, .rtc_start = 1767225600 /* 2026-01-01 00:00:00 */                   \
    }

/* What a monitor did with an exit. */
enum monitor_action {
    MONITOR_PASS,    /* let the default handler take it */
    MONITOR_HANDLED, /* done, RIP advanced where that is due: go on */
    MONITOR_STOP     /* done, and end the run with STOP_MONITOR */
};

/*
 * A monitor may take an exit before the default handler does: where a student's code, a breakpoint
 * and a test plug in. Indexed by basic exit reason; NULL entries pass.
 */
struct monitor {
    enum monitor_action (*on_exit[EXIT_REASON_COUNT])(void *ctx, struct machine *m,
                                                      struct vm_exit *exit);
    void *ctx;
};

/* Sees every exit once, after it was handled; must not change the machine. */
struct exit_observer {
    void (*seen)(void *ctx, const struct machine *m, const struct vm_exit *exit);
    void *ctx;
};

enum stop_reason {
    STOP_DEBUG_EXIT, /* write to the debug-exit port; `status` */
    STOP_HALT,       /* HLT that nothing can wake */
    STOP_TRIPLE_FAULT,
    STOP_BUDGET,      /* limits.insns or limits.exits reached */
    STOP_GUEST_ERROR, /* the guest did what this machine cannot run on from; `error` says what */
    STOP_REQUEST,     /* machine_request_stop() */
    STOP_MONITOR,     /* a monitor returned MONITOR_STOP */
    STOP_RESET,       /* the guest pulled the reset line */
    STOP_BREAK        /* a breakpoint, see core/breakpoint.h; `breakpoint` is its id */
};

struct run_limits {
    uint64_t insns; /* instructions to retire in this call, and as many exits; 0: no limit */
    uint64_t exits; /* exits to handle in this call, 0: no limit */
};

struct run_result {
    enum stop_reason stop;
    unsigned status;     /* debug-exit: (V << 1) | 1, in 0..255 */
    uint64_t insns;      /* retired in this call */
    uint64_t exits;      /* handled in this call */
    unsigned breakpoint; /* for STOP_BREAK, its id; else 0 */
    struct error error;  /* for STOP_GUEST_ERROR */
};

#define MACHINE_DEVICES_MAX 16

struct machine {
    struct ram ram;
    struct disk disk;
    struct bus ports, mmio;
    struct device devices[MACHINE_DEVICES_MAX];
    unsigned device_count;
    struct vcpu *vcpu;
    struct machine_config config;
    struct monitor monitor;
    struct exit_observer observer;
    struct breaks breaks;     /* change with machine_break_add() and its kin */
    struct controls controls; /* change with machine_set_controls() */
    struct irq irq;
    struct serial_input serial;

    uint64_t insns;          /* retired since creation */
    struct x86_event raised; /* by the handler of this exit; #DB has its reasons in cr2 */
    struct vm_exit refused;  /* by the handler: an access that the second stage does not let the
                                instruction make; reason 0: none */
    uint64_t random;         /* state of RDRAND */
    uint64_t slept;          /* ns that the CPU has waited in HLT; see core/clock.h */
    uint64_t ran;            /* ns that a CPU has run which does not count instructions */
    uint64_t exits;          /* handled since creation */
    uint64_t exit_counts[EXIT_REASON_COUNT];
    bool debug_exit; /* the device was written in this run */
    uint8_t debug_exit_value;
    bool reset_requested;       /* a device pulled the reset line */
    enum x86_activity activity; /* halted and shut-down CPUs stay so */
    struct ept ept;             /* what mmu/backing.h makes of `ram` */
    const struct ept *cpu_ept;  /* what the CPU walks; change with machine_use_ept() */
    struct shadow *shadow;      /* NULL: there is a second stage, or a monitor with tables */
    uint64_t shadow_root;       /* the CPU's CR3 with shadow paging */
    bool shadow_trap;           /* the monitor trap flag is set for an open page, */
    uint64_t shadow_open_at;    /* which was opened at this count of instructions */
    atomic_bool stop_requested;
};

int machine_create(struct machine **out, const struct machine_config *config, struct error *err);
void machine_destroy(struct machine *m); /* NULL is fine */

/*
 * Run until a stop. Returns 0 with *result filled, or a negative errno (`result->error`) when the
 * host failed. A further call goes on where the last one stopped, except after a triple fault.
 */
int machine_run(struct machine *m, const struct run_limits *limits, struct run_result *result);

/*
 * One instruction, or one exit when the instruction exits: what "step" means everywhere.
 * Breakpoints do not matter.
 */
int machine_step(struct machine *m, struct run_result *result);

/*
 * A CPU in HLT waits for what will wake it, as the next run would have it do first. Behind this the clock
 * stands where it stands for a run that was not ended by a breakpoint at just that exit.
 */
void machine_settle(struct machine *m);

/*
 * Ends the run under way, or the next one when there is none. One that comes just as a run ends of
 * itself may be lost: who must be sure asks again.
 */
void machine_request_stop(struct machine *m);

/*
 * "debug-exit", "halt", "triple-fault", "budget", "guest-error", "request", "monitor", "reset",
 * "breakpoint"
 */
const char *stop_reason_name(enum stop_reason stop);

void machine_get_state(const struct machine *m, struct x86_state *state);
/* Shadows of CR0 and CR4 in the controls follow the state. */
void machine_set_state(struct machine *m, const struct x86_state *state);

/*
 * A debug exception is about to be delivered for `reasons`, bits of DR6: B3-B0 are set anew, BD, BS
 * and BT stay until software clears them, DR7.GD falls (SDM vol. 3, 18.2.3, 18.2.4).
 */
void machine_debug_event(struct machine *m, uint64_t reasons);

/*
 * Read or write `size` bytes at a linear address through the guest's own tables, as a supervisor
 * that SMAP does not stop. Returns the bytes done before the first that does not translate to RAM.
 */
size_t machine_read_linear(const struct machine *m, uint64_t gva, void *buf, size_t size);
size_t machine_write_linear(struct machine *m, uint64_t gva, const void *buf, size_t size);

/* Linear memory as the CPU itself reaches it, translated as `state` says. */
void machine_linear(struct machine *m, const struct x86_state *state, struct x86_linear *mem);

/*
 * The walk of one linear address with the guest's current tables, SMAP as RFLAGS.AC has it now.
 * Nothing changes.
 */
void machine_walk(const struct machine *m, uint64_t gva, enum x86_access access, bool user,
                  struct x86_walk *walk);

/* A ROM as ram_add_rom() has it, mapped for the CPU. */
int machine_add_rom(struct machine *m, const uint8_t *image, uint64_t size, struct error *err);

/*
 * Set the second-stage rights (EPT_ bits) of [gpa, gpa + size). -EFAULT when a page has no memory.
 * -ENOMEM and -ENOSPC: no frame is left for a table. -ENOTSUP: the CPU does not walk the machine's tables.
 */
int machine_protect(struct machine *m, uint64_t gpa, uint64_t size, unsigned rights);

/*
 * Back a page by another frame of the machine's host memory, which takes a reference to it; as
 * ram_back().
 */
int machine_back(struct machine *m, uint64_t gpa, uint64_t hpa);

/*
 * Let `to` have the same frames at [gpa, gpa + size) as `from`, copy-on-write for both: who writes
 * first makes an EPT violation and gets a copy. Rights that machine_protect() took from these pages
 * are not kept. -EXDEV: the two have not the same host memory; else as ram_share().
 */
int machine_share(struct machine *from, struct machine *to, uint64_t gpa, uint64_t size);

/*
 * Let the CPU walk other tables of the machine's host memory, as loading an EPTP does; NULL: its own
 * again. `ept` stays the caller's. What the machine itself reads and writes by guest-physical address
 * it finds through `ram`, whatever the tables say.
 */
void machine_use_ept(struct machine *m, const struct ept *ept);

/* With shadow paging: the CPU's CR3, host-physical. What is cached from another root is forgotten. */
void machine_set_shadow_root(struct machine *m, uint64_t cr3);

/* [gpa, gpa + size) of guest memory was written behind the CPU's back: forget what was made of it. */
void machine_written(struct machine *m, uint64_t gpa, uint64_t size);

/* Tables that the CPU walks were changed: forget what is cached of them, as INVEPT does. */
void machine_ept_changed(struct machine *m);

/* Put other execution controls in force, before the next run. */
void machine_set_controls(struct machine *m, const struct controls *controls);

/* Pull the reset line: the run ends with STOP_RESET. */
void machine_request_reset(struct machine *m);

/* Begin a dirty log again: no page of RAM counts as written there. */
void machine_clear_dirty(struct machine *m, enum dirty_log log);

/* XXH3-64 of registers, TLB, RAM and devices: equal states have equal hashes on any host. */
uint64_t machine_state_hash(const struct machine *m);

/* Virtual time stamp counter: the nanoseconds of core/clock.h. */
uint64_t machine_tsc(const struct machine *m);

/* Text of a device to the sink. */
void machine_text(struct machine *m, enum text_source source, const char *text, size_t size);

#endif
