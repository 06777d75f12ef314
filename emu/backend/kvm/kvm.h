/*
 * The real CPU: a machine's vCPU run by the Linux kernel, /dev/kvm.
 *
 * - Exits are those that the kernel passes on; CPUID, control registers, exceptions and page faults it
 *   keeps to itself. What an exit does not tell has its EXIT_HAS_ bit clear.
 * - Instructions are not counted, but for single steps: time runs in the host's nanoseconds, and runs do
 *   not repeat exactly.
 * - The second stage belongs to the kernel: machine_protect(), machine_use_ept() and shadow paging are the
 *   emulated CPU's.
 */
#ifndef VLAB_KVM_H
#define VLAB_KVM_H

#include "core/backend.h"

extern const struct backend_ops backend_kvm;

/* What the kernel counts of a vCPU, and what that is in words. */
struct kvm_counter {
    const char *name; /* the kernel's, "pf_taken" */
    const char *text;
    bool passed_on; /* these exits reach user space; others the kernel keeps to itself */
    uint64_t value; /* since the vCPU was made */
};

#define KVM_COUNTERS_MAX 32

/* Those that there are, at most `max`; 0 where the kernel gives none, or the CPU is an emulated one. */
unsigned kvm_counters(const struct vcpu *vcpu, struct kvm_counter *list, unsigned max);

#endif
