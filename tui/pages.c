/* Questions about address translation, and what an answer says of its entries. See pages.h. */
#include "tui/pages.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

static const char *const try_names[PAGES_TRIES] = {
    [TRY_CPL] = "CPL", [TRY_WP] = "WP",   [TRY_SMEP] = "SMEP", [TRY_SMAP] = "SMAP",
    [TRY_AC] = "AC",   [TRY_NXE] = "NXE", [TRY_PKE] = "PKE",
};

const char *pages_try_name(unsigned try)
{
    return try_names[try];
}

bool pages_question_equal(const struct pages_question *a, const struct pages_question *b)
{
    if (!a->on || !b->on)
        return a->on == b->on;
    return memory_place_equal(&a->place, &b->place) && a->access == b->access &&
           a->level == b->level && a->tries == b->tries;
}

unsigned pages_cpu_bits(const struct x86_state *state)
{
    unsigned bits = 0;

    bits |= x86_cpl(state) == 3 ? 1u << TRY_CPL : 0;
    bits |= state->cr0 & CR0_WP ? 1u << TRY_WP : 0;
    bits |= state->cr4 & CR4_SMEP ? 1u << TRY_SMEP : 0;
    bits |= state->cr4 & CR4_SMAP ? 1u << TRY_SMAP : 0;
    bits |= state->rflags & RFLAGS_AC ? 1u << TRY_AC : 0;
    bits |= state->efer & EFER_NXE ? 1u << TRY_NXE : 0;
    bits |= state->cr4 & CR4_PKE ? 1u << TRY_PKE : 0;
    return bits;
}

/* ---- what to try ----------------------------------------------------------------------------- */

static bool is_word(const char *word, size_t length, const char *name)
{
    return strlen(name) == length && strncasecmp(word, name, length) == 0;
}

static bool parse_access(const char *word, size_t length, uint8_t *access)
{
    static const char *const names[] = {
        [X86_READ] = "read", [X86_WRITE] = "write", [X86_FETCH] = "fetch"};
    static const char *const letters[] = {[X86_READ] = "r", [X86_WRITE] = "w", [X86_FETCH] = "x"};

    for (unsigned i = 0; i < 3; i++)
        if (is_word(word, length, names[i]) || is_word(word, length, letters[i])) {
            *access = (uint8_t)i;
            return true;
        }
    return false;
}

static void set_try(struct pages_question *question, unsigned cpu, unsigned try, bool value)
{
    question->tries &= (uint8_t) ~(1u << try);
    if ((cpu >> try & 1) != value)
        question->tries |= (uint8_t)(1u << try);
}

/* "wp=0" */
static bool parse_bit(const char *word, size_t length, unsigned cpu,
                      struct pages_question *question)
{
    for (unsigned try = TRY_WP; try < PAGES_TRIES; try++) {
        size_t name = strlen(try_names[try]);

        if (length != name + 2 || !is_word(word, name, try_names[try]) || word[name] != '=' ||
            (word[name + 1] != '0' && word[name + 1] != '1'))
            continue;
        set_try(question, cpu, try, word[name + 1] == '1');
        return true;
    }
    return false;
}

static bool parse_word(const char *word, size_t length, unsigned cpu,
                       struct pages_question *question)
{
    if (is_word(word, length, "user"))
        set_try(question, cpu, TRY_CPL, true);
    else if (is_word(word, length, "supervisor"))
        set_try(question, cpu, TRY_CPL, false);
    else
        return parse_access(word, length, &question->access) ||
               parse_bit(word, length, cpu, question);
    return true;
}

int pages_try_parse(struct pages_question *question, unsigned cpu, const char *text,
                    struct error *err)
{
    struct pages_question new = *question;
    bool any = false;

    while (*(text += strspn(text, " "))) {
        size_t length = strcspn(text, " ");

        if (!parse_word(text, length, cpu, &new))
            return error_set(err, -EINVAL,
                             "'%.*s' is none of r, w, x, user, supervisor, wp=0, smep=1, smap=1, "
                             "ac=1, nxe=0, pke=1",
                             (int)(length < 40 ? length : 40), text);
        any = true;
        text += length;
    }
    if (!any)
        new.tries = 0;
    *question = new;
    return 0;
}

