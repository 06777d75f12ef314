/* The monitor's end of the socket, see monitor.h and wire.h. */
#include "monitor.h"
#include "wire.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

static uint32_t number; /* of the question under way */

/* The judge is gone, or has had enough: there is nothing left to do. */
static void transfer(uint8_t *bytes, int sends)
{
    for (size_t at = 0; at < WIRE_SIZE;) {
        ssize_t n = sends ? write(WIRE_FD, bytes + at, WIRE_SIZE - at)
                          : read(WIRE_FD, bytes + at, WIRE_SIZE - at);

        if (n <= 0 && !(n < 0 && errno == EINTR))
            exit(0);
        at += n > 0 ? (size_t)n : 0;
    }
}

static void send_record(struct wire_record *record)
{
    uint8_t bytes[WIRE_SIZE];

    record->number = number;
    wire_encode(record, bytes);
    transfer(bytes, 1);
}

static void receive_record(struct wire_record *record)
{
    uint8_t bytes[WIRE_SIZE];

    transfer(bytes, 0);
    wire_decode(bytes, record);
}

static uint64_t request(uint32_t kind, uint64_t a, uint64_t b, uint64_t c, uint64_t d)
{
    struct wire_record record = {.kind = kind, .values = {a, b, c, d}};

    send_record(&record);
    receive_record(&record);
    if (record.kind != WIRE_RESULT)
        exit(0);
    return record.values[0];
}

uint64_t guest_read(uint64_t gpa, unsigned size)
{
    return request(WIRE_READ, WIRE_GUEST, gpa, size, 0);
}

void guest_write(uint64_t gpa, unsigned size, uint64_t value)
{
    request(WIRE_WRITE, WIRE_GUEST, gpa, size, value);
}

uint64_t host_read64(uint64_t hpa)
{
    return request(WIRE_READ, WIRE_HOST, hpa, 8, 0);
}

void host_write64(uint64_t hpa, uint64_t value)
{
    request(WIRE_WRITE, WIRE_HOST, hpa, 8, value);
}

uint64_t frame_take(void)
{
    return request(WIRE_TAKE, 0, 0, 0, 0);
}

void frame_drop(uint64_t hpa)
{
    request(WIRE_DROP, hpa, 0, 0, 0);
}

void frame_hold(uint64_t hpa)
{
    request(WIRE_HOLD, hpa, 0, 0, 0);
}

void frame_copy(uint64_t to, uint64_t from)
{
    request(WIRE_COPY, to, from, 0, 0);
}

uint64_t vmread(uint32_t field)
{
    return request(WIRE_READ, WIRE_VMCS, field, 8, 0);
}

void vmwrite(uint32_t field, uint64_t value)
{
    request(WIRE_WRITE, WIRE_VMCS, field, 8, value);
}

uint64_t gpr_read(unsigned gpr)
{
    return request(WIRE_READ, WIRE_GPR, gpr, 8, 0);
}

void gpr_write(unsigned gpr, uint64_t value)
{
    request(WIRE_WRITE, WIRE_GPR, gpr, 8, value);
}

uint64_t port_in(uint16_t port, unsigned size)
{
    return request(WIRE_READ, WIRE_PORT, port, size, 0);
}

void port_out(uint16_t port, unsigned size, uint64_t value)
{
    request(WIRE_WRITE, WIRE_PORT, port, size, value);
}

uint64_t msr_read(uint32_t msr)
{
    return request(WIRE_READ, WIRE_MSR, msr, 8, 0);
}

void msr_write(uint32_t msr, uint64_t value)
{
    request(WIRE_WRITE, WIRE_MSR, msr, 8, value);
}

void host_cpuid(uint32_t leaf, uint32_t subleaf, uint32_t regs[4])
{
    for (uint64_t i = 0; i < 4; i++)
        regs[i] = (uint32_t)request(WIRE_READ, WIRE_CPUID,
                                    leaf | (uint64_t)(subleaf & 0xffff) << 32 | i << 48, 4, 0);
}

int main(void)
{
    struct wire_record record;

    for (receive_record(&record); record.kind == WIRE_QUESTION; receive_record(&record)) {
        struct wire_record answer = {.kind = WIRE_ANSWER};

        number = record.number;
        monitor_question(record.values, answer.values);
        send_record(&answer);
    }
    return 0;
}
