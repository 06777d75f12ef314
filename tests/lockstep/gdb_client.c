/* GDB's remote serial protocol over a socket, see gdb_client.h. Left out: escapes and run-length
 * encoding, which QEMU's stub uses in no answer to these requests; notifications. */
#include "tests/lockstep/gdb_client.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define MEMORY_CHUNK 1024 /* bytes of memory in one packet, twice that in hex digits */

void gdb_open(struct gdb_client *g, int fd)
{
    memset(g, 0, sizeof(*g));
    g->fd = fd;
}

void gdb_close(struct gdb_client *g)
{
    close(g->fd);
    g->fd = -1;
}

static int send_all(int fd, const char *data, size_t size)
{
    while (size) {
        ssize_t n = send(fd, data, size, MSG_NOSIGNAL);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return -EIO;
        data += n;
        size -= (size_t)n;
    }
    return 0;
}

/* The next byte, or -EIO at the end. */
static int next_byte(struct gdb_client *g)
{
    while (g->begin == g->end) {
        ssize_t n = recv(g->fd, g->buffer, sizeof(g->buffer), 0);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return -EIO;
        g->begin = 0;
        g->end = (size_t)n;
    }
    return (unsigned char)g->buffer[g->begin++];
}

static unsigned checksum(const char *text)
{
    unsigned sum = 0;

    while (*text)
        sum += (unsigned char)*text++;
    return sum & 0xff;
}

/* One packet into g->reply. The line is a socket: its checksum can only be right. */
static int receive(struct gdb_client *g)
{
    size_t size = 0;
    int c;

    do
        c = next_byte(g);
    while (c >= 0 && c != '$');
    while (c >= 0 && (c = next_byte(g)) != '#') {
        if (c < 0 || size + 1 >= sizeof(g->reply))
            return -EIO;
        g->reply[size++] = (char)c;
    }
    g->reply[size] = '\0';
    if (c < 0 || next_byte(g) < 0 || next_byte(g) < 0)
        return -EIO;
    return send_all(g->fd, "+", 1);
}

int gdb_wait(struct gdb_client *g)
{
    return receive(g);
}

int gdb_request(struct gdb_client *g, const char *packet)
{
    char frame[GDB_PACKET_MAX + 8];
    int n = snprintf(frame, sizeof(frame), "$%s#%02x", packet, checksum(packet));
    int rc;

    if (n < 0 || (size_t)n >= sizeof(frame))
        return -EMSGSIZE;
    rc = send_all(g->fd, frame, (size_t)n);
    rc = rc ? rc : receive(g);
    return rc ? rc : g->reply[0] == 'E' ? -EIO : 0;
}

static int digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static void put_hex(char *to, const uint8_t *bytes, size_t size)
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < size; i++) {
        *to++ = digits[bytes[i] >> 4];
        *to++ = digits[bytes[i] & 15];
    }
    *to = '\0';
}

int gdb_read_registers(struct gdb_client *g, uint8_t *bytes, size_t size)
{
    int rc = gdb_request(g, "g");

    if (rc || strlen(g->reply) != 2 * size)
        return rc ? rc : -EPROTO;
    for (size_t i = 0; i < size; i++) {
        int high = digit(g->reply[2 * i]), low = digit(g->reply[2 * i + 1]);

        if (high < 0 || low < 0)
            return -EPROTO;
        bytes[i] = (uint8_t)(high << 4 | low);
    }
    return 0;
}

/* What a stub does not know it answers with nothing. */
static int must_be_ok(struct gdb_client *g, const char *packet)
{
    int rc = gdb_request(g, packet);

    return rc ? rc : strcmp(g->reply, "OK") == 0 ? 0 : -EPROTO;
}

int gdb_write_register(struct gdb_client *g, unsigned number, const uint8_t *bytes, size_t size)
{
    char packet[128];
    int n = snprintf(packet, sizeof(packet), "P%x=", number);

    if (2 * size + (size_t)n + 1 > sizeof(packet))
        return -EMSGSIZE;
    put_hex(packet + n, bytes, size);
    return must_be_ok(g, packet);
}

int gdb_write_memory(struct gdb_client *g, uint64_t address, const uint8_t *bytes, size_t size)
{
    char packet[2 * MEMORY_CHUNK + 64];
    int rc = 0;

    while (size && !rc) {
        size_t part = size < MEMORY_CHUNK ? size : MEMORY_CHUNK;
        int n = snprintf(packet, sizeof(packet), "M%llx,%zx:", (unsigned long long)address, part);

        put_hex(packet + n, bytes, part);
        rc = must_be_ok(g, packet);
        address += part;
        bytes += part;
        size -= part;
    }
    return rc;
}

int gdb_step(struct gdb_client *g)
{
    int rc = gdb_request(g, "s");

    return rc ? rc : g->reply[0] == 'T' ? 0 : -EPROTO;
}
