/*
 * Keys: a Unicode character, or one of the names below.
 *
 * In text a key is the character itself or a name in angle brackets: "c<Enter>x<PgUp>". "<lt>" is
 * the character '<'.
 */
#ifndef VLAB_TUI_KEY_H
#define VLAB_TUI_KEY_H

#include <stdbool.h>
#include <stdint.h>

enum key {
    K_NONE = 0,
    K_FIRST = 0x110000, /* past Unicode */
    K_ENTER,
    K_ESC,
    K_TAB,
    K_BACKTAB,
    K_UP,
    K_DOWN,
    K_LEFT,
    K_RIGHT,
    K_PGUP,
    K_PGDN,
    K_HOME,
    K_END,
    K_BACKSPACE,
    K_DELETE,
    K_NUL /* Ctrl-Space or Ctrl-@ */
};

/* A letter with Ctrl, as terminals send it. "<C-l>" in text. */
#define K_CTRL(letter) ((uint32_t)(letter)&0x1f)

/* The key at *text, which it moves on; 0 at the end, -1 on an unknown name or a missing '>'. */
int key_parse(const char **text);

/* Bytes that a key sends down a serial line, as a VT100 and xterm have them: at most KEY_BYTES. */
#define KEY_BYTES 4
int key_bytes(uint32_t key, char bytes[KEY_BYTES]);

/*
 * Whether a list of keys, separated by blanks as in action.def, has that key. "1-9" is a range of
 * single characters.
 */
bool key_in(const char *list, uint32_t key);

#endif