/* ---- what an answer says --------------------------------------------------------------------- */

bool pages_tlb_is_stale(const struct pages_look *look)
{
    const struct x86_walk *walk = &look->walk.guest;

    if (!look->has_tlb)
        return false;
    return walk->page_size == 0 || walk->gpa != look->tlb_gpa + (look->gva & 0xfff) ||
           walk->rights != look->tlb_rights;
}

static bool find_entry(const struct pages_look *look, uint64_t gpa, uint64_t *entry)
{
    const struct pages_table *table = &look->table;

    for (unsigned i = 0; i < look->walk.guest.count; i++)
        if (look->walk.tables[i].count && look->walk.guest.steps[i].entry_gpa == gpa) {
            *entry = look->walk.guest.steps[i].entry;
            return true;
        }
    if (!table->on || table->in_register || gpa < table->gpa ||
        (gpa - table->gpa) / table->entry_size >= table->count)
        return false;
    *entry = table->entries[(gpa - table->gpa) / table->entry_size];
    return true;
}

bool pages_entry_changed(const struct pages_look *before, uint64_t entry_gpa, uint64_t entry,
                         uint64_t *was)
{
    return before->on && find_entry(before, entry_gpa, was) && *was != entry;
}

unsigned pages_range_at(const struct pages_look *look, uint64_t gva)
{
    unsigned i = 0;

    while (i < look->map.count && look->ranges[i].last < gva)
        i++;
    return i;
}

bool pages_range_is_new(const struct pages_look *before, const struct x86_range *range)
{
    const struct x86_range *old;
    unsigned i;

    if (!before->on || before->levels == 0)
        return false;
    i = pages_range_at(before, range->first);
    if (i == before->map.count)
        return false;
    old = &before->ranges[i];
    return old->first != range->first || old->last != range->last || old->gpa != range->gpa ||
           old->page_size != range->page_size || old->rights != range->rights ||
           old->global != range->global || old->key != range->key || old->verdict != range->verdict;
}

/* ---- the listed table ------------------------------------------------------------------------ */

/*
 *  63   48 47    39 38    30 29    21 20    12 11       0
 *  | sign | PML4  | PDPT   | PD     | PT     | offset   |     9 bits a level, 8-byte entries
 *          31            22 21           12 11          0
 *         | PD             | PT            | offset     |     10 bits, 4-byte entries
 */
static unsigned entry_shift(const struct pages_table *table)
{
    return 12 + (table->level - 1u) * (table->entry_size == 4 ? 10 : 9);
}

uint64_t pages_entry_span(const struct pages_look *look)
{
    return 1ull << entry_shift(&look->table);
}

unsigned pages_entry_index(const struct pages_look *look, uint64_t gva)
{
    const struct pages_table *table = &look->table;

    return (unsigned)(gva >> entry_shift(table)) & (table->count - 1u);
}

static uint64_t canonical(const struct pages_look *look, uint64_t gva)
{
    unsigned unused = look->levels >= 4 ? 64 - (12 + 9 * look->levels) : 32;

    if (look->levels < 4)
        return gva & UINT32_MAX;
    return (uint64_t)((int64_t)(gva << unused) >> unused);
}

uint64_t pages_entry_gva(const struct pages_look *look, unsigned index)
{
    unsigned shift = entry_shift(&look->table);
    uint64_t table = (uint64_t)(look->table.count - 1) << shift;
    uint64_t above = look->gva & ~(table | ((1ull << shift) - 1));

    return canonical(look, above | (uint64_t)index << shift);
}

static bool is_plain_absent(const struct pages_look *look, const struct pages_look *before,
                            unsigned index)
{
    const struct pages_table *table = &look->table;
    uint64_t was;

    return !(table->entries[index] & 1) &&
           !pages_entry_changed(before, table->gpa + (uint64_t)index * table->entry_size,
                                table->entries[index], &was);
}

unsigned pages_entry_run(const struct pages_look *look, const struct pages_look *before,
                         unsigned index)
{
    unsigned end = index;

    while (end < look->table.count && is_plain_absent(look, before, end))
        end++;
    return end == index ? 1 : end - index;
}
