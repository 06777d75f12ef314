/* Asks for ever. */
#include "monitor.h"
#include "trap.h"
#include <stdio.h>
#include <stdlib.h>

enum sensitivity classify(const uint8_t *code, unsigned size)
{
    (void)code, (void)size;
    for (;;)
        vmread(VCPU_EIP);
}

int lost_change(const uint8_t *code, unsigned size, int interrupts)
{
    (void)code, (void)size, (void)interrupts;
    for (;;)
        vmread(VCPU_EIP);
}

int handle_trap(void)
{
    for (;;)
        vmread(VCPU_EIP);
}

void handle_interrupt(unsigned vector)
{
    (void)vector;
    for (;;)
        vmread(VCPU_EIP);
}

void handle_step(void)
{
    for (;;)
        vmread(VCPU_EIP);
}
