/*
 * The emulated CPU's private state, shared by the files of this folder only.
 *
 * One Unicorn engine runs the guest under its own AMD-V: the guest is what VMRUN runs, so every
 * intercept arrives precisely and VMRUN loads all hidden state. The engine is "loaded" while it
 * holds the guest, "parked" while the guest lives in `state` and waits to be loaded.
 *
 *   backend.c  the table of functions, run and inject
 *   world.c    guest state <-> engine (VMRUN, saved context)
 *   context.c  the layout of Unicorn's saved context, found and checked at start
 *   memory.c   both translation stages in the TLB-fill hook, dirty log, code pages
 *   count.c    counting instructions, exact stops, single steps
 *   torn.c     stores that the core leaves half done
 *   flags.c    arithmetic flags in step mode
 *   far.c      far returns of real mode whose pops are hooked
 *   inspect.c  instructions that the core would not stop at
 *   deliver.c  events on their way into the guest
 *   watch.c    breakpoint registers and alignment checks
 *   breaks.c   breakpoints of the machine
 *   exits.c    what came back -> struct vm_exit
 *   selftest.c the engine tests itself before it is trusted
 *   rescue.c   the library must not end the process
 *   near.c     generated code is placed within reach of a near call
 */
#ifndef VLAB_BACKEND_UNICORN_ENGINE_H
#define VLAB_BACKEND_UNICORN_ENGINE_H

#include "core/backend.h"
#include "core/machine.h"
#include "x86/decode.h"

#include <unicorn/unicorn.h>

/*
 * The engine's physical space. The machine's host memory (core/host_memory.h) begins at 4 GiB; the
 * hidden pages lie below and are in no guest's reach, whatever its second stage says.
 */
#define HIDDEN_BASE 0xfd000000ull
enum hidden_page {
    HIDDEN_VMCB = 0x0000,
    HIDDEN_PARK = 0x1000, /* the "host" that the guest is loaded from */
    HIDDEN_HSAVE = 0x2000,
    HIDDEN_IOPM = 0x3000,  /* 3 pages */
    HIDDEN_MSRPM = 0x6000, /* 2 pages */
    HIDDEN_STUB = 0x8000,
    HIDDEN_ZERO = 0x9000, /* 2 pages: an MSR bitmap that intercepts nothing */
    HIDDEN_FENCE = 0xb000,
    HIDDEN_SIZE = 0xc000
};
#define HPA_HOST_BASE 0x100000000ull
#define HPA_NOTHING 0x700000000000ull /* never mapped: an access there tells its exact address */
#define HPA_MMIO 0x600000000000ull    /* one page of callbacks, in front of the MMIO bus */
/* A non-canonical alias of host memory, for dropping stale translations by address. */
#define ALIAS_BASE 0x0100000000000000ull

/* Bits of CR4 that the core does not have: they are shadowed, and what they do is done here. */
#define CR4_HIDDEN (CR4_LA57 | CR4_PKE)

/* Where things are in Unicorn's saved context, bytes from its start. */
struct context_layout {
    size_t env, dr0, size;
};

/*
 * What an access at CPL 3 to a page with a descriptor table is: the program's own, or the CPU's,
 * which loads a descriptor. Known for one instruction at a time.
 */
enum table_access { TABLE_ACCESS_UNKNOWN, TABLE_ACCESS_DATA, TABLE_ACCESS_IMPLICIT };

enum fault_kind {
    FAULT_NONE,
    FAULT_PAGE,
    FAULT_CANONICAL,
    FAULT_EPT,
    FAULT_EPT_MISCONFIG,
    FAULT_STOP_FETCH,
    /* No faults, but a reason to come back before the access: see memory.c. */
    FAULT_SYSTEM_TABLE,
    FAULT_CODE_WRITTEN,
    FAULT_WATCHED,
    FAULT_TLB_FULL
};

/* Why the fill hook denied an access. */
struct fault {
    enum fault_kind kind;
    enum x86_access access;
    uint64_t gva, gpa;
    uint32_t error_code;
    uint64_t qualification; /* of an EPT violation */
    bool table; /* FAULT_EPT, FAULT_EPT_MISCONFIG: gpa is of an entry of the guest's tables */
    bool exact; /* gva has its low 12 bits */
};

/*
 * Has a block an instruction that must be looked at before it runs? IRET only when NT is set. One
 * that changes the code segment, the shadow or flags that matter is told apart, too.
 */
