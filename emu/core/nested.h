/*
 * One access through both translation stages (Intel SDM vol. 3, 29.3.2): the guest's tables, each of
 * which is itself guest-physical, and the second stage for the page at their end.
 *
 * What refuses is told as the exit that it would make: an exception with its error code, an EPT
 * violation with its qualification, an EPT misconfiguration.
 *
 * The machine reads the guest's tables wherever there is memory, whatever rights the second stage
 * gives; a CPU makes an EPT violation where it may not read one. `table_rights` shows them.
 */
#ifndef VLAB_CORE_NESTED_H
#define VLAB_CORE_NESTED_H

#include "core/exit.h"
#include "core/machine.h"

enum nested_verdict {
    NESTED_ALLOWED,
    NESTED_GUEST, /* the guest's own tables, or an address that is not canonical: an exception */
    NESTED_TABLE, /* a table of the guest lies where the second stage maps nothing */
    NESTED_PAGE,  /* the second stage, for the page */
    NESTED_MISCONFIG
};

struct nested_walk {
    struct x86_walk guest;
    unsigned table_rights[5]; /* EPT_ bits, for each step of `guest` */
    unsigned page_rights;     /* EPT_ bits, when `guest` came to a page */
    unsigned reads;           /* entries read from memory; PDPTEs in registers are not */
    unsigned nested_reads;    /* as many as hardware makes, with 4 levels of EPT tables */
    enum nested_verdict verdict;
    struct vm_exit refused; /* reason and what belongs to it; unless NESTED_ALLOWED */
};

/* Walk, and change nothing. `user`: at CPL 3. */
void machine_nested_walk(const struct machine *m, uint64_t gva, enum x86_access access, bool user,
                         struct nested_walk *walk);

#endif
