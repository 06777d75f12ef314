/* Includes a file that is not its own. */
#include "/etc/passwd"