enum suspicion { NOT_SUSPECT, SUSPECT, SUSPECT_IRET, SUSPECT_STATE };

/* One basic block's instruction count; see count.c. */
struct block {
    uint64_t gva;
    uint64_t key; /* engine generation << 32 | size in bytes */
    uint32_t insns;
    uint32_t last;          /* offset of the last instruction */
    const uint8_t *bytes;   /* it in RAM, NULL: not known */
    const uint8_t *next;    /* ... and its part in the next page, NULL: it has none */
    enum suspicion suspect; /* see inspect.c; what is suspect is never remembered */
    uint16_t left_at, left; /* at this offset it was left with so many to go, 0: not known */
};
#define BLOCKS 4096

/* The same for a block that may change under the CPU, with the bytes it was counted from. */
struct block_copy {
    struct block block;
    uint8_t bytes[40];
};
#define BLOCK_COPIES 256

/* An instruction decoded for an exit: what these bytes are in code of so many bits. */
struct decoded {
    uint64_t bytes[2];
    unsigned bits; /* 0: none yet */
    struct x86_insn insn;
    uint8_t shown[15]; /* the instruction alone, zeros behind it */
};
#define DECODED 64

/* Where a page was filled in last, while accesses are watched for breakpoints; see breaks.c. */
struct break_fill {
    uint64_t gva, hpa;
    bool known;
};
#define BREAK_FILLS 64

enum page_use { PAGE_DATA, PAGE_CODE, PAGE_MIXED };

/* A port access seen by a hook, before it happens. */
struct io_access {
    bool in;
    uint16_t port;
    uint8_t size;
    uint32_t value;
};

struct engine {
    struct vcpu *vcpu;
    struct machine *machine;
    uc_engine *uc;
    uint8_t *hidden;
    uc_context *context, *parked_context, *probe_context;
    unsigned code_bits; /* of the code segment in e->context: 16, 32 or 64 */
    bool context_fresh; /* e->context has the code segment, CPL and shadow that the engine has */
    struct context_layout layout;

    /* Guest state while parked. What MSR and CR exits keep from the core is always here. */
    struct x86_state state;
    bool loaded;
    bool fpu_changed; /* state.fxsave has to be loaded too */

    /* Registers that are set and wait for the next start of the engine, world.c. */
    uint64_t gpr[X86_GPR_COUNT], rip;
    uint32_t gprs_set; /* one bit a register */
    bool has_rip;      /* `rip` is the engine's */

    uint64_t core_xcr0; /* XCR0 in the core */

    /* Control registers and EFER as the guest sees them, current at all times. */
    uint64_t cr0, cr3, cr4, cr8, efer;

    struct x86_event event;    /* to deliver, when info is valid */
    bool nmi_blocked;          /* until the guest's next IRET */
    uint64_t nmi_unblocked_at; /* machine->insns at that IRET; ~0: there was none */
    bool window_later;         /* the instruction at RIP comes before any window */

    /* memory.c */
    unsigned chunks_mapped;
    uint8_t *page_use[HOST_CHUNKS_MAX]; /* enum page_use of each frame */
    unsigned stub_fetches;              /* so many fetches from its address still get the stub */
    bool stop_fetch;    /* deny the guest's next fetch: it is loaded but must not run */
    bool delivering;    /* an event's delivery makes the accesses */
    uint64_t pushed[4]; /* pages with code that it wrote to, where the core does not look */
    unsigned pushed_count;
    struct fault fault;
    bool probing; /* running a denied write again to learn its address */
    uint64_t probe_page;
    bool mmio_once;                 /* allow_mmio(): the next instruction may reach the MMIO bus */
    bool mmio_open;                 /* ... and is running */
    enum table_access table_access; /* ... and its accesses to descriptor tables are known */
    bool bare_once; /* allow_insn(): the next instruction has no intercepts but what must be */
    uint64_t mmio_page;

