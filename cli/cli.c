/* What the verbs share: error lines, usage, help and numbers (see cli.h). */
#include "cli/cli.h"

#include "core/backend.h"

#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

int cli_fail(const struct error *err)
{
    fprintf(stderr, "vlab: %s\n", err->text);
    return CLI_FAILED;
}

int cli_failf(const char *fmt, ...)
{
    va_list ap;

    fputs("vlab: ", stderr);
    va_start(ap, fmt);
    vfprintf(stderr, fmt, ap);
    va_end(ap);
    fputc('\n', stderr);
    return CLI_FAILED;
}

static void usage_line(FILE *out, const struct verb *verb)
{
    fprintf(out, "usage: vlab %s%s%s\n", verb->name, *verb->arguments ? " " : "", verb->arguments);
}

static void why_line(const struct verb *verb, const char *fmt, va_list ap)
{
    fprintf(stderr, "vlab: %s: ", verb->name);
    vfprintf(stderr, fmt, ap);
    fputc('\n', stderr);
}

int cli_usage(const struct verb *verb, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    why_line(verb, fmt, ap);
    va_end(ap);
    usage_line(stderr, verb);
    return CLI_USAGE;
}

int cli_bad_value(const struct verb *verb, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    why_line(verb, fmt, ap);
    va_end(ap);
    return CLI_USAGE;
}

int cli_help(const struct verb *verb)
{
    usage_line(stdout, verb);
    printf("\n%c%s.\n\n%s", toupper((unsigned char)verb->summary[0]), verb->summary + 1,
           verb->help);
    return CLI_OK;
}

int cli_bad_option(const struct verb *verb, char **argv, int c)
{
    const char *given = argv[optind - 1];

    if (c == ':')
        return cli_usage(verb, "option '%s' needs a value", given);
    if (optopt && strncmp(given, "--", 2) != 0)
        return cli_usage(verb, "unknown option '-%c'", optopt);
    return cli_usage(verb, "unknown option '%s'", given);
}

bool cli_parse_number(const char *text, uint64_t *value)
{
    bool hex = text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
    const char *digits = hex ? text + 2 : text;
    char *end;

    /* strtoull() would take a sign and white space. */
    if (hex ? !isxdigit((unsigned char)*digits) : !isdigit((unsigned char)*digits))
        return false;
    errno = 0;
    *value = strtoull(digits, &end, hex ? 16 : 10);
    return errno == 0 && *end == '\0';
}

bool cli_parse_size(const char *text, uint64_t *bytes)
{
    static const char units[] = "KMGT";
    char number[32];
    size_t length = strcspn(text, "KMGTkmgt");
    const char *suffix = text + length;
    unsigned shift = 0;

    if (length >= sizeof(number))
        return false;
    memcpy(number, text, length);
    number[length] = '\0';
    if (*suffix) {
        shift = 10 * (unsigned)(strchr(units, toupper((unsigned char)*suffix)) - units + 1);
        if (suffix[1] && strcasecmp(suffix + 1, "iB") != 0)
            return false;
    }
    if (!cli_parse_number(number, bytes) || *bytes > UINT64_MAX >> shift)
        return false;
    *bytes <<= shift;
    return true;
}

int cli_check_engine(void)
{
    struct backend_report report;

    backend_unicorn.probe(&report, BACKEND_NEEDS_ALL);
    if (report.level != BACKEND_ABSENT)
        return CLI_OK;
    for (char *p = report.missing; (p = strchr(p, '\n')) != NULL;)
        *p = p[1] ? ';' : '\0';
    return cli_failf("CPU engine: %s", *report.missing ? report.missing : "the self-test failed");
}
