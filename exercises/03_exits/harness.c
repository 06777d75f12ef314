/*
 * From the judge's questions to the function of exits.h and back.
 *
 *   question        answer
 *   1 exit          0: go on, 1: waits in HLT
 */
#include "exits.h"
#include "monitor.h"

void monitor_question(const uint64_t question[7], uint64_t answer[7])
{
    (void)question;
    answer[0] = (uint64_t)handle_exit();
}
