/* Writes every field, register and port that there is. */
#include "monitor.h"
#include "trap.h"
#include <stdio.h>
#include <stdlib.h>

enum sensitivity classify(const uint8_t *code, unsigned size)
{
    (void)code, (void)size;
    return SENSITIVE;
}

int lost_change(const uint8_t *code, unsigned size, int interrupts)
{
    (void)code, (void)size, (void)interrupts;
    return -1;
}

int handle_trap(void)
{
    for (uint32_t field = 0; field < 0x100; field++)
        vmwrite(field, ~0ull);
    for (unsigned i = 0; i < 16; i++)
        gpr_write(i, ~0ull);
    return 0;
}

void handle_interrupt(unsigned vector)
{
    (void)vector;
}

void handle_step(void) {}
