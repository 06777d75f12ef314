/*
 * Compression by zstd, level 3. What does not become smaller stays as it is, so the two sizes say
 * which it was: stored < plain is a zstd frame, stored == plain is raw. One thread at a time.
 */
#ifndef VLAB_SNAPSHOT_CODEC_H
#define VLAB_SNAPSHOT_CODEC_H

#include <stddef.h>
#include <stdint.h>

struct codec {
    void *compressor, *decompressor; /* of zstd, made when first needed */
};

void codec_end(struct codec *c);

/* `to` has room for `size` bytes. Returns the stored size, 1..size (0 for size 0). */
size_t codec_compress(struct codec *c, uint8_t *to, const uint8_t *from, size_t size);

/* Exactly `plain` bytes to `to`, from `stored` bytes that nobody has checked: 0, -EBADMSG, -ENOMEM. */
int codec_expand(struct codec *c, uint8_t *to, size_t plain, const uint8_t *from, size_t stored);

#endif
