/*
 * Packs, see pack.h and format.h. A pack is believed as far as its checksums go: the table where it
 * and the footer are whole, else each record by itself.
 */
#include "snapshot/pack.h"

#include "util/bytes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

int places_add(struct places *p, const struct place *place)
{
    if (p->count == p->room) {
        size_t room = p->room ? p->room * 2 : 64;
        struct place *v = realloc(p->v, room * sizeof(*v));

        if (!v)
            return -ENOMEM;
        p->v = v;
        p->room = room;
    }
    p->v[p->count++] = *place;
    return 0;
}

void places_free(struct places *p)
{
    free(p->v);
    *p = (struct places){0};
}

/* ---- records --------------------------------------------------------------------------------- */

static uint64_t record_sum(const uint8_t *record)
{
    XXH64_hash_t head = XXH3_64bits(record, RECORD_SUM_AT);

    return XXH3_64bits_withSeed(record + RECORD_HEAD_SIZE, get_le32(record + 8), head);
}

size_t record_make(struct codec *codec, uint8_t *record, const struct object_id *id,
                   const uint8_t *data, size_t size)
{
    size_t stored = codec_compress(codec, record + RECORD_HEAD_SIZE, data, size);

    memcpy(record, OBJECT_MAGIC, MAGIC_SIZE);
    put_le32(record + 8, (uint32_t)stored);
    put_le32(record + 12, (uint32_t)size);
    memcpy(record + 16, id->bytes, OBJECT_ID_SIZE);
    put_le64(record + RECORD_SUM_AT, record_sum(record));
    return RECORD_HEAD_SIZE + stored;
}

static bool sizes_are_good(const struct place *place)
{
    return place->stored && place->stored <= place->plain && place->plain <= OBJECT_SIZE_MAX &&
           !object_id_is_zero(&place->id);
}

bool record_head_get(const uint8_t *head, struct place *place)
{
    if (memcmp(head, OBJECT_MAGIC, MAGIC_SIZE) != 0)
        return false;
    place->stored = get_le32(head + 8);
    place->plain = get_le32(head + 12);
    memcpy(place->id.bytes, head + 16, OBJECT_ID_SIZE);
    return sizes_are_good(place);
}

bool record_sum_is_good(const uint8_t *record)
{
    return get_le64(record + RECORD_SUM_AT) == record_sum(record);
}

int record_expand(struct codec *codec, const uint8_t *record, uint8_t *to)
{
    struct object_id id, want;
    size_t plain = get_le32(record + 12);
    int rc = codec_expand(codec, to, plain, record + RECORD_HEAD_SIZE, get_le32(record + 8));

    if (rc)
        return rc;
    memcpy(want.bytes, record + 16, OBJECT_ID_SIZE);
    id = object_id_of(to, plain);
    return object_id_equal(&id, &want) ? 0 : -EBADMSG;
}

int record_read(int fd, const struct place *place, uint8_t *record)
{
    struct place found;
    int rc = file_read_at(fd, record, RECORD_HEAD_SIZE + place->stored, place->at);

    if (rc)
        return rc == -ENODATA ? -EBADMSG : rc;
    if (!record_head_get(record, &found) || found.stored != place->stored ||
        found.plain != place->plain || !object_id_equal(&found.id, &place->id) ||
        !record_sum_is_good(record))
        return -EBADMSG;
    return 0;
}

/* ---- header ---------------------------------------------------------------------------------- */

void file_head_put(uint8_t head[FILE_HEAD_SIZE], const char *magic)
{
    memset(head, 0, FILE_HEAD_SIZE);
    memcpy(head, magic, MAGIC_SIZE);
    put_le32(head + 8, FORMAT_VERSION);
    put_le64(head + 16, XXH3_64bits(head, 16));
}

const char *file_head_reject(const uint8_t head[FILE_HEAD_SIZE], const char *magic)
{
    if (memcmp(head, magic, MAGIC_SIZE) != 0)
        return "it does not begin as such a file does";
    if (get_le64(head + 16) != XXH3_64bits(head, 16))
        return "the header is damaged (wrong checksum)";
    if (get_le32(head + 8) != FORMAT_VERSION || get_le32(head + 12))
        return "another version of the format";
    return NULL;
}

/* ---- the table of contents ------------------------------------------------------------------- */

struct footer {
    uint64_t at, count; /* of the table: bytes, entries */
    uint64_t sum;
};

