/* The device, a VM and its one vCPU: what is set up once [4.1 to 4.4, 4.20, 4.97]. */
#include "backend/kvm/cpu.h"

#include "backend/kvm/kvm.h"
#include "x86/cpuid.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEVICE "/dev/kvm"

/* Three pages that VT-x without unrestricted guests needs somewhere; nothing lies there. */
#define TSS_AT 0xfffbd000u
#define IDENTITY_MAP_AT 0xfffbc000ull

/* ---- the device -------------------------------------------------------------------------- */

static int no_permission(struct error *err)
{
    struct stat st;
    const struct group *group = stat(DEVICE, &st) ? NULL : getgrgid(st.st_gid);

    if (!group || !(st.st_mode & S_IRGRP) || !(st.st_mode & S_IWGRP))
        return error_set(err, -EACCES,
                         "%s: no permission: its owner or an administrator can give it", DEVICE);
    return error_set(
        err, -EACCES,
        "%s: no permission: join the group '%s' (usermod -aG %s USER, then log in again)", DEVICE,
        group->gr_name, group->gr_name);
}

static int not_there(int code, struct error *err)
{
    if (code == -ENOENT || code == -ENXIO || code == -ENODEV)
        return error_set(
            err, code,
            "%s: not there: no VT-x or AMD-V, switched off in firmware, or the kernel's "
            "module is not loaded",
            DEVICE);
    return error_errno(err, code, "%s: cannot be opened", DEVICE);
}

int kvm_device_open(struct error *err)
{
    int fd = open(DEVICE, O_RDWR | O_CLOEXEC), version;

    if (fd < 0)
        return errno == EACCES || errno == EPERM ? no_permission(err) : not_there(-errno, err);
    version = ioctl(fd, KVM_GET_API_VERSION, 0);
    if (version == KVM_API_VERSION)
        return fd;
    close(fd);
    return error_set(err, -ENOTSUP, "%s: API version %d, not %d", DEVICE, version, KVM_API_VERSION);
}

static const struct needed {
    int capability;
    int wanted; /* bits that must be set in the answer; 0: anything but 0 */
    const char *what;
} needed[] = {
    {KVM_CAP_USER_MEMORY, 0, "memory slots"},
    {KVM_CAP_SYNC_REGS, KVM_SYNC_X86_VALID_FIELDS, "registers shared with KVM_RUN (Linux 4.17)"},
    {KVM_CAP_IMMEDIATE_EXIT, 0, "immediate_exit (Linux 4.13)"},
    {KVM_CAP_READONLY_MEM, 0, "memory slots that are read only"},
    {KVM_CAP_SET_GUEST_DEBUG, 0, "single steps"},
    {KVM_CAP_VCPU_EVENTS, 0, "events of a vCPU"},
    {KVM_CAP_DEBUGREGS, 0, "debug registers"},
};

static int check_capabilities(int device, struct error *err)
{
    for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++) {
        int has = ioctl(device, KVM_CHECK_EXTENSION, needed[i].capability);

        if (has <= 0 || (has & needed[i].wanted) != needed[i].wanted)
            return error_set(err, -ENOTSUP, "%s: this kernel does not give %s", DEVICE,
                             needed[i].what);
    }
    return 0;
}

/* ---- the VM ------------------------------------------------------------------------------ */

/* All accesses to MSRs leave the guest, as far as a filter can reach. The time stamp does not. */
static int filter_msrs(struct kvm_cpu *cpu)
{
    static uint8_t deny[0x2000 / 8], low[0x2000 / 8];
    struct kvm_enable_cap cap = {.cap = KVM_CAP_X86_USER_SPACE_MSR,
                                 .args = {KVM_MSR_EXIT_REASON_FILTER | KVM_MSR_EXIT_REASON_UNKNOWN |
                                          KVM_MSR_EXIT_REASON_INVAL}};
    struct kvm_msr_filter filter = {.flags = KVM_MSR_FILTER_DEFAULT_ALLOW,
                                    .ranges = {{.flags = KVM_MSR_FILTER_READ | KVM_MSR_FILTER_WRITE,
                                                .nmsrs = 0x2000,
                                                .base = 0,
                                                .bitmap = low},
                                               {.flags = KVM_MSR_FILTER_READ | KVM_MSR_FILTER_WRITE,
                                                .nmsrs = 0x2000,
                                                .base = 0xc0000000,
                                                .bitmap = deny}}};

    low[0x10 / 8] = 1u << (0x10 % 8);
    if (ioctl(cpu->vm_fd, KVM_ENABLE_CAP, &cap) ||
        ioctl(cpu->vm_fd, KVM_X86_SET_MSR_FILTER, &filter))
        return -errno;
    return 0;
}

