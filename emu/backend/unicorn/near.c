/*
 * Where the core puts the code that it generates: close to the program.
 *
 * Generated code calls the core's functions once a block and more. A call reaches 2 GiB; what lies
 * further away is called through a register, at ten times the cost on some CPUs. A statically
 * linked program lies far from where mmap() puts things by itself, so the core's mmap64() comes
 * here (the linker's --wrap) and gets a hint: below the program. The kernel may ignore it; then
 * everything works as before, but slower.
 *
 * The core also asks for large pages there. Most guests' code takes a few small ones, and is not run
 * faster from a large one, which would be half of what a machine needs besides its RAM: not so.
 */
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>

#define LARGE_PAGE ((uintptr_t)2 << 20)

extern const char __executable_start[]; /* the linker's */

void *__real_mmap64(void *addr, size_t size, int prot, int flags, int fd, int64_t offset);
void *__wrap_mmap64(void *addr, size_t size, int prot, int flags, int fd, int64_t offset);
int __real_madvise(void *addr, size_t size, int advice);
int __wrap_madvise(void *addr, size_t size, int advice);

void *__wrap_mmap64(void *addr, size_t size, int prot, int flags, int fd, int64_t offset)
{
    if (!addr && prot & PROT_EXEC && size < (uintptr_t)__executable_start)
        addr = (void *)(((uintptr_t)__executable_start - size) & ~(LARGE_PAGE - 1));
    return __real_mmap64(addr, size, prot, flags, fd, offset);
}

int __wrap_madvise(void *addr, size_t size, int advice)
{
    return advice == MADV_HUGEPAGE ? 0 : __real_madvise(addr, size, advice);
}
