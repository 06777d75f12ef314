/* Has the assembler read a file. */
#include "monitor.h"
#include "walk.h"

__asm__(".incbin \"/etc/passwd\"");
