/* The prompt, see prompt.h: the keys of a line editor, as readline has them. */
#include "tui/prompt.h"
#include "tui/key.h"

#include <string.h>

void prompt_open(struct prompt *prompt, unsigned action)
{
    *prompt = (struct prompt){.open = true, .action = action};
}

void prompt_set(struct prompt *prompt, const char *text)
{
    prompt->length = 0;
    for (; *text && prompt->length + 1 < PROMPT_MAX; text++)
        if (*text >= ' ' && *text <= '~')
            prompt->text[prompt->length++] = *text;
    prompt->text[prompt->length] = '\0';
    prompt->cursor = prompt->length;
}

static void insert(struct prompt *p, char ch)
{
    if (p->length + 1 >= PROMPT_MAX)
        return;
    memmove(p->text + p->cursor + 1, p->text + p->cursor, p->length - p->cursor + 1);
    p->text[p->cursor++] = ch;
    p->length++;
}

static void cut(struct prompt *p, unsigned from, unsigned to)
{
    memmove(p->text + from, p->text + to, p->length - to + 1);
    p->length -= to - from;
    p->cursor = from;
}

/* Where the word before the cursor begins. */
static unsigned word_start(const struct prompt *p)
{
    unsigned at = p->cursor;

    while (at > 0 && p->text[at - 1] == ' ')
        at--;
    while (at > 0 && p->text[at - 1] != ' ')
        at--;
    return at;
}

static enum prompt_result close_with(struct prompt *p, enum prompt_result result)
{
    p->open = false;
    return result;
}

static enum prompt_result backspace(struct prompt *p)
{
    if (p->length == 0)
        return close_with(p, PROMPT_CANCELLED);
    if (p->cursor > 0)
        cut(p, p->cursor - 1, p->cursor);
    return PROMPT_GOES_ON;
}

static void move_or_cut(struct prompt *p, uint32_t key)
{
    switch (key) {
    case K_LEFT:
        p->cursor -= p->cursor > 0;
        break;
    case K_RIGHT:
        p->cursor += p->cursor < p->length;
        break;
    case K_HOME:
    case K_CTRL('a'):
        p->cursor = 0;
        break;
    case K_END:
    case K_CTRL('e'):
        p->cursor = p->length;
        break;
    case K_DELETE:
        if (p->cursor < p->length)
            cut(p, p->cursor, p->cursor + 1);
        break;
    case K_CTRL('u'):
        cut(p, 0, p->cursor);
        break;
    case K_CTRL('w'):
        cut(p, word_start(p), p->cursor);
        break;
    default:
        if (key >= ' ' && key <= '~')
            insert(p, (char)key);
    }
}

enum prompt_result prompt_key(struct prompt *prompt, uint32_t key)
{
    if (key == K_ENTER)
        return close_with(prompt, PROMPT_DONE);
    if (key == K_ESC)
        return close_with(prompt, PROMPT_CANCELLED);
    if (key == K_BACKSPACE)
        return backspace(prompt);
    move_or_cut(prompt, key);
    return PROMPT_GOES_ON;
}

/* The end of a text that is too long is seen, with the cursor in it. */
void prompt_draw(const struct prompt *prompt, const char *asks, const struct area *line)
{
    bool colon = strcmp(asks, ":") == 0;
    int col = area_printf(line, 0, 0, ROLE_KEY, colon ? "%s" : "%s: ", asks);
    int room = line->cols - col - 1;
    int skip = (int)prompt->cursor > room && room > 0 ? (int)prompt->cursor - room : 0;

    area_text(line, 0, col, ROLE_MESSAGE, prompt->text + skip);
    line->grid->cursor_row = line->row;
    line->grid->cursor_col = line->col + col + (int)prompt->cursor - skip;
    if (line->grid->cursor_col >= line->col + line->cols)
        line->grid->cursor_col = line->col + line->cols - 1;
}
