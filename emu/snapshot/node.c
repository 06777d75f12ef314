/*
 * A node in memory and in a file, see node.h and format.h. A file is hostile: sizes are believed
 * only within their bounds, text only when a terminal may have it.
 */
#include "snapshot/node_format.h"

#include "util/bytes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#define HAS_RAM 1u

void node_free(struct node *node)
{
    free(node->state);
    free(node->ram);
    free(node->disk);
    node->state = NULL;
    node->ram = node->disk = NULL;
    node->state_size = node->ram_count = node->disk_count = 0;
}

/* ---- text ------------------------------------------------------------------------------------ */

/* The length of the character at `p` (NUL-terminated), or 0 when that is no UTF-8. */
static unsigned utf8_get(const uint8_t *p, uint32_t *ch)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    unsigned length = p[0] < 0x80 ? 1 : p[0] < 0xc0 ? 0 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;

    if (length == 0 || p[0] > 0xf4)
        return 0;
    *ch = length == 1 ? p[0] : p[0] & (0x7fu >> length);
    for (unsigned i = 1; i < length; i++) {
        if ((p[i] & 0xc0) != 0x80)
            return 0;
        *ch = *ch << 6 | (p[i] & 0x3f);
    }
    return *ch < least[length] || *ch > 0x10ffff || (*ch >= 0xd800 && *ch < 0xe000) ? 0 : length;
}

/* Control characters, line separators, and what turns the direction of a line around. */
static bool is_control(uint32_t ch)
{
    return ch < 0x20 || (ch >= 0x7f && ch < 0xa0) || ch == 0x200e || ch == 0x200f ||
           (ch >= 0x2028 && ch <= 0x202e) || (ch >= 0x2066 && ch <= 0x2069) || ch == 0xfeff;
}

bool node_text_is_good(const char *text, size_t size)
{
    const uint8_t *p = (const uint8_t *)text;
    uint32_t ch;

    if (strnlen(text, size) == size)
        return false;
    while (*p) {
        unsigned length = utf8_get(p, &ch);

        if (!length || is_control(ch))
            return false;
        p += length;
    }
    return true;
}

/* ---- into a file ----------------------------------------------------------------------------- */

const char *node_reject(const struct node *node)
{
    if (!node_text_is_good(node->lab, sizeof(node->lab)))
        return "the lab is not plain text";
    if (!node_text_is_good(node->name, sizeof(node->name)))
        return "the name is not plain text";
    if (!node_text_is_good(node->note, sizeof(node->note)))
        return "the note is not plain text";
    if (node->state_size > NODE_STATE_MAX)
        return "the state is too large";
    if (node->ram_count > NODE_LEAVES_MAX || node->disk_count > NODE_LEAVES_MAX)
        return "RAM or disk is too large";
    return NULL;
}

/* The rest is NUL: a text has one form in a file. */
static void put_text(uint8_t *to, const char *from, size_t size)
{
    size_t length = strnlen(from, size - 1);

    memset(to, 0, size);
    memcpy(to, from, length);
}

static void put_head_sum(uint8_t *head)
{
    put_le64(head + NODE_HEAD_SUM_AT, XXH3_64bits(head, NODE_HEAD_SUM_AT));
}

void node_head_patch(uint8_t *head, const struct node *node)
{
    memset(head + 16, 0, 32);
    memcpy(head + 16, node->id, strnlen(node->id, 16));
    memcpy(head + 32, node->parent, strnlen(node->parent, 16));
    put_text(head + NODE_LAB_AT, node->lab, NODE_LAB_SIZE);
    put_text(head + NODE_NAME_AT, node->name, NODE_NAME_SIZE);
    put_text(head + NODE_NOTE_AT, node->note, NODE_NOTE_SIZE);
    put_head_sum(head);
}

