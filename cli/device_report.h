/* The registers of a machine's devices, for who reads a terminal and for who reads JSON. */
#ifndef VLAB_CLI_DEVICE_REPORT_H
#define VLAB_CLI_DEVICE_REPORT_H

#include "core/machine.h"

#include <jansson.h>
#include <stdio.h>

/*
 * For each device its ports and interrupt lines, then a line for each field: name, value, text. A
 * star marks what a guest cannot read.
 */
void device_report_print(const struct machine *m, FILE *to);

/*
 * {"uart": {"LCR": {"value": 3, "bits": 8, "text": "8N1, DLAB 0"}, ...}, ...}; with "internal": true
 * where a guest cannot read it. A field of more than 53 bits, which a JSON number need not hold, has
 * its value as text, "0x..." with all its digits. The caller's reference; NULL: out of memory.
 */
json_t *device_report_json(const struct machine *m);

#endif
