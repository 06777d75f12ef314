/*
 * The execution controls by name: what the command line and lab.conf take, what help lists, and what
 * an exit's explanation names as its cause.
 *
 * Words are the SDM's names of the controls, shortened: "hlt" is "HLT exiting".
 */
#ifndef VLAB_CORE_CONTROL_NAMES_H
#define VLAB_CORE_CONTROL_NAMES_H

#include "core/controls.h"
#include "util/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum control_field { FIELD_PIN, FIELD_PRIMARY, FIELD_SECONDARY, FIELD_EXIT };

/* How a control may be changed. */
enum control_kind {
    CONTROL_EVENT,   /* what "all" sets and "none" clears: makes exits of an instruction or event */
    CONTROL_REQUEST, /* makes exits that a hypervisor asks for when it needs them */
    CONTROL_MODE,    /* says how another one works */
    CONTROL_FIXED    /* this machine always has it */
};

struct control_name {
    const char *word;
    enum control_field field;
    enum control_kind kind;
    uint32_t mask;    /* its one bit of the field */
    const char *name; /* as the SDM spells it */
    uint64_t reasons; /* one bit for each basic exit reason that it decides alone */
};

/* In the order of the SDM's tables; NULL past the last one. */
const struct control_name *control_name(unsigned index);
/* The one control that decides about a reason; NULL: there is none, or more than one. */
const struct control_name *control_of_reason(uint32_t reason);
/* By its field and bit, or NULL. */
const struct control_name *control_of_bit(enum control_field field, uint32_t mask);

/* 0 to 31 */
unsigned control_bit(const struct control_name *control);
/* "pin-based", "primary", "secondary", "VM-exit"; "SDM vol. 3, Table 25-6". Static. */
const char *control_field_name(enum control_field field);
const char *control_field_manual(enum control_field field);

/*
 * What is set beside single bits, as `word=value`. Without a value: all of it.
 *
 *   exceptions=MASK    bits of the exception bitmap      io=PORT[-PORT]   of the I/O bitmaps
 *   cr0=MASK cr4=MASK  bits that the hypervisor owns     msr=MSR[-MSR]    of the MSR bitmaps
 *   pf-mask=MASK pf-match=MASK  which page faults bit 14 of the exception bitmap is about
 */
struct control_set_name {
    const char *word, *value, *name, *manual;
};
const struct control_set_name *control_set_name(unsigned index); /* NULL past the last one */

/*
 * Change `c` by a comma list, word by word: a word sets, with a '-' in front it clears, "all" and
 * "none" do both for everything that makes exits. -EINVAL names the word that is wrong; `c` is then
 * half changed.
 */
int controls_parse(struct controls *c, const char *list, struct error *err);

#endif
