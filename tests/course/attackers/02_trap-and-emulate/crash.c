/* Reads where nothing is. */
#include "monitor.h"
#include "trap.h"
#include <stdio.h>
#include <stdlib.h>

enum sensitivity classify(const uint8_t *code, unsigned size)
{
    (void)code, (void)size;
    abort();
}

int lost_change(const uint8_t *code, unsigned size, int interrupts)
{
    (void)code, (void)size, (void)interrupts;
    abort();
}

int handle_trap(void)
{
    abort();
}

void handle_interrupt(unsigned vector)
{
    (void)vector;
    abort();
}

void handle_step(void)
{
    abort();
}
