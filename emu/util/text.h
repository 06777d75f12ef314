/* Text that is put together piece by piece in a buffer of the caller's. */
#ifndef VLAB_UTIL_TEXT_H
#define VLAB_UTIL_TEXT_H

#include <stddef.h>

/* Always NUL-terminated unless `size` is 0; what does not fit is dropped. */
struct text {
    char *buf;
    size_t size, used; /* used: as if all had fit */
};

void text_start(struct text *t, char *buf, size_t size);
void text_add(struct text *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
