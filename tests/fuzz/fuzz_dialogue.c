/*
 * Fuzz entry: any bytes as what a student's program sends to the judge (exercises/lib/wire.h). What must
 * hold: memory is only asked for by a size that there is and in a space that there is, every request gets
 * its reply, and what is no request gets none.
 */
#include "exercises/grader/dialogue.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MEMORY 64

struct fuzz_world {
    uint8_t bytes[2][MEMORY];
    unsigned frames;
};

static bool is_inside(enum wire_space space, uint64_t address, unsigned size)
{
    if (space > WIRE_HOST || size == 0 || size > 8 || (size & (size - 1)))
        abort();
    return address <= MEMORY - size;
}

static bool fuzz_read(void *ctx, enum wire_space space, uint64_t address, unsigned size,
                      uint64_t *value)
{
    struct fuzz_world *w = ctx;

    if (!is_inside(space, address, size))
        return false;
    *value = wire_get(w->bytes[space] + address, size);
    return true;
}

static bool fuzz_write(void *ctx, enum wire_space space, uint64_t address, unsigned size,
                       uint64_t value)
{
    struct fuzz_world *w = ctx;

    if (!is_inside(space, address, size))
        return false;
    wire_put(w->bytes[space] + address, size, value);
    return true;
}

static bool fuzz_take(void *ctx, uint64_t *hpa)
{
    struct fuzz_world *w = ctx;

    *hpa = ++w->frames * 4096ull;
    return w->frames < 100;
}

static bool fuzz_drop(void *ctx, uint64_t hpa)
{
    (void)ctx;
    return hpa != 0;
}

static bool is_request(uint32_t kind)
{
    return kind >= WIRE_READ && kind <= WIRE_COPY;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_world w = {0};
    struct world world = {.read = fuzz_read, .write = fuzz_write, .take = fuzz_take, .ctx = &w};

    for (; size >= WIRE_SIZE; data += WIRE_SIZE, size -= WIRE_SIZE) {
        struct wire_record record, again, reply = {0};
        uint8_t bytes[WIRE_SIZE];

        wire_decode(data, &record);
        wire_encode(&record, bytes);
        wire_decode(bytes, &again);
        if (memcmp(bytes, data, WIRE_SIZE) != 0 || again.kind != record.kind)
            abort();
        world.drop = record.number % 2 ? fuzz_drop : NULL;
        if (dialogue_serve(&world, &record, &reply) != is_request(record.kind))
            abort();
        if (is_request(record.kind) &&
            (reply.kind != WIRE_RESULT || reply.number != record.number || reply.values[1] > 1))
            abort();
    }
    return 0;
}