    /* count.c */
    struct block blocks[BLOCKS];
    struct block_copy copies[BLOCK_COPIES];
    struct block unremembered;
    struct block *block; /* being executed, NULL: none yet */
    uint64_t left;       /* instructions until `limit`; 0 while nothing is counted by block */
    uint32_t generation;
    uint64_t hot_key;    /* key of a block whose count may be used as it stands, without its size */
    bool watching;       /* each block is looked at before it runs: there is none */
    uint64_t limit;      /* machine->insns at which to stop */
    bool state_changed;  /* the last block may have left another code segment, CPL, AC or shadow */
    uint64_t step_block; /* ... in step mode: where it begins */
    bool stepping;       /* instruction hook in use instead of block counts */
    bool unhooking;      /* the library looks for what it translated with that hook */
    uc_hook step_hook;
    bool step_keeps;                /* its flags are those before it, and the core has them wrong */
    uint64_t step_rcx, step_rflags; /* as they were when that began */
    uint64_t step_gva;              /* instruction being executed, ~0: none yet */
    bool budget_hit;
    bool window_hit;  /* the guest can take the interrupt that waits */
    bool inspect_hit; /* the block at RIP has an instruction to be looked at */
    bool clamped;     /* EAX and EDX are not the guest's for one instruction, see inspect.c */
    uint64_t clamped_rax, clamped_rdx;
    uint32_t inspect_insns; /* ... and so many instructions */
    bool inspecting;        /* such a block is being run, in step mode */
    uint64_t fence;         /* page whose fetch was denied while translating ahead, ~0: none */
    bool fence_hit;

    /* Set by hooks, read after uc_emu_start(). */
    bool broken; /* the library gave up: no more runs */
    bool quiet;  /* stub or probe runs: count nothing, report nothing */
    int native;  /* SVM exit code, -1: none */
    struct io_access io;
    int aborted; /* enum private_exit_code raised by a hook, 0: none */
    uint64_t aborted_rcx;
    uint64_t task;           /* qualification of the task switch that is due */
    struct x86_event raised; /* an exception that the core does not find itself */

    struct decoded decoded[DECODED]; /* exits.c */

    /* watch.c */
    unsigned debug_hit; /* reasons for a #DB that were not reported yet, bits of DR6 */
    bool block_begins;  /* the instruction is the first of its block */
    bool watching_memory;
    bool aligning;  /* accesses are checked for alignment */
    bool align_hit; /* ... and did: accesses are to be watched, or no longer */
    uc_hook memory_hook;

    /* breaks.c */
    bool break_hit;       /* the run ends before the instruction at RIP */
    bool break_open;      /* pages with a watched byte may be in the TLB, accesses are hooked */
    uint64_t break_until; /* ... until the machine has run so many instructions */
    uint64_t break_again; /* machine->insns in an instruction that was begun again for a fill */
    struct break_fill break_fills[BREAK_FILLS];
};

/* context.c */
int context_calibrate(struct engine *e, struct error *err);
void context_read(struct engine *e); /* refresh e->context from the engine */
/* The same, unless what only far transfers and the like change is known: code segment, CPL, shadow. */
void context_read_once(struct engine *e);
uint32_t context_error_code(struct engine *e);
uint64_t context_cs_base(struct engine *e);
bool context_shadow(struct engine *e);
unsigned context_cpl(struct engine *e);
void context_segment(const struct engine *e, enum x86_seg seg, struct x86_segment *out);
void context_tables(const struct engine *e, struct x86_state *state);
/* Put the parked world's control state under the registers of the current one. */
void context_splice_parked(struct engine *e);
void context_set_shadow(struct engine *e, bool on);
/* RIP of the instruction that runs, in a hook and after context_read(): the engine goes on there. */
void context_set_rip(struct engine *e, uint64_t rip);
bool context_code64(const struct engine *e);
/* Intercepts of the loaded guest, bits as in the VMCB: take some away, or set them all. */
void context_lift_intercepts(struct engine *e, uint64_t bits, uint16_t cr_reads);
void context_put_intercepts(struct engine *e, uint64_t bits, uint16_t cr_reads);
uint16_t context_cs_selector(const struct engine *e);

/* world.c */
uint64_t engine_reg(struct engine *e, int reg);
void engine_set_reg(struct engine *e, int reg, uint64_t value);
uint64_t engine_rip(struct engine *e);
void engine_set_rip(struct engine *e, uint64_t rip);
/* General registers that handlers set are written together, by engine_put_gprs(). */
void engine_set_gpr(struct engine *e, enum x86_gpr gpr, uint64_t value);
void engine_put_gprs(struct engine *e);
uint64_t engine_msr(struct engine *e, uint32_t msr);
void engine_set_msr(struct engine *e, uint32_t msr, uint64_t value);
extern const int engine_gprs[X86_GPR_COUNT]; /* UC_X86_REG_ by enum x86_gpr */
int world_create(struct engine *e, struct error *err);
/* Make `state` true: read the guest out of a loaded engine (it stays loaded). */
void world_read(struct engine *e);
/* Intercept what the machine's controls ask for, from now on when the guest is loaded. */
void world_intercepts(struct engine *e);
void world_park(struct engine *e); /* read, and mark the engine as not holding the guest */
/*
 * Load the parked guest, delivering e->event if it is valid. 0 when it is loaded and ready to run;
 * otherwise the engine came back early: e->native or e->fault says why, as after engine_go().
 */
