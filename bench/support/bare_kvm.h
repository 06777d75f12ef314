/*
 * The peer on /dev/kvm: a VM with one slot of memory and the plainest loop around KVM_RUN, with nothing
 * looked at, dispatched or recorded. See Documentation/virt/kvm/api.rst of Linux.
 */
#ifndef VLAB_BENCH_BARE_KVM_H
#define VLAB_BENCH_BARE_KVM_H

#include "util/error.h"

#include <linux/kvm.h>
#include <stddef.h>
#include <stdint.h>

struct bare_kvm {
    int device, vm, cpu;
    struct kvm_run *run;
    size_t run_size, ram_size;
    uint8_t *ram;
    uint64_t *dirty; /* the bitmap */
    struct {         /* as they were at bare_kvm_save() */
        struct kvm_regs regs;
        struct kvm_sregs sregs;
        struct kvm_fpu fpu;
        struct kvm_debugregs debug;
        struct kvm_vcpu_events events;
        struct kvm_xcrs xcrs;
        uint8_t *ram;
    } saved;
};

/* Real mode, code at 1000h. `ram_size`: bytes of guest memory, zeros. */
int bare_kvm_open(struct bare_kvm *k, size_t ram_size, const uint8_t *code, size_t size,
                  struct error *err);
void bare_kvm_close(struct bare_kvm *k);

/* KVM_RUN, which has to come back with an I/O exit. */
int bare_kvm_run(struct bare_kvm *k, struct error *err);

/* Everything that a snapshot has, and back by one ioctl each, with the pages of the dirty log. */
int bare_kvm_save(struct bare_kvm *k, struct error *err);
int bare_kvm_restore(struct bare_kvm *k, struct error *err);

#endif
