/*
 * Styles as ECMA-48 SGR sequences (8.3.117), for the writers of terminal bytes.
 */
#ifndef VLAB_TUI_SGR_H
#define VLAB_TUI_SGR_H

#include "tui/theme.h"

#include <stdio.h>

/* Whether a terminal shows both the same. */
bool sgr_equal(const struct style *a, const struct style *b);

/*
 * Write what makes `to` the style of the characters that follow: all of it when `from` is NULL
 * (nothing is known), else what differs from `from`.
 */
void sgr_write(FILE *out, const struct style *from, const struct style *to, enum theme_depth depth);

#endif
