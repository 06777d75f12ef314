/*
 * From the judge's questions to the functions of trap.h and back.
 *
 *   question                              answer
 *   1 classify: bytes 0-7, 8-15, size     the class
 *   2 lost change: address, size, IF      the offset, or all ones
 *   3 trap                                0: go on, 1: waits in HLT
 *   4 interrupt: vector
 *   5 step
 */
#include "monitor.h"
#include "trap.h"

enum { CODE_MAX = 256 };

static uint64_t ask_class(const uint64_t question[7])
{
    uint8_t code[16];

    for (unsigned i = 0; i < sizeof(code); i++)
        code[i] = (uint8_t)(question[1 + i / 8] >> 8 * (i % 8));
    return classify(code, (unsigned)question[3]);
}

static uint64_t ask_lost(const uint64_t question[7])
{
    uint8_t code[CODE_MAX];
    unsigned size = question[2] < CODE_MAX ? (unsigned)question[2] : CODE_MAX;

    for (unsigned i = 0; i < size; i++)
        code[i] = (uint8_t)guest_read(question[1] + i, 1);
    return (uint64_t)lost_change(code, size, (int)question[3]);
}

void monitor_question(const uint64_t question[7], uint64_t answer[7])
{
    switch (question[0]) {
    case 1:
        answer[0] = ask_class(question);
        break;
    case 2:
        answer[0] = ask_lost(question);
        break;
    case 3:
        answer[0] = (uint64_t)handle_trap();
        break;
    case 4:
        handle_interrupt((unsigned)question[1]);
        break;
    default:
        handle_step();
    }
}
