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
