/* Ends well, and answers nothing. */
#include "exits.h"
#include "monitor.h"
#include <stdio.h>
#include <stdlib.h>

int handle_exit(void)
{
    exit(0);
}