int world_load(struct engine *e);

/* memory.c */
int memory_map(struct engine *e, struct error *err);
void memory_unmap(struct engine *e);
bool memory_fill(uc_engine *uc, uint64_t gva, uc_mem_type type, uc_tlb_entry *entry, void *ctx);
bool memory_unmapped(uc_engine *uc, uc_mem_type type, uint64_t hpa, int size, int64_t value,
                     void *ctx);
void memory_paging(struct engine *e, struct x86_paging *mmu);
/* Forget what the core has cached; the guest's TLB stays as it is. */
void memory_flush(struct engine *e);
/* ... and the guest's TLB, too. */
void memory_flush_tlb(struct engine *e);
/* Where the CPU finds a guest-physical address in host memory; false: nowhere. */
bool memory_hpa(struct engine *e, uint64_t gpa, uint64_t *hpa);
/* The same for what is fetched at a linear address. */
bool memory_code_hpa(struct engine *e, uint64_t gva, uint64_t *hpa);
void memory_invalidate(struct engine *e, uint64_t gpa, uint64_t size);
/* A delivery is over: drop the code that it wrote over. */
void memory_settle_pushes(struct engine *e);
void memory_locate_write(struct engine *e);
/* The fault's address within its page is that of `address`. */
void memory_locate(struct engine *e, uint64_t address);
/* An access at CPL 3 met a descriptor table on a user page under SMAP: find out whose it is. */
void memory_settle_table_access(struct engine *e);
/* Bytes at a linear address that can be fetched, at most to the page's end; NULL when none. */
const uint8_t *memory_code(struct engine *e, uint64_t gva, size_t *size);
/* Where data at a linear address lies, and how much of its page is left; NULL: not in RAM. */
uint8_t *memory_data(struct engine *e, uint64_t gva, size_t *left);
/* The same into `buf`, across pages; returns the bytes before the first that cannot be fetched. */
size_t memory_read_code(struct engine *e, uint64_t gva, uint8_t *buf, size_t size);
bool memory_page_is_mixed(struct engine *e, uint64_t gva);
/* Write as a supervisor whom WP binds; returns the bytes before the first that is denied. */
size_t memory_write(struct engine *e, uint64_t gva, const uint8_t *buf, size_t size);

/* count.c */
void count_block(uc_engine *uc, uint64_t gva, uint32_t size, void *ctx);
void count_begin(struct engine *e);
/* e->generation or e->watching changed: which remembered counts hold. */
void count_forget(struct engine *e);
/* Around each uc_emu_start(): machine->insns is current only outside. */
void count_resume(struct engine *e);
void count_pause(struct engine *e);
/* Settle machine->insns after the engine came back with RIP at `gva`. */
void count_settle(struct engine *e, uint64_t gva);
/*
 * `size` bytes at `gva` where they lie in RAM, when it is in the block being run and they are in one
 * page; else NULL. To be asked before count_settle().
 */
const uint8_t *count_code(const struct engine *e, uint64_t gva, size_t size);
/* Linear address of the instruction that ran last, before the engine came back behind a block. */
bool count_last_insn(struct engine *e, uint64_t *gva);
void count_step_mode(struct engine *e, bool on);
/* Is the limit so near that single steps are better than blocks? */
bool count_steps_pay(const struct engine *e);

/* torn.c */
/*
 * The instruction at `gva` begins again, because it stored into the block at `block`, whose it was:
 * undo what it has stored in front of that.
 */
void torn_mend(struct engine *e, uint64_t gva, uint64_t block);

/* flags.c */
/* In a hook of a memory access, first of all. */
void flags_keep(struct engine *e);

/* far.c */
/* In the hook of a read, of the bytes at `hpa`; and in that of a fill for a read. */
void far_access(struct engine *e, uint64_t hpa);
void far_fill(struct engine *e, uint64_t page);

/* inspect.c */
/*
 * Of `size` bytes of code, with so many known behind them: where the core takes an instruction for
 * a shorter one, its block ends inside what it is.
 */
