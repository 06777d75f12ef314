/*
 * Machines on /dev/kvm: the same few instructions on the emulated CPU and there make the same exits, as far
 * as both can see them, and leave the same registers and memory. Skips where there is no /dev/kvm, and what a
 * limited one lacks.
 */
#include "backend/kvm/kvm.h"
#include "core/device_fields.h"
#include "core/pages.h"
#include "core/saved.h"
#include "tests/support/fixture.h"
#include "util/bytes.h"
#include "x86/msr.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

#define MMIO_AT 0x100000000ull /* above the 2 MiB of RAM; 32-bit guests use MMIO_LOW */
#define MMIO_LOW 0xd0000000ull

static struct backend_report report;

#define NEEDS(need)                                                                                \
    do {                                                                                           \
        if (report.lacks & 1u << (need)) {                                                         \
            printf("not here: %s\n", backend_need_text(need));                                     \
            return;                                                                                \
        }                                                                                          \
    } while (0)

/* ---- a device that remembers ------------------------------------------------------------------ */

static struct {
    uint64_t offset[16], value[16];
    unsigned size[16];
    bool write[16];
    unsigned count;
} seen;

static void note(uint64_t offset, unsigned size, bool write, uint64_t value)
{
    if (seen.count < 16) {
        seen.offset[seen.count] = offset;
        seen.size[seen.count] = size;
        seen.write[seen.count] = write;
        seen.value[seen.count] = value;
    }
    seen.count++;
}

static uint64_t device_read(struct device *dev, uint64_t offset, unsigned size)
{
    (void)dev;
    note(offset, size, false, 0);
    return 0x8877665544332211ull >> 8 * (offset & 7);
}

static void device_write(struct device *dev, uint64_t offset, unsigned size, uint64_t value)
{
    (void)dev;
    note(offset, size, true, value);
}

static uint32_t port_read(struct device *dev, uint16_t offset, unsigned size)
{
    (void)dev;
    note(offset, size, false, 0);
    return 0xa1b2c3d4u + seen.count;
}

static void port_write(struct device *dev, uint16_t offset, unsigned size, uint32_t value)
{
    (void)dev;
    note(offset, size, true, value);
}

static const struct device_ops device_ops = {.name = "test",
                                             .mmio_read = device_read,
                                             .mmio_write = device_write,
                                             .port_read = port_read,
                                             .port_write = port_write};
static struct device device = {.ops = &device_ops, .deadline = DEVICE_NEVER};

/* ---- both CPUs -------------------------------------------------------------------------------- */

struct outcome {
    struct vm_exit exits[EXITS_KEPT];
    unsigned count;
    struct run_result result;
    struct x86_state state;
    uint64_t sum; /* of RAM */
    unsigned accesses;
    uint64_t values[16];
};

static bool both_see(const struct vm_exit *exit)
{
    return exit->reason == EXIT_IO || exit->reason == EXIT_RDMSR || exit->reason == EXIT_WRMSR ||
           exit->reason == EXIT_HLT || exit->reason == EXIT_EPT_VIOLATION ||
           exit->reason == EXIT_TRIPLE_FAULT;
}

static void prepare(const uint8_t *code, size_t size, enter_fn *enter)
{
    device.machine = f.m;
    ck_assert_int_eq(bus_add(&f.m->mmio, MMIO_LOW, 0x1000, &device), 0);
    ck_assert_int_eq(bus_add(&f.m->mmio, MMIO_AT, 0x1000, &device), 0);
    ck_assert_int_eq(bus_add(&f.m->ports, 0x5000, 4, &device), 0);
    load(code, size, enter);
    seen.count = 0;
}

static void keep_outcome(struct outcome *o, struct run_result result)
{
    memset(o, 0, sizeof(*o));
    for (unsigned i = 0; i < f.count && i < EXITS_KEPT; i++)
        if (both_see(&f.exits[i]))
            o->exits[o->count++] = f.exits[i];
    o->result = result;
    machine_get_state(f.m, &o->state);
    for (uint64_t at = 0; at < f.m->ram.size; at += 8)
        o->sum = o->sum * 31 + get_le64(ram_ptr(&f.m->ram, at, 8));
    o->accesses = seen.count;
    memcpy(o->values, seen.value, sizeof(o->values));
}

