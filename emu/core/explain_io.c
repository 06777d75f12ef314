/* I/O instructions in plain words: SDM vol. 3, Table 28-5 and 25.6.4. See explain.h. */
#include "core/explain_parts.h"

#include <inttypes.h>

#define BITMAP_PORTS 0x8000u /* of each of the two bitmaps */

static const char *bytes_of(unsigned size)
{
    return size == 1 ? "1 byte" : size == 2 ? "2 bytes" : "4 bytes";
}

static bool is_printable(uint64_t value)
{
    return value >= ' ' && value <= '~';
}

static const char *instruction_of(uint64_t q)
{
    static const char *const names[] = {"OUT", "IN", "OUTS",     "INS",
                                        "OUT", "IN", "REP OUTS", "REP INS"};

    return names[(q & IO_QUAL_IN ? 1 : 0) + (q & IO_QUAL_STRING ? 2 : 0) +
                 (q & IO_QUAL_REP ? 4 : 0)];
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
    text_add(t, ", %s memory", exit->qualification & IO_QUAL_IN ? "to" : "from");
    if (exit->has & EXIT_HAS_GVA)
        text_add(t, " at linear 0x%" PRIx64, exit->guest_linear);
}

static void add_access(struct text *t, const struct vm_exit *exit)
{
    uint64_t q = exit->qualification;
    unsigned port = IO_QUAL_PORT(q);

    text_add(t, "The guest executed %s: %s %s port 0x%x", instruction_of(q),
             bytes_of(IO_QUAL_SIZE(q)), q & IO_QUAL_IN ? "from" : "to", port);
    if (port_name(port))
        text_add(t, " (%s)", port_name(port));
    if (q & IO_QUAL_STRING)
        add_string(t, exit);
    else
        text_add(t, q & IO_QUAL_IN ? ", answer 0x%" PRIx64 : ", value 0x%" PRIx64, exit->value);
    text_add(t, ". ");
}

static void add_bitmap(struct text *t, uint64_t q)
{
    unsigned port = IO_QUAL_PORT(q), last = port + IO_QUAL_SIZE(q) - 1;
    char bitmap = port < BITMAP_PORTS ? 'A' : 'B';

    if (port == last)
        text_add(t, "Bit 0x%x of I/O bitmap %c is set", port % BITMAP_PORTS, bitmap);
    else
        text_add(t, "A port of 0x%x-0x%x has its bit in the I/O bitmaps set", port, last);
}

static void add_cause(struct text *t, const struct vm_exit *exit)
{
    switch ((enum exit_cause)exit->cause) {
    case EXIT_CAUSE_BITMAP:
        add_bitmap(t, exit->qualification);
        return;
    case EXIT_CAUSE_CONTROL:
        text_add(t, "I/O bitmaps are off; ");
        add_control_on(t, control_of_bit(FIELD_PRIMARY, PRIMARY_UNCONDITIONAL_IO));
        return;
    case EXIT_CAUSE_BEYOND:
        text_add(t, "An access that wraps around port 0xffff always exits");
        return;
    default:
        text_add(t, "The I/O bitmaps or unconditional I/O exiting ask for it");
    }
}

void explain_io_why(struct text *t, const struct vm_exit *exit)
{
    if (has_qualification(exit))
        add_access(t, exit);
    else
        text_add(t, "The guest executed an I/O instruction. ");
    add_cause(t, exit);
    text_add(t, ": the hypervisor plays the device.");
}
