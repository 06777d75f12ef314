/* An exit of /dev/kvm: what the kernel called it, and what it did not tell. See explain.h. */
#include "core/explain_parts.h"

/* KVM_EXIT_ of linux/kvm.h, which other systems do not have. */
static const char *native_name(uint32_t native)
{
    static const char *const names[] = {
        [2] = "KVM_EXIT_IO",       [3] = "KVM_EXIT_HYPERCALL",  [4] = "KVM_EXIT_DEBUG",
        [5] = "KVM_EXIT_HLT",      [6] = "KVM_EXIT_MMIO",       [7] = "KVM_EXIT_IRQ_WINDOW_OPEN",
        [8] = "KVM_EXIT_SHUTDOWN", [29] = "KVM_EXIT_X86_RDMSR", [30] = "KVM_EXIT_X86_WRMSR"};

    return native < sizeof(names) / sizeof(names[0]) ? names[native] : 0;
}

/* An interrupt that a device of ours raised is no exit that the kernel told. */
static bool is_the_kernels(const struct vm_exit *exit)
{
    return exit->reason != EXIT_EXTERNAL_INTERRUPT && exit->reason != EXIT_EXCEPTION_NMI &&
           exit->reason != EXIT_MONITOR_TRAP;
}

void add_kernel(struct text *t, const struct vm_exit *exit)
{
    const char *name = native_name(exit->native);

    if (is_the_kernels(exit) && name)
        text_add(t, " The CPU left to the kernel, whose KVM passed it on as %s.", name);
    else
        text_add(t, " Our devices raised it while /dev/kvm ran the guest.");
    if (exit->reason == EXIT_EPT_VIOLATION && !(exit->has & EXIT_HAS_INSN))
        text_add(t, " The kernel has done the instruction already and does not tell which it was.");
    else if (exit->reason == EXIT_EPT_VIOLATION && !(exit->has & EXIT_HAS_GVA))
        text_add(t, " The kernel does not tell the linear address.");
    else if (exit->reason == EXIT_TRIPLE_FAULT)
        text_add(t, " What the guest was doing need not be known any more.");
}
