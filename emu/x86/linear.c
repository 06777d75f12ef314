/* The CPU's own accesses to linear memory, see linear.h. */
#include "x86/linear.h"

#include "core/exit.h"
#include "util/bytes.h"
#include "x86/paging.h"

#define PAGE 4096u

static bool read_entry(void *ctx, uint64_t gpa, unsigned size, uint64_t *value)
{
    struct x86_linear *mem = ctx;
    uint8_t bytes[8] = {0};

    if (!mem->read(mem->ctx, gpa, bytes, size))
        return false;
    *value = get_le64(bytes);
    return true;
}

static void write_entry(void *ctx, uint64_t gpa, unsigned size, uint64_t value)
{
    struct x86_linear *mem = ctx;
    uint8_t bytes[8];

    put_le64(bytes, value);
    mem->write(mem->ctx, gpa, bytes, size);
}

static struct x86_paging paging_of(struct x86_linear *mem)
{
    const struct x86_state *s = mem->state;

    return (struct x86_paging){.cr0 = s->cr0,
                               .cr3 = s->cr3,
                               .cr4 = s->cr4,
                               .efer = s->efer,
                               .pkru = s->pkru,
                               .pdpte = s->pdpte,
                               .ac = s->rflags & RFLAGS_AC,
                               .implicit = mem->kind == X86_LINEAR_IMPLICIT,
                               .read = read_entry,
                               .ctx = mem};
}

static struct x86_event fault_of(const struct x86_walk *walk)
{
    uint32_t exception = INTR_VALID | INTR_HAS_ERROR | INTR_HARDWARE_EXCEPTION << 8;

    if (walk->verdict == X86_WALK_NO_TABLE)
        return (struct x86_event){0};
    if (walk->verdict == X86_WALK_NOT_CANONICAL)
        return (struct x86_event){.info = exception | X86_GP};
    return (struct x86_event){
        .info = exception | X86_PF, .error = walk->error_code, .cr2 = walk->gva};
}

static bool translate(struct x86_linear *mem, uint64_t gva, enum x86_access access, uint64_t *gpa)
{
    const struct x86_state *s = mem->state;
    struct x86_paging mmu = paging_of(mem);
    struct x86_walk walk;

    x86_walk(&mmu, gva, access, mem->kind == X86_LINEAR_USER, &walk);
    *gpa = walk.gpa;
    if (walk.verdict == X86_WALK_OK) {
        if (s->cr0 & CR0_PG)
            x86_walk_set_accessed_dirty(&walk, access, write_entry, mem);
        return true;
    }
    mem->fault = fault_of(&walk);
    return false;
}

static size_t page_part(uint64_t gva, size_t size)
{
    size_t left = PAGE - gva % PAGE;

    return size < left ? size : left;
}

/* Outside long mode linear addresses wrap around at 4 GiB. */
static uint64_t wrap(const struct x86_linear *mem, uint64_t gva)
{
    return mem->state->efer & EFER_LMA ? gva : (uint32_t)gva;
}

bool x86_linear_load_pdptes(struct x86_linear *mem, uint64_t pdpte[4])
{
    struct x86_paging mmu = paging_of(mem);

    return !x86_paging_is_pae(&mmu) || x86_load_pdptes(&mmu, pdpte);
}

bool x86_linear_read(struct x86_linear *mem, uint64_t gva, void *buf, size_t size)
{
    for (size_t done = 0, part; done < size; done += part) {
        uint64_t at = wrap(mem, gva + done), gpa;

        part = page_part(at, size - done);
        if (!translate(mem, at, X86_READ, &gpa))
            return false;
        if (!mem->read(mem->ctx, gpa, (uint8_t *)buf + done, part)) {
            mem->fault = (struct x86_event){0};
            return false;
        }
    }
    return true;
}

bool x86_linear_can_write(struct x86_linear *mem, uint64_t gva, size_t size)
{
    for (size_t done = 0, part; done < size; done += part) {
        uint64_t at = wrap(mem, gva + done), gpa;

        part = page_part(at, size - done);
        if (!translate(mem, at, X86_WRITE, &gpa))
            return false;
    }
    return true;
}

bool x86_linear_write(struct x86_linear *mem, uint64_t gva, const void *buf, size_t size)
{
    if (!x86_linear_can_write(mem, gva, size))
        return false;
    for (size_t done = 0, part; done < size; done += part) {
        uint64_t at = wrap(mem, gva + done), gpa;

        part = page_part(at, size - done);
        if (!translate(mem, at, X86_WRITE, &gpa) ||
            !mem->write(mem->ctx, gpa, (const uint8_t *)buf + done, part)) {
            mem->fault = (struct x86_event){0};
            return false;
        }
    }
    return true;
}
