/*
 * What a student's program and the judge say to each other, over a socket: records of WIRE_SIZE bytes,
 * little-endian.
 *
 *   offset  size  field
 *        0     4  kind, enum wire_kind
 *        4     4  number of the question; requests and answers repeat it
 *        8    56  seven values of 8 bytes; those that a kind does not name are 0
 *
 * The judge asks (WIRE_QUESTION). The program may make requests, each of which gets one WIRE_RESULT;
 * then it answers (WIRE_ANSWER), and the next question comes. WIRE_BYE ends it.
 */
#ifndef VLAB_EXERCISE_WIRE_H
#define VLAB_EXERCISE_WIRE_H

#include <stdint.h>

enum { WIRE_SIZE = 64, WIRE_VALUES = 7, WIRE_FD = 3 };

enum wire_kind {
    /* from the judge */
    WIRE_QUESTION = 1, /* values: the exercise's */
    WIRE_RESULT,       /* what it gave; 0, or 1: refused */
    WIRE_BYE,
    /* from the program */
    WIRE_ANSWER = 16, /* values: the exercise's */
    WIRE_READ,        /* space, address, bytes (1, 2, 4, 8) */
    WIRE_WRITE,       /* space, address, bytes, value */
    WIRE_TAKE,        /* a frame of host memory: its address, filled with zeros */
    WIRE_DROP,        /* address of a frame: one reference less */
    WIRE_HOLD,        /* address of a frame: one reference more */
    WIRE_COPY         /* to, from: frames */
};

/*
 * Which memory: the guest's, by guest-physical addresses, or the host's frames. Where an exercise has a vCPU:
 * its VMCS (by the encodings of the SDM), general registers (by number), ports, MSRs and what CPUID of the
 * host says (leaf, plus subleaf << 32, plus the register << 48: EAX EBX ECX EDX).
 */
enum wire_space {
    WIRE_GUEST,
    WIRE_HOST,
    WIRE_VMCS,
    WIRE_GPR,
    WIRE_PORT,
    WIRE_MSR,
    WIRE_CPUID,
    WIRE_SPACES
};

struct wire_record {
    uint32_t kind, number;
    uint64_t values[WIRE_VALUES];
};

static inline uint64_t wire_get(const uint8_t *bytes, unsigned size)
{
    uint64_t value = 0;

    for (unsigned i = size; i-- > 0;)
        value = value << 8 | bytes[i];
    return value;
}

static inline void wire_put(uint8_t *bytes, unsigned size, uint64_t value)
{
    for (unsigned i = 0; i < size; i++)
        bytes[i] = (uint8_t)(value >> 8 * i);
}

static inline void wire_decode(const uint8_t bytes[WIRE_SIZE], struct wire_record *record)
{
    record->kind = (uint32_t)wire_get(bytes, 4);
    record->number = (uint32_t)wire_get(bytes + 4, 4);
    for (unsigned i = 0; i < WIRE_VALUES; i++)
        record->values[i] = wire_get(bytes + 8 + 8 * i, 8);
}

static inline void wire_encode(const struct wire_record *record, uint8_t bytes[WIRE_SIZE])
{
    wire_put(bytes, 4, record->kind);
    wire_put(bytes + 4, 4, record->number);
    for (unsigned i = 0; i < WIRE_VALUES; i++)
        wire_put(bytes + 8 + 8 * i, 8, record->values[i]);
}

#endif
