/* The command line of the verbs that report on the course, see course_verb.h. */
#include "cli/course_verb.h"

#include <getopt.h>
#include <stdio.h>

static int report_named(const char *name, bool json, course_report *report)
{
    struct course *course;
    struct error err = {0};
    int ret;

    if (course_open(&course, &err))
        return cli_fail(&err);
    ret = report(course, name, json, &err);
    course_close(course);
    return ret ? cli_fail(&err) : CLI_OK;
}

int course_verb(const struct verb *verb, int argc, char **argv, const char *wants,
                course_report *report)
{
    static const struct option options[] = {
        {"help", no_argument, NULL, 'h'}, {"json", no_argument, NULL, 'j'}, {0}};
    bool json = false;
    int c;

    opterr = 0;
    while ((c = getopt_long(argc, argv, ":", options, NULL)) != -1) {
        if (c == 'h')
            return cli_help(verb);
        if (c != 'j')
            return cli_bad_option(verb, argv, c);
        json = true;
    }
    if (!wants && optind < argc)
        return cli_usage(verb, "unexpected argument \"%.40s\"", argv[optind]);
    if (wants && argc - optind != 1)
        return cli_usage(verb, "%s", argc == optind ? wants : "one name at a time");
    return report_named(wants ? argv[optind] : NULL, json, report);
}

void print_json(json_t *value)
{
    json_dumpf(value, stdout, JSON_INDENT(2));
    printf("\n");
    json_decref(value);
}
