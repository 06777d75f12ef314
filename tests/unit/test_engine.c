/*
 * The session and the engine with a real machine: commands, what they publish, frames of a run that
 * goes on, interrupt, and an end at any time.
 */
#include "core/loader.h"
#include "tui/engine.h"
#include "tui/session.h"

#include <check.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/*
 * 1000  ba e9 00     mov dx, 0xe9
 * 1003  b0 48        mov al, 'H'
 * 1005  ee           out dx, al      exit
 * 1006  0f a2        cpuid           exit
 * 1008  ba e9 00     mov dx, 0xe9
 * 100b  eb f6        jmp 1003
 */
static const uint8_t loop_guest[] = {0xba, 0xe9, 0x00, 0xb0, 0x48, 0xee, 0x0f,
                                     0xa2, 0xba, 0xe9, 0x00, 0xeb, 0xf6};
static const uint8_t halt_guest[] = {0xfa, 0xf4};             /* cli; hlt */
static const uint8_t exit_guest[] = {0xb0, 0x10, 0xe6, 0xf4}; /* mov al, 10h; out f4h, al */
static const uint8_t spin_guest[] = {0xeb, 0xfe};             /* jmp $ */

/* A procedure that calls itself, a repeated string instruction, two kinds of exits. */
static const uint8_t call_guest[] = {
    0xbc, 0x00, 0x70, /* 1000  mov sp, 7000h */
    0xbf, 0x03, 0x00, /* 1003  mov di, 3 */
    0xe8, 0x0a, 0x00, /* 1006  call f */
    0xb9, 0x05, 0x00, /* 1009  mov cx, 5 */
    0xf3, 0xaa,       /* 100c  rep stosb */
    0xba, 0xe9, 0x00, /* 100e  mov dx, e9h */
    0xee,             /* 1011  out dx, al */
    0xf4,             /* 1012  hlt */
    0x0f, 0xa2,       /* 1013  f: cpuid */
    0x4f,             /* 1015  dec di */
    0x74, 0x03,       /* 1016  jz 101b */
    0xe8, 0xf8, 0xff, /* 1018  call f */
    0xc3,             /* 101b  ret */
};
static const uint8_t lost_guest[] = {0xe8, 0x00, 0x00, 0xeb, 0xfe}; /* call $+3; jmp $ */
/*
 * 1000  ba fd 03     mov dx, 0x3fd
 * 1003  ec           in al, dx
 * 1004  a8 01        test al, 1
 * 1006  74 fb        jz 1003
 * 1008  b2 f8        mov dl, 0xf8
 * 100a  ec           in al, dx
 * 100b  ee           out dx, al      what came in over COM1 goes out again
 * 100c  eb f2        jmp 1000
 */
static const uint8_t echo_guest[] = {0xba, 0xfd, 0x03, 0xec, 0xa8, 0x01, 0x74,
                                     0xfb, 0xb2, 0xf8, 0xec, 0xee, 0xeb, 0xf2};
/*
 * The same by interrupt: sets the vector of IRQ 4 (24h), the controller, the UART (MCR 0bh, IER 1);
 * then STI and HLT for ever. The handler reads a character, writes it, and ends the interrupt.
 */
static const uint8_t sleep_guest[] = {
    0x31, 0xc0, 0x8e, 0xd8, 0xc7, 0x06, 0x90, 0x00, 0x3c, 0x10, 0x8c, 0x0e, 0x92, 0x00, 0xba,
    0x20, 0x00, 0xb0, 0x11, 0xee, 0xba, 0x21, 0x00, 0xb0, 0x20, 0xee, 0xba, 0x21, 0x00, 0xb0,
    0x04, 0xee, 0xba, 0x21, 0x00, 0xb0, 0x01, 0xee, 0xba, 0x21, 0x00, 0xb0, 0xef, 0xee, 0xba,
    0xfc, 0x03, 0xb0, 0x0b, 0xee, 0xba, 0xf9, 0x03, 0xb0, 0x01, 0xee, 0xfb, 0xf4, 0xeb, 0xfd,
    0xba, 0xf8, 0x03, 0xec, 0xee, 0xba, 0x20, 0x00, 0xb0, 0x20, 0xee, 0xcf};

struct guest {
    const uint8_t *bytes;
    size_t size;
};

