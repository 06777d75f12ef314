/* Text into a buffer that may be too small, see text.h. */
#include "util/text.h"

#include <stdarg.h>
#include <stdio.h>

void text_start(struct text *t, char *buf, size_t size)
{
    *t = (struct text){.buf = buf, .size = size};
    if (size)
        buf[0] = '\0';
}

void text_add(struct text *t, const char *fmt, ...)
{
    va_list ap;
    int n;

    if (t->used >= t->size)
        return;
    va_start(ap, fmt);
    n = vsnprintf(t->buf + t->used, t->size - t->used, fmt, ap);
    va_end(ap);
    if (n > 0)
        t->used += (size_t)n;
}
