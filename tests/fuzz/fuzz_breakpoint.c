/*
 * Fuzz entry: any bytes as the text of a breakpoint. What must hold: an error has a line; a breakpoint
 * makes sense, and its own text is taken, for the same.
 */
#include "core/breakpoint.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void fuzz_breakpoint_text(const struct breakpoint *bp)
{
    char text[BREAKPOINT_TEXT_MAX];
    struct breakpoint again;
    struct error err;

    if (bp->last < bp->first || !bp->enabled || bp->id || bp->hits ||
        (bp->kind == BREAK_GPA) != (bp->access != 0) || bp->access > BREAK_ACCESS_ALL)
        abort();
    if (breakpoint_parse(&again, breakpoint_text(bp, text), &err))
        abort();
    if (again.kind != bp->kind || again.access != bp->access || again.first != bp->first ||
        again.last != bp->last)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1); /* exact, for the address sanitizer */
    struct error err = {0};
    struct breakpoint bp;
    int rc;

    if (!text)
        abort();
    memcpy(text, data, size);
    text[size] = '\0';
    rc = breakpoint_parse(&bp, text, &err);
    if (rc && (err.code != rc || !err.text[0]))
        abort();
    if (!rc)
        fuzz_breakpoint_text(&bp);
    free(text);
    return 0;
}
