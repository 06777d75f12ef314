/* The name that somebody meant who typed another one. */
#ifndef VLAB_UTIL_NEAREST_H
#define VLAB_UTIL_NEAREST_H

#include <stddef.h>

/*
 * The name in `names` (`count` of them) nearest to `text` by edit distance, or NULL when none is
 * near enough to be meant.
 */
const char *nearest_name(const char *text, const char *const *names, size_t count);

#endif
