/* The plainest user of /dev/kvm, see bare_kvm.h. */
#include "bench/support/bare_kvm.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#define CODE 0x1000u
#define PAGE 4096u

static int failed(struct error *err, const char *what)
{
    return error_errno(err, -errno, "bare /dev/kvm: %s", what);
}

static int start(struct bare_kvm *k, const uint8_t *code, size_t size, struct error *err)
{
    struct kvm_sregs sregs;
    struct kvm_regs regs = {.rip = CODE, .rsp = 0x7000, .rflags = 2};

    memcpy(k->ram + CODE, code, size);
    if (ioctl(k->cpu, KVM_GET_SREGS, &sregs))
        return failed(err, "KVM_GET_SREGS");
    sregs.cs.base = sregs.cs.selector = 0;
    if (ioctl(k->cpu, KVM_SET_SREGS, &sregs) || ioctl(k->cpu, KVM_SET_REGS, &regs))
        return failed(err, "registers");
    return 0;
}

int bare_kvm_open(struct bare_kvm *k, size_t ram_size, const uint8_t *code, size_t size,
                  struct error *err)
{
    struct kvm_userspace_memory_region slot = {.flags = KVM_MEM_LOG_DIRTY_PAGES,
                                               .memory_size = ram_size};

    memset(k, 0, sizeof(*k));
    k->vm = k->cpu = -1;
    k->ram_size = ram_size;
    k->dirty = calloc(ram_size / PAGE / 8 + 8, 1);
    k->device = open("/dev/kvm", O_RDWR | O_CLOEXEC);
    if (k->device < 0 || !k->dirty)
        return failed(err, "open");
    k->vm = ioctl(k->device, KVM_CREATE_VM, 0);
    if (k->vm < 0)
        return failed(err, "KVM_CREATE_VM");
    k->ram = mmap(NULL, ram_size, PROT_READ | PROT_WRITE,
                  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    slot.userspace_addr = (uintptr_t)k->ram;
    if (k->ram == MAP_FAILED || ioctl(k->vm, KVM_SET_USER_MEMORY_REGION, &slot))
        return failed(err, "memory");
    k->cpu = ioctl(k->vm, KVM_CREATE_VCPU, 0ul);
    if (k->cpu < 0)
        return failed(err, "KVM_CREATE_VCPU");
    k->run_size = (size_t)ioctl(k->device, KVM_GET_VCPU_MMAP_SIZE, 0);
    k->run = mmap(NULL, k->run_size, PROT_READ | PROT_WRITE, MAP_SHARED, k->cpu, 0);
    if (k->run == MAP_FAILED)
        return failed(err, "mmap");
    return start(k, code, size, err);
}

void bare_kvm_close(struct bare_kvm *k)
{
    if (k->run && k->run != MAP_FAILED)
        munmap(k->run, k->run_size);
    if (k->ram && k->ram != MAP_FAILED)
        munmap(k->ram, k->ram_size);
    if (k->saved.ram)
        munmap(k->saved.ram, k->ram_size);
    free(k->dirty);
    if (k->cpu >= 0)
        close(k->cpu);
    if (k->vm >= 0)
        close(k->vm);
    if (k->device >= 0)
        close(k->device);
}

int bare_kvm_run(struct bare_kvm *k, struct error *err)
{
    if (ioctl(k->cpu, KVM_RUN, 0))
        return failed(err, "KVM_RUN");
    return k->run->exit_reason == KVM_EXIT_IO
               ? 0
               : error_set(err, -EIO, "bare /dev/kvm: exit %u, not I/O", k->run->exit_reason);
}

int bare_kvm_save(struct bare_kvm *k, struct error *err)
{
    struct kvm_dirty_log log = {.dirty_bitmap = k->dirty};

    k->saved.ram = mmap(NULL, k->ram_size, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (k->saved.ram == MAP_FAILED)
        return failed(err, "memory");
    memcpy(k->saved.ram, k->ram, k->ram_size);
    if (ioctl(k->cpu, KVM_GET_REGS, &k->saved.regs) ||
        ioctl(k->cpu, KVM_GET_SREGS, &k->saved.sregs) ||
        ioctl(k->cpu, KVM_GET_FPU, &k->saved.fpu) ||
        ioctl(k->cpu, KVM_GET_DEBUGREGS, &k->saved.debug) ||
        ioctl(k->cpu, KVM_GET_VCPU_EVENTS, &k->saved.events) ||
        ioctl(k->cpu, KVM_GET_XCRS, &k->saved.xcrs) || ioctl(k->vm, KVM_GET_DIRTY_LOG, &log))
        return failed(err, "saving");
    return 0;
}

static void put_page(struct bare_kvm *k, size_t at)
{
    memcpy(k->ram + at, k->saved.ram + at, PAGE);
}

int bare_kvm_restore(struct bare_kvm *k, struct error *err)
{
    struct kvm_dirty_log log = {.dirty_bitmap = k->dirty};
    struct {
        struct kvm_msrs head;
        struct kvm_msr_entry list[11];
    } msrs = {.head = {.nmsrs = 11},
              .list = {{.index = 0x174},
                       {.index = 0x175},
                       {.index = 0x176},
                       {.index = 0x1a0, .data = 1},
                       {.index = 0x277, .data = 0x0007040600070406},
                       {.index = 0xc0000081},
                       {.index = 0xc0000082},
                       {.index = 0xc0000083},
                       {.index = 0xc0000084},
                       {.index = 0xc0000102},
                       {.index = 0xc0000102}}};

    if (ioctl(k->vm, KVM_GET_DIRTY_LOG, &log))
        return failed(err, "KVM_GET_DIRTY_LOG");
    for (size_t i = 0; i < k->ram_size / PAGE / 64; i++)
        for (uint64_t bits = k->dirty[i]; bits; bits &= bits - 1)
            put_page(k, (i * 64 + (size_t)__builtin_ctzll(bits)) * PAGE);
    if (ioctl(k->cpu, KVM_SET_REGS, &k->saved.regs) ||
        ioctl(k->cpu, KVM_SET_SREGS, &k->saved.sregs) ||
        ioctl(k->cpu, KVM_SET_FPU, &k->saved.fpu) ||
        ioctl(k->cpu, KVM_SET_DEBUGREGS, &k->saved.debug) ||
        ioctl(k->cpu, KVM_SET_VCPU_EVENTS, &k->saved.events) ||
        ioctl(k->cpu, KVM_SET_XCRS, &k->saved.xcrs) || ioctl(k->cpu, KVM_SET_MSRS, &msrs) < 0)
        return failed(err, "restoring");
    return 0;
}
