/* Compression of what the snapshot store keeps, see codec.h. */
#include "snapshot/codec.h"

#include <errno.h>
#include <string.h>
#include <zstd.h>

#define LEVEL 3

void codec_end(struct codec *c)
{
    ZSTD_freeCCtx(c->compressor);
    ZSTD_freeDCtx(c->decompressor);
    *c = (struct codec){0};
}

/* Room for one byte less than it had: zstd gives up where it would not save anything. */
size_t codec_compress(struct codec *c, uint8_t *to, const uint8_t *from, size_t size)
{
    size_t n;

    if (!size)
        return 0;
    if (!c->compressor)
        c->compressor = ZSTD_createCCtx();
    if (c->compressor) {
        n = ZSTD_compressCCtx(c->compressor, to, size - 1, from, size, LEVEL);
        if (!ZSTD_isError(n))
            return n;
    }
    memcpy(to, from, size);
    return size;
}

int codec_expand(struct codec *c, uint8_t *to, size_t plain, const uint8_t *from, size_t stored)
{
    if (stored > plain)
        return -EBADMSG;
    if (stored == plain) {
        if (plain)
            memcpy(to, from, plain);
        return 0;
    }
    if (!c->decompressor)
        c->decompressor = ZSTD_createDCtx();
    if (!c->decompressor)
        return -ENOMEM;
    return ZSTD_decompressDCtx(c->decompressor, to, plain, from, stored) == plain ? 0 : -EBADMSG;
}
