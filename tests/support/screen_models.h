/*
 * Models made by hand, for tests of the screen: what a view shows of them is kept as golden files.
 * Every one is static; a call makes it anew.
 */
#ifndef VLAB_TESTS_SCREEN_MODELS_H
#define VLAB_TESTS_SCREEN_MODELS_H

#include "tui/model.h"

/* No lab is open; there are three in the list. */
struct model *screen_model_empty(void);
/* A boot sector in real mode, after 4 exits; EAX, EIP and flags have just changed. */
struct model *screen_model_real(void);
/* The same with some of its devices: a PIT that ticks, a UART that was set up and has a character. */
struct model *screen_model_devices(void);
/* Long mode, 1,843 exits, the last an EPT violation; the ring holds them all. */
struct model *screen_model_long(void);
/* The same, gone back to from exit 2,201. */
struct model *screen_model_past(void);
/* The same with a tree of five snapshots, the machine out of one and run on. */
struct model *screen_model_snapshots(void);
/* The same tree, with what differs from its second snapshot to the last. */
struct model *screen_model_marked(void);
/* The same with five breakpoints, one of them off. */
struct model *screen_model_breaks(void);

/* The same after a day: 100,000,000,000 exits of six reasons, with what they cost. */
struct model *screen_model_day(void);

/* Long mode again, with the memory around RSP: its page, of which some bytes have just changed, and a
 * page behind it that is not mapped. */
struct model *screen_model_memory(void);

/*
 * A small machine in long mode that has just made a page writable by a store to its page table; what a
 * session says of the page at RSP, which the second stage lets nobody write. The same with shadow
 * paging; the second stage of that page; the pages it has written.
 */
struct model *screen_model_pages(void);
struct model *screen_model_shadow(void);
struct model *screen_model_ept(void);
struct model *screen_model_heat(void);

/* Two traces side by side: of the emulated CPU, and of /dev/kvm, where the guest prints another letter. */
struct model *screen_model_compare(void);

#endif
