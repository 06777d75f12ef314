/*
 * Where the core puts the code that it generates: close to the program.
 *
 * Generated code calls the core's functions once a block and more. A call reaches 2 GiB; what lies
 * further away is called through a register, at ten times the cost on some CPUs. A statically
 * linked program lies far from where mmap() puts things by itself, so the core's mmap64() comes
 * here (the linker's --wrap) and gets a hint: below the program. The kernel may ignore it; then
 * everything works as before, but slower.
 */
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>

#define LARGE_PAGE ((uintptr_t)2 << 20)

extern const char __executable_start[]; /* the linker's */

void *__real_mmap64(void *addr, size_t size, int prot, int flags, int fd, int64_t offset);
void *__wrap_mmap64(void *addr, size_t size, int prot, int flags, int fd, int64_t offset);

void *__wrap_mmap64(void *addr, size_t size, int prot, int flags, int fd, int64_t offset)
{
    if (!addr && prot & PROT_EXEC && size < (uintptr_t)__executable_start)
        addr = (void *)(((uintptr_t)__executable_start - size) & ~(LARGE_PAGE - 1));
    return __real_mmap64(addr, size, prot, flags, fd, offset);
}
