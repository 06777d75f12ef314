/* Never answers. */
#include "monitor.h"
#include "trap.h"
#include <stdio.h>
#include <stdlib.h>

enum sensitivity classify(const uint8_t *code, unsigned size)
{
    (void)code, (void)size;
    for (;;)
        ;
}

int lost_change(const uint8_t *code, unsigned size, int interrupts)
{
    (void)code, (void)size, (void)interrupts;
    for (;;)
        ;
}

int handle_trap(void)
{
    for (;;)
        ;
}

void handle_interrupt(unsigned vector)
{
    (void)vector;
    for (;;)
        ;
}

void handle_step(void)
{
    for (;;)
        ;
}