static int create_vm(struct kvm_cpu *cpu, int device, struct error *err)
{
    uint64_t identity = IDENTITY_MAP_AT;

    do
        cpu->vm_fd = ioctl(device, KVM_CREATE_VM, 0);
    while (cpu->vm_fd < 0 && errno == EINTR);
    if (cpu->vm_fd < 0)
        return error_errno(err, -errno, "%s: cannot make a VM", DEVICE);
    /* AMD-V does without; a refusal shows when the guest runs. */
    ioctl(cpu->vm_fd, KVM_SET_IDENTITY_MAP_ADDR, &identity);
    ioctl(cpu->vm_fd, KVM_SET_TSS_ADDR, (unsigned long)TSS_AT);
    cpu->slots.max = (uint32_t)ioctl(cpu->vm_fd, KVM_CHECK_EXTENSION, KVM_CAP_NR_MEMSLOTS);
    if ((int)cpu->slots.max <= 0)
        cpu->slots.max = 32;
    if (filter_msrs(cpu))
        return error_errno(err, -errno, "%s: accesses to MSRs cannot be made to leave the guest",
                           DEVICE);
    return 0;
}

/* ---- CPUID ------------------------------------------------------------------------------- */

#define CPUID_ENTRIES_MAX 256

struct cpuid_list {
    struct kvm_cpuid2 head;
    struct kvm_cpuid_entry2 entries[CPUID_ENTRIES_MAX];
};

static const struct kvm_cpuid_entry2 *find_leaf(const struct cpuid_list *list, uint32_t function,
                                                uint32_t index)
{
    for (uint32_t i = 0; i < list->head.nent; i++)
        if (list->entries[i].function == function && list->entries[i].index == index)
            return &list->entries[i];
    return NULL;
}

/* Words of CPUID that are sets of features: what the host cannot do, the guest must not be told. */
static const struct {
    uint32_t leaf;
    bool ebx, ecx, edx;
} feature_words[] = {
    {0x00000001, false, true, true},
    {0x00000007, true, true, true},
    {0x80000001, false, true, true},
};

#define CPUID_HYPERVISOR (1u << 31)

static void mask_features(const struct cpuid_list *host, struct kvm_cpuid_entry2 *entry)
{
    const struct kvm_cpuid_entry2 *has = find_leaf(host, entry->function, entry->index);
    uint32_t hypervisor = entry->function == 1 ? entry->ecx & CPUID_HYPERVISOR : 0;

    for (size_t i = 0; i < sizeof(feature_words) / sizeof(feature_words[0]); i++) {
        if (feature_words[i].leaf != entry->function)
            continue;
        entry->ebx &= feature_words[i].ebx ? (has ? has->ebx : 0) : ~0u;
        entry->ecx &= feature_words[i].ecx ? (has ? has->ecx : 0) : ~0u;
        entry->edx &= feature_words[i].edx ? (has ? has->edx : 0) : ~0u;
        entry->ecx |= hypervisor;
        if (entry->function == 7)
            entry->ecx &= ~CPUID_PKU; /* PKRU would be lost with every state that is kept */
    }
}

/* The name of the emulated CPU is not this one's. */
static void rename_cpu(struct kvm_cpuid_entry2 *entry)
{
    static const char name[48] = "vlab guest of /dev/kvm";
    const char *part = name + 16 * (entry->function - 0x80000002);

    if (entry->function != 0x80000002 && entry->function != 0x80000003)
        return;
    memcpy(&entry->eax, part, 4);
    memcpy(&entry->ebx, part + 4, 4);
    memcpy(&entry->ecx, part + 8, 4);
    memcpy(&entry->edx, part + 12, 4);
}

static void add_leaf(const struct cpuid_list *host, struct cpuid_list *list, uint32_t leaf,
                     uint32_t subleaf)
{
    struct x86_cpuid value = x86_cpuid(leaf, subleaf);
    struct kvm_cpuid_entry2 *entry = &list->entries[list->head.nent++];

    *entry = (struct kvm_cpuid_entry2){.function = leaf,
                                       .index = subleaf,
                                       .eax = value.eax,
                                       .ebx = value.ebx,
                                       .ecx = value.ecx,
                                       .edx = value.edx};
    if (leaf == 7 || leaf == 0xd)
        entry->flags = KVM_CPUID_FLAG_SIGNIFCANT_INDEX;
    mask_features(host, entry);
    rename_cpu(entry);
}

