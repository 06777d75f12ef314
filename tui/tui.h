/*
 * The screen, as the command line starts it.
 *
 * - The tui knows machines, not the course: the caller says which labs there are and how the
 *   machine of one is made.
 */
#ifndef VLAB_TUI_TUI_H
#define VLAB_TUI_TUI_H

#include "core/machine.h"
#include "tui/model.h"
#include "util/error.h"

#include <stdio.h>

struct tui_config {
    const struct lab_info *labs;
    unsigned lab_count;
    int lab;        /* to open at the start, -1: show the list */
    uint64_t exits; /* with `lab`: run it for so many exits first */
    bool ascii, mono;
    bool mouse;         /* use the mouse from the start */
    bool tour;          /* begin with the tour */
    const char *record; /* file that the screen is recorded to, see record.h; NULL: none */
    /*
     * Make a lab's machine, loaded and ready to run; its text goes to `text`. Called on the
     * engine's thread, never twice at a time. The tui destroys the machine.
     */
    int (*open)(void *ctx, unsigned lab, const struct text_sink *text, struct machine **machine,
                struct error *err);
    /*
     * The snapshot that a lab opens at; "": at its start. NULL: always at its start.
     */
    void (*opens_at)(void *ctx, unsigned lab, char id[NODE_ID_SIZE]);
    char snapshots[1024]; /* folder of the store; "": there is none */
    /* The tour was gone through or left; may be NULL. */
    void (*tour_over)(void *ctx);
    void *ctx;
};

/*
 * The screen on the terminal, until the user leaves. -ENOTTY when standard input or output is no
 * terminal, -EINVAL when its type is unknown. When a signal ends it, *signal is its number, else 0:
 * the terminal is restored, and the caller ends the process by that signal. A recording that cannot
 * begin is an error at once; one that breaks off is said on the screen, and is the error that is
 * returned when the user has left.
 */
int tui_run(struct tui_config *config, int *signal, struct error *err);

/*
 * The same without a screen, for screen readers, pipes and braille displays: plain lines of ASCII to
 * `out`, a command a line from `in`, until "quit" or the end of the input. Neither needs to be a
 * terminal; where `in` is one, there are prompts. What a command of the screen that cannot be done
 * says is an answer, not an error. Colours, mouse, tour and recording of the config are left out.
 * -errno when the input cannot be read; the caller checks ferror(out). *signal as above.
 */
int tui_plain(const struct tui_config *config, int in, FILE *out, int *signal, struct error *err);

enum render_format { RENDER_TEXT, RENDER_ANSI, RENDER_SVG, RENDER_JSON };

struct render_options {
    const char *view;      /* "step", "exits", "labs", ...: see view.c */
    uint64_t exits, insns; /* run so far before drawing; 0: do not run */
    const char *keys;      /* pressed then; see tui/key.h; NULL: none */
    int rows, cols;
    enum render_format format;
    bool cost; /* show what exits cost, in host cycles: those differ with every run */
};

/*
 * One screen without a terminal, the same on every run: keys act at once, and what would run on
 * without an end stops after RENDER_INSNS instructions. -EINVAL when an option is wrong, -ERANGE
 * when the run ends before `exits` or `insns`.
 */
int tui_render(const struct tui_config *config, const struct render_options *options, FILE *out,
               struct error *err);

#define RENDER_INSNS 20000000u

#endif