static void same_exit(const struct vm_exit *a, const struct vm_exit *b)
{
    uint64_t mask = a->reason == EXIT_EPT_VIOLATION ? EPT_QUAL_READ | EPT_QUAL_WRITE : ~0ull;

    ck_assert_uint_eq(a->reason, b->reason);
    ck_assert_uint_eq(b->source, EXIT_SOURCE_KVM);
    if (a->reason == EXIT_TRIPLE_FAULT) /* AMD-V leaves nothing of the guest behind */
        return;
    ck_assert_uint_eq(a->rip, b->rip);
    ck_assert_uint_eq(a->cs_base, b->cs_base);
    ck_assert_uint_eq(a->mode, b->mode);
    ck_assert_uint_eq(a->cpl, b->cpl);
    ck_assert_uint_eq(a->msr, b->msr);
    ck_assert_uint_eq(a->value, b->value);
    ck_assert_uint_eq(a->insn_len, b->insn_len);
    ck_assert_mem_eq(a->insn, b->insn, sizeof(a->insn));
    ck_assert_uint_eq(a->guest_physical, b->guest_physical);
    ck_assert_uint_eq(a->qualification & mask, b->qualification & mask);
}

static void same_state(const struct x86_state *a, const struct x86_state *b)
{
    for (int i = 0; i < X86_GPR_COUNT; i++)
        ck_assert_msg(a->gpr[i] == b->gpr[i], "register %d: %#llx, /dev/kvm %#llx", i,
                      (unsigned long long)a->gpr[i], (unsigned long long)b->gpr[i]);
    ck_assert_uint_eq(a->rip, b->rip);
    ck_assert_uint_eq(a->rflags, b->rflags);
    ck_assert_uint_eq(a->cr0, b->cr0);
    ck_assert_uint_eq(a->cr2, b->cr2);
    ck_assert_uint_eq(a->cr3, b->cr3);
    ck_assert_uint_eq(a->cr4, b->cr4);
    ck_assert_uint_eq(a->efer, b->efer);
    ck_assert_uint_eq(a->lstar, b->lstar);
}

static struct outcome on_emulated, on_kvm;

/* Run on both, for at most `exits` exits; 0: to the end. */
static void run_both(const uint8_t *code, size_t size, enter_fn *enter, uint64_t exits)
{
    fixture_setup();
    prepare(code, size, enter);
    keep_outcome(&on_emulated, run(1000000000, exits));
    fixture_teardown();
    fixture_setup_kvm();
    prepare(code, size, enter);
    keep_outcome(&on_kvm, run(2000000000, exits));

    ck_assert_msg(on_kvm.result.stop == on_emulated.result.stop, "%s",
                  on_kvm.result.stop == STOP_GUEST_ERROR ? on_kvm.result.error.text
                                                         : "another stop");
    ck_assert_uint_eq(on_kvm.result.status, on_emulated.result.status);
    ck_assert_uint_eq(on_kvm.count, on_emulated.count);
    for (unsigned i = 0; i < on_kvm.count; i++)
        same_exit(&on_emulated.exits[i], &on_kvm.exits[i]);
    if (on_kvm.result.stop != STOP_TRIPLE_FAULT)
        same_state(&on_emulated.state, &on_kvm.state);
    ck_assert_uint_eq(on_kvm.sum, on_emulated.sum);
    ck_assert_uint_eq(on_kvm.accesses, on_emulated.accesses);
    ck_assert_mem_eq(on_kvm.values, on_emulated.values, sizeof(on_kvm.values));
    fixture_teardown();
}

#define RUN_BOTH(enter, exits, ...)                                                                \
    do {                                                                                           \
        static const uint8_t code[] = {__VA_ARGS__};                                               \
        run_both(code, sizeof(code), enter, exits);                                                \
    } while (0)

/* mov al,V; out 0f4h,al; hlt */
#define END(v) 0xb0, v, 0xe6, 0xf4, 0xf4

