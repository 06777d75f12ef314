/*
 * From the judge's questions to the functions of shadow.h and back.
 *
 *   question                        answer
 *   1 create, CR3, RAM              root
 *   2 page fault, address, error    what, error code
 *   3 table written, address        -
 *   4 load CR3, value               root
 *   5 INVLPG, address               -
 */
#include "monitor.h"
#include "shadow.h"

void monitor_question(const uint64_t question[7], uint64_t answer[7])
{
    struct verdict verdict;

    switch (question[0]) {
    case 1:
        answer[0] = shadow_create(question[1], question[2]);
        break;
    case 2:
        verdict = page_fault(question[1], (uint32_t)question[2]);
        answer[0] = verdict.what;
        answer[1] = verdict.error_code;
        break;
    case 3:
        table_written(question[1]);
        break;
    case 4:
        answer[0] = load_cr3(question[1]);
        break;
    default:
        invlpg(question[1]);
    }
}
