/*
 * From the judge's questions to the functions of snapshot.h and back.
 *
 *   question              answer
 *   1 begin, map          -
 *   2 take, node          -
 *   3 write fault, page   -
 *   4 revert, node        -
 *   5 delete, node        -
 *   6 parent, node        its parent
 */
#include "monitor.h"
#include "snapshot.h"

void monitor_question(const uint64_t question[7], uint64_t answer[7])
{
    unsigned number = (unsigned)question[1];

    if (question[0] == 1)
        begin(question[1]);
    else if (question[0] == 2)
        take(number);
    else if (question[0] == 3)
        write_fault(number);
    else if (question[0] == 4)
        revert(number);
    else if (question[0] == 5)
        delete_node(number);
    else
        answer[0] = parent_of(number);
}