enum suspicion inspect_code(struct engine *e, const uint8_t *bytes, size_t size, size_t behind);
/* Give back the registers that inspect_insn() changed. */
void inspect_unclamp(struct engine *e);
/* Is there a REP instruction that stores? Over its own code it is run step by step. */
bool inspect_rep_stores(struct engine *e, const uint8_t *bytes, size_t size);
/* True: the engine comes back before the instruction, e->aborted says why. */
bool inspect_insn(struct engine *e, uint64_t gva);
/* The same for a transfer through a task gate or to a TSS, from `e->state`. */
bool inspect_task(struct engine *e, enum task_source source, uint16_t selector);
/* Are the flags behind the instruction those in front of it, and has the core to be told? */
bool inspect_keeps_flags(struct engine *e, uint64_t gva);

/* deliver.c */
/*
 * Load the parked guest and deliver the pending event. False when that failed: the guest is as
 * before, and e->fault, e->native, e->aborted tell why.
 */
bool deliver_enter(struct engine *e);

/* watch.c */
/* Is any breakpoint enabled? Then the guest runs step by step. */
bool watch_armed(const struct engine *e);
/* Breakpoints on the instruction at `gva`: true, and e->debug_hit, when it must not run. */
bool watch_fetch(struct engine *e, uint64_t gva);
/* Are the guest's accesses checked for alignment, as it is now? */
bool watch_alignment(struct engine *e);
/* See memory accesses while they are watched. Call with the engine stopped. */
void watch_memory(struct engine *e);

/* breaks.c */
/* Is there a breakpoint on an instruction in [gva, gva + size)? */
bool break_in_block(struct engine *e, uint64_t gva, uint32_t size);
/* The instruction is about to run, in step mode: true when the run ends before it. */
bool break_insn(struct engine *e, uint64_t gva, uint32_t size);
/* The fill hook: is the access denied, what is left of its rights, and where was it? */
bool break_denies(struct engine *e, enum x86_access access, uint64_t hpa);
uint32_t break_perms(struct engine *e, uint32_t perms, uint64_t hpa);
void break_filled(struct engine *e, uint64_t gva, uint64_t hpa);
/* After FAULT_WATCHED: watch every access from now on. */
void break_open(struct engine *e);
/* Before a stretch: end that when its time is over, else limit the stretch. */
void break_begin(struct engine *e);
/* An access that is about to happen: true when the instruction was given up. */
bool break_access(struct engine *e, enum uc_mem_type type, uint64_t hpa, unsigned size);
/* The engine came back for break_access(): the instruction is to be begun again. */
bool break_again(struct engine *e);
/* An access where no memory is, or none that it may use: true when the run ends before its exit. */
bool break_fault(struct engine *e, uint64_t gva);
/* A block is to be run step by step: true when that is to be done with open pages. */
bool break_steps(struct engine *e);
/* m->breaks changed. */
void break_changed(struct engine *e);

/* rescue.c */
void rescue_install(void);
/* uc_emu_start(); false when the library would have ended the process: the engine is lost. */
bool rescue_emu_start(struct engine *e, uint64_t rip);

/* backend.c */
/* uc_emu_start() until something stops it. */
void engine_go(struct engine *e);
/* Come back with a private exit code: from a hook before an instruction, or with none running. */
void engine_come_back(struct engine *e, int code);
/* Leave the instruction of a hook unexecuted and end the run with a private exit code. */
void engine_abort(struct engine *e, int code);
unsigned engine_cpl(struct engine *e);
/* Linear address of the instruction at RIP. */
uint64_t engine_linear_rip(struct engine *e);
unsigned engine_code_bits(struct engine *e);
/* The instruction at a linear address; false when it cannot be read or decoded. */
bool engine_decode(struct engine *e, uint64_t gva, struct x86_insn *insn, uint8_t bytes[15]);
/* The window that the machine waits for is open. */
bool engine_window_open(struct engine *e);

/* Make an engine for a vCPU, without the self-test. */
int engine_attach(struct vcpu *vcpu, struct error *err);

/* selftest.c */
int engine_selftest(struct error *err);

/* exits.c */
/*
 * Describe why the engine came back. False when it was no exit: an event for the guest (e->event)
 * that has to be delivered, as INT n.
 */
bool exit_fill(struct engine *e, struct vm_exit *exit);
/* Place, mode and instruction, for an exit that happens between two instructions. */
void exit_describe(struct engine *e, struct vm_exit *exit);

#endif
