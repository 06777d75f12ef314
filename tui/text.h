/* Numbers and words for people. */
#ifndef VLAB_TUI_TEXT_H
#define VLAB_TUI_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NUMBER_MAX 32

/* "1,234,567". Returns buf. */
const char *text_grouped(uint64_t n, char buf[NUMBER_MAX]);
/* "412", "41.2k", "4.1M": at most 6 characters. Returns buf. */
const char *text_short(uint64_t n, char buf[NUMBER_MAX]);
/* A time in ns in the unit that leaves 1 to 5 digits: "838 ns", "1,193 us". Returns buf. */
const char *text_time(uint64_t ns, char buf[NUMBER_MAX]);
/* A power of two, or a multiple, of bytes, rounded down: "64", "4K", "2M", "127T". Returns buf. */
const char *text_size(uint64_t bytes, char buf[NUMBER_MAX]);
/* Digits of a number, at least 1. */
int hex_digits(uint64_t n);
int decimal_digits(uint64_t n);

/* Whether a text has a word in it, whatever the case of either; always when the word is "". */
bool text_has(const char *text, const char *word);

/* Keys as action.def lists them, without the angle brackets of their names: "] n", "Tab Right". */
void text_keys(const char *keys, char *buf, size_t size);

#endif
