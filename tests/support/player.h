/*
 * A player for recordings: asciicast v2 lines into a terminal made of libvterm, with checks that a
 * line is what the format says.
 */
#ifndef VLAB_TESTS_PLAYER_H
#define VLAB_TESTS_PLAYER_H

#include "tui/grid.h"
#include "tui/theme.h"

#include <stdio.h>
#include <vterm.h>

struct player {
    FILE *in;
    VTerm *vterm; /* NULL before the header was read */
    VTermScreen *screen;
    int rows, cols;
    double time;      /* of the last event */
    size_t data_size; /* bytes of the last event's data */
    bool cursor;
};

/* The terminal alone, for bytes from elsewhere. */
void player_terminal(struct player *player, int rows, int cols);
void player_open(struct player *player, const char *path);
/* Play the next event; its kind, 0 at the end. Anything that is no asciicast fails the test. */
char player_next(struct player *player);
void player_close(struct player *player);

/* The terminal shows exactly the grid: characters, colours, attributes, cursor. */
void player_check(const struct player *player, const struct grid *grid, enum theme_depth depth);
/* A row as ASCII, without blanks at its end; at most 256 columns. */
void player_row(const struct player *player, int row, char text[257]);

#endif
