/* A table that names itself, on all levels. */
#include "monitor.h"
#include "shadow.h"

uint64_t shadow_create(uint64_t cr3, uint64_t ram)
{
    (void)cr3;
    (void)ram;
    uint64_t root = frame_take();

    for (uint64_t i = 0; i < 512; i++)
        host_write64(root + 8 * i, root | 3);
    return root;
}

struct verdict page_fault(uint64_t address, uint32_t error_code)
{
    (void)address;
    (void)error_code;
    return (struct verdict){AGAIN, 0};
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