static void put_head(uint8_t *head, const struct node *node, size_t state, size_t lists)
{
    memset(head, 0, NODE_HEAD_SIZE);
    memcpy(head, NODE_MAGIC, MAGIC_SIZE);
    put_le32(head + 8, FORMAT_VERSION);
    put_le32(head + 12, node->has_ram ? HAS_RAM : 0);
    put_le64(head + 48, (uint64_t)node->created);
    put_le64(head + 56, node->exits);
    put_le64(head + 64, node->insns);
    put_le64(head + 72, node->ram_size);
    put_le32(head + 80, (uint32_t)node->ram_count);
    put_le32(head + 84, (uint32_t)node->disk_count);
    put_le32(head + 88, (uint32_t)node->state_size);
    put_le32(head + 92, (uint32_t)state);
    put_le32(head + 96, (uint32_t)lists);
    put_le64(head + NODE_PAYLOAD_SUM_AT, XXH3_64bits(head + NODE_HEAD_SIZE, state + lists));
    node_head_patch(head, node);
}

/* Both lists, one behind the other. */
static uint8_t *join_lists(const struct node *node, size_t *size)
{
    size_t ram = node->ram_count * OBJECT_ID_SIZE, disk = node->disk_count * OBJECT_ID_SIZE;
    uint8_t *lists = malloc(ram + disk + 1);

    *size = ram + disk;
    if (lists && ram)
        memcpy(lists, node->ram, ram);
    if (lists && disk)
        memcpy(lists + ram, node->disk, disk);
    return lists;
}

int node_encode(struct codec *codec, const struct node *node, uint8_t **bytes, size_t *size)
{
    size_t lists_size, state_stored, lists_stored;
    uint8_t *lists = join_lists(node, &lists_size), *out = NULL;

    if (lists)
        out = malloc(NODE_HEAD_SIZE + node->state_size + lists_size);
    if (!out) {
        free(lists);
        return -ENOMEM;
    }
    state_stored = codec_compress(codec, out + NODE_HEAD_SIZE, node->state, node->state_size);
    lists_stored = codec_compress(codec, out + NODE_HEAD_SIZE + state_stored, lists, lists_size);
    put_head(out, node, state_stored, lists_stored);
    free(lists);
    *bytes = out;
    *size = NODE_HEAD_SIZE + state_stored + lists_stored;
    return 0;
}

/* ---- out of a file --------------------------------------------------------------------------- */

struct sizes {
    size_t ram, disk;           /* leaves */
    size_t state, state_stored; /* bytes */
    size_t lists, lists_stored; /* bytes */
};

static struct sizes get_sizes(const uint8_t *head)
{
    struct sizes s = {.ram = get_le32(head + 80),
                      .disk = get_le32(head + 84),
                      .state = get_le32(head + 88),
                      .state_stored = get_le32(head + 92),
                      .lists_stored = get_le32(head + 96)};

    s.lists = (s.ram + s.disk) * OBJECT_ID_SIZE;
    return s;
}

static bool sizes_are_good(const struct sizes *s)
{
    return s->ram <= NODE_LEAVES_MAX && s->disk <= NODE_LEAVES_MAX && s->state <= NODE_STATE_MAX &&
           s->state_stored <= s->state && s->lists_stored <= s->lists &&
           !s->state_stored == !s->state && !s->lists_stored == !s->lists;
}

static bool get_id(const uint8_t *from, char to[NODE_ID_SIZE])
{
    memcpy(to, from, 16);
    to[16] = '\0';
    return strspn(to, "0123456789abcdef") == 16;
}

static bool get_parent(const uint8_t *from, char to[NODE_ID_SIZE])
{
    static const uint8_t none[16];

    if (memcmp(from, none, 16) != 0)
        return get_id(from, to);
    to[0] = '\0';
    return true;
}

static bool get_texts(const uint8_t *head, struct node *node)
{
    memcpy(node->lab, head + NODE_LAB_AT, NODE_LAB_SIZE);
    memcpy(node->name, head + NODE_NAME_AT, NODE_NAME_SIZE);
    memcpy(node->note, head + NODE_NOTE_AT, NODE_NOTE_SIZE);
    return node_reject(node) == NULL;
}

