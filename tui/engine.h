/*
 * The engine: a session on a thread of its own.
 *
 * - One thread, the screen's, calls all functions. None of them waits for the guest.
 * - Commands are carried out in order, in the middle of a run those that may come there. A new model
 *   is published after each, and while one runs whenever a frame was asked for; engine_fd() is
 *   readable then.
 */
#ifndef VLAB_TUI_ENGINE_H
#define VLAB_TUI_ENGINE_H

#include "tui/command.h"
#include "tui/model.h"
#include "tui/tui.h"

struct engine;

/* Signals that the thread must not get are to be blocked before. */
int engine_create(struct engine **out, const struct tui_config *config, struct error *err);
/* Stops what runs, waits for the thread, frees everything. NULL is fine. */
void engine_destroy(struct engine *engine);

/* -EAGAIN when too many commands wait. */
int engine_command(struct engine *engine, const struct command *command);

/* Ask for a model while a command runs. To be repeated at every frame, also after an interrupt. */
void engine_request_frame(struct engine *engine);

/* An eventfd; the caller reads it before it takes the model. */
int engine_fd(const struct engine *engine);
/* The newest model; valid and unchanged until the next call. */
const struct model *engine_model(struct engine *engine);

#endif
