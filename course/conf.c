/*
 * The configuration parser, see conf.h.
 *
 * One pass over a copy of the text: split into lines, each into key and value, both trimmed; then
 * the counts are held against the caller's table. Nothing nests, nothing is quoted, nothing
 * continues on the next line.
 */
#include "course/conf.h"

#include "core/loader.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct conf_entry {
    unsigned line;
    const char *key, *value;
};

struct conf {
    char name[256]; /* for messages */
    char *text;     /* what key and value point into */
    struct conf_entry entries[CONF_ENTRIES_MAX];
    unsigned count;
};

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static char *trim(char *text)
{
    size_t size;

    while (is_blank(*text))
        text++;
    size = strlen(text);
    while (size > 0 && is_blank(text[size - 1]))
        text[--size] = '\0';
    return text;
}

static const struct conf_key *find_key(const struct conf_key *keys, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(keys[i].name, name) == 0)
            return &keys[i];
    }
    return NULL;
}

static const struct conf_entry *find_entry(const struct conf *conf, const char *key, unsigned index)
{
    for (unsigned i = 0; i < conf->count; i++) {
        if (strcmp(conf->entries[i].key, key) == 0 && index-- == 0)
            return &conf->entries[i];
    }
    return NULL;
}

/* Printable ASCII and tabs only: these texts reach a terminal. */
static int check_line(const struct conf *conf, unsigned number, const char *line, struct error *err)
{
    for (const char *p = line; *p; p++) {
        unsigned char c = (unsigned char)*p;

        if (c != '\t' && (c < 0x20 || c > 0x7e))
            return error_set(err, -EINVAL, "%s:%u: byte 0x%02x is not printable ASCII", conf->name,
                             number, c);
    }
    return 0;
}

static int add_entry(struct conf *conf, unsigned number, char *line, const struct conf_key *keys,
                     size_t key_count, struct error *err)
{
    struct conf_entry *entry = &conf->entries[conf->count];
    const struct conf_key *key;
    char *equals = strchr(line, '=');
    char *name;

    if (!equals)
        return error_set(err, -EINVAL, "%s:%u: not \"key = value\"", conf->name, number);
    *equals = '\0';
    name = trim(line);
    key = find_key(keys, key_count, name);
    if (!key)
        return error_set(err, -EINVAL, "%s:%u: unknown key \"%.40s\"", conf->name, number, name);
    if (key->times != CONF_ANY && find_entry(conf, name, 0))
        return error_set(err, -EINVAL, "%s:%u: %s is given twice", conf->name, number, name);
    if (conf->count == CONF_ENTRIES_MAX)
        return error_set(err, -EINVAL, "%s:%u: more than %d lines of settings", conf->name, number,
                         CONF_ENTRIES_MAX);
    *entry = (struct conf_entry){.line = number, .key = name, .value = trim(equals + 1)};
    conf->count++;
    return 0;
}

static int parse_lines(struct conf *conf, const struct conf_key *keys, size_t key_count,
                       struct error *err)
{
    unsigned number = 1;
    char *next;
    int ret;

    for (char *line = conf->text; line; line = next, number++) {
        next = strchr(line, '\n');
        if (next)
            *next++ = '\0';
        ret = check_line(conf, number, line, err);
        if (ret)
            return ret;
        line = trim(line);
        if (*line == '\0' || *line == '#')
            continue;
        ret = add_entry(conf, number, line, keys, key_count, err);
        if (ret)
            return ret;
    }
    return 0;
}

static int check_missing(const struct conf *conf, const struct conf_key *keys, size_t key_count,
                         struct error *err)
{
    for (size_t i = 0; i < key_count; i++) {
        if (keys[i].times == CONF_ONCE && !find_entry(conf, keys[i].name, 0))
            return error_set(err, -EINVAL, "%s: %s is missing", conf->name, keys[i].name);
    }
    return 0;
}

