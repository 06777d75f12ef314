/* I/O instructions in plain words: SDM vol. 3, Table 28-5. See explain.h. */
#include "core/explain_parts.h"

#include <inttypes.h>

static const char *bytes_of(unsigned size)
{
    return size == 1 ? "1 byte" : size == 2 ? "2 bytes" : "4 bytes";
}

static bool is_printable(uint64_t value)
{
    return value >= ' ' && value <= '~';
}

void explain_io_meaning(struct text *t, const struct vm_exit *exit)
{
    uint64_t q = exit->qualification;
    unsigned size = IO_QUAL_SIZE(q);

    if (!has_qualification(exit))
        return;
    text_add(t, "%s%s%s 0x%x, %s", q & IO_QUAL_REP ? "rep " : "", q & IO_QUAL_IN ? "in" : "out",
             q & IO_QUAL_STRING ? "s" : "", (unsigned)IO_QUAL_PORT(q), bytes_of(size));
    if (q & IO_QUAL_STRING)
        return;
    if (size == 1 && is_printable(exit->value))
        text_add(t, ", '%c'", (char)exit->value);
    else
        text_add(t, ", 0x%" PRIx64, exit->value);
}

static void add_string(struct text *t, const struct vm_exit *exit)
{
    uint64_t q = exit->qualification;

    text_add(t, ", straight %s memory", q & IO_QUAL_IN ? "to" : "from");
    if (exit->has & EXIT_HAS_GVA)
        text_add(t, " at linear 0x%" PRIx64, exit->guest_linear);
    text_add(t, "%s.", q & IO_QUAL_REP ? ", as often as the count register says" : "");
}

void explain_io_why(struct text *t, const struct vm_exit *exit)
{
    uint64_t q = exit->qualification;
    bool in = q & IO_QUAL_IN;

    if (!has_qualification(exit))
        return;
    text_add(t, " It %s %s %s port 0x%x", in ? "reads" : "writes", bytes_of(IO_QUAL_SIZE(q)),
             in ? "from" : "to", (unsigned)IO_QUAL_PORT(q));
    if (q & IO_QUAL_STRING)
        add_string(t, exit);
    else
        text_add(t, in ? "; the answer was 0x%" PRIx64 "." : ": 0x%" PRIx64 ".", exit->value);
}
