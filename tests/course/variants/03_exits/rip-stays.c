/* rejected-by: answers
 * RIP is never moved: the same exit comes for ever. */
#include "exits.h"
#include "monitor.h"

int handle_exit(void)
{
    return 0;
}