int conf_parse(struct conf **out, const char *name, const char *text, size_t size,
               const struct conf_key *keys, size_t key_count, struct error *err)
{
    struct conf *conf;
    int ret;

    if (size > CONF_FILE_MAX)
        return error_set(err, -EFBIG, "%s: larger than %u bytes", name, CONF_FILE_MAX);
    if (memchr(text, '\0', size))
        return error_set(err, -EINVAL, "%s: holds a NUL byte, it is no text", name);
    conf = calloc(1, sizeof(*conf));
    if (conf)
        conf->text = malloc(size + 1);
    if (!conf || !conf->text) {
        free(conf);
        return error_set(err, -ENOMEM, "%s: out of memory", name);
    }
    snprintf(conf->name, sizeof(conf->name), "%s", name);
    memcpy(conf->text, text, size);
    conf->text[size] = '\0';
    ret = parse_lines(conf, keys, key_count, err);
    if (!ret)
        ret = check_missing(conf, keys, key_count, err);
    if (ret) {
        conf_free(conf);
        return ret;
    }
    *out = conf;
    return 0;
}

int conf_read(struct conf **out, const char *path, const struct conf_key *keys, size_t key_count,
              struct error *err)
{
    uint8_t *data;
    size_t size;
    int ret = file_read(path, CONF_FILE_MAX, &data, &size, err);

    if (ret)
        return ret;
    ret = conf_parse(out, path, (const char *)data, size, keys, key_count, err);
    free(data);
    return ret;
}

void conf_free(struct conf *conf)
{
    if (!conf)
        return;
    free(conf->text);
    free(conf);
}

const char *conf_text(const struct conf *conf, const char *key, unsigned index)
{
    const struct conf_entry *entry = find_entry(conf, key, index);

    return entry ? entry->value : NULL;
}

int conf_error(const struct conf *conf, const char *key, unsigned index, struct error *err,
               const char *fmt, ...)
{
    const struct conf_entry *entry = find_entry(conf, key, index);
    char why[160];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(why, sizeof(why), fmt, ap);
    va_end(ap);
    if (!entry)
        return error_set(err, -EINVAL, "%s: %s: %s", conf->name, key, why);
    return error_set(err, -EINVAL, "%s:%u: %s: %s", conf->name, entry->line, key, why);
}

int conf_copy(const struct conf *conf, const char *key, unsigned index, char *buf, size_t size,
              struct error *err)
{
    const char *value = conf_text(conf, key, index);

    if (!value || !*value)
        return conf_error(conf, key, index, err, "no value");
    if (strlen(value) >= size)
        return conf_error(conf, key, index, err, "longer than %zu characters", size - 1);
    memcpy(buf, value, strlen(value) + 1);
    return 0;
}

static unsigned digit_value(char c)
{
    if (c >= '0' && c <= '9')
        return (unsigned)(c - '0');
    if (c >= 'a' && c <= 'f')
        return (unsigned)(c - 'a') + 10;
    if (c >= 'A' && c <= 'F')
        return (unsigned)(c - 'A') + 10;
    return 16;
}

static unsigned suffix_shift(char c)
{
    switch (c) {
    case 'K':
        return 10;
    case 'M':
        return 20;
    case 'G':
        return 30;
    default:
        return 0;
    }
}

bool conf_parse_number(const char *text, uint64_t *value)
{
    unsigned base = strncmp(text, "0x", 2) == 0 ? 16 : 10;
    const char *p = base == 16 ? text + 2 : text;
    unsigned shift;
    uint64_t v = 0;

    if (digit_value(*p) >= base)
        return false;
    for (; digit_value(*p) < base; p++) {
        if (v > (UINT64_MAX - digit_value(*p)) / base)
            return false;
        v = v * base + digit_value(*p);
    }
    shift = suffix_shift(*p);
    if (shift && v > UINT64_MAX >> shift)
        return false;
    *value = v << shift;
    return p[shift != 0] == '\0';
}

int conf_number(const struct conf *conf, const char *key, unsigned index, uint64_t min,
                uint64_t max, uint64_t *value, struct error *err)
{
    const char *text = conf_text(conf, key, index);
    uint64_t v;

    if (!text || !*text)
        return conf_error(conf, key, index, err, "no value");
    if (!conf_parse_number(text, &v))
        return conf_error(conf, key, index, err, "\"%.40s\" is not a number", text);
    if (v < min || v > max)
        return conf_error(conf, key, index, err, "%.40s is not in 0x%llx..0x%llx", text,
                          (unsigned long long)min, (unsigned long long)max);
    *value = v;
    return 0;
}
