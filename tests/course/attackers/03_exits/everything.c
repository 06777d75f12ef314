/* Writes every field, register and port that there is. */
#include "exits.h"
#include "monitor.h"
#include <stdio.h>
#include <stdlib.h>

int handle_exit(void)
{
    for (uint32_t field = 0; field < 0x7000; field += 2)
        vmwrite(field, ~0ull);
    return 0;
}
