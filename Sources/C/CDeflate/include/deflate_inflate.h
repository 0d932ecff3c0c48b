#ifndef DEFLATE_INFLATE_H
#define DEFLATE_INFLATE_H

#include <stddef.h>
#include <stdint.h>

#include "deflate_block.h"

/// What `deflate_inflate` came back for.
enum deflate_event {
    /// All input is used but for a few bytes, which must be given again with more behind them.
    DEFLATE_WANTS_INPUT,
    /// The output has reached its limit.
    DEFLATE_WANTS_OUTPUT,
    /// A block has ended.
    DEFLATE_BLOCK_ENDED,
    /// The final block has ended; `position` is the end of its last bit.
    DEFLATE_STREAM_ENDED,
    /// `error` says why.
    DEFLATE_FAILED,
};

enum {
    /// How far beyond the limit the output may be written to.
    DEFLATE_OUTPUT_SLACK = 320,
};

/// One stream on its way.
struct deflate_inflater {
    /// Where the next bit is read, in bits from the start of the file.
    uint64_t position;
    /// Where the current or last block began, in the same measure.
    uint64_t block_start;
    enum deflate_error error;
    /// 1 within a block.
    uint32_t in_block;
    struct deflate_block block;
};

/// Starts a stream at a bit of the file.
void deflate_start(struct deflate_inflater *stream, uint64_t position);

/// Decodes until something happens.
///
/// `in` holds `in_count` bytes of the file from byte `in_offset` on, which is not after `position`;
/// DEFLATE_INPUT_PADDING more must be readable. `is_end`: the file ends with them, and the padding
/// is zero up to DEFLATE_HEADER_BYTES more.
/// Output goes to `*out`, which moves; from `history` on there are bytes that may be referred to.
/// A call may write as far as `limit` + DEFLATE_OUTPUT_SLACK, and `*out` may come to lie there.
enum deflate_event deflate_inflate(
    struct deflate_inflater *stream, const uint8_t *in, size_t in_count, uint64_t in_offset,
    int is_end, const uint8_t *history, uint8_t **out, uint8_t *limit);

#endif
