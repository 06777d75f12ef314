/* Names of stored pieces, see object.h. */
#include "snapshot/object.h"

#include <stdio.h>
#include <string.h>
#include <xxhash.h>

static bool is_zero(const uint8_t *data, size_t size)
{
    return !size || (!data[0] && memcmp(data, data + 1, size - 1) == 0);
}

struct object_id object_id_of(const uint8_t *data, size_t size)
{
    struct object_id id = {{0}};
    XXH128_canonical_t canonical;

    if (is_zero(data, size))
        return id;
    XXH128_canonicalFromHash(&canonical, XXH3_128bits(data, size));
    memcpy(id.bytes, canonical.digest, OBJECT_ID_SIZE);
    return id;
}

bool object_id_is_zero(const struct object_id *id)
{
    return is_zero(id->bytes, OBJECT_ID_SIZE);
}

bool object_id_equal(const struct object_id *a, const struct object_id *b)
{
    return memcmp(a->bytes, b->bytes, OBJECT_ID_SIZE) == 0;
}

const char *object_id_text(const struct object_id *id, char text[OBJECT_ID_TEXT])
{
    for (unsigned i = 0; i < OBJECT_ID_SIZE; i++)
        snprintf(text + 2 * i, 3, "%02x", id->bytes[i]);
    return text;
}
