/*
 * Which CPU runs a guest: --backend emu|kvm|auto.
 *
 * auto is /dev/kvm where it is full, the emulated CPU elsewhere, without a word.
 */
#ifndef VLAB_CLI_BACKEND_CHOICE_H
#define VLAB_CLI_BACKEND_CHOICE_H

#include "cli/cli.h"
#include "core/backend.h"
#include "core/loader.h"

enum backend_word { BACKEND_WORD_EMU, BACKEND_WORD_KVM, BACKEND_WORD_AUTO };

/* CLI_OK, or CLI_USAGE with the line printed. */
int backend_parse(const struct verb *verb, const char *text, enum backend_word *word);

/*
 * The table of functions for a guest with these needs (bits 1 << enum backend_need), tested. Negative: there
 * is none; `err` says what is missing.
 */
int backend_choose(enum backend_word word, uint32_t needs, const struct backend_ops **ops,
                   struct error *err);

/* What an image of that kind needs to start at all. */
uint32_t backend_needs_of(enum image_kind kind);

#endif