static const struct guest guests[] = {
    {loop_guest, sizeof(loop_guest)},
    {halt_guest, sizeof(halt_guest)},
    {exit_guest, sizeof(exit_guest)},
    {spin_guest, sizeof(spin_guest)},
    {call_guest, sizeof(call_guest)},
    {lost_guest, sizeof(lost_guest)},
    {echo_guest, sizeof(echo_guest)},
    {sleep_guest, sizeof(sleep_guest)},
    {NULL, 0}, /* cannot be opened */
};

enum { LOOP, HALT, EXIT, SPIN, CALL, LOST, ECHO, SLEEP, BROKEN, GUESTS };

static const struct lab_info guest_labs[GUESTS] = {{.id = "01"}, {.id = "02"}, {.id = "03"},
                                                   {.id = "04"}, {.id = "05"}, {.id = "06"},
                                                   {.id = "07"}, {.id = "08"}, {.id = "09"}};

static int open_guest(void *ctx, unsigned lab, const struct text_sink *text,
                      struct machine **machine, struct error *err)
{
    struct machine_config config = MACHINE_CONFIG_DEFAULT;
    struct image image = {.kind = IMAGE_FLAT, .name = "guest", .at = 0x1000, .has_at = true};
    int rc;

    (void)ctx;
    if (!guests[lab].bytes)
        return error_set(err, -ENOENT, "guest: not there");
    config.text = *text;
    rc = machine_create(machine, &config, err);
    if (rc < 0)
        return rc;
    image.data = guests[lab].bytes;
    image.size = guests[lab].size;
    return machine_load(*machine, &image, err);
}

static struct tui_config config_for(int lab)
{
    return (struct tui_config){
        .labs = guest_labs, .lab_count = GUESTS, .lab = lab, .open = open_guest};
}

/* ---- the session ------------------------------------------------------------------------- */

static struct model model; /* large */

static void execute(struct session *s, enum command_kind kind, unsigned lab)
{
    struct command command = {.kind = kind, .lab = lab};

    session_execute(s, &command);
    session_publish(s, &model);
}

static struct session *session_with(const struct tui_config *config, unsigned lab)
{
    struct session *s = session_create(config);

    ck_assert_ptr_nonnull(s);
    model_init(&model, config->labs, config->lab_count);
    execute(s, COMMAND_OPEN, lab);
    return s;
}

START_TEST(test_steps)
{
    struct tui_config config = config_for(-1);
    struct session *s = session_with(&config, LOOP);

    ck_assert_int_eq(model.run, RUN_PAUSED);
    ck_assert_int_eq(model.lab, LOOP);
    ck_assert(!model.has_before);
    ck_assert_uint_eq(model.code_at, 0);
    ck_assert_uint_eq(model.code[0].length, 3);
    execute(s, COMMAND_STEP, 0);
    execute(s, COMMAND_STEP, 0);
    ck_assert_uint_eq(model.insns, 2);
    ck_assert_uint_eq(model.exits, 0);
    ck_assert_uint_eq(model.now.gpr[X86_RAX] & 0xff, 'H');
    ck_assert(model.has_before);
    ck_assert_uint_ne(model.before.gpr[X86_RAX] & 0xff, 'H');
    ck_assert_uint_eq(model.code_at, 2); /* what was stepped over stays in view */
    execute(s, COMMAND_STEP, 0);
    ck_assert_uint_eq(model.exits, 1);
    ck_assert_str_eq(model.message, "exit 0: I/O");
    ck_assert_uint_eq(model.text.total, 1);
    ck_assert_uint_eq(model.text.by_source[TEXT_DEBUG_PORT], 1);
    ck_assert_uint_eq(model.counts[EXIT_IO], 1);
    ck_assert_uint_eq(exit_ring_get(&model.ring, 0)->reason, EXIT_IO);
    session_destroy(s);
}
END_TEST

START_TEST(test_next_exit_and_restart)
{
    struct tui_config config = config_for(-1);
    struct session *s = session_with(&config, LOOP);
    uint64_t epoch = model.ring.epoch;

    for (uint64_t i = 1; i <= 10; i++) {
        execute(s, COMMAND_NEXT_EXIT, 0);
        ck_assert_uint_eq(model.exits, i);
        ck_assert_uint_eq(model.ring.end, i);
    }
    ck_assert_uint_eq(model.counts[EXIT_CPUID], 5);
    execute(s, COMMAND_RESTART, 0);
    ck_assert_int_eq(model.run, RUN_PAUSED);
    ck_assert_uint_eq(model.exits, 0);
    ck_assert_uint_eq(model.insns, 0);
    ck_assert_uint_eq(model.ring.end, 0);
    ck_assert_uint_eq(model.text.total, 0);
    ck_assert_uint_ne(model.ring.epoch, epoch);
    session_destroy(s);
}
END_TEST

