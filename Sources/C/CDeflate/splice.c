// The walk through a unit.
#include "entries.h"
#include "splice.h"

void deflate_splice_start(struct deflate_splicer *splicer, uint64_t position, uint8_t first) {
    memset(splicer, 0, sizeof *splicer);
    splicer->position = position;
    splicer->kept_from = position;
    splicer->bit_count = position & 7;
    splicer->bits = low_bits(first, splicer->bit_count);
    uint8_t lengths[288 + 32];
    for (int symbol = 0; symbol < 288; symbol++) {
        lengths[symbol] = symbol < 144 ? 8 : symbol < 256 ? 9 : symbol < 280 ? 7 : 8;
    }
    memset(lengths + 288, 5, 32);
    deflate_assign_codes(&splicer->fixed, lengths);
}

void deflate_splice_member(
    struct deflate_splicer *splicer, uint64_t position, uint64_t raw_start, uint64_t raw) {
    splicer->position = position;
    splicer->kept_from = position;
    splicer->raw_position = raw;
    splicer->raw_start = raw_start;
    splicer->recent_count = 0;
    splicer->shift = 0;
    splicer->shift_count = 0;
    splicer->zone_end = 0;
    splicer->in_zone = 0;
    // A change may reach over from the member before.
    const struct deflate_change *change = deflate_drop_finished(splicer);
    if (change && change->offset < raw) deflate_note_change(splicer, change);
}

void deflate_splice_align(struct deflate_splicer *splicer, uint8_t last) {
    unsigned used = splicer->position & 7;
    if (used > 0 && used == splicer->bit_count) {
        put_bits(splicer, last >> used, 8 - used);
    } else {
        put_padding(splicer);
    }
    splicer->position = (splicer->position + 7) & ~UINT64_C(7);
    splicer->kept_from = splicer->position;
}

/// True where no change can come at `raw_position` any more, and the source goes on behind it.
static int may_pass(const struct deflate_splicer *splicer, const struct deflate_unit *unit) {
    if (splicer->raw_position >= splicer->limit) return 0;
    return unit->end != UINT64_MAX || splicer->raw_position < raw_end(splicer);
}

/// True where all up to the unit's end can be copied.
static int may_copy(const struct deflate_splicer *splicer, const struct deflate_unit *unit) {
    if (unit->end == UINT64_MAX || splicer->limit <= unit->raw_end) return 0;
    if (splicer->phase > PHASE_SYMBOLS || splicer->mode == MODE_FIXED) return 0;
    if (splicer->token_left > 0 || splicer->raw_position < splicer->zone_end) return 0;
    const struct deflate_change *change = next_change(splicer);
    if (change && change->offset <= unit->raw_end) return 0;
    // A final block that must lose its mark is looked at first.
    if (unit->is_dirty && splicer->phase == PHASE_HEADER) return 0;
    return !unit->has_stored || (splicer->position & 7) == out_bit(splicer);
}

static enum deflate_splice_event copy_to(struct deflate_splicer *splicer, uint64_t end) {
    uint64_t known = (splicer->source_offset + splicer->source_count) * 8;
    if (known <= splicer->position) {
        return splicer->source_is_end ? DEFLATE_SOURCE_CHANGED : DEFLATE_WANTS_SOURCE;
    }
    splicer->position = end < known ? end : known;
    return splicer->position == end ? DEFLATE_UNIT_DONE : DEFLATE_WANTS_SOURCE;
}

/// Ends the unit in the output.
static void close_unit(struct deflate_splicer *splicer) {
    put_kept(splicer);
    if (splicer->mode == MODE_FIXED) deflate_close_fixed(splicer);
    splicer->mode = MODE_NONE;
    splicer->phase = PHASE_HEADER;
    splicer->in_zone = splicer->in_zone && splicer->raw_position < splicer->zone_end;
    // The empty final block of fixed codes: BFINAL, type 01, end of block.
    if (splicer->needs_successor) put_bits(splicer, 3, 10);
    splicer->needs_successor = 0;
}

