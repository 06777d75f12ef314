/*
 * Writers: a grid as text, as text with terminal colours, as a picture, and as JSON.
 *
 * The caller checks ferror() of the stream. Every line of text and ANSI has all its columns.
 */
#ifndef VLAB_TUI_WRITE_H
#define VLAB_TUI_WRITE_H

#include "tui/grid.h"
#include "tui/theme.h"

#include <stdio.h>

void write_text(const struct grid *grid, enum theme_depth depth, FILE *out);
void write_ansi(const struct grid *grid, enum theme_depth depth, FILE *out);
void write_svg(const struct grid *grid, enum theme_depth depth, FILE *out);
/*
 * {"rows": 24, "cols": 80, "cursor": [row, col] or null,
 *  "lines": [{"text": "...", "spans": [[column, length, "role", "style"], ...]}, ...]}
 *
 * Spans cover the whole line; `style` is "bold", "selected", ... joined by "+", as the depth shows
 * it without colour, or "" .
 */
void write_json(const struct grid *grid, enum theme_depth depth, FILE *out);

#endif