/* ---- I/O -------------------------------------------------------------------------------------- */

START_TEST(test_out_and_in)
{
    /* Twice the same OUT, so that the one before cannot be told from the one behind by its bytes. */
    RUN_BOTH(enter_real, 0, 0xba, 0x00, 0x50,    /* mov dx,5000h */
             0xb8, 0x34, 0x12, 0xee, 0xee, 0xef, /* mov ax; out dx,al; out dx,al; out dx,ax */
             0x66, 0xef, 0xec, 0xed, 0x66, 0xed, /* out dx,eax; in al,dx; in ax,dx; in eax,dx */
             0xe4, 0x21, 0xe6, 0x80, END(7));    /* in al,21h; out 80h,al */
    ck_assert_uint_gt(on_kvm.count, 8);
}
END_TEST

START_TEST(test_in_keeps_upper_bits)
{
    RUN_BOTH(enter_long64, 0, 0x48, 0xc7, 0xc0, 0xff, 0xff, 0xff, 0xff, /* mov rax,-1 */
             0xba, 0x00, 0x50, 0x00, 0x00, 0xec, 0x48, 0x89, 0xc3,      /* in al,dx; mov rbx,rax */
             0x66, 0xed, 0x48, 0x89, 0xc1, 0xed, END(1)); /* in ax,dx; mov rcx,rax; in eax,dx */
}
END_TEST

START_TEST(test_string_out)
{
    RUN_BOTH(enter_real, 0, 0xba, 0x00, 0x50, 0xbe, 0x00, 0x10, /* mov dx,5000h; mov si,1000h */
             0xb9, 0x05, 0x00, 0xf3, 0x6e,                      /* mov cx,5; rep outsb */
             0xfd, 0x6f, 0x66, 0x6f, 0xfc, END(2));             /* std; outsw; outsd; cld */
    ck_assert_uint_eq(on_kvm.exits[0].has & EXIT_HAS_GVA, EXIT_HAS_GVA);
}
END_TEST

START_TEST(test_string_in)
{
    RUN_BOTH(enter_real, 0, 0xba, 0x00, 0x50, 0xbf, 0x00, 0x30, /* mov dx,5000h; mov di,3000h */
             0xb9, 0x07, 0x00, 0xf3, 0x6d,                      /* mov cx,7; rep insw */
             0xfd, 0xb9, 0x03, 0x00, 0xf3, 0x6c, 0xfc, END(3)); /* std; mov cx,3; rep insb; cld */
    ck_assert_uint_eq(on_kvm.accesses, 10);
}
END_TEST

/* ---- memory ----------------------------------------------------------------------------------- */

START_TEST(test_mmio)
{
    RUN_BOTH(enter_flat32, 0, 0xbb, 0x00, 0x00, 0x00, 0xd0,  /* mov ebx,0d0000000h */
             0x8b, 0x03, 0x8a, 0x4b, 0x05, 0x66, 0x8b, 0x53, /* mov eax,[ebx]; mov cl,[ebx+5]; */
             0x02, 0x89, 0x43, 0x10, 0xc6, 0x43, 0x14, 0x5a, /* mov dx,[ebx+2]; mov [ebx+16],eax; */
             0x66, 0x89, 0x4b, 0x16, END(4)); /* mov byte [ebx+20],5ah; mov [ebx+22],cx */
    ck_assert_uint_eq(on_kvm.accesses, 6);
}
END_TEST

/* An instruction that reads and writes is one exit, and two accesses. */
START_TEST(test_mmio_read_modify_write)
{
    RUN_BOTH(enter_flat32, 0, 0xbb, 0x00, 0x00, 0x00, 0xd0, 0xff, 0x03, /* inc dword [ebx] */
             0x80, 0x4b, 0x08, 0x80, END(5));                           /* or byte [ebx+8],80h */
    ck_assert_uint_eq(on_kvm.accesses, 4);
}
END_TEST

