/* What comes in from outside: keys, the mouse, another size, a new model, stray output. */
#ifndef VLAB_TUI_EVENT_H
#define VLAB_TUI_EVENT_H

#include <stdint.h>

enum event_kind {
    EVENT_KEY,    /* `key` */
    EVENT_MOUSE,  /* `mouse` at `row`, `col` */
    EVENT_RESIZE, /* `rows`, `cols` */
    EVENT_MODEL,  /* the model is a new one */
    EVENT_STDERR  /* somebody wrote `text` to standard error */
};

enum mouse { MOUSE_CLICK, MOUSE_WHEEL_UP, MOUSE_WHEEL_DOWN };

struct event {
    enum event_kind kind;
    uint32_t key;
    enum mouse mouse;
    int row, col;
    int rows, cols;
    const char *text;
};

#endif
