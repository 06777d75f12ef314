/* What guests may need of a CPU, by name, see backend.h. */
#include "core/backend.h"

#include <string.h>

static const struct {
    const char *name, *text;
} needs_list[NEED_COUNT] = {
    [NEED_REAL] = {"real", "real mode"},
    [NEED_PROT32] = {"prot32", "32-bit protected mode"},
    [NEED_LONG] = {"long", "64-bit mode"},
    [NEED_PAGING32] = {"paging32", "32-bit paging"},
    [NEED_PAE] = {"pae", "PAE paging"},
    [NEED_SSE] = {"sse", "SSE in ring 0"},
    [NEED_X87] = {"x87", "x87 in ring 0"},
    [NEED_INT] = {"int", "INT n in ring 0"},
    [NEED_INT_USER] = {"int-user", "INT n in ring 3"},
    [NEED_VMCALL] = {"vmcall", "VMCALL"},
    [NEED_MSR_EXITS] = {"msr-exits", "exits of RDMSR and WRMSR"},
    [NEED_STEP] = {"step", "single steps"},
    [NEED_WINDOW] = {"window", "interrupts at once"},
    [NEED_LA57] = {"la57", "5-level paging"},
    [NEED_PKU] = {"pku", "protection keys"},
    [NEED_ALL] = {"all", "every instruction in every ring"},
};

const char *backend_need_name(enum backend_need need)
{
    return needs_list[need].name;
}

const char *backend_need_text(enum backend_need need)
{
    return needs_list[need].text;
}

static bool parse_word(const char *word, size_t size, uint32_t *needs)
{
    for (unsigned i = 0; i < NEED_COUNT; i++) {
        if (strlen(needs_list[i].name) != size || strncmp(needs_list[i].name, word, size))
            continue;
        *needs |= 1u << i;
        return true;
    }
    return false;
}

bool backend_needs_parse(const char *words, uint32_t *needs)
{
    static const char blanks[] = " \t";

    *needs = 0;
    for (words += strspn(words, blanks); *words; words += strspn(words, blanks)) {
        size_t size = strcspn(words, blanks);

        if (!parse_word(words, size, needs))
            return false;
        words += size;
    }
    return true;
}