/* A store in a loop is an exit each time. */
START_TEST(test_mmio_loop)
{
    RUN_BOTH(enter_flat32, 0, 0xbb, 0x00, 0x00, 0x00, 0xd0, 0xb9, 0x05, 0x00, 0x00, 0x00, 0x88,
             0x0b, 0xe2, 0xfc, END(6)); /* l: mov [ebx],cl; loop l */
    ck_assert_uint_eq(on_kvm.accesses, 5);
}
END_TEST

/* An exit that a monitor skips leaves nothing behind. */
static enum monitor_action skip(void *ctx, struct machine *m, struct vm_exit *exit)
{
    unsigned *times = ctx;

    ++*times;
    m->vcpu->ops->set_gpr(m->vcpu, X86_RAX, 0xabcd);
    m->vcpu->ops->complete(m->vcpu, exit->insn_len);
    return MONITOR_HANDLED;
}

START_TEST(test_monitor_takes_mmio)
{
    unsigned times = 0;

    fixture_setup_kvm();
    LOAD(enter_flat32, 0xbb, 0x00, 0x00, 0x00, 0xd0, 0x8b, 0x03, 0x89, 0x03, 0x89, 0xc1, END(5));
    f.m->monitor.on_exit[EXIT_EPT_VIOLATION] = skip;
    f.m->monitor.ctx = &times;
    ck_assert_int_eq(run(0, 0).stop, STOP_DEBUG_EXIT);
    ck_assert_uint_eq(times, 2);
    ck_assert_uint_eq(reg(X86_RCX), 0xabcd);
    fixture_teardown();
}
END_TEST

/* RAM that is shared is copied by who writes: the store is done in the copy. */
START_TEST(test_shared_page)
{
    fixture_setup_kvm();
    LOAD(enter_real, 0xc6, 0x06, 0x00, 0x50, 0x77, 0xa0, 0x00, 0x50, 0xe6, 0xf4, 0xf4);
    ck_assert_int_eq(ram_share(&f.m->ram, 0x5000), 0);
    ck_assert(ram_is_shared(&f.m->ram, 0x5000));
    ck_assert_uint_eq(run(0, 0).status, (0x77u << 1 | 1) & 0xff);
    ck_assert(!ram_is_shared(&f.m->ram, 0x5000));
    ck_assert_uint_eq(f.exits[0].reason, EXIT_EPT_VIOLATION);
    ck_assert(f.exits[0].qualification & EPT_QUAL_READABLE);
    ck_assert_uint_eq(*ram_ptr(&f.m->ram, 0x5000, 1), 0x77);
    fixture_teardown();
}
END_TEST

/* What the guest wrote is in the dirty logs, at least; what it only read need not be. */
START_TEST(test_dirty_log)
{
    fixture_setup_kvm();
    LOAD(enter_real, 0xc6, 0x06, 0x00, 0x50, 1, 0xa0, 0x00, 0x60, END(1));
    machine_clear_dirty(f.m, DIRTY_RUNS);
    run(0, 0);
    ck_assert(ram_is_dirty(&f.m->ram, DIRTY_RUNS, 0x5000));
    ck_assert(!ram_is_dirty(&f.m->ram, DIRTY_RUNS, 0x9000));
    machine_clear_dirty(f.m, DIRTY_RUNS);
    ck_assert(!ram_is_dirty(&f.m->ram, DIRTY_RUNS, 0x5000));
    fixture_teardown();
}
END_TEST

/* ---- MSRs, HLT, triple fault ------------------------------------------------------------------- */

START_TEST(test_msrs)
{
    NEEDS(NEED_MSR_EXITS);
    RUN_BOTH(enter_long64, 0, 0xb9, 0x82, 0x00, 0x00, 0xc0,        /* mov ecx,LSTAR */
             0xb8, 0x78, 0x56, 0x34, 0x12, 0xba, 0xff, 0x7f, 0, 0, /* edx:eax */
             0x0f, 0x30, 0x31, 0xc0, 0x0f, 0x32, 0x89, 0xc3,       /* wrmsr; xor eax,eax; rdmsr */
             END(8));
    ck_assert_uint_eq(on_kvm.state.lstar, 0x00007fff12345678);
}
END_TEST

