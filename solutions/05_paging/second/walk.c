/* Exercise 05 in another way: a function for each table, which calls that of the next one. */
#include "monitor.h"
#include "walk.h"

enum { P = 1, RW = 2, US = 4, ACC = 32, DIRTY = 64, PS = 128 };

struct state {
    const struct cpu *cpu;
    uint64_t gva;
    enum access access;
    int wide, longmode, nx;
    int writable, user, executable; /* so far */
    uint64_t at[4], value[4];       /* entries whose flags are to be set */
    int used;
};

static int flag(uint64_t reg, int bit)
{
    return reg >> bit & 1;
}

static struct answer page_fault(const struct state *s, unsigned why)
{
    unsigned code = why;

    if (s->access == WRITE)
        code += 2;
    if (s->cpu->cpl == 3)
        code += 4;
    if (s->access == FETCH && (s->nx || flag(s->cpu->cr4, 20)))
        code += 16;
    return (struct answer){14, 0, code};
}

static int denied(const struct state *s)
{
    int smep = flag(s->cpu->cr4, 20), smap = flag(s->cpu->cr4, 21), ac = flag(s->cpu->rflags, 18);

    if (s->access == FETCH && !s->executable)
        return 1;
    if (s->cpu->cpl == 3 && !s->user)
        return 1;
    if (s->access == WRITE && !s->writable && (s->cpu->cpl == 3 || flag(s->cpu->cr0, 16)))
        return 1;
    if (s->cpu->cpl == 0 && s->user)
        return s->access == FETCH ? smep : smap && !ac;
    return 0;
}

static struct answer finish(struct state *s, uint64_t frame, uint64_t offset)
{
    int last = s->used - 1;

    if (denied(s))
        return page_fault(s, P);
    if (s->access == WRITE)
        s->value[last] |= DIRTY;
    for (int i = 0; i <= last; i++)
        guest_write(s->at[i], s->wide ? 8 : 4, s->value[i] | ACC);
    return (struct answer){0, frame + offset, 0};
}

/* Read an entry that has rights and flags. 0: present; else the answer is the fault. */
static int take(struct state *s, uint64_t at, uint64_t *entry)
{
    *entry = guest_read(at, s->wide ? 8 : 4);
    s->at[s->used] = at;
    s->value[s->used++] = *entry;
    if (!(*entry & P))
        return 1;
    s->writable &= flag(*entry, 1);
    s->user &= flag(*entry, 2);
    if (s->wide && *entry >> 63 && s->nx)
        s->executable = 0;
    return 0;
}

/* Bits of a wide entry that no entry may have. */
static int bad(const struct state *s, uint64_t entry)
{
    return (entry >> 40 & 0xfff) || (entry >> 63 && !s->nx);
}

static struct answer legacy(struct state *s)
{
    uint64_t entry, directory = s->cpu->cr3 & 0xfffff000;

    if (take(s, directory + (s->gva >> 22) * 4, &entry))
        return page_fault(s, 0);
    if ((entry & PS) && flag(s->cpu->cr4, 4)) {
        if (flag(entry, 21))
            return page_fault(s, P | 8);
        return finish(s, (entry & 0xffc00000) | (entry >> 13 & 0xff) << 32, s->gva & 0x3fffff);
    }
    if (take(s, (entry & 0xfffff000) + (s->gva >> 12 & 0x3ff) * 4, &entry))
        return page_fault(s, 0);
    return finish(s, entry & 0xfffff000, s->gva & 0xfff);
}

static uint64_t next(uint64_t entry)
{
    return entry & 0x000000fffffff000;
}

static struct answer table(struct state *s, uint64_t base)
{
    uint64_t entry;

    if (take(s, base + (s->gva >> 12 & 511) * 8, &entry))
        return page_fault(s, 0);
    if (bad(s, entry))
        return page_fault(s, P | 8);
    return finish(s, next(entry), s->gva & 0xfff);
}

static struct answer directory(struct state *s, uint64_t base)
{
    uint64_t entry;

    if (take(s, base + (s->gva >> 21 & 511) * 8, &entry))
        return page_fault(s, 0);
    if (bad(s, entry) || ((entry & PS) && (entry & 0x1fe000)))
        return page_fault(s, P | 8);
    if (entry & PS)
        return finish(s, next(entry) & ~0x1fffffull, s->gva & 0x1fffff);
    return table(s, next(entry));
}

static struct answer pae(struct state *s)
{
    uint64_t entry = guest_read((s->cpu->cr3 & ~31ull) + (s->gva >> 30) * 8, 8);

    return entry & P ? directory(s, next(entry)) : page_fault(s, 0);
}

static struct answer four_levels(struct state *s)
{
    uint64_t entry, upper = s->gva >> 47;

    if (upper != 0 && upper != 0x1ffff)
        return (struct answer){13, 0, 0};
    if (take(s, next(s->cpu->cr3) + (s->gva >> 39 & 511) * 8, &entry))
        return page_fault(s, 0);
    if (bad(s, entry) || (entry & PS))
        return page_fault(s, P | 8);
    if (take(s, next(entry) + (s->gva >> 30 & 511) * 8, &entry))
        return page_fault(s, 0);
    if (bad(s, entry) || ((entry & PS) && (entry & 0x3fffe000)))
        return page_fault(s, P | 8);
    if (entry & PS)
        return finish(s, next(entry) & ~0x3fffffffull, s->gva & 0x3fffffff);
    return directory(s, next(entry));
}

struct answer walk(const struct cpu *cpu, uint64_t gva, enum access access)
{
    struct state s = {.cpu = cpu, .gva = gva, .access = access, .writable = 1, .user = 1,
                      .executable = 1};

    s.wide = flag(cpu->cr4, 5);
    s.longmode = flag(cpu->efer, 10);
    s.nx = s.wide && flag(cpu->efer, 11);
    if (!s.wide)
        return legacy(&s);
    return s.longmode ? four_levels(&s) : pae(&s);
}
