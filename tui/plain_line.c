/* Understanding a line of the plain mode, see plain_line.h. */
#include "tui/plain_line.h"
#include "tui/key.h"
#include "util/nearest.h"

#include <stdio.h>
#include <string.h>

static const struct plain_word_info words[PLAIN_COUNT] = {
#define PLAIN_WORD(symbol, name, argument, text) [PLAIN_##symbol] = {name, argument, text},
#include "tui/plain.def"
#undef PLAIN_WORD
};

const struct plain_word_info *plain_word(enum plain_word word)
{
    return &words[word];
}

static enum plain_word find_word(const char *name)
{
    unsigned i = 0;

    while (i < PLAIN_COUNT && strcmp(words[i].name, name) != 0)
        i++;
    return (enum plain_word)i;
}

bool plain_has_action(enum action_id id)
{
    switch (id) {
    case ACTION_ZOOM:
    case ACTION_TOUR:
    case ACTION_MOUSE:
    case ACTION_REDRAW:
    case ACTION_PALETTE:
        return false;
    default:
        return find_word(action_get(id)->name) == PLAIN_COUNT;
    }
}

/* Everything that has a name: words, then actions. */
struct names {
    const char *list[PLAIN_COUNT + ACTION_COUNT];
    enum action_id actions[PLAIN_COUNT + ACTION_COUNT]; /* of those from PLAIN_COUNT on */
    unsigned count;
};

static void names_collect(struct names *names)
{
    names->count = 0;
    for (unsigned i = 0; i < PLAIN_COUNT; i++)
        names->list[names->count++] = words[i].name;
    for (unsigned id = 0; id < ACTION_COUNT; id++)
        if (plain_has_action((enum action_id)id)) {
            names->actions[names->count] = (enum action_id)id;
            names->list[names->count++] = action_get((enum action_id)id)->name;
        }
}

static void take(struct plain_line *line, const struct names *names, unsigned index)
{
    line->kind = index < PLAIN_COUNT ? PLAIN_LINE_WORD : PLAIN_LINE_ACTION;
    if (index < PLAIN_COUNT)
        line->word = (enum plain_word)index;
    else
        line->action = names->actions[index];
}

/* A key, as in action.def. The keys of the words' namesakes are the words'. */
static bool parse_key(struct plain_line *line, const char *name, enum view_id view)
{
    const char *rest = name;
    int key = key_parse(&rest);
    enum action_id id;

    if (key <= 0 || *rest)
        return false;
    id = action_find(view, (uint32_t)key);
    if (id == ACTION_COUNT)
        id = action_find(VIEW_STEP, (uint32_t)key);
    if (id == ACTION_COUNT)
        return false;
    line->action = id;
    line->kind = PLAIN_LINE_ACTION;
    line->word = find_word(action_get(id)->name);
    if (id == ACTION_FOCUS)
        snprintf(line->argument, sizeof(line->argument), "%s", name);
    if (line->word < PLAIN_COUNT)
        line->kind = PLAIN_LINE_WORD;
    else if (!plain_has_action(id)) {
        line->kind = PLAIN_LINE_WRONG;
        snprintf(line->why, sizeof(line->why), "'%s' is about the screen, which is not there.",
                 action_get(id)->name);
    }
    return true;
}

static void ambiguous(struct plain_line *line, const struct names *names, const char *name)
{
    size_t used = (size_t)snprintf(line->why, sizeof(line->why), "'%.40s' can be", name);
    const char *separator = " ";

    line->kind = PLAIN_LINE_WRONG;
    for (unsigned i = 0; i < names->count; i++)
        if (strncmp(names->list[i], name, strlen(name)) == 0 && used < sizeof(line->why)) {
            used += (size_t)snprintf(line->why + used, sizeof(line->why) - used, "%s%s", separator,
                                     names->list[i]);
            separator = ", ";
        }
    if (used < sizeof(line->why))
        snprintf(line->why + used, sizeof(line->why) - used, ".");
}

static void unknown(struct plain_line *line, const struct names *names, const char *name)
{
    const char *nearest = nearest_name(name, names->list, names->count);

    line->kind = PLAIN_LINE_WRONG;
    if (nearest)
        snprintf(line->why, sizeof(line->why), "'%.40s' is no command; did you mean '%s'?", name,
                 nearest);
    else
        snprintf(line->why, sizeof(line->why), "'%.40s' is no command; help lists them.", name);
}

static void parse_name(struct plain_line *line, const char *name)
{
    struct names names;
    unsigned found = 0, last = 0;

    names_collect(&names);
    for (unsigned i = 0; i < names.count; i++) {
        if (strcmp(names.list[i], name) == 0) {
            take(line, &names, i);
            return;
        }
        if (strncmp(names.list[i], name, strlen(name)) == 0) {
            found++;
            last = i;
        }
    }
    if (found == 1)
        take(line, &names, last);
    else if (found > 1)
        ambiguous(line, &names, name);
    else
        unknown(line, &names, name);
}

/* What is no printable character is a blank: it may come from anywhere and goes into messages. */
static void clean(char *to, size_t size, const char *from)
{
    size_t length = 0;

    while (*from && length + 4 < size) {
        uint32_t ch = utf8_next(&from);

        length += (size_t)utf8_put(ch == '?' && from[-1] != '?' ? ' ' : ch, to + length);
    }
    while (length > 0 && to[length - 1] == ' ')
        length--;
    to[length] = '\0';
}

void plain_line_parse(struct plain_line *line, const char *text, enum view_id view)
{
    char copy[256], *name, *end;

    *line = (struct plain_line){.kind = PLAIN_LINE_EMPTY};
    clean(copy, sizeof(copy), text);
    name = copy + strspn(copy, " ");
    if (!*name)
        return;
    end = name + strcspn(name, " ");
    if (*end)
        *end++ = '\0';
    snprintf(line->argument, sizeof(line->argument), "%s", end + strspn(end, " "));
    if (!parse_key(line, name, view))
        parse_name(line, name);
}
