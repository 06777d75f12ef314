/* Names of keys, see key.h. */
#include "tui/key.h"
#include "tui/grid.h"

#include <string.h>
#include <strings.h>

struct key_name {
    const char *name;
    uint32_t key;
};

static const struct key_name names[] = {
    {"Enter", K_ENTER},  {"Esc", K_ESC},    {"Tab", K_TAB},   {"S-Tab", K_BACKTAB},
    {"Up", K_UP},        {"Down", K_DOWN},  {"Left", K_LEFT}, {"Right", K_RIGHT},
    {"PgUp", K_PGUP},    {"PgDn", K_PGDN},  {"Home", K_HOME}, {"End", K_END},
    {"BS", K_BACKSPACE}, {"Del", K_DELETE}, {"Space", ' '},   {"lt", '<'},
    {"C-Space", K_NUL},
};

/* "C-a" to "C-z", and "C-]" that leaves the serial console. */
static bool is_ctrl_name(const char *name, size_t length)
{
    return length == 3 && strncasecmp(name, "C-", 2) == 0 &&
           ((name[2] >= 'a' && name[2] <= 'z') || name[2] == ']');
}

static int key_by_name(const char *name, size_t length)
{
    if (is_ctrl_name(name, length))
        return (int)K_CTRL(name[2]);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (strlen(names[i].name) == length && strncasecmp(names[i].name, name, length) == 0)
            return (int)names[i].key;
    return -1;
}

int key_parse(const char **text)
{
    const char *end;
    int key;

    if (**text != '<')
        return (int)utf8_next(text);
    end = strchr(*text, '>');
    if (!end)
        return -1;
    key = key_by_name(*text + 1, (size_t)(end - *text - 1));
    *text = end + 1;
    return key;
}

/* Cursor keys in the normal mode, and the keypad of six as the VT220 numbered it. */
int key_bytes(uint32_t key, char bytes[KEY_BYTES])
{
    static const char *const sequences[] = {
        [K_ENTER - K_FIRST] = "\r",       [K_ESC - K_FIRST] = "\033",
        [K_TAB - K_FIRST] = "\t",         [K_BACKTAB - K_FIRST] = "\033[Z",
        [K_UP - K_FIRST] = "\033[A",      [K_DOWN - K_FIRST] = "\033[B",
        [K_RIGHT - K_FIRST] = "\033[C",   [K_LEFT - K_FIRST] = "\033[D",
        [K_HOME - K_FIRST] = "\033[H",    [K_END - K_FIRST] = "\033[F",
        [K_PGUP - K_FIRST] = "\033[5~",   [K_PGDN - K_FIRST] = "\033[6~",
        [K_DELETE - K_FIRST] = "\033[3~", [K_BACKSPACE - K_FIRST] = "\177",
    };
    size_t size;

    if (key < K_FIRST)
        return utf8_put(key, bytes);
    if (key == K_NUL) {
        bytes[0] = '\0';
        return 1;
    }
    if (key - K_FIRST >= sizeof(sequences) / sizeof(sequences[0]) || !sequences[key - K_FIRST])
        return 0;
    size = strlen(sequences[key - K_FIRST]);
    memcpy(bytes, sequences[key - K_FIRST], size);
    return (int)size;
}

/* One entry of a list: a key, or a range "1-9". */
static bool entry_has(const char *entry, uint32_t key)
{
    if (entry[0] && entry[1] == '-' && entry[2] && (entry[3] == ' ' || entry[3] == '\0'))
        return key >= (uint32_t)entry[0] && key <= (uint32_t)entry[2];
    return key_parse(&entry) == (int)key;
}

bool key_in(const char *list, uint32_t key)
{
    while (*list) {
        if (entry_has(list, key))
            return true;
        list += strcspn(list, " ");
        list += strspn(list, " ");
    }
    return false;
}
