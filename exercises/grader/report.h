/* A grade for people (text), for programs (json) and for test harnesses (tap). */
#ifndef VLAB_GRADER_REPORT_H
#define VLAB_GRADER_REPORT_H

#include "exercises/grader/grader.h"

#include <jansson.h>
#include <stdio.h>

enum report_format { REPORT_TEXT, REPORT_JSON, REPORT_TAP };

void report_write(const struct grade *grade, enum report_format format, FILE *out);

/* The grade as an object; the caller frees it with json_decref(). NULL when out of memory. */
json_t *report_json(const struct grade *grade);

#endif
