/*
 * Exercise 02: which instructions can a hypervisor without VT-x catch? README.md says what is asked.
 *
 * This one knows three instructions of one byte.
 */
#include "trap.h"

enum kind classify(const uint8_t *bytes, unsigned size)
{
    (void)size;
    switch (bytes[0]) {
    case 0xf4: /* HLT */
    case 0xfa: /* CLI */
    case 0xfb: /* STI */
        return PRIVILEGED;
    default:
        return INNOCUOUS;
    }
}