/* What exits cost is published only where it is wanted, and begins anew with the machine. */
START_TEST(test_profile)
{
    struct tui_config config = config_for(-1);
    struct session *s = session_with(&config, LOOP);

    ck_assert(session_run_to(s, 1001, 0));
    session_publish(s, &model);
    ck_assert(!model.has_cost);
    ck_assert_uint_eq(model.profile.total, 0);
    s->has_cost = true;
    session_publish(s, &model);
    ck_assert(model.has_cost);
    ck_assert_uint_eq(model.profile.total, 1001);
    ck_assert_uint_eq(model.profile.rows[EXIT_IO].count, model.counts[EXIT_IO]);
    ck_assert_uint_eq(model.profile.rows[EXIT_CPUID].count, 500);
    ck_assert_uint_ge(model.profile.rows[EXIT_CPUID].cost_sum,
                      500 * (uint64_t)model.profile.rows[EXIT_CPUID].cost_min);
    execute(s, COMMAND_RESTART, 0);
    ck_assert_uint_eq(model.profile.total, 0);
    session_destroy(s);
}
END_TEST

START_TEST(test_ends)
{
    struct tui_config config = config_for(-1);
    struct session *s = session_with(&config, HALT);

    execute(s, COMMAND_CONTINUE, 0);
    ck_assert_int_eq(model.run, RUN_ENDED);
    ck_assert_ptr_nonnull(strstr(model.message, "halted"));
    execute(s, COMMAND_STEP, 0); /* nothing happens, but it counts as done */
    ck_assert_uint_eq(model.done, 3);
    execute(s, COMMAND_OPEN, EXIT);
    ck_assert_int_eq(model.run, RUN_PAUSED);
    execute(s, COMMAND_CONTINUE, 0);
    ck_assert_ptr_nonnull(strstr(model.message, "status 33"));
    execute(s, COMMAND_OPEN, BROKEN);
    ck_assert_int_eq(model.run, RUN_NONE);
    ck_assert_int_eq(model.lab, -1);
    ck_assert(model.message_error);
    ck_assert_str_eq(model.message, "guest: not there");
    execute(s, COMMAND_CONTINUE, 0);
    execute(s, COMMAND_RESTART, 0);
    ck_assert_int_eq(model.run, RUN_NONE);
    session_destroy(s);
}
END_TEST

START_TEST(test_run_to)
{
    struct tui_config config = config_for(-1);
    struct session *s = session_with(&config, LOOP);

    ck_assert(session_run_to(s, 1000, 0));
    session_publish(s, &model);
    ck_assert_uint_eq(model.exits, 1000);
    execute(s, COMMAND_OPEN, LOOP);
    ck_assert(session_run_to(s, 0, 12345));
    session_publish(s, &model);
    ck_assert_uint_eq(model.insns, 12345);
    execute(s, COMMAND_OPEN, HALT);
    ck_assert(!session_run_to(s, 50, 0));
    session_destroy(s);
}
END_TEST

static void execute_times(struct session *s, enum command_kind kind, int times)
{
    while (times-- > 0)
        execute(s, kind, 0);
}

/* A call that calls itself, and REP, are one step; an instruction that is neither is a plain one. */
START_TEST(test_over)
{
    struct tui_config config = config_for(-1);
    struct session *s = session_with(&config, CALL);

    execute_times(s, COMMAND_OVER, 2);
    ck_assert_uint_eq(model.now.rip, 0x1006);
    execute(s, COMMAND_OVER, 0);
    ck_assert_uint_eq(model.now.rip, 0x1009);
    ck_assert_uint_eq(model.exits, 3);
    ck_assert_str_eq(model.message, "exit 2: CPUID");
    ck_assert_uint_eq(model.before.rip, 0x1006);
    execute_times(s, COMMAND_OVER, 2);
    ck_assert_uint_eq(model.now.rip, 0x100e);
    ck_assert_uint_eq(model.now.gpr[X86_RCX] & 0xffff, 0);
    ck_assert_str_eq(model.message, "");
    ck_assert_uint_eq(model.break_count, 0);
    execute(s, COMMAND_RESTART, 0);
    execute_times(s, COMMAND_STEP, 5); /* into f, behind its CPUID */
    execute(s, COMMAND_OVER, 0);
    ck_assert_uint_eq(model.now.rip, 0x1018);
    execute(s, COMMAND_OVER, 0); /* the inner calls come by here, too, with another stack */
    ck_assert_uint_eq(model.now.rip, 0x101b);
    ck_assert_uint_eq(model.now.gpr[X86_RSP] & 0xffff, 0x6ffe);
    session_destroy(s);
}
END_TEST

