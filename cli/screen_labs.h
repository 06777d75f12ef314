/*
 * The labs of the course as the screen takes them: plain data, and a function that makes the
 * machine of one. For `vlab tui` and `vlab render`.
 */
#ifndef VLAB_CLI_SCREEN_LABS_H
#define VLAB_CLI_SCREEN_LABS_H

#include "course/catalog.h"
#include "tui/tui.h"

struct screen_labs {
    struct course *course;
    struct lab_info *infos;
    unsigned count;
    char snapshots[COURSE_PATH_MAX]; /* folder of the store, "" when there is no state folder */
    char last[COURSE_NAME_MAX];      /* folder of the lab started last, "" when none is known */
};

int screen_labs_open(struct screen_labs *labs, struct error *err);
void screen_labs_close(struct screen_labs *labs);

/* The index of a lab by one of its names, as course_find(). */
int screen_labs_find(const struct screen_labs *labs, const char *what, struct error *err);
/* The lab started last, else the first; -1 when there is none. */
int screen_labs_default(const struct screen_labs *labs);

/* Fill what comes from the labs; the caller sets the rest. */
void screen_labs_config(struct screen_labs *labs, struct tui_config *config);

#endif
