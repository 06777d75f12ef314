/* Numbers for people. */
#ifndef VLAB_TUI_TEXT_H
#define VLAB_TUI_TEXT_H

#include <stddef.h>
#include <stdint.h>

#define NUMBER_MAX 32

/* "1,234,567". Returns buf. */
const char *text_grouped(uint64_t n, char buf[NUMBER_MAX]);
/* "412", "41.2k", "4.1M": at most 6 characters. Returns buf. */
const char *text_short(uint64_t n, char buf[NUMBER_MAX]);
/* Digits of a number, at least 1. */
int hex_digits(uint64_t n);
int decimal_digits(uint64_t n);

#endif
