/*
 * An exit in words: for the exits table, the "why this exit" pane, `vlab exits` and messages.
 * Everything is derived from the struct alone. Text is plain English in ASCII, one paragraph,
 * never cut inside a word unless the buffer ends.
 */
#ifndef VLAB_CORE_EXPLAIN_H
#define VLAB_CORE_EXPLAIN_H

#include "core/exit.h"

#include <stddef.h>

/* Short meaning for a table, at most 40 characters: `out 0x3f8, 1 byte, 'H'`, `leaf 0x1`, ... */
void exit_meaning(const struct vm_exit *exit, char *buf, size_t size);

/* Why the CPU left the guest, in plain words, one to three sentences. */
void exit_why(const struct vm_exit *exit, char *buf, size_t size);

/*
 * The exit's words decoded field by field: qualification, interruption information and error code,
 * IDT-vectoring information, instruction information, each as far as the exit has it. `line` counts
 * from 0; false past the last line. A line reads "bits 15:0  name: value (meaning)", with "info",
 * "error", "vectoring" or "operands" in front where it is not about the qualification.
 */
bool exit_field_line(const struct vm_exit *exit, unsigned line, char *buf, size_t size);

/* Manual section, "SDM vol. 3, 28.2.1, Table 28-5". Static, never NULL. */
const char *exit_manual(uint32_t reason);

#endif