/* -EBADMSG: there is none. */
static int read_footer(int fd, uint64_t size, struct footer *f)
{
    uint8_t foot[PACK_FOOT_SIZE];
    int rc;

    if (size < FILE_HEAD_SIZE + PACK_FOOT_SIZE)
        return -EBADMSG;
    rc = file_read_at(fd, foot, sizeof(foot), size - PACK_FOOT_SIZE);
    if (rc)
        return rc;
    *f = (struct footer){
        .at = get_le64(foot), .count = get_le64(foot + 8), .sum = get_le64(foot + 16)};
    if (memcmp(foot + 32, END_MAGIC, MAGIC_SIZE) != 0 ||
        get_le64(foot + 24) != XXH3_64bits(foot, 24))
        return -EBADMSG;
    size -= PACK_FOOT_SIZE;
    if (f->at < FILE_HEAD_SIZE || f->at > size || f->count > size / TOC_ENTRY_SIZE ||
        f->count * TOC_ENTRY_SIZE != size - f->at)
        return -EBADMSG;
    return 0;
}

static bool get_entry(const uint8_t *p, uint64_t end, struct place *place)
{
    memcpy(place->id.bytes, p, OBJECT_ID_SIZE);
    place->at = get_le64(p + 16);
    place->stored = get_le32(p + 24);
    place->plain = get_le32(p + 28);
    return sizes_are_good(place) && place->at >= FILE_HEAD_SIZE && place->at <= end &&
           end - place->at >= RECORD_HEAD_SIZE + place->stored;
}

#define ENTRIES_AT_ONCE 1024u

static int read_entries(int fd, const struct footer *f, uint64_t first, size_t n,
                        struct places *places, XXH3_state_t *sum)
{
    uint8_t bytes[ENTRIES_AT_ONCE * TOC_ENTRY_SIZE];
    int rc = file_read_at(fd, bytes, n * TOC_ENTRY_SIZE, f->at + first * TOC_ENTRY_SIZE);

    if (rc)
        return rc;
    XXH3_64bits_update(sum, bytes, n * TOC_ENTRY_SIZE);
    for (size_t i = 0; i < n && !rc; i++) {
        struct place place;

        rc = get_entry(bytes + i * TOC_ENTRY_SIZE, f->at, &place) ? places_add(places, &place)
                                                                  : -EBADMSG;
    }
    return rc;
}

static int read_table(int fd, uint64_t size, struct places *places)
{
    XXH3_state_t *sum = XXH3_createState();
    struct footer f;
    int rc = sum ? read_footer(fd, size, &f) : -ENOMEM;

    if (!rc) {
        XXH3_64bits_reset(sum);
        for (uint64_t i = 0, n; i < f.count && !rc; i += n) {
            n = f.count - i < ENTRIES_AT_ONCE ? f.count - i : ENTRIES_AT_ONCE;
            rc = read_entries(fd, &f, i, (size_t)n, places, sum);
        }
        if (!rc && XXH3_64bits_digest(sum) != f.sum)
            rc = -EBADMSG;
    }
    XXH3_freeState(sum);
    return rc == -ENODATA ? -EBADMSG : rc;
}

/* ---- without it: record by record ------------------------------------------------------------ */

#define WINDOW_SIZE (256u << 10)

struct scan {
    int fd;
    uint64_t size;   /* of the file */
    uint64_t at;     /* where a record may begin */
    uint64_t window; /* where the bytes in the window lie in the file */
    size_t filled;   /* bytes in it */
    uint8_t *bytes;  /* WINDOW_SIZE */
};

/* As much as there is at s->at, RECORD_SIZE_MAX at least where the file has that much. */
static int fill_window(struct scan *s)
{
    uint64_t left = s->size - s->at;
    size_t want = left < RECORD_SIZE_MAX ? (size_t)left : RECORD_SIZE_MAX;

    if (s->at >= s->window && s->at + want <= s->window + s->filled)
        return 0;
    s->window = s->at;
    s->filled = left < WINDOW_SIZE ? (size_t)left : WINDOW_SIZE;
    return file_read_at(s->fd, s->bytes, s->filled, s->at);
}

/* The length of the whole record at s->at, or 0. */
static size_t whole_record(struct scan *s, struct place *place)
{
    const uint8_t *record = s->bytes + (s->at - s->window);
    size_t left = s->filled - (size_t)(s->at - s->window);

    if (left < RECORD_HEAD_SIZE || !record_head_get(record, place) ||
        left < RECORD_HEAD_SIZE + place->stored || !record_sum_is_good(record))
        return 0;
    place->at = s->at;
    return RECORD_HEAD_SIZE + place->stored;
}

