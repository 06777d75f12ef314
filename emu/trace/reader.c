/*
 * Reading a trace, see trace.h and trace/format.h. A file is hostile: a block is believed only when
 * its size is one that the format allows and its checksum is right, a record only when its fields
 * can be an exit's.
 */
#include "trace/trace.h"

#include "core/machine.h"
#include "trace/format.h"
#include "util/bytes.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

struct trace_reader {
    FILE *file;
    char *path;
    struct trace_info info;
    struct trace_end end;
    bool ended;
    struct error failed;  /* code 0: nothing did; kept, so that a further call says the same */
    uint64_t position;    /* of the next byte to read */
    uint64_t block_at;    /* of the block in the buffer */
    uint64_t records;     /* given out so far */
    unsigned next, count; /* records in the buffer */
    uint8_t block[TRACE_BLOCK_SIZE_MAX];
};

/* "FILE: byte N: why" */
__attribute__((format(printf, 4, 5))) static int fail_at(struct trace_reader *r, int code,
                                                         uint64_t position, const char *fmt, ...)
{
    char why[120];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(why, sizeof(why), fmt, ap);
    va_end(ap);
    return error_set(&r->failed, code, "%.100s: byte %" PRIu64 ": %s", r->path, position, why);
}

/* All `size` bytes, or the error that says where the file ends. */
static int read_exactly(struct trace_reader *r, uint8_t *p, size_t size, const char *what)
{
    size_t n = fread(p, 1, size, r->file);

    r->position += n;
    if (n == size)
        return 0;
    if (ferror(r->file))
        return fail_at(r, errno ? -errno : -EIO, r->position, "%s", strerror(errno ? errno : EIO));
    return fail_at(r, -ENODATA, r->position, "the file ends inside %s", what);
}

/* ---- header ---------------------------------------------------------------------------------- */

/* False when the text has no NUL or a byte that a terminal might obey. */
static bool get_text(char *to, const uint8_t *from, size_t size)
{
    size_t length = strnlen((const char *)from, size);

    if (length == size)
        return false;
    for (size_t i = 0; i < length; i++)
        if (from[i] < ' ' || from[i] > '~')
            return false;
    memcpy(to, from, size);
    return true;
}

static int read_header(struct trace_reader *r)
{
    uint8_t header[TRACE_HEADER_SIZE];
    size_t n = fread(header, 1, sizeof(header), r->file);

    r->position = n;
    if (ferror(r->file))
        return fail_at(r, -errno, n, "%s", strerror(errno));
    if (n < TRACE_MAGIC_SIZE || memcmp(header, TRACE_MAGIC, TRACE_MAGIC_SIZE) != 0)
        return fail_at(r, -EINVAL, 0, "not a trace file");
    if (n < sizeof(header))
        return fail_at(r, -ENODATA, n, "the file ends inside the header");
    if (get_le64(header + TRACE_HEADER_SUM_AT) != XXH3_64bits(header, TRACE_HEADER_SUM_AT))
        return fail_at(r, -EBADMSG, 0, "the header is damaged (wrong checksum)");
    if (get_le32(header + 8) != TRACE_VERSION)
        return fail_at(r, -EPROTONOSUPPORT, 8,
                       "format version %" PRIu32 ", and this program reads version %u",
                       get_le32(header + 8), TRACE_VERSION);
    if (get_le32(header + 12) != TRACE_RECORD_SIZE)
        return fail_at(r, -EINVAL, 12, "records of %" PRIu32 " bytes, where version %u has %u",
                       get_le32(header + 12), TRACE_VERSION, TRACE_RECORD_SIZE);
    r->info.ram_size = get_le64(header + 16);
    if (!get_text(r->info.image, header + TRACE_IMAGE_AT, TRACE_IMAGE_SIZE) ||
        !get_text(r->info.backend, header + TRACE_BACKEND_AT, TRACE_BACKEND_SIZE))
        return fail_at(r, -EINVAL, TRACE_IMAGE_AT, "a name in the header is not text");
    return 0;
}

