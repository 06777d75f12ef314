/*
 * Configuration files of the course: lines of `key = value`, `#` at the start of a line comments.
 *
 *   # a lab
 *   title = Anatomy of a virtual machine
 *   ram   = 4M
 *
 * - The caller says which keys there are; an unknown key, a second one of a single key, a missing
 *   one, and a line without `=` are errors that name file and line.
 * - Files are hostile: at most 64 KiB, CONF_ENTRIES_MAX entries, printable ASCII and blanks only.
 * - The strings that conf_text() gives belong to the conf.
 */
#ifndef VLAB_COURSE_CONF_H
#define VLAB_COURSE_CONF_H

#include "util/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CONF_FILE_MAX (64u << 10)
#define CONF_ENTRIES_MAX 128

enum conf_times { CONF_ONCE, CONF_OPTIONAL, CONF_ANY };

struct conf_key {
    const char *name;
    enum conf_times times; /* how often it may come: exactly once, at most once, any number */
};

struct conf;

/* Read a file. `name` of messages is the path. */
int conf_read(struct conf **out, const char *path, const struct conf_key *keys, size_t key_count,
              struct error *err);
/* The same from memory; `text` need not end in NUL and may hold anything. */
int conf_parse(struct conf **out, const char *name, const char *text, size_t size,
               const struct conf_key *keys, size_t key_count, struct error *err);
void conf_free(struct conf *conf); /* NULL is fine */

/* The value number `index` (from 0) of a key, or NULL when there are not so many. */
const char *conf_text(const struct conf *conf, const char *key, unsigned index);

/*
 * Record "FILE:LINE: KEY: why" for that value and return -EINVAL. With no such value the line is
 * left out.
 */
int conf_error(const struct conf *conf, const char *key, unsigned index, struct error *err,
               const char *fmt, ...) __attribute__((format(printf, 5, 6)));

/* Copy a value that must fit `size` bytes with its NUL and not be empty. */
int conf_copy(const struct conf *conf, const char *key, unsigned index, char *buf, size_t size,
              struct error *err);

/*
 * A number: decimal or 0x hexadecimal, with K, M or G (powers of 1024) behind it, from `min` to
 * `max`.
 */
int conf_number(const struct conf *conf, const char *key, unsigned index, uint64_t min,
                uint64_t max, uint64_t *value, struct error *err);
bool conf_parse_number(const char *text, uint64_t *value);

#endif
