/* Leads the guest past all of its exits, to where its code ends. */
#include "exits.h"
#include "monitor.h"
#include <stdio.h>
#include <stdlib.h>

int handle_exit(void)
{
    uint64_t at = vmread(GUEST_RIP);

    while (guest_read(at, 4))
        at++;
    vmwrite(GUEST_RIP, at - 1);
    return 0;
}
