// The codes of one block, as the inflater and the splicer share them.
#ifndef DEFLATE_BLOCK_H
#define DEFLATE_BLOCK_H

#include <stdint.h>

enum {
    /// How many bits of a code the first lookup takes; longer codes need a second one.
    DEFLATE_LITERAL_BITS = 11,
    DEFLATE_DISTANCE_BITS = 8,
    /// The largest tables that complete codes of 288 and 32 symbols of at most 15 bits can need
    /// with those first lookups (zlib's examples/enough.c computes them: 2342 and 402).
    DEFLATE_LITERAL_ENTRIES = 2342,
    DEFLATE_DISTANCE_ENTRIES = 402,
    /// The longest header of a dynamic block: 14 + 19 * 3 + 316 * 14 bits, in bytes.
    DEFLATE_HEADER_BYTES = 562,
    /// The longest match and the furthest distance.
    DEFLATE_MATCH_BYTES = 258,
    DEFLATE_WINDOW_BYTES = 32768,
    /// How many bytes after the end of an input buffer must be readable.
    DEFLATE_INPUT_PADDING = 16,
};

/// Why a stream is not deflate; the words of zlib's messages.
enum deflate_error {
    DEFLATE_FINE = 0,
    DEFLATE_BAD_TYPE,
    DEFLATE_BAD_STORED_LENGTH,
    DEFLATE_BAD_SYMBOL_COUNT,
    DEFLATE_BAD_LENGTH_CODE,
    DEFLATE_BAD_REPEAT,
    DEFLATE_NO_END_OF_BLOCK,
    DEFLATE_BAD_LITERAL_CODE,
    DEFLATE_BAD_DISTANCE_CODE,
    DEFLATE_BAD_SYMBOL,
    DEFLATE_BAD_DISTANCE,
    DEFLATE_ENDS_EARLY,
};

/// The header of a block and the tables that decode it.
struct deflate_block {
    /// 0 stored, 1 fixed, 2 dynamic.
    uint32_t type;
    /// BFINAL.
    uint32_t is_last;
    /// LEN of a stored block.
    uint32_t stored;
    /// How many literal/length codes there are; the distance codes follow in `lengths`.
    uint32_t literal_count;
    uint32_t distance_count;
    /// True where the tables are those of fixed blocks, which need not be built twice.
    uint32_t is_fixed;
    /// Bits of each code; 0: not used.
    uint8_t lengths[288 + 32];
    uint32_t literals[DEFLATE_LITERAL_ENTRIES];
    uint32_t distances[DEFLATE_DISTANCE_ENTRIES];
};

/// Reads a block header at `*bit` of `in`, which must go on for DEFLATE_HEADER_BYTES and the padding.
///
/// `*bit` moves to the first symbol, or to the first byte of a stored block's content.
enum deflate_error deflate_read_header(
    struct deflate_block *block, const uint8_t *in, uint64_t *bit);

#endif