const char *node_head_get(const uint8_t *head, struct node *node)
{
    struct sizes sizes = get_sizes(head);
    struct node n = {.created = (int64_t)get_le64(head + 48),
                     .exits = get_le64(head + 56),
                     .insns = get_le64(head + 64),
                     .ram_size = get_le64(head + 72),
                     .has_ram = (get_le32(head + 12) & HAS_RAM) != 0};

    if (memcmp(head, NODE_MAGIC, MAGIC_SIZE) != 0)
        return "not a snapshot";
    if (get_le64(head + NODE_HEAD_SUM_AT) != XXH3_64bits(head, NODE_HEAD_SUM_AT))
        return "the header is damaged (wrong checksum)";
    if (get_le32(head + 8) != FORMAT_VERSION)
        return "another version of the format";
    if ((get_le32(head + 12) & ~HAS_RAM) || get_le32(head + 100) || !sizes_are_good(&sizes))
        return "the header's sizes cannot be";
    if (!get_id(head + 16, n.id) || !get_parent(head + 32, n.parent) || !get_texts(head, &n))
        return "an id, a name or a note is not text";
    n.state_size = sizes.state;
    n.ram_count = sizes.ram;
    n.disk_count = sizes.disk;
    *node = n;
    return NULL;
}

size_t node_file_size(const uint8_t *head)
{
    struct sizes sizes = get_sizes(head);

    return NODE_HEAD_SIZE + sizes.state_stored + sizes.lists_stored;
}

/* State and lists, allocated and filled; what fails is left to node_free(). */
static int get_payload(struct codec *codec, const uint8_t *bytes, struct node *node)
{
    struct sizes s = get_sizes(bytes);
    const uint8_t *state = bytes + NODE_HEAD_SIZE;
    uint8_t *lists = malloc(s.lists + 1);
    int rc = -ENOMEM;

    node->state = malloc(s.state + 1);
    node->ram = malloc(s.ram * OBJECT_ID_SIZE + 1);
    node->disk = malloc(s.disk * OBJECT_ID_SIZE + 1);
    if (lists && node->state && node->ram && node->disk)
        rc = codec_expand(codec, node->state, s.state, state, s.state_stored);
    if (!rc)
        rc = codec_expand(codec, lists, s.lists, state + s.state_stored, s.lists_stored);
    if (!rc) {
        memcpy(node->ram, lists, s.ram * OBJECT_ID_SIZE);
        memcpy(node->disk, lists + s.ram * OBJECT_ID_SIZE, s.disk * OBJECT_ID_SIZE);
    }
    free(lists);
    return rc;
}

int node_decode(struct codec *codec, const uint8_t *bytes, size_t size, struct node *node,
                const char **why)
{
    struct node n;
    int rc;

    *why = size < NODE_HEAD_SIZE ? "the file ends inside the header" : node_head_get(bytes, &n);
    if (!*why && size != node_file_size(bytes))
        *why = "the file is cut, or has something behind its end";
    if (!*why && get_le64(bytes + NODE_PAYLOAD_SUM_AT) !=
                     XXH3_64bits(bytes + NODE_HEAD_SIZE, size - NODE_HEAD_SIZE))
        *why = "state or lists are damaged (wrong checksum)";
    if (*why)
        return -EBADMSG;
    rc = get_payload(codec, bytes, &n);
    if (rc) {
        node_free(&n);
        *why = rc == -ENOMEM ? "out of memory" : "state or lists are damaged";
        return rc;
    }
    *node = n;
    return 0;
}

bool node_same_moment(const uint8_t *a, const uint8_t *b)
{
    return memcmp(a + 8, b + 8, 8) == 0 && memcmp(a + 48, b + 48, NODE_LAB_AT - 48) == 0 &&
           memcmp(a + NODE_LAB_AT, b + NODE_LAB_AT, NODE_LAB_SIZE) == 0 &&
           memcmp(a + NODE_PAYLOAD_SUM_AT, b + NODE_PAYLOAD_SUM_AT, 8) == 0 &&
           memcmp(a + NODE_HEAD_SIZE, b + NODE_HEAD_SIZE, node_file_size(a) - NODE_HEAD_SIZE) == 0;
}
