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

#endif