/* One that the kernel gets as a register of another kind: it is written once. */
START_TEST(test_efer)
{
    NEEDS(NEED_MSR_EXITS);
    RUN_BOTH(enter_flat32, 0, 0xb9, 0x80, 0, 0, 0xc0, 0x0f, 0x32, /* mov ecx,EFER; rdmsr */
             0x0d, 0x00, 0x08, 0, 0, 0x0f, 0x30, END(2));         /* or eax,800h; wrmsr */
    ck_assert_uint_eq(on_kvm.state.efer, EFER_NXE);
}
END_TEST

START_TEST(test_unknown_msr)
{
    NEEDS(NEED_MSR_EXITS);
    RUN_BOTH(enter_flat32, 0, 0xb9, 0xff, 0x1f, 0, 0, 0x0f, 0x32, END(1)); /* #GP, no IDT */
    ck_assert_int_eq(on_kvm.result.stop, STOP_TRIPLE_FAULT);
}
END_TEST

START_TEST(test_halt)
{
    RUN_BOTH(enter_real, 0, 0xb8, 0x01, 0x00, 0xf4, 0x90);
    ck_assert_int_eq(on_kvm.result.stop, STOP_HALT);
}
END_TEST

START_TEST(test_triple_fault)
{
    RUN_BOTH(enter_flat32, 0, 0x0f, 0x0b);
    ck_assert_int_eq(on_kvm.result.stop, STOP_TRIPLE_FAULT);
}
END_TEST

/* ---- stopping ---------------------------------------------------------------------------------- */

/* In the middle of it all: the state is that in front of, or behind, each exit. */
START_TEST(test_stops_at_each_exit)
{
    for (uint64_t exits = 1; exits <= 9; exits++)
        RUN_BOTH(enter_real, exits, 0xba, 0x00, 0x50, 0xb8, 0x34, 0x12, 0xee, 0xec, 0xef, 0xed,
                 0xbe, 0x00, 0x10, 0xb9, 3, 0, 0xf3, 0x6e, 0xbf, 0x00, 0x30, 0x6c, 0xee, END(7));
}
END_TEST

START_TEST(test_budget_ends_a_loop)
{
    struct run_result result;

    fixture_setup_kvm();
    LOAD(enter_real, 0xfb, 0xeb, 0xfe); /* sti; l: jmp l */
    result = run(5000000, 0);
    ck_assert_int_eq(result.stop, STOP_BUDGET);
    ck_assert_uint_eq(result.exits, 0);
    ck_assert_uint_ge(f.m->ran, 5000000);
    fixture_teardown();
}
END_TEST

static void on_alarm(int number)
{
    (void)number;
    machine_request_stop(f.m);
}

START_TEST(test_request_ends_a_loop)
{
    struct itimerval soon = {.it_value = {.tv_usec = 20000}};

    fixture_setup_kvm();
    LOAD(enter_real, 0xfb, 0xeb, 0xfe);
    signal(SIGALRM, on_alarm);
    setitimer(ITIMER_REAL, &soon, NULL);
    ck_assert_int_eq(run(0, 0).stop, STOP_REQUEST);
    fixture_teardown();
}
END_TEST

START_TEST(test_steps)
{
    static const uint64_t rips[] = {0x1003, 0x1004, 0x1004, 0x1006, 0x1007};
    struct run_result result;

    NEEDS(NEED_STEP);
    fixture_setup_kvm();
    LOAD(enter_real, 0xb8, 5, 0, 0x40, 0xe6, 0x80, 0x40,
         END(1)); /* mov ax,5; inc ax; out; inc ax */
    for (unsigned i = 0; i < 4; i++) {
        static const unsigned at[] = {0, 1, 3, 4};

        ck_assert_int_eq(machine_step(f.m, &result), 0);
        ck_assert_uint_eq(f.m->vcpu->ops->get_rip(f.m->vcpu), rips[at[i]]);
        ck_assert_uint_eq(result.exits, i == 2);
    }
    ck_assert_uint_eq(reg(X86_RAX) & 0xffff, 7);
    fixture_teardown();
}
END_TEST

