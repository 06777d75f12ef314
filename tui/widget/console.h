/*
 * What the guest prints, as a simple printer would show it: CR, LF, BS and TAB move, every other
 * byte that is no printable ASCII is a dot. Escape sequences are not carried out: the guest owns
 * them.
 */
#ifndef VLAB_TUI_WIDGET_CONSOLE_H
#define VLAB_TUI_WIDGET_CONSOLE_H

#include "tui/grid.h"
#include "tui/model.h"

#define CONSOLE_PANE 1 /* of the devices view */

enum console_text { CONSOLE_ALL, CONSOLE_SERIAL, CONSOLE_DEBUG_PORT, CONSOLE_TEXTS };

/*
 * The end of the text, `scroll` lines before the last. With `cursor` the terminal's cursor goes
 * where the next character will be. Returns the lines of the whole text.
 */
int console_draw(const struct text_tail *text, enum console_text which, const struct area *area,
                 int scroll, bool cursor);

#endif
