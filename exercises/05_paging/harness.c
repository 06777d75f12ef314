/*
 * From the judge's questions to walk() and back.
 *
 *   question: CR0, CR3, CR4, EFER, RFLAGS, linear address, access | CPL << 8
 *   answer:   vector, guest-physical address or error code
 */
#include "monitor.h"
#include "walk.h"

void monitor_question(const uint64_t question[7], uint64_t answer[7])
{
    struct cpu cpu = {.cr0 = question[0],
                      .cr3 = question[1],
                      .cr4 = question[2],
                      .efer = question[3],
                      .rflags = question[4],
                      .cpl = question[6] >> 8 & 3};
    struct answer a = walk(&cpu, question[5], (enum access)(question[6] & 3));

    answer[0] = a.vector;
    answer[1] = a.vector ? a.error_code : a.gpa;
}
