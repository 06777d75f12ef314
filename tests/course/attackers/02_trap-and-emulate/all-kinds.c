/* An answer that is none. */
#include "trap.h"

enum kind classify(const uint8_t *bytes, unsigned size)
{
    (void)bytes;
    (void)size;
    return (enum kind)7;
}