static const struct kvm_cpuid_entry2 *add_leaves(const struct cpuid_list *host,
                                                 struct cpuid_list *list)
{
    for (uint32_t leaf = 0; leaf <= x86_cpuid(0, 0).eax; leaf++)
        add_leaf(host, list, leaf, 0);
    add_leaf(host, list, 0x40000000, 0);
    for (uint32_t leaf = 0x80000000; leaf <= x86_cpuid(0x80000000, 0).eax; leaf++)
        add_leaf(host, list, leaf, 0);
    return find_leaf(list, 7, 0);
}

static int set_cpuid(struct kvm_cpu *cpu, int device, struct error *err)
{
    struct cpuid_list *host = calloc(1, sizeof(*host)), *list = calloc(1, sizeof(*list));
    int rc = host && list ? 0 : -ENOMEM;

    if (!rc) {
        host->head.nent = CPUID_ENTRIES_MAX;
        rc = ioctl(device, KVM_GET_SUPPORTED_CPUID, &host->head) ? -errno : 0;
    }
    if (!rc) {
        cpu->features = add_leaves(host, list)->ecx;
        rc = ioctl(cpu->cpu_fd, KVM_SET_CPUID2, &list->head) ? -errno : 0;
    }
    free(host);
    free(list);
    return rc ? error_errno(err, rc, "%s: cannot say what CPUID tells the guest", DEVICE) : 0;
}

/* ---- the vCPU ---------------------------------------------------------------------------- */

static int map_run(struct kvm_cpu *cpu, int device, struct error *err)
{
    int size = ioctl(device, KVM_GET_VCPU_MMAP_SIZE, 0);
    void *run = MAP_FAILED;

    if (size >= (int)sizeof(*cpu->run))
        run = mmap(NULL, (size_t)size, PROT_READ | PROT_WRITE, MAP_SHARED, cpu->cpu_fd, 0);
    if (run == MAP_FAILED)
        return error_errno(err, -errno, "%s: cannot map the vCPU", DEVICE);
    cpu->run = run;
    cpu->run_size = (size_t)size;
    cpu->run->kvm_valid_regs = KVM_SYNC_X86_VALID_FIELDS;
    return 0;
}

static int create_cpu(struct kvm_cpu *cpu, int device, struct error *err)
{
    int rc;

    cpu->cpu_fd = ioctl(cpu->vm_fd, KVM_CREATE_VCPU, 0ul);
    if (cpu->cpu_fd < 0)
        return error_errno(err, -errno, "%s: cannot make a vCPU", DEVICE);
    rc = map_run(cpu, device, err);
    rc = rc ? rc : set_cpuid(cpu, device, err);
    if (rc)
        return rc;
    cpu->has_xcrs = ioctl(device, KVM_CHECK_EXTENSION, KVM_CAP_XCRS) > 0;
    if (ioctl(device, KVM_CHECK_EXTENSION, KVM_CAP_TSC_CONTROL) > 0)
        ioctl(cpu->cpu_fd, KVM_SET_TSC_KHZ, 1000000ul); /* as core/clock.h; without, the host's */
    return 0;
}

int kvm_vm_create(struct kvm_cpu *cpu, struct error *err)
{
    int device = kvm_device_open(err), rc;

    cpu->vm_fd = cpu->cpu_fd = -1;
    if (device < 0)
        return device;
    rc = check_capabilities(device, err);
    rc = rc ? rc : create_vm(cpu, device, err);
    rc = rc ? rc : irqchip_create(cpu, err);
    rc = rc ? rc : create_cpu(cpu, device, err);
    close(device);
    return rc;
}

void kvm_vm_destroy(struct kvm_cpu *cpu)
{
    if (cpu->run)
        munmap(cpu->run, cpu->run_size);
    if (cpu->cpu_fd >= 0)
        close(cpu->cpu_fd);
    if (cpu->vm_fd >= 0)
        close(cpu->vm_fd);
    cpu->run = NULL;
    cpu->vm_fd = cpu->cpu_fd = -1;
}
