/*
 * Words of an exit as the SDM's tables lay them out in bits, and a field of one as a line of text.
 * Private to core/fields.c, core/qualification.c and core/insn_fields.c.
 */
#ifndef VLAB_CORE_LAYOUT_H
#define VLAB_CORE_LAYOUT_H

#include "core/exit.h"
#include "core/words.h"

/* One field: bits high..low and how to name their value, by a list or by a function. */
struct field {
    uint8_t high, low;
    const char *name;
    const char *const *values; /* 1 << width of them, or NULL */
    void (*describe)(struct text *t, const struct vm_exit *exit, uint64_t value);
};

/* The fields of one 64- or 32-bit word of an exit. */
struct layout {
    const char *word; /* "", or which word it is when not the qualification */
    const struct field *fields;
    unsigned count;
    unsigned usual; /* the fields after so many are shown only when they are not 0 */
};

/* The last `rare` fields belong to extensions that a CPU need not have. */
#define LAYOUT_RARE(prefix, list, rare)                                                            \
    {                                                                                              \
        .word = (prefix), .fields = (list), .count = sizeof(list) / sizeof((list)[0]),             \
        .usual = sizeof(list) / sizeof((list)[0]) - (rare)                                         \
    }
#define LAYOUT(prefix, list) LAYOUT_RARE(prefix, list, 0)

extern const char *const layout_no_yes[2];

/*
 * Line *line of `word`; false, and *line less the number of its lines, when it has fewer. `layout`
 * may be one without fields.
 */
bool layout_line(struct text *t, const struct vm_exit *exit, const struct layout *layout,
                 uint64_t word, unsigned *line);

/* Describes a general-purpose register. */
void layout_gpr(struct text *t, const struct vm_exit *exit, uint64_t value);

/* The qualification of an exit, and its instruction information, by its reason; never NULL. */
const struct layout *layout_qualification(const struct vm_exit *exit);
const struct layout *layout_insn_info(const struct vm_exit *exit);

#endif