/* How far it is to the next byte that may begin a record, within the window. */
static size_t skip(const struct scan *s)
{
    const uint8_t *from = s->bytes + (s->at - s->window);
    size_t left = s->filled - (size_t)(s->at - s->window);
    const uint8_t *next = left > 1 ? memchr(from + 1, OBJECT_MAGIC[0], left - 1) : NULL;

    return next ? (size_t)(next - from) : left;
}

static int scan_records(int fd, uint64_t size, struct places *places)
{
    struct scan s = {.fd = fd, .size = size, .bytes = malloc(WINDOW_SIZE)};
    int rc = s.bytes ? 0 : -ENOMEM;

    while (!rc && s.at < size) {
        struct place place;
        size_t length;

        rc = fill_window(&s);
        if (rc)
            break;
        length = whole_record(&s, &place);
        if (length)
            rc = places_add(places, &place);
        s.at += length ? length : skip(&s);
    }
    free(s.bytes);
    return rc == -ENODATA ? 0 : rc; /* somebody cut it just now */
}

int pack_read(int fd, uint64_t size, struct places *places, const char **damage)
{
    uint8_t head[FILE_HEAD_SIZE];
    int rc;

    *places = (struct places){0};
    *damage = NULL;
    if (size < FILE_HEAD_SIZE || file_read_at(fd, head, sizeof(head), 0))
        *damage = "the file ends inside the header";
    else
        *damage = file_head_reject(head, PACK_MAGIC);
    rc = read_table(fd, size, places);
    if (rc == -EBADMSG) {
        *damage = "cut, or its table of contents is damaged";
        places->count = 0;
        rc = scan_records(fd, size, places);
    }
    if (rc)
        places_free(places);
    return rc;
}

/* ---- writing --------------------------------------------------------------------------------- */

int pack_writer_open(struct pack_writer *w, const char *path)
{
    uint8_t head[FILE_HEAD_SIZE];

    w->places = (struct places){0};
    if (file_out_open(&w->out, path))
        return w->out.failed;
    file_head_put(head, PACK_MAGIC);
    file_out_write(&w->out, head, sizeof(head));
    return w->out.failed;
}

void pack_writer_abort(struct pack_writer *w)
{
    file_out_abort(&w->out);
    places_free(&w->places);
}

int pack_writer_add(struct pack_writer *w, const uint8_t *record)
{
    struct place place = {.at = w->out.position};

    if (!w->out.failed && !record_head_get(record, &place))
        w->out.failed = -EINVAL;
    if (!w->out.failed)
        w->out.failed = places_add(&w->places, &place);
    file_out_write(&w->out, record, RECORD_HEAD_SIZE + place.stored);
    return w->out.failed;
}

static void put_entry(uint8_t *p, const struct place *place)
{
    memcpy(p, place->id.bytes, OBJECT_ID_SIZE);
    put_le64(p + 16, place->at);
    put_le32(p + 24, place->stored);
    put_le32(p + 28, place->plain);
}

static int write_table(struct pack_writer *w)
{
    uint8_t foot[PACK_FOOT_SIZE] = {0}, entry[TOC_ENTRY_SIZE];
    XXH3_state_t *sum = XXH3_createState();

    if (!sum)
        return -ENOMEM;
    XXH3_64bits_reset(sum);
    put_le64(foot, w->out.position);
    put_le64(foot + 8, w->places.count);
    for (size_t i = 0; i < w->places.count; i++) {
        put_entry(entry, &w->places.v[i]);
        XXH3_64bits_update(sum, entry, sizeof(entry));
        file_out_write(&w->out, entry, sizeof(entry));
    }
    put_le64(foot + 16, XXH3_64bits_digest(sum));
    put_le64(foot + 24, XXH3_64bits(foot, 24));
    memcpy(foot + 32, END_MAGIC, MAGIC_SIZE);
    file_out_write(&w->out, foot, sizeof(foot));
    XXH3_freeState(sum);
    return w->out.failed;
}

int pack_writer_close(struct pack_writer *w)
{
    if (!w->out.failed)
        w->out.failed = write_table(w);
    return w->out.failed ? w->out.failed : file_out_close(&w->out);
}

int pack_writer_publish(struct pack_writer *w)
{
    int rc = file_out_publish(&w->out);

    if (!rc)
        places_free(&w->places);
    return rc;
}
