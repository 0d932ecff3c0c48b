// Stored blocks, whose bytes lie on byte borders of the stream.
#include "splice.h"

/// A header, padding, LEN and NLEN.
static void put_stored_header(struct deflate_splicer *splicer, unsigned first, uint64_t count) {
    put_bits(splicer, first, 3);
    put_padding(splicer);
    put_bits(splicer, count | (~count & 0xFFFF) << 16, 32);
}

enum deflate_splice_event deflate_begin_stored(
    struct deflate_splicer *splicer, uint64_t header_bits, int is_unmarked) {
    uint64_t count = splicer->block.stored;
    int is_aligned = (splicer->position & 7) == out_bit(splicer);
    splicer->stored_left = (uint32_t)count;
    splicer->mode = MODE_NONE;
    if (deflate_run_before_cut(splicer, count) < count) {
        put_kept(splicer);
        splicer->position += header_bits + count * 8;
        splicer->kept_from = splicer->position;
        splicer->phase = PHASE_STORED_CUT;
        return deflate_enter_zone(splicer) ? DEFLATE_CONTINUES : DEFLATE_SOURCE_CHANGED;
    }
    if (is_aligned && !is_unmarked) {
        splicer->position += header_bits;
    } else {
        put_kept(splicer);
        put_stored_header(splicer, splicer->block.is_last && !is_unmarked, count);
        splicer->position += header_bits;
        splicer->kept_from = splicer->position;
    }
    splicer->phase = count > 0 ? PHASE_STORED : PHASE_HEADER;
    return DEFLATE_CONTINUES;
}

/// True where the next bytes are overlaid or remembered for matches to come.
static int is_near_change(struct deflate_splicer *splicer) {
    if (splicer->raw_position < splicer->zone_end) return 1;
    const struct deflate_change *change = deflate_drop_finished(splicer);
    return change && change->offset < splicer->raw_position + splicer->stored_left;
}

enum deflate_splice_event deflate_copy_stored(struct deflate_splicer *splicer) {
    if (is_near_change(splicer)) {
        // All at once; the room is larger than a stored block.
        size_t count = splicer->stored_left;
        if (!has_room(splicer, count)) return DEFLATE_WANTS_ROOM;
        if (!deflate_enter_zone(splicer)) return DEFLATE_SOURCE_CHANGED;
        if (!deflate_recall(splicer, count)) return DEFLATE_SOURCE_CHANGED;
        put_kept(splicer);
        put_bytes(splicer, splicer->recent + splicer->recent_count - count, count);
        splicer->position += count * 8;
        splicer->kept_from = splicer->position;
        splicer->raw_position += count;
        splicer->stored_left = 0;
    } else {
        splicer->in_zone = 0;
        uint64_t known = splicer->source_offset + splicer->source_count;
        uint64_t place = splicer->position >> 3;
        if (place >= known) {
            return splicer->source_is_end ? DEFLATE_SOURCE_CHANGED : DEFLATE_WANTS_SOURCE;
        }
        uint64_t count = known - place;
        if (count > splicer->stored_left) count = splicer->stored_left;
        splicer->position += count * 8;
        splicer->raw_position += count;
        splicer->stored_left -= (uint32_t)count;
    }
    if (splicer->stored_left == 0) splicer->phase = PHASE_HEADER;
    return DEFLATE_CONTINUES;
}

enum deflate_splice_event deflate_cut_stored(struct deflate_splicer *splicer) {
    if (!has_room(splicer, splicer->stored_left + 16)) return DEFLATE_WANTS_ROOM;
    size_t count = deflate_drop(splicer, splicer->stored_left);
    if (count == 0) {
        count = deflate_run_before_cut(splicer, splicer->stored_left);
        if (count == 0 || !deflate_recall(splicer, count)) return DEFLATE_SOURCE_CHANGED;
        if (splicer->mode == MODE_FIXED) deflate_close_fixed(splicer);
        put_stored_header(splicer, 0, count);
        put_bytes(splicer, splicer->recent + splicer->recent_count - count, count);
        splicer->raw_position += count;
    }
    splicer->stored_left -= (uint32_t)count;
    if (splicer->stored_left == 0) splicer->phase = PHASE_HEADER;
    return DEFLATE_CONTINUES;
}