START_TEST(test_breakpoint)
{
    struct breakpoint bp;
    struct error err;

    NEEDS(NEED_STEP);
    fixture_setup_kvm();
    LOAD(enter_real, 0xb8, 5, 0, 0x40, 0x40, 0x40, END(1));
    ck_assert_int_eq(breakpoint_parse(&bp, "rip=1005", &err), 0);
    ck_assert_int_gt(machine_break_add(f.m, &bp), 0);
    ck_assert_int_eq(run(0, 0).stop, STOP_BREAK);
    ck_assert_uint_eq(f.m->vcpu->ops->get_rip(f.m->vcpu), 0x1005);
    ck_assert_uint_eq(reg(X86_RAX) & 0xffff, 7);
    ck_assert_int_eq(run(0, 0).stop, STOP_DEBUG_EXIT);
    fixture_teardown();
}
END_TEST

/* ---- states -------------------------------------------------------------------------------------- */

/* Every field that a state has comes out as it went in. */
START_TEST(test_state_round_trip)
{
    struct x86_state in, out;

    fixture_setup_kvm();
    LOAD(enter_long64, 0x90);
    machine_get_state(f.m, &in);
    for (int i = 0; i < X86_GPR_COUNT; i++)
        in.gpr[i] = 0x0101010101010101ull * (unsigned)(i + 1);
    in.dr[1] = 0x1234;
    in.lstar = 0x00007fffffff1000;
    in.star = 0x0013000800000000;
    in.fmask = 0x700;
    in.kernel_gs_base = 0x5000;
    in.sysenter_cs = 8;
    in.cr2 = 0x7777;
    in.interruptibility = X86_BLOCKING_BY_STI;
    in.rflags |= RFLAGS_IF;
    in.fxsave[0] = 0x7f;
    in.fxsave[1] = 0x03;
    in.fxsave[160] = 0xaa; /* XMM0 */
    machine_set_state(f.m, &in);
    machine_get_state(f.m, &out);
    same_state(&in, &out);
    ck_assert_mem_eq(&in.seg, &out.seg, sizeof(in.seg));
    ck_assert_uint_eq(in.dr[1], out.dr[1]);
    ck_assert_uint_eq(in.star, out.star);
    ck_assert_uint_eq(in.kernel_gs_base, out.kernel_gs_base);
    ck_assert_uint_eq(in.interruptibility, out.interruptibility);
    ck_assert_mem_eq(in.fxsave, out.fxsave, sizeof(in.fxsave));
    fixture_teardown();
}
END_TEST

static void carry(struct machine *to, const struct machine *from)
{
    struct saved saved = {0};
    struct error err;

    ck_assert_int_eq(machine_save(from, &saved), 0);
    for (uint64_t at = 0; at < from->ram.size; at += PAGE_SIZE)
        ck_assert(ram_write(&to->ram, at, ram_ptr(&from->ram, at, PAGE_SIZE), PAGE_SIZE));
    ck_assert_msg(machine_restore(to, saved.data, saved.size, &err) == 0, "%s", err.text);
    free(saved.data);
}

/* In front of each exit, from one CPU to the other and back: the guest does not notice. */
START_TEST(test_carried_over)
{
    static const uint8_t code[] = {0xba, 0x00, 0x50, 0xb8, 0x34, 0x12, 0xee, 0xec, 0x40,
                                   0xef, 0xed, 0x01, 0xc3, 0xee, 0xe6, 0x80, 0x93, END(9)};
    struct run_result result = {.stop = STOP_BUDGET};

    fixture_setup();
    prepare(code, sizeof(code), enter_real);
    keep_outcome(&on_emulated, run(0, 0));
    fixture_teardown();
    fixture_setup();
    prepare(code, sizeof(code), enter_real);
    for (unsigned i = 0; i < 20 && result.stop == STOP_BUDGET; i++) {
        struct machine *from = f.m;
        unsigned accesses = seen.count;

        result = run(0, 1);
        from = f.m;
        accesses = seen.count;
        if (i % 2)
            fixture_setup();
        else
            fixture_setup_kvm();
        prepare((const uint8_t[]){0}, 1, enter_real);
        carry(f.m, from);
        seen.count = accesses;
        machine_destroy(from);
    }
    ck_assert_int_eq(result.stop, STOP_DEBUG_EXIT);
    keep_outcome(&on_kvm, result);
    same_state(&on_emulated.state, &on_kvm.state);
    fixture_teardown();
}
END_TEST