START_TEST(test_out)
{
    struct tui_config config = config_for(-1);
    struct session *s = session_with(&config, CALL);

    execute_times(s, COMMAND_STEP, 6);
    ck_assert_uint_eq(model.now.rip, 0x1018);
    execute(s, COMMAND_STEP, 0);
    ck_assert_uint_eq(model.now.gpr[X86_RSP] & 0xffff, 0x6ffc);
    execute(s, COMMAND_OUT, 0);
    ck_assert_uint_eq(model.now.rip, 0x101b);
    ck_assert_uint_eq(model.now.gpr[X86_RSP] & 0xffff, 0x6ffe);
    execute(s, COMMAND_OUT, 0);
    ck_assert_uint_eq(model.now.rip, 0x1009);
    ck_assert_int_eq(model.run, RUN_PAUSED);
    execute(s, COMMAND_OUT, 0); /* there is nothing to return to */
    ck_assert_int_eq(model.run, RUN_ENDED);
    ck_assert_ptr_nonnull(strstr(model.message, "halted"));
    session_destroy(s);
}
END_TEST

/* A procedure that never returns ends at the limit of the run, also step by step. */
START_TEST(test_limits)
{
    struct tui_config config = config_for(-1);
    struct session *s = session_with(&config, LOST);

    s->limits.insns = 1000;
    execute(s, COMMAND_STEP, 0);
    execute(s, COMMAND_OUT, 0);
    ck_assert_str_eq(model.message, "stopped at the limit of this run");
    ck_assert_uint_eq(model.insns, 1001);
    execute(s, COMMAND_CONTINUE, 0);
    ck_assert_uint_eq(model.insns, 2001);
    session_destroy(s);
}
END_TEST

START_TEST(test_next_same)
{
    struct tui_config config = config_for(-1);
    struct session *s = session_with(&config, LOOP);
    struct command same = {.kind = COMMAND_NEXT_SAME, .reason = EXIT_CPUID};

    execute(s, COMMAND_NEXT_EXIT, 0);
    for (uint64_t i = 1; i <= 5; i++) {
        session_execute(s, &same);
        session_publish(s, &model);
        ck_assert_uint_eq(model.exits, 2 * i);
        ck_assert_uint_eq(exit_ring_get(&model.ring, model.ring.end - 1)->reason, EXIT_CPUID);
        ck_assert_ptr_nonnull(strstr(model.message, ": CPUID"));
    }
    ck_assert_uint_eq(model.break_count, 0);
    session_destroy(s);
}
END_TEST

static void break_command(struct session *s, enum command_kind kind, const char *text, unsigned id)
{
    struct command command = {.kind = kind};
    struct error err = {0};

    ck_assert_int_eq(breakpoint_parse(&command.breakpoint, text, &err), 0);
    command.breakpoint.id = id;
    session_execute(s, &command);
    session_publish(s, &model);
}

START_TEST(test_breaks)
{
    struct tui_config config = config_for(-1);
    struct session *s = session_with(&config, LOOP);

    break_command(s, COMMAND_BREAK_ADD, "rip=1006", 0);
    ck_assert_str_eq(model.message, "breakpoint 1: rip=1006");
    break_command(s, COMMAND_BREAK_ADD, "rip=1006", 0);
    ck_assert_str_eq(model.message, "there is a breakpoint at rip=1006 already");
    ck_assert(model.message_error);
    ck_assert_uint_eq(model.break_count, 1);
    execute(s, COMMAND_CONTINUE, 0);
    ck_assert_int_eq(model.run, RUN_PAUSED);
    ck_assert_uint_eq(model.now.rip, 0x1006);
    ck_assert_str_eq(model.message, "breakpoint 1: rip=1006");
    ck_assert_uint_eq(model.breaks[0].hits, 1);
    execute(s, COMMAND_CONTINUE, 0);
    ck_assert_uint_eq(model.now.rip, 0x1006);
    ck_assert_uint_eq(model.exits, 3);
    break_command(s, COMMAND_BREAK_ADD, "cpuid", 0);
    execute(s, COMMAND_CONTINUE, 0);
    ck_assert_str_eq(model.message, "breakpoint 2: CPUID");
    execute(s, COMMAND_RESTART, 0); /* they stay, from the beginning */
    ck_assert_uint_eq(model.break_count, 2);
    ck_assert_uint_eq(model.breaks[0].hits, 0);
    break_command(s, COMMAND_BREAK_ENABLE, "rip=1006", model.breaks[0].id);
    ck_assert(!model.breaks[0].enabled);
    execute(s, COMMAND_CONTINUE, 0);
    ck_assert_ptr_nonnull(strstr(model.message, "CPUID"));
    break_command(s, COMMAND_BREAK_REMOVE, "cpuid", model.breaks[1].id);
    ck_assert_uint_eq(model.break_count, 1);
    execute(s, COMMAND_OPEN, HALT); /* another lab has none */
    ck_assert_uint_eq(model.break_count, 0);
    session_destroy(s);
}
END_TEST

