/* rejected-by: answers
 * Ends in the middle of its first question. */
#include "trap.h"

#include <stdlib.h>

enum kind classify(const uint8_t *bytes, unsigned size)
{
    exit(bytes[0] == size ? 1 : 0);
}
