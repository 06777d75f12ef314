/* One answer for all. */
#include "trap.h"

enum kind classify(const uint8_t *bytes, unsigned size)
{
    (void)bytes;
    (void)size;
    return SENSITIVE;
}