static enum deflate_splice_event begin_block(
    struct deflate_splicer *splicer, const struct deflate_unit *unit) {
    if (!has_source(splicer, DEFLATE_HEADER_BYTES)) return DEFLATE_WANTS_SOURCE;
    uint64_t start = splicer->position - splicer->source_offset * 8;
    uint64_t bit = start;
    if (splicer->mode == MODE_FIXED) deflate_close_fixed(splicer);
    enum deflate_error error = deflate_read_header(&splicer->block, splicer->source, &bit);
    if (error != DEFLATE_FINE || bit > splicer->source_count * 8) return DEFLATE_SOURCE_CHANGED;
    splicer->codes_ready = 0;
    int is_unmarked = unit->is_dirty != 0 && splicer->block.is_last != 0;
    if (splicer->block.type == 0) {
        if (unit->is_dirty && !holds_raw(splicer, splicer->block.stored)) return DEFLATE_WANTS_RAW;
        splicer->needs_successor = (uint32_t)is_unmarked;
        return deflate_begin_stored(splicer, bit - start, is_unmarked);
    }
    splicer->needs_successor = (uint32_t)is_unmarked;
    splicer->header_start = start & 7;
    splicer->header_bits = (uint32_t)(bit - start);
    if (unit->is_dirty) {
        memcpy(
            splicer->header, splicer->source + (start >> 3),
            (size_t)((bit + 7) >> 3) - (size_t)(start >> 3));
    }
    if (is_unmarked) {
        put_kept(splicer);
        put_bits(splicer, bits_at(splicer->source, start) & 6, 3);
        splicer->kept_from = splicer->position + 3;
    }
    splicer->position += bit - start;
    splicer->mode = MODE_SOURCE;
    splicer->phase = PHASE_SYMBOLS;
    return DEFLATE_CONTINUES;
}

/// A part of an inserted run; the parts are always the same.
static enum deflate_splice_event insert_some(
    struct deflate_splicer *splicer, const struct deflate_change *change) {
    if (!deflate_enter_zone(splicer)) return DEFLATE_SOURCE_CHANGED;
    deflate_note_change(splicer, change);
    uint64_t left = change->count - splicer->inserted;
    size_t count = left < 4096 ? (size_t)left : 4096;
    put_kept(splicer);
    if (splicer->mode == MODE_NONE) deflate_open_fixed(splicer);
    uint8_t *place = deflate_recent_room(splicer, count);
    memcpy(place, splicer->change_bytes + change->bytes + splicer->inserted, count);
    deflate_put_searching(splicer, count);
    splicer->plain_run = 0;
    splicer->inserted += count;
    splicer->shift += (int64_t)count;
    if (splicer->inserted == change->count) {
        splicer->inserted = 0;
        splicer->changes_done++;
        deflate_remember_shift(splicer, change->offset);
    }
    return DEFLATE_CONTINUES;
}

static enum deflate_splice_event step(
    struct deflate_splicer *splicer, const struct deflate_unit *unit) {
    const struct deflate_change *change = deflate_drop_finished(splicer);
    if (change && change->kind == DEFLATE_INSERT && change->offset == splicer->raw_position) {
        return insert_some(splicer, change);
    }
    if (splicer->token_left > 0) return deflate_cut_symbol(splicer);
    if (splicer->position > unit->end) return DEFLATE_SOURCE_CHANGED;
    if (splicer->position == unit->end && splicer->phase == PHASE_HEADER) {
        return may_pass(splicer, unit) ? DEFLATE_UNIT_DONE : DEFLATE_WANTS_RAW;
    }
    if (may_copy(splicer, unit)) {
        enum deflate_splice_event event = copy_to(splicer, unit->end);
        if (event == DEFLATE_UNIT_DONE) splicer->raw_position = unit->raw_end;
        return event;
    }
    switch (splicer->phase) {
    case PHASE_HEADER:
        return may_pass(splicer, unit) ? begin_block(splicer, unit) : DEFLATE_WANTS_RAW;
    case PHASE_SYMBOLS: return deflate_walk_symbols(splicer, unit, may_pass(splicer, unit));
    case PHASE_STORED: return deflate_copy_stored(splicer);
    default: return deflate_cut_stored(splicer);
    }
}

enum deflate_splice_event deflate_splice_unit(
    struct deflate_splicer *splicer, const struct deflate_unit *unit) {
    enum deflate_splice_event event;
    do {
        // One step may keep as many bits as the source has.
        size_t need = splicer->source_count + STEP_ROOM;
        event = splicer->out_count + need <= splicer->out_capacity ? step(splicer, unit)
                                                                   : DEFLATE_WANTS_ROOM;
    } while (event == DEFLATE_CONTINUES);
    if (event == DEFLATE_UNIT_DONE) {
        close_unit(splicer);
    } else {
        put_kept(splicer);
    }
    return event;
}
