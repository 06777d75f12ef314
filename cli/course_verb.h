/*
 * What the verbs that report on the course share: `[--json]`, `--help`, one optional name, opening
 * the course, printing.
 */
#ifndef VLAB_CLI_COURSE_VERB_H
#define VLAB_CLI_COURSE_VERB_H

#include "cli/cli.h"
#include "course/catalog.h"

#include <jansson.h>

/* Report on the course, or on what `name` names (NULL: the verb takes none); 0 or -errno. */
typedef int course_report(const struct course *course, const char *name, bool json,
                          struct error *err);

/*
 * Parse the command line and run `report`. `wants` is the question for a name that is missing
 * ("which lab?"), or NULL when the verb takes none. Returns the exit status.
 */
int course_verb(const struct verb *verb, int argc, char **argv, const char *wants,
                course_report *report);

/* Print a JSON value and a line end on stdout, and release it. */
void print_json(json_t *value);

#endif