/* Code that cannot be read is said to be so; nothing is decoded from nowhere. */
START_TEST(test_code_out_of_memory)
{
    struct tui_config config = config_for(-1);
    struct session *s = session_with(&config, LOOP);
    struct x86_state state;

    machine_get_state(s->machine, &state);
    state.seg[X86_CS].base = 0xf0000000;
    state.rip = 0x1234;
    machine_set_state(s->machine, &state);
    session_publish(s, &model);
    ck_assert_uint_eq(model.code_count, 0);
    ck_assert_uint_eq(model.code_at, 0);
    session_destroy(s);
}
END_TEST

static struct command typed(const char *text)
{
    struct command command = {.kind = COMMAND_TYPE, .size = (uint8_t)strlen(text)};

    memcpy(command.bytes, text, command.size);
    return command;
}

static void type(struct session *s, const char *text)
{
    struct command command = typed(text);

    session_execute(s, &command);
    session_publish(s, &model);
}

/* Whether the end of what the guest printed is that text. */
static bool printed(const struct model *m, const char *text)
{
    size_t size = strlen(text);

    if (m->text.total < size)
        return false;
    for (size_t i = 0; i < size; i++)
        if (m->text.bytes[(m->text.total - size + i) % TEXT_TAIL] != text[i])
            return false;
    return true;
}

/* What is typed to a guest that is paused waits until it runs. */
START_TEST(test_typing)
{
    struct tui_config config = config_for(-1);
    struct session *s = session_with(&config, ECHO);

    type(s, "ab");
    ck_assert_uint_eq(model.devices.serial_waiting, 2);
    ck_assert_uint_eq(model.text.total, 0);
    s->limits.insns = 1000000;
    execute(s, COMMAND_CONTINUE, 0);
    ck_assert_uint_eq(model.devices.serial_waiting, 0);
    ck_assert_uint_eq(model.text.by_source[TEXT_SERIAL], 2);
    ck_assert_uint_eq(model.text.sources[0], TEXT_SERIAL);
    ck_assert(printed(&model, "ab"));
    session_destroy(s);
}
END_TEST

/* There is an end to what is kept, and without a machine nothing is. */
START_TEST(test_typing_too_much)
{
    static const char text[] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    struct tui_config config = config_for(-1);
    struct session *s = session_with(&config, ECHO);

    for (int i = 0; i < 1024; i++)
        type(s, text);
    ck_assert_uint_eq(model.devices.serial_waiting, 64 << 10);
    ck_assert(!model.message_error);
    type(s, "!");
    ck_assert_uint_eq(model.devices.serial_waiting, 64 << 10);
    ck_assert(model.message_error);
    execute(s, COMMAND_OPEN, BROKEN);
    type(s, "!");
    ck_assert_int_eq(model.run, RUN_NONE);
    session_destroy(s);
}
END_TEST

/* A guest that sleeps until a key comes has not ended. */
START_TEST(test_guest_that_waits_for_a_key)
{
    struct tui_config config = config_for(-1);
    struct session *s = session_with(&config, SLEEP);

    execute(s, COMMAND_CONTINUE, 0);
    ck_assert_int_eq(model.run, RUN_PAUSED);
    ck_assert_msg(strstr(model.message, "waits for a key") != NULL, "%s", model.message);
    type(s, "x");
    execute(s, COMMAND_CONTINUE, 0);
    ck_assert_int_eq(model.run, RUN_PAUSED);
    ck_assert(printed(&model, "x"));
    session_destroy(s);
}
END_TEST

