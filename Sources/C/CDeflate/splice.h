// What the parts of the splicer share.
#ifndef DEFLATE_SPLICE_PARTS_H
#define DEFLATE_SPLICE_PARTS_H

#include "writer.h"

/// Goes on; the caller of the library never sees it.
#define DEFLATE_CONTINUES ((enum deflate_splice_event)-1)

enum {
    /// The most that one step writes: 4,096 literals of 15 bits and a header, in bytes.
    STEP_ROOM = 16 << 10,
    /// So many unchanged symbols in a row, and the source's codes are worth their header again.
    PLAIN_RUN = 16,
};

ALWAYS_INLINE const struct deflate_change *next_change(const struct deflate_splicer *splicer) {
    if (splicer->changes_done == splicer->change_count) return 0;
    return splicer->changes + splicer->changes_done;
}

/// The first original byte after a change.
ALWAYS_INLINE uint64_t change_end(const struct deflate_change *change) {
    return change->kind == DEFLATE_INSERT ? change->offset : change->offset + change->count;
}

ALWAYS_INLINE uint64_t raw_end(const struct deflate_splicer *splicer) {
    return splicer->raw_offset + splicer->raw_count;
}

/// The bit of a byte at which the output will stand when everything kept is written.
ALWAYS_INLINE unsigned out_bit(const struct deflate_splicer *splicer) {
    return (unsigned)(splicer->bit_count + splicer->position - splicer->kept_from) & 7;
}

/// True where `count` bytes more of the source are there, or all that exist.
ALWAYS_INLINE int has_source(const struct deflate_splicer *splicer, size_t count) {
    if (splicer->source_is_end) return 1;
    return splicer->position + count * 8 <= (splicer->source_offset + splicer->source_count) * 8;
}

/// True where the next `count` bytes of the raw stream are there and no more changes can come.
ALWAYS_INLINE int holds_raw(const struct deflate_splicer *splicer, uint64_t count) {
    uint64_t end = splicer->raw_position + count;
    return end <= splicer->limit && end <= raw_end(splicer);
}

/// The next change that is not behind `raw_position`.
ALWAYS_INLINE const struct deflate_change *deflate_drop_finished(
    struct deflate_splicer *splicer) {
    for (;;) {
        const struct deflate_change *change = next_change(splicer);
        if (!change || change->kind == DEFLATE_INSERT) return change;
        if (change_end(change) > splicer->raw_position) return change;
        splicer->changes_done++;
    }
}

/// Sees to it that `zone_end` lies far enough behind a change.
ALWAYS_INLINE void deflate_note_change(
    struct deflate_splicer *splicer, const struct deflate_change *change) {
    uint64_t end = change_end(change) + DEFLATE_WINDOW_BYTES;
    if (end > splicer->zone_end) splicer->zone_end = end;
}

/// Room for `count` <= 65,535 bytes at the end of `recent`, which are counted at once.
uint8_t *deflate_recent_room(struct deflate_splicer *splicer, size_t count);

/// Fills `recent` with what lies before `raw_position`; 0 where the raw bytes are not held.
int deflate_enter_zone(struct deflate_splicer *splicer);

/// Adds the next `count` bytes of the raw stream, overlays applied, to `recent`; 0 as above.
int deflate_recall(struct deflate_splicer *splicer, size_t count);

/// Takes note that the stream from `offset` on has moved by `shift`.
void deflate_remember_shift(struct deflate_splicer *splicer, uint64_t offset);

/// What a distance from `raw_position` has become.
unsigned deflate_moved_distance(const struct deflate_splicer *splicer, unsigned distance);

/// Drops up to `count` bytes at `raw_position` that a change deletes; how many.
size_t deflate_drop(struct deflate_splicer *splicer, size_t count);

/// How many of the next `count` bytes come before an insertion or deletion.
size_t deflate_run_before_cut(const struct deflate_splicer *splicer, size_t count);

/// Goes through symbols; `may_pass`: the end of the block as well.
enum deflate_splice_event deflate_walk_symbols(
    struct deflate_splicer *splicer, const struct deflate_unit *unit, int may_pass);

/// Goes on in a symbol that a change cuts.
enum deflate_splice_event deflate_cut_symbol(struct deflate_splicer *splicer);

/// Starts a stored block whose header, padding included, has `header_bits`.
enum deflate_splice_event deflate_begin_stored(
    struct deflate_splicer *splicer, uint64_t header_bits, int is_unmarked);
enum deflate_splice_event deflate_copy_stored(struct deflate_splicer *splicer);
enum deflate_splice_event deflate_cut_stored(struct deflate_splicer *splicer);

#endif
