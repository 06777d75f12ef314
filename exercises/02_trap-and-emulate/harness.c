/*
 * From the judge's questions to classify() and back.
 *
 *   question: size, bytes 0-7, bytes 8-15
 *   answer:   kind
 */
#include "monitor.h"
#include "trap.h"

void monitor_question(const uint64_t question[7], uint64_t answer[7])
{
    uint8_t bytes[16];

    for (unsigned i = 0; i < sizeof(bytes); i++)
        bytes[i] = (uint8_t)(question[1 + i / 8] >> 8 * (i % 8));
    answer[0] = (uint64_t)classify(bytes, (unsigned)question[0]);
}