/* Every device with its fields, and a star where one is not what it was at the stop before. */
START_TEST(test_devices)
{
    struct tui_config config = config_for(-1);
    struct session *s = session_with(&config, SLEEP);
    const struct device_info *pic, *uart;

    pic = devices_find(&model.devices, "pic");
    uart = devices_find(&model.devices, "uart");
    ck_assert(pic && uart && !devices_find(&model.devices, "uart2"));
    ck_assert_uint_eq(model.devices.count, s->machine->device_count);
    ck_assert_uint_eq(uart->range_count, 1);
    ck_assert_uint_eq(uart->ranges[0].first, 0x3f8);
    ck_assert_uint_eq(uart->ranges[0].last, 0x3ff);
    ck_assert(!uart->ranges[0].memory);
    ck_assert_uint_eq(pic->range_count, 3);
    ck_assert_uint_eq(uart->lines, 1u << IRQ_COM1);
    ck_assert_uint_eq(uart->deadline, DEVICE_NEVER);
    for (unsigned i = 0; i < model.devices.count; i++)
        ck_assert_uint_eq(model.devices.devices[i].changed, 0);
    execute(s, COMMAND_CONTINUE, 0);
    ck_assert_uint_eq(device_field_find(uart, "IER")->value, 1);
    ck_assert(uart->changed >> (device_field_find(uart, "IER") - uart->fields) & 1);
    ck_assert(!(uart->changed >> (device_field_find(uart, "LCR") - uart->fields) & 1));
    ck_assert_uint_eq(device_field_find(pic, "master IMR")->value, 0xef);
    ck_assert_uint_eq(model.devices.now, s->machine->insns + s->machine->slept);
    type(s, "x");
    ck_assert_uint_ne(uart->deadline, DEVICE_NEVER);
    session_destroy(s);
}
END_TEST

/* ---- the engine -------------------------------------------------------------------------- */

static struct engine *engine;
static uint64_t sent;

static void engine_start(int lab)
{
    static struct tui_config config;
    struct error err = {0};

    config = config_for(lab);
    sent = 0;
    ck_assert_msg(engine_create(&engine, &config, &err) == 0, "%s", err.text);
}

static void send(enum command_kind kind, unsigned lab)
{
    struct command command = {.kind = kind, .lab = lab};

    ck_assert_int_eq(engine_command(engine, &command), 0);
    sent += kind != COMMAND_INTERRUPT;
}

/* The next model, asked for again with every frame as the screen does; a failure after 20 s. */
static const struct model *next_model(void)
{
    struct pollfd fd = {.fd = engine_fd(engine), .events = POLLIN};
    uint64_t count;
    int frames = 0;

    do {
        ck_assert_msg(frames++ < 600, "no model came");
        engine_request_frame(engine);
    } while (poll(&fd, 1, 33) == 0);
    ck_assert_int_eq(read(fd.fd, &count, sizeof(count)), sizeof(count));
    return engine_model(engine);
}

static const struct model *model_when_done(void)
{
    const struct model *m = engine_model(engine);

    while (m->done < sent)
        m = next_model();
    return m;
}

START_TEST(test_engine_opens)
{
    engine_start(LOOP);
    ck_assert_int_eq(engine_model(engine)->run, RUN_OPENING);
    send(COMMAND_OPEN, LOOP);
    ck_assert_int_eq(model_when_done()->run, RUN_PAUSED);
    for (int i = 0; i < 50; i++)
        send(COMMAND_STEP, 0);
    ck_assert_uint_eq(model_when_done()->insns, 50);
    engine_destroy(engine);
}
END_TEST

START_TEST(test_engine_runs_and_is_interrupted)
{
    const struct model *m;
    uint64_t exits = 0;

    engine_start(LOOP);
    send(COMMAND_OPEN, LOOP);
    send(COMMAND_CONTINUE, 0);
    for (int frames = 0; frames < 10;) {
        m = next_model();
        if (m->run != RUN_RUNNING)
            continue;
        ck_assert_uint_ge(m->exits, exits);
        ck_assert_uint_eq(m->ring.end, m->exits);
        ck_assert_uint_eq(m->counts[EXIT_IO] + m->counts[EXIT_CPUID], m->exits);
        exits = m->exits;
        frames++;
    }
    send(COMMAND_STEP, 0); /* it waits, and the interrupt drops it */
    send(COMMAND_INTERRUPT, 0);
    m = model_when_done();
    ck_assert_int_eq(m->run, RUN_PAUSED);
    ck_assert_str_eq(m->message, "stopped on request");
    exits = m->exits;
    send(COMMAND_NEXT_EXIT, 0);
    ck_assert_uint_eq(model_when_done()->exits, exits + 1);
    engine_destroy(engine);
}
END_TEST

