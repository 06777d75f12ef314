/*
 * From the judge's questions to the functions of ept.h and back.
 *
 *   question                                         answer
 *   1 create, guest, image, image pages              EPT pointer
 *   2 violation, guest, address, qualification       0: again, 1: no memory
 *   3 dirty log, guest                               four words of the bitmap
 *   4 destroy, guest                                 -
 */
#include "ept.h"
#include "monitor.h"

void monitor_question(const uint64_t question[7], uint64_t answer[7])
{
    unsigned guest = question[1] % GUESTS;

    if (question[0] == 1)
        answer[0] = guest_create(guest, question[2], (unsigned)question[3]);
    else if (question[0] == 2)
        answer[0] = (uint64_t)ept_violation(guest, question[2], question[3]);
    else if (question[0] == 3)
        dirty_log(guest, answer);
    else
        guest_destroy(guest);
}