int trace_reader_open(struct trace_reader **out, const char *path, struct error *err)
{
    struct trace_reader *r = malloc(sizeof(*r));

    if (!r)
        return error_set(err, -ENOMEM, "trace: out of memory");
    memset(r, 0, offsetof(struct trace_reader, block));
    r->path = strdup(path);
    r->file = r->path ? fopen(path, "rbe") : NULL;
    if (!r->file)
        error_errno(&r->failed, r->path ? -errno : -ENOMEM, "%.180s", path);
    else
        read_header(r);
    if (r->failed.code) {
        *err = r->failed;
        trace_reader_close(r);
        return err->code;
    }
    *out = r;
    return 0;
}

void trace_reader_close(struct trace_reader *r)
{
    if (!r)
        return;
    if (r->file)
        fclose(r->file);
    free(r->path);
    free(r);
}

const struct trace_info *trace_reader_info(const struct trace_reader *r)
{
    return &r->info;
}

const struct trace_end *trace_reader_end(const struct trace_reader *r)
{
    return &r->end;
}

/* ---- blocks ---------------------------------------------------------------------------------- */

static bool size_fits_kind(uint32_t kind, uint32_t size)
{
    if (kind == TRACE_BLOCK_RECORDS)
        return size && size <= TRACE_PAYLOAD_MAX && size % TRACE_RECORD_SIZE == 0;
    return kind == TRACE_BLOCK_END && size == TRACE_END_SIZE;
}

static int read_end(struct trace_reader *r)
{
    const uint8_t *p = r->block + TRACE_HEAD_SIZE;
    struct trace_end end = {.exits = get_le64(p),
                            .insns = get_le64(p + 8),
                            .stop = get_le32(p + 16),
                            .status = get_le32(p + 20)};

    if (end.stop > STOP_BREAK)
        return fail_at(r, -EINVAL, r->block_at + TRACE_HEAD_SIZE + 16,
                       "stop reason %" PRIu32 " is unknown", end.stop);
    if (get_le64(p + 24) != r->records)
        return fail_at(r, -EINVAL, r->block_at + TRACE_HEAD_SIZE + 24,
                       "%" PRIu64 " records promised, %" PRIu64 " found", get_le64(p + 24),
                       r->records);
    if (fgetc(r->file) != EOF)
        return fail_at(r, -EINVAL, r->position, "something follows the end of the trace");
    r->end = end;
    r->ended = true;
    return 0;
}

static int read_block(struct trace_reader *r)
{
    uint32_t kind, size;

    r->block_at = r->position;
    r->next = r->count = 0;
    if (read_exactly(r, r->block, TRACE_HEAD_SIZE, "the head of a block, before the trace's end"))
        return r->failed.code;
    kind = get_le32(r->block);
    size = get_le32(r->block + 4);
    if (!size_fits_kind(kind, size))
        return fail_at(r, -EBADMSG, r->block_at,
                       "no block begins here (kind %" PRIu32 ", %" PRIu32 " bytes)", kind, size);
    if (read_exactly(r, r->block + TRACE_HEAD_SIZE, size + TRACE_SUM_SIZE, "a block"))
        return r->failed.code;
    if (get_le64(r->block + TRACE_HEAD_SIZE + size) !=
        XXH3_64bits_withSeed(r->block, TRACE_HEAD_SIZE + size, r->block_at))
        return fail_at(r, -EBADMSG, r->block_at, "the block is damaged (wrong checksum)");
    if (kind == TRACE_BLOCK_END)
        return read_end(r);
    r->count = size / TRACE_RECORD_SIZE;
    return 0;
}

static int take_record(struct trace_reader *r, struct vm_exit *exit)
{
    unsigned at = TRACE_HEAD_SIZE + r->next * TRACE_RECORD_SIZE;

    if (!trace_record_get(r->block + at, exit))
        return fail_at(r, -EINVAL, r->block_at + at, "the record is not one of an exit");
    r->next++;
    r->records++;
    return 1;
}

int trace_reader_next(struct trace_reader *r, struct vm_exit *exit, struct error *err)
{
    int rc = r->failed.code;

    if (!rc && !r->ended && r->next == r->count)
        rc = read_block(r);
    if (!rc && r->ended)
        return 0;
    if (!rc)
        rc = take_record(r, exit);
    if (rc < 0)
        *err = r->failed;
    return rc;
}
