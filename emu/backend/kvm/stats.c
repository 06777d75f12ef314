/* What the kernel counts of a vCPU, KVM_GET_STATS_FD [4.131]; see kvm.h. */
#include "backend/kvm/cpu.h"
#include "backend/kvm/kvm.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* The counters that tell of exits, in the order in which they are shown. */
static const struct {
    const char *name, *text;
    bool passed_on; /* user space sees those, too */
} known[] = {
    {"exits", "all exits of the CPU, kept and passed on", false},
    {"io_exits", "I/O instructions", true},
    {"mmio_exits", "accesses to where no memory is", true},
    {"irq_window_exits", "the guest could take an interrupt", true},
    {"halt_exits", "HLT that the kernel waited for itself", false},
    {"signal_exits", "a signal for vlab: its timer, or Ctrl-C", false},
    {"irq_exits", "interrupts of the host", false},
    {"nmi_window_exits", "the guest could take an NMI", false},
    {"pf_taken", "faults of the kernel's second stage", false},
    {"pf_fixed", "of those, mapped: the guest knows nothing", false},
    {"pf_emulate", "of those, an instruction to emulate", false},
    {"pf_guest", "the guest's own page faults (shadow paging)", false},
    {"invlpg", "INVLPG, where it leaves the guest", false},
    {"insn_emulation", "instructions that the kernel emulated", false},
    {"hypercalls", "VMCALL, answered by the kernel", false},
    {"irq_injections", "interrupts given to the guest", false},
    {"nmi_injections", "NMIs given to the guest", false},
};
#define KNOWN (sizeof(known) / sizeof(known[0]))

#define NAME_MAX_SIZE 64u

/* The value of a counter by its name; false: this kernel does not have it. */
static bool read_counter(int fd, const struct kvm_stats_header *head, const char *name,
                         uint64_t *value)
{
    union {
        struct kvm_stats_desc desc;
        char bytes[sizeof(struct kvm_stats_desc) + NAME_MAX_SIZE];
    } d;
    size_t size = sizeof(d.desc) + head->name_size;

    for (uint32_t i = 0; i < head->num_desc; i++) {
        if (pread(fd, &d, size, (off_t)(head->desc_offset + i * size)) != (ssize_t)size)
            return false;
        d.bytes[size - 1] = '\0';
        if (strcmp(d.desc.name, name) == 0)
            return d.desc.size == 1 &&
                   pread(fd, value, 8, (off_t)head->data_offset + d.desc.offset) == 8;
    }
    return false;
}

unsigned kvm_counters(const struct vcpu *vcpu, struct kvm_counter *list, unsigned max)
{
    const struct kvm_cpu *cpu = vcpu->priv;
    struct kvm_stats_header head;
    unsigned count = 0;
    int fd;

    if (vcpu->ops != &backend_kvm)
        return 0;
    fd = ioctl(cpu->cpu_fd, KVM_GET_STATS_FD, NULL);
    if (fd < 0)
        return 0;
    if (pread(fd, &head, sizeof(head), 0) == sizeof(head) && head.name_size <= NAME_MAX_SIZE)
        for (size_t i = 0; i < KNOWN && count < max; i++) {
            struct kvm_counter *c = &list[count];

            *c = (struct kvm_counter){known[i].name, known[i].text, known[i].passed_on, 0};
            count += read_counter(fd, &head, known[i].name, &c->value);
        }
    close(fd);
    return count;
}
