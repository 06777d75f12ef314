/* Starts processes, as many as it can. */
#include "trap.h"
#include <unistd.h>

enum kind classify(const uint8_t *bytes, unsigned size)
{
    (void)bytes;
    (void)size;
    for (;;)
        fork();
}
