/*
 * From a student's assembly source to a flat binary, by nasm in a sandbox.
 *
 * - The source must stand alone. %include, incbin and the like are refused before nasm could follow
 *   them: first in the text, then (incbin, [map], which macros can hide) in what nasm's preprocessor
 *   made of it. The sandbox refuses the file as well.
 * - Everything happens in a folder of mkdtemp(), which is removed.
 */
#ifndef VLAB_GRADER_ASSEMBLE_H
#define VLAB_GRADER_ASSEMBLE_H

#include "util/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ASSEMBLE_SOURCE_MAX (256u << 10) /* bytes */
#define ASSEMBLE_OUTPUT_MAX (1u << 20)

struct assembled {
    bool built;
    uint8_t *image; /* malloc()ed, NULL unless built */
    size_t size;    /* bytes */
    char why[200];  /* why not: nasm's first message, or ours */
};

/*
 * Assemble `path`, called `name` in messages. 0 with built or not; negative when the host is to
 * blame (nasm missing, no space, ...).
 */
int assemble(const char *path, const char *name, struct assembled *out, struct error *err);
void assembled_free(struct assembled *out);

#endif
