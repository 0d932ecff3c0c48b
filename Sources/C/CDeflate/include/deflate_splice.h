// Changes a few bytes of a deflate stream and keeps the rest as the bits it was.
//
// The caller walks the stream in units: whole blocks, one or several, with the final block always
// a unit of its own. A unit without a change is copied. In one with changes every symbol that
// still says the right thing is copied too; the others are said with the block's own codes, and
// where these lack a word, in a block of fixed codes put in between. What comes out depends on
// the stream, its units and the changes, not on the sizes of the buffers.
#ifndef DEFLATE_SPLICE_H
#define DEFLATE_SPLICE_H

#include <stddef.h>
#include <stdint.h>

#include "deflate_block.h"

enum deflate_change_kind {
    /// `count` bytes stand there instead of the original ones.
    DEFLATE_OVERLAY,
    /// `count` bytes come in before the original ones.
    DEFLATE_INSERT,
    /// `count` original bytes go; there are no bytes.
    DEFLATE_DELETE,
};

/// A change of the raw stream at an offset of the original. Changes ascend and do not overlap.
struct deflate_change {
    uint64_t offset;
    uint64_t count;
    /// Where the bytes start in `change_bytes`.
    size_t bytes;
    enum deflate_change_kind kind;
};

/// What a call came back for.
enum deflate_splice_event {
    /// `source` must start at the byte of `position`, with more bytes than before.
    DEFLATE_WANTS_SOURCE,
    /// `out` must be emptied.
    DEFLATE_WANTS_ROOM,
    /// Everything before the limit is done.
    DEFLATE_WANTS_RAW,
    /// The unit is done; `position` is its end.
    DEFLATE_UNIT_DONE,
    /// The source is not what the inflater saw.
    DEFLATE_SOURCE_CHANGED,
};

enum {
    /// The size of `recent`.
    DEFLATE_RECENT_BYTES = 4 * DEFLATE_WINDOW_BYTES,
    /// The least size of `out`, and of `source` unless it is all that is left.
    DEFLATE_SPLICE_OUT_BYTES = 192 << 10,
    DEFLATE_SPLICE_SOURCE_BYTES = 64 << 10,
    /// How much of the raw stream before the limit must be held.
    DEFLATE_SPLICE_RAW_BYTES = 128 << 10,
    /// How many bytes after those of the raw stream must be readable.
    DEFLATE_RAW_PADDING = 16,
    /// How many points of a moved stream are remembered.
    DEFLATE_SHIFT_POINTS = 32,
};

/// A run of whole blocks of the source.
struct deflate_unit {
    /// Its last bit and the last byte of its raw stream; UINT64_MAX where they are not known yet.
    uint64_t end;
    uint64_t raw_end;
    /// There is a stored block in it, whose bytes must stay aligned.
    uint32_t has_stored;
    /// It holds a change, or starts before `zone_end`. A final block then loses its mark and gets
    /// an empty successor, because a block that is cut in two cannot be final twice.
    uint32_t is_dirty;
};

/// From an offset on, the new stream is so much ahead of the old one.
struct deflate_shift {
    uint64_t offset;
    int64_t shift;
};

/// Code words, the first bit lowest.
struct deflate_codes {
    uint16_t words[288 + 32];
    uint8_t lengths[288 + 32];
};

struct deflate_splicer {
    // Set by the caller before each call.

    /// Bytes of the file from `source_offset` on, followed by DEFLATE_INPUT_PADDING more; where the
    /// file ends with them, by DEFLATE_HEADER_BYTES zeros as well.
    const uint8_t *source;
    size_t source_count;
    uint64_t source_offset;
    uint32_t source_is_end;
    /// Bytes of the original raw stream from `raw_offset` on, and DEFLATE_RAW_PADDING more.
    const uint8_t *raw;
    size_t raw_count;
    uint64_t raw_offset;
    /// Changes in order, with their bytes; `changes_done` is counted up.
    const struct deflate_change *changes;
    size_t change_count;
    size_t changes_done;
    const uint8_t *change_bytes;
    /// No change but those given starts before this offset.
    uint64_t limit;
    uint8_t *out;
    size_t out_capacity;
    size_t out_count;
    /// DEFLATE_RECENT_BYTES of memory, the same all the time.
    uint8_t *recent;

    // Where it stands.

    /// The next bit of the source, in bits from the start of the file.
    uint64_t position;
    /// The next byte of the original raw stream.
    uint64_t raw_position;
    /// Where the member's raw stream starts.
    uint64_t raw_start;
    /// Up to here a match may reach back to something that has changed.
    uint64_t zone_end;

    // The rest is the splicer's own.

    /// Bits of the output that do not fill a byte yet.
    uint64_t bits;
    uint32_t bit_count;
    /// Bits from here to `position` are still to be copied.
    uint64_t kept_from;
    /// Which block is open in the output, and what of the source is being read.
    uint32_t mode;
    uint32_t phase;
    uint32_t needs_successor;
    uint32_t in_zone;
    uint32_t plain_run;
    uint32_t stored_left;
    /// The rest of a symbol that a change has cut.
    uint32_t token_left;
    uint32_t token_distance;
    /// How much of an inserted run is done.
    uint64_t inserted;
    size_t recent_count;
    int64_t shift;
    uint32_t shift_count;
    uint32_t codes_ready;
    struct deflate_shift shifts[DEFLATE_SHIFT_POINTS];
    struct deflate_codes own;
    struct deflate_codes fixed;
    uint32_t header_start;
    uint32_t header_bits;
    uint8_t header[DEFLATE_HEADER_BYTES + 16];
    struct deflate_block block;
};

/// Starts at a bit of the file; `first` is its byte, whose bits before `position` go out first.
void deflate_splice_start(struct deflate_splicer *splicer, uint64_t position, uint8_t first);

/// Goes to a bit of the source in a member whose raw stream started at `raw_start`.
///
/// Nothing before that can be referred to. `raw` is the place of the next raw byte.
void deflate_splice_member(
    struct deflate_splicer *splicer, uint64_t position, uint64_t raw_start, uint64_t raw);

/// Goes through a unit that starts at `position`, as far as `limit` allows.
enum deflate_splice_event deflate_splice_unit(
    struct deflate_splicer *splicer, const struct deflate_unit *unit);

/// Moves to the next byte border of the source and of the output.
///
/// `last` is the source's byte there, whose bits are kept where they fall into the same place.
void deflate_splice_align(struct deflate_splicer *splicer, uint8_t last);

#endif
