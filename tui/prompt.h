/*
 * The prompt: a line in which the user types what an action asks for. Plain data, no terminal.
 *
 * - Printable ASCII only; more than PROMPT_MAX - 1 characters are not taken.
 */
#ifndef VLAB_TUI_PROMPT_H
#define VLAB_TUI_PROMPT_H

#include "tui/grid.h"

#include <stdbool.h>
#include <stdint.h>

#define PROMPT_MAX 120

struct prompt {
    bool open;
    unsigned action; /* enum action_id that asked */
    unsigned length, cursor;
    unsigned choice; /* the line that is selected in the palette */
    char text[PROMPT_MAX];
};

enum prompt_result {
    PROMPT_GOES_ON,
    PROMPT_DONE,     /* `text` is what was typed; the prompt is closed */
    PROMPT_CANCELLED /* closed by Esc, or by backspace where there was nothing */
};

void prompt_open(struct prompt *prompt, unsigned action);
/* Put a text in place of what is there; the cursor goes behind it. */
void prompt_set(struct prompt *prompt, const char *text);
enum prompt_result prompt_key(struct prompt *prompt, uint32_t key);

/* In row 0: what is asked for, what was typed, and the terminal's cursor. */
void prompt_draw(const struct prompt *prompt, const char *asks, const struct area *line);

#endif
