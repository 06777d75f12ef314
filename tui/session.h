/*
 * A session: the machine of the open lab, what is recorded of it, and the commands on it.
 *
 * - Commands run to their end on the caller's thread. The engine gives them a thread of their own;
 *   `vlab render` does not.
 * - While a run is under way, machine_request_stop() makes session_execute() call `pause`, which
 *   says whether the run goes on. session_publish() may be called from there.
 */
#ifndef VLAB_TUI_SESSION_H
#define VLAB_TUI_SESSION_H

#include "tui/command.h"
#include "tui/model.h"
#include "tui/tui.h"

struct store;
struct timeline;
struct x86_disasm;

/* Where the code window begins. */
struct code_place {
    struct moment at;
    uint64_t start, cs_base;
    unsigned bits; /* 0: nothing is known */
};
#define CODE_PLACES 4096

struct session {
    const struct tui_config *config;
    struct machine *machine;            /* NULL when no lab is open */
    struct timeline *time;              /* of the machine */
    struct time_mark marks[TIME_MARKS]; /* on it, in the order in which they came */
    unsigned mark_count;
    bool going_back;  /* the run under way has been before */
    bool back_exited; /* the step that came to this moment, backward, was an exit */
    struct x86_disasm *disasm;
    enum run_state run;
    int lab;
    struct run_limits limits; /* of COMMAND_CONTINUE and COMMAND_NEXT_EXIT; 0: none */
    struct run_result result; /* of the last run */
    bool (*pause)(void *ctx); /* true: go on. NULL: every request stops the run */
    bool (*wait)(void *ctx);  /* the guest waits for input: blocks until something is to be done,
                                 then as `pause`. NULL: the run stops */
    void *ctx;

    uint64_t epoch; /* machines made so far */
    uint64_t done;  /* commands carried out */
    bool has_rate;
    uint64_t rate_exits, rate_insns; /* set by who has a clock */
    uint64_t message_id;
    bool message_error;
    char message[200];

    bool has_before;
    struct x86_state before;
    struct device_list devices_before;
    struct code_place code;                     /* so that it stays while RIP is in it */
    struct code_place code_places[CODE_PLACES]; /* of moments that were shown, for who comes back */
    bool looks;                                 /* at memory */
    struct memory_place place;
    struct memory_window memory_before;
    struct memory_found found;
    struct pages_question pages_question;
    struct pages_look pages, pages_before;
    bool pages_fresh; /* `pages` is of this moment */
    struct ept_question ept_question;
    struct ept_look ept, ept_before;
    bool ept_fresh;
    bool looks_heat;
    struct store *store; /* NULL: not open yet */
    struct snapshots_question snap_question;
    struct snapshots_look snap;
    struct compare_look compare;
    bool snap_fresh; /* `snap` is of the moment snap_read, and of the tree now */
    struct moment snap_read;
    uint16_t *heat_runs; /* by page of RAM: runs before this one in which it was written */
    uint64_t heat_pages, heat_count; /* pages of RAM; runs */
    uint32_t heat_from;              /* of the log, with shadow paging: older ones were counted */
    struct exit_ring ring;
    bool has_cost; /* publish what exits cost; set by who lives with figures of this host */
    struct trace_profile profile;
    struct text_tail text;
};

/* About 1.1 MiB. NULL when out of memory. `config` must live as long. */
struct session *session_create(const struct tui_config *config);
void session_destroy(struct session *session); /* NULL is fine */

/* What a guest prints, for the session `ctx`; for who makes a machine. */
void session_text(void *ctx, enum text_source source, const char *text, size_t size);

/* Carry out a command, to its end. Failures become messages. */
void session_execute(struct session *session, const struct command *command);

/* Say something in the message line of the next model. */
void session_message(struct session *session, bool error, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/*
 * Run under limits to a position, for `vlab render`: the last exit or instruction alone
 * counts as the last step. False when the run ended before.
 */
bool session_run_to(struct session *session, uint64_t exits, uint64_t insns);

/* Fill a model with the present moment. `model` was given to model_init() once. */
void session_publish(struct session *session, struct model *model);

#endif
