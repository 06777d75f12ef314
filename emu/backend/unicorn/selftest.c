/*
 * The CPU engine tests itself before it is trusted: VMRUN into real mode, a CPUID exit and an OUT
 * exit, each with RIP on the instruction and the registers as they must be. A library that was
 * built or changed so that one of these fails is refused with a clear line.
 */
#include "backend/unicorn/engine.h"

#include "mmu/backing.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define TEST_AT 0x1000
#define TEST_RAM (1u << 20)

static const uint8_t program[] = {
    0xb8, 0x34, 0x12, /* 1000: mov ax,1234h */
    0x0f, 0xa2,       /* 1003: cpuid */
    0xe6, 0xe9,       /* 1005: out 0e9h,al */
    0xf4,             /* 1007: hlt */
};

struct expected {
    enum exit_reason reason;
    uint64_t rip;
    uint64_t insns;
    const char *what;
};

static const struct expected expected[] = {
    {EXIT_CPUID, 0x1003, 1, "CPUID exit"},
    {EXIT_IO, 0x1005, 2, "OUT exit"},
    {EXIT_HLT, 0x1007, 3, "HLT exit"},
};

static int test_exit(struct vcpu *vcpu, const struct expected *want, struct error *err)
{
    struct vm_exit exit;
    enum backend_stop stop = vcpu->ops->run(vcpu, 100, &exit, err);

    if (stop == BACKEND_BROKEN)
        return err->code;
    if (stop != BACKEND_EXIT || exit.reason != (uint32_t)want->reason || exit.rip != want->rip ||
        exit.insns != want->insns || (vcpu->ops->get_gpr(vcpu, X86_RAX) & 0xffff) != 0x1234)
        return error_set(err, -ENOTSUP,
                         "CPU self-test: the %s is not precise (reason %u at %#llx); the Unicorn "
                         "library does not fit, 2.1.4 is known to work",
                         want->what, exit.reason, (unsigned long long)exit.rip);
    vcpu->ops->complete(vcpu, exit.insn_len);
    return 0;
}

static int test_program(struct vcpu *vcpu, struct error *err)
{
    struct x86_state state;
    int rc = 0;

    x86_state_reset(&state);
    x86_segment_real(&state.seg[X86_CS], 0, true);
    state.rip = TEST_AT;
    vcpu->ops->set_state(vcpu, &state);
    for (size_t i = 0; !rc && i < sizeof(expected) / sizeof(expected[0]); i++)
        rc = test_exit(vcpu, &expected[i], err);
    return rc;
}

int engine_selftest(struct error *err)
{
    struct machine *m = calloc(1, sizeof(*m));
    struct vcpu vcpu = {.ops = &backend_unicorn, .machine = m};
    int rc;

    if (!m)
        return error_set(err, -ENOMEM, "CPU self-test: out of memory");
    m->vcpu = &vcpu;
    rc = ram_init(&m->ram, NULL, TEST_RAM, err);
    rc = rc ? rc : ept_create(&m->ept, m->ram.host, 0);
    rc = rc ? rc : backing_map(&m->ept, &m->ram);
    if (!rc) {
        m->cpu_ept = &m->ept;
        ram_write(&m->ram, TEST_AT, program, sizeof(program));
        rc = engine_attach(&vcpu, err);
    }
    if (!rc)
        rc = test_program(&vcpu, err);
    backend_unicorn.close(&vcpu);
    ept_destroy(&m->ept);
    ram_destroy(&m->ram);
    free(m);
    return rc;
}
