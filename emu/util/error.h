/*
 * Errors of the library: 0 or -errno, with the detail recorded once where it happens.
 *
 * - A function that can fail for a reason the user must read takes a `struct error *` (never NULL)
 *   and returns error_set()'s value, so the line is written where the facts are known.
 * - The text reads "what: why", without a "vlab:" in front and without a newline: main prints it
 *   once, at the edge.
 * - A caller may pass the same struct down several calls; the first failure is the one to show.
 */
#ifndef VLAB_UTIL_ERROR_H
#define VLAB_UTIL_ERROR_H

struct error {
    int code; /* negative errno of the failure, 0 when there was none */
    char text[256];
};

/* Record "what: why" and return `code` (a negative errno). */
int error_set(struct error *err, int code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* The same, with ": strerror(-code)" appended. */
int error_errno(struct error *err, int code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

#endif
