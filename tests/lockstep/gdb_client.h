/*
 * The client's side of GDB's remote serial protocol, as far as the lock-step test needs it
 * (GDB manual, appendix E: packets $...#cc, acknowledged by +).
 *
 * - A struct gdb_client owns its socket; one request at a time.
 * - Functions return 0 or -errno; -EIO: the stub closed the line or answered with an error.
 */
#ifndef VLAB_TESTS_LOCKSTEP_GDB_CLIENT_H
#define VLAB_TESTS_LOCKSTEP_GDB_CLIENT_H

#include <stddef.h>
#include <stdint.h>

#define GDB_PACKET_MAX 4096 /* bytes of one packet, as QEMU's stub takes them */

struct gdb_client {
    int fd;
    char buffer[GDB_PACKET_MAX + 16]; /* what was received and not yet looked at */
    size_t begin, end;
    char reply[GDB_PACKET_MAX + 16]; /* the last answer, ended by NUL */
};

void gdb_open(struct gdb_client *g, int fd); /* takes the descriptor over */
void gdb_close(struct gdb_client *g);

/* Send one packet and wait for its answer, which is then in g->reply. */
int gdb_request(struct gdb_client *g, const char *packet);

/* Wait for an answer to no request: that the target has stopped, moved by somebody else. */
int gdb_wait(struct gdb_client *g);

/* All registers ('g'), exactly `size` bytes, and one of them ('P'), in the target's order. */
int gdb_read_registers(struct gdb_client *g, uint8_t *bytes, size_t size);
int gdb_write_register(struct gdb_client *g, unsigned number, const uint8_t *bytes, size_t size);

/* 'M', in as many packets as it takes. */
int gdb_write_memory(struct gdb_client *g, uint64_t address, const uint8_t *bytes, size_t size);

/* 's': one instruction, or the delivery of the exception that it raised. */
int gdb_step(struct gdb_client *g);

#endif
