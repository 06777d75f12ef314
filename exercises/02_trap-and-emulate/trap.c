/*
 * Exercise 02: a monitor for a guest without privilege. README.md says what is asked.
 *
 * This one steps over one byte of every instruction that traps, and does nothing for it.
 */
#include "trap.h"
#include "monitor.h"

enum sensitivity classify(const uint8_t *code, unsigned size)
{
    (void)code, (void)size;
    return INNOCUOUS;
}

int lost_change(const uint8_t *code, unsigned size, int interrupts)
{
    (void)code, (void)size, (void)interrupts;
    return -1;
}

int handle_trap(void)
{
    vmwrite(VCPU_EIP, vmread(VCPU_EIP) + 1);
    return 0;
}

void handle_interrupt(unsigned vector)
{
    (void)vector;
}

void handle_step(void)
{
}
