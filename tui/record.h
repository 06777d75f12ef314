/*
 * A recording of the screen: asciicast v2 (https://docs.asciinema.org/manual/asciicast/v2/), a line
 * of JSON for the header and one for each frame or change of size.
 *
 * - Frames come from the grid, so the recording is what was meant to be seen, without the cursor's
 *   walks and the terminal's own sequences.
 * - The file is written in place, a whole line at a time: after a crash it has everything up to
 *   then. A line that could not be written whole is taken away again.
 */
#ifndef VLAB_TUI_RECORD_H
#define VLAB_TUI_RECORD_H

#include "tui/grid.h"
#include "tui/theme.h"
#include "util/error.h"

struct record;

/*
 * A new file, or an empty one that is there. -EEXIST when there is something in it, -EINVAL when it
 * is no regular file. One that is created here and gets no frame is taken away by record_close().
 */
int record_create(struct record **out, const char *path, struct error *err);

/*
 * Add a frame, now. The first one's size and depth are the recording's, and time counts from it; a
 * frame of another size records the change. After an error the file ends with its last whole line,
 * and nothing can be added any more.
 */
int record_frame(struct record *record, const struct grid *grid, enum theme_depth depth,
                 struct error *err);

/* End it and free everything; errors of the last writes. NULL is fine: 0. */
int record_close(struct record *record, struct error *err);

#endif