/* A breakpoint that is made while the guest runs stops it, without an interrupt. */
START_TEST(test_engine_breaks_into_a_run)
{
    struct command command = {.kind = COMMAND_BREAK_ADD};
    struct error err = {0};
    const struct model *m;

    ck_assert_int_eq(breakpoint_parse(&command.breakpoint, "rip=1008", &err), 0);
    engine_start(LOOP);
    send(COMMAND_OPEN, LOOP);
    send(COMMAND_CONTINUE, 0);
    while (engine_model(engine)->run != RUN_RUNNING)
        next_model();
    ck_assert_int_eq(engine_command(engine, &command), 0);
    sent++;
    m = model_when_done();
    ck_assert_int_eq(m->run, RUN_PAUSED);
    ck_assert_uint_eq(m->now.rip, 0x1008);
    ck_assert_uint_eq(m->break_count, 1);
    ck_assert_str_eq(m->message, "breakpoint 1: rip=1008");
    engine_destroy(engine);
}
END_TEST

/* A guest that never exits on its way to the "next exit" can be interrupted too. */
START_TEST(test_engine_spins)
{
    engine_start(SPIN);
    send(COMMAND_OPEN, SPIN);
    send(COMMAND_NEXT_EXIT, 0);
    while (engine_model(engine)->run != RUN_RUNNING)
        next_model();
    send(COMMAND_INTERRUPT, 0);
    ck_assert_int_eq(model_when_done()->run, RUN_PAUSED);
    ck_assert_uint_eq(model_when_done()->exits, 0);
    engine_destroy(engine);
}
END_TEST

/* It ends at any time: before it began, while it runs, with commands that wait. */
START_TEST(test_engine_ends)
{
    for (int i = 0; i < 20; i++) {
        engine_start(-1);
        ck_assert_int_eq(engine_model(engine)->run, RUN_NONE);
        if (i % 4 > 0)
            send(COMMAND_OPEN, i % 4 == 1 ? SPIN : LOOP);
        if (i % 4 > 1)
            send(COMMAND_CONTINUE, 0);
        if (i % 4 > 2)
            send(COMMAND_STEP, 0);
        engine_destroy(engine);
    }
}
END_TEST

/* Memory can be looked at, and searched, while the guest runs. */
START_TEST(test_engine_looks_aside)
{
    struct command look = {.kind = COMMAND_LOOK, .place = {.base = MEMORY_RIP}};
    struct command find = {.kind = COMMAND_FIND, .pattern_size = 2, .pattern = {0xeb, 0xfe}};
    const struct model *m;

    engine_start(SPIN);
    send(COMMAND_OPEN, SPIN);
    send(COMMAND_CONTINUE, 0);
    do {
        m = next_model();
    } while (m->run != RUN_RUNNING);
    ck_assert(!m->memory.on);
    ck_assert_int_eq(engine_command(engine, &look), 0);
    ck_assert_int_eq(engine_command(engine, &find), 0);
    do {
        m = next_model();
    } while (!m->memory.on || m->found.id == 0);
    ck_assert_int_eq(m->run, RUN_RUNNING);
    ck_assert_uint_eq(m->memory_at, 0x1000);
    ck_assert_str_eq(m->memory_insn.text, "jmp 0x1000");
    ck_assert(m->found.hit);
    ck_assert_uint_eq(m->found.address, 0x1000);
    engine_destroy(engine);
}
END_TEST

START_TEST(test_engine_refuses_too_much)
{
    struct command step = {.kind = COMMAND_STEP};
    int rc = 0;

    engine_start(-1);
    send(COMMAND_OPEN, SPIN);
    send(COMMAND_CONTINUE, 0);
    for (int i = 0; i < 300; i++, sent++)
        rc |= engine_command(engine, &step);
    ck_assert_int_eq(rc, -EAGAIN);
    send(COMMAND_INTERRUPT, 0);
    ck_assert_uint_eq(model_when_done()->done, sent);
    engine_destroy(engine);
}
END_TEST

static void send_text(const char *text)
{
    struct command command = typed(text);

    ck_assert_int_eq(engine_command(engine, &command), 0);
    sent++;
}

static const struct model *model_when_printed(const char *text)
{
    const struct model *m = engine_model(engine);

    while (!printed(m, text))
        m = next_model();
    return m;
}