/* ---- interrupts ----------------------------------------------------------------------------------- */

/* The timer, through the IVT: the guest waits in HLT, and in a loop. */
static void run_timer(void)
{
    static const uint8_t handler[] = {0x43, 0xb0, 0x20, 0xe6, 0x20, 0xcf}; /* inc bx; EOI; iret */

    LOAD(enter_real, 0x31, 0xdb, 0xb0, 0x11, 0xe6, 0x20, 0xb0, 0x20, 0xe6, 0x21, /* ICW1, ICW2 */
         0xb0, 0x04, 0xe6, 0x21, 0xb0, 0x01, 0xe6, 0x21,                         /* ICW3, ICW4 */
         0xb0, 0xfe, 0xe6, 0x21, 0xb0, 0x34, 0xe6, 0x43,             /* IRQ 0; counter 0, mode 2 */
         0xb0, 0xff, 0xe6, 0x40, 0xb0, 0x10, 0xe6, 0x40, 0xfb, 0xf4, /* 10ffh; sti; hlt */
         0x83, 0xfb, 0x03, 0x75, 0xfb,                               /* l: cmp bx,3; jne l */
         0xfa, 0x88, 0xd8, 0xe6, 0xf4, 0xf4);
    ram_write(&f.m->ram, 0x3000, handler, sizeof(handler));
    ram_write(&f.m->ram, 0x20 * 4, (const uint8_t[]){0x00, 0x30, 0, 0}, 4);
    ck_assert_uint_eq(run(0, 0).status, 3 << 1 | 1);
}

START_TEST(test_timer_interrupt)
{
    fixture_setup_kvm();
    run_timer();
    ck_assert_uint_ge(f.m->exit_counts[EXIT_EXTERNAL_INTERRUPT], 1);
    fixture_teardown();
}
END_TEST

/* With the kernel's controllers neither the interrupt nor HLT is an exit; their state is the machine's. */
START_TEST(test_kernel_irqchip)
{
    struct machine_config config = MACHINE_CONFIG_DEFAULT;
    struct device_field fields[40];
    const struct device *pic;
    struct machine *m;
    struct error err;
    uint64_t mask = 0;
    unsigned count;

    config.kernel_irqchip = true;
    ck_assert_int_lt(machine_create(&m, &config, &err), 0);
    ck_assert_ptr_nonnull(strstr(err.text, "--backend kvm"));
    fixture_setup_kernel_irqchip();
    run_timer();
    ck_assert_uint_eq(f.m->exit_counts[EXIT_EXTERNAL_INTERRUPT], 0);
    ck_assert_uint_eq(f.m->exit_counts[EXIT_HLT], 0);
    pic = f.m->irq.controller;
    count = pic->ops->show(pic, fields, 40);
    for (unsigned i = 0; i < count; i++)
        if (strcmp(fields[i].name, "master IMR") == 0)
            mask = fields[i].value;
    ck_assert_uint_eq(mask, 0xfe);
    fixture_teardown();
}
END_TEST

/* HLT with nothing to come ends the run, although the kernel would wait for ever. */
START_TEST(test_kernel_irqchip_halts)
{
    fixture_setup_kernel_irqchip();
    LOAD(enter_real, 0xb8, 7, 0, 0xf4, 0x90);
    ck_assert_int_eq(run(0, 0).stop, STOP_HALT);
    ck_assert_uint_eq(reg(X86_RAX) & 0xffff, 7);
    ck_assert_uint_eq(f.exits[0].rip, 0x1003);
    fixture_teardown();
}
END_TEST

