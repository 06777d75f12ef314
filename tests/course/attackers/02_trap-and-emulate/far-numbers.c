/* Answers with numbers that mean nothing. */
#include "monitor.h"
#include "trap.h"
#include <stdio.h>
#include <stdlib.h>

enum sensitivity classify(const uint8_t *code, unsigned size)
{
    (void)code, (void)size;
    return (enum sensitivity)77;
}

int lost_change(const uint8_t *code, unsigned size, int interrupts)
{
    (void)code, (void)size, (void)interrupts;
    return 1 << 30;
}

int handle_trap(void)
{
    return -1;
}

void handle_interrupt(unsigned vector)
{
    (void)vector;
}

void handle_step(void) {}