/* Typed while the guest runs, whether it asks the UART all the time or sleeps until a key comes. */
START_TEST(test_engine_types)
{
    unsigned guest = _i ? SLEEP : ECHO;

    engine_start(guest);
    send(COMMAND_OPEN, guest);
    send(COMMAND_CONTINUE, 0);
    send_text("abc");
    model_when_printed("abc");
    send_text("\003");
    send_text("d");
    ck_assert_int_eq(model_when_printed("abc\003d")->run, RUN_RUNNING);
    send(COMMAND_INTERRUPT, 0);
    ck_assert_int_eq(model_when_done()->run, RUN_PAUSED);
    ck_assert_str_eq(model_when_done()->message, "stopped on request");
    engine_destroy(engine);
}
END_TEST

/* Typing to a guest that is paused leaves the figures of its last run as they were. */
START_TEST(test_engine_keeps_the_rate)
{
    const struct model *m;
    uint64_t exits, insns;

    engine_start(LOOP);
    send(COMMAND_OPEN, LOOP);
    send(COMMAND_CONTINUE, 0);
    do {
        m = next_model();
    } while (m->run != RUN_RUNNING || !m->has_rate);
    send(COMMAND_INTERRUPT, 0);
    m = model_when_done();
    ck_assert(m->has_rate);
    exits = m->rate_exits;
    insns = m->rate_insns;
    send_text("x");
    m = model_when_done();
    ck_assert_uint_eq(m->devices.serial_waiting, 1);
    ck_assert(m->has_rate);
    ck_assert_uint_eq(m->rate_exits, exits);
    ck_assert_uint_eq(m->rate_insns, insns);
    engine_destroy(engine);
}
END_TEST

/* More keys at once than commands can wait: none is lost, and all count as done. */
START_TEST(test_engine_pastes)
{
    char text[] = "?";

    engine_start(SLEEP);
    send(COMMAND_OPEN, SLEEP);
    send(COMMAND_CONTINUE, 0);
    for (int i = 0; i < 3000; i++) {
        text[0] = (char)('0' + i % 10);
        send_text(text);
    }
    while (engine_model(engine)->text.total < 3000)
        next_model();
    for (int i = 0; i < 3000; i++)
        ck_assert_int_eq(engine_model(engine)->text.bytes[i], '0' + i % 10);
    send(COMMAND_INTERRUPT, 0);
    ck_assert_uint_eq(model_when_done()->done, sent);
    engine_destroy(engine);
}
END_TEST

/* It ends while the guest sleeps. */
START_TEST(test_engine_ends_asleep)
{
    engine_start(SLEEP);
    send(COMMAND_OPEN, SLEEP);
    send(COMMAND_CONTINUE, 0);
    while (engine_model(engine)->run != RUN_RUNNING)
        next_model();
    engine_destroy(engine);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("engine");
    TCase *tc = tcase_create("engine");
    SRunner *runner;
    int failed;

    tcase_set_timeout(tc, 120);
    tcase_add_test(tc, test_steps);
    tcase_add_test(tc, test_next_exit_and_restart);
    tcase_add_test(tc, test_profile);
    tcase_add_test(tc, test_ends);
    tcase_add_test(tc, test_run_to);
    tcase_add_test(tc, test_over);
    tcase_add_test(tc, test_out);
    tcase_add_test(tc, test_limits);
    tcase_add_test(tc, test_next_same);
    tcase_add_test(tc, test_breaks);
    tcase_add_test(tc, test_code_out_of_memory);
    tcase_add_test(tc, test_engine_opens);
    tcase_add_test(tc, test_engine_runs_and_is_interrupted);
    tcase_add_test(tc, test_engine_breaks_into_a_run);
    tcase_add_test(tc, test_engine_spins);
    tcase_add_test(tc, test_engine_ends);
    tcase_add_test(tc, test_engine_looks_aside);
    tcase_add_test(tc, test_engine_refuses_too_much);
    tcase_add_test(tc, test_typing);
    tcase_add_test(tc, test_typing_too_much);
    tcase_add_test(tc, test_guest_that_waits_for_a_key);
    tcase_add_test(tc, test_devices);
    tcase_add_loop_test(tc, test_engine_types, 0, 2);
    tcase_add_test(tc, test_engine_keeps_the_rate);
    tcase_add_test(tc, test_engine_pastes);
    tcase_add_test(tc, test_engine_ends_asleep);
    suite_add_tcase(suite, tc);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