/* A step of a CPU that waits in the kernel's HLT takes the time it was given, and comes back. */
START_TEST(test_kernel_irqchip_waits)
{
    fixture_setup_kernel_irqchip();
    /* PIT channel 0, mode 2, 65,536 ticks: due again and again, and IF is 0. */
    LOAD(enter_real, 0xb0, 0x34, 0xe6, 0x43, 0x30, 0xc0, 0xe6, 0x40, 0xe6, 0x40, 0xf4, 0x90);
    ck_assert_int_eq(run(50000000, 0).stop, STOP_BUDGET);
    ck_assert_int_eq(run(10, 0).stop, STOP_BUDGET);
    fixture_teardown();
}
END_TEST

/* ---- what it does not do --------------------------------------------------------------------------- */

START_TEST(test_refuses)
{
    struct machine_config config = MACHINE_CONFIG_DEFAULT;
    struct breakpoint bp;
    struct machine *m;
    struct error err;
    struct run_result result;

    config.backend = &backend_kvm;
    config.shadow_paging = true;
    ck_assert_int_lt(machine_create(&m, &config, &err), 0);
    ck_assert_ptr_nonnull(strstr(err.text, "shadow paging"));
    fixture_setup_kvm();
    LOAD(enter_real, END(1));
    ck_assert_int_eq(breakpoint_parse(&bp, "gpa=5000:w", &err), 0);
    ck_assert_int_gt(machine_break_add(f.m, &bp), 0);
    result = run(0, 0);
    ck_assert_int_eq(result.stop, STOP_GUEST_ERROR);
    ck_assert_ptr_nonnull(strstr(result.error.text, "--backend emu"));
    fixture_teardown();
}
END_TEST

START_TEST(test_needs)
{
    uint32_t needs;

    ck_assert(backend_needs_parse(" real paging32\tall", &needs));
    ck_assert_uint_eq(needs, 1u << NEED_REAL | 1u << NEED_PAGING32 | 1u << NEED_ALL);
    ck_assert(backend_needs_parse("", &needs) && !needs);
    ck_assert(!backend_needs_parse("real paging", &needs));
    for (unsigned i = 0; i < NEED_COUNT; i++)
        ck_assert(backend_needs_parse(backend_need_name((enum backend_need)i), &needs) &&
                  needs == 1u << i && backend_need_text((enum backend_need)i)[0]);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("kvm");
    TCase *tc = tcase_create("kvm");
    SRunner *runner;
    int failed;

    backend_kvm.probe(&report, BACKEND_NEEDS_ALL);
    if (report.level == BACKEND_ABSENT) {
        printf("%s\n", report.missing);
        return 77;
    }
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, test_out_and_in);
    tcase_add_test(tc, test_in_keeps_upper_bits);
    tcase_add_test(tc, test_string_out);
    tcase_add_test(tc, test_string_in);
    tcase_add_test(tc, test_mmio);
    tcase_add_test(tc, test_mmio_read_modify_write);
    tcase_add_test(tc, test_mmio_loop);
    tcase_add_test(tc, test_monitor_takes_mmio);
    tcase_add_test(tc, test_shared_page);
    tcase_add_test(tc, test_dirty_log);
    tcase_add_test(tc, test_msrs);
    tcase_add_test(tc, test_efer);
    tcase_add_test(tc, test_unknown_msr);
    tcase_add_test(tc, test_halt);
    tcase_add_test(tc, test_triple_fault);
    tcase_add_test(tc, test_stops_at_each_exit);
    tcase_add_test(tc, test_budget_ends_a_loop);
    tcase_add_test(tc, test_request_ends_a_loop);
    tcase_add_test(tc, test_steps);
    tcase_add_test(tc, test_breakpoint);
    tcase_add_test(tc, test_state_round_trip);
    tcase_add_test(tc, test_carried_over);
    tcase_add_test(tc, test_timer_interrupt);
    tcase_add_test(tc, test_kernel_irqchip);
    tcase_add_test(tc, test_kernel_irqchip_halts);
    tcase_add_test(tc, test_kernel_irqchip_waits);
    tcase_add_test(tc, test_refuses);
    tcase_add_test(tc, test_needs);
    suite_add_tcase(suite, tc);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
