// Symbols of a block, one after the other.
#include "entries.h"
#include "splice.h"

/// One symbol of the source.
struct symbol {
    unsigned bits;
    /// How many bytes it says; 0: the end of the block.
    unsigned length;
    /// 0: a literal.
    unsigned distance;
    unsigned literal;
};

/// Reads the symbol in `bits`, of which 48 count; 0 where there is none.
ALWAYS_INLINE int read_symbol(
    const struct deflate_block *block, uint64_t bits, struct symbol *symbol) {
    unsigned used = 0;
    uint32_t entry = block->literals[low_bits(bits, DEFLATE_LITERAL_BITS)];
    if (UNLIKELY(entry & ENTRY_LINK)) {
        used += entry_drop(entry);
        bits >>= entry_drop(entry);
        entry = block->literals[entry_value(entry) + low_bits(bits, entry_code_bits(entry))];
    }
    used += entry_drop(entry);
    if (entry & ENTRY_LITERAL) {
        *symbol = (struct symbol){.bits = used, .length = 1, .literal = entry >> 16 & 0xFF};
        return 1;
    }
    if (UNLIKELY(entry & ENTRY_SPECIAL)) {
        *symbol = (struct symbol){.bits = used};
        return (entry & ENTRY_END) != 0;
    }
    symbol->length = entry_sum(entry, bits);
    bits >>= entry_drop(entry);
    entry = block->distances[low_bits(bits, DEFLATE_DISTANCE_BITS)];
    if (UNLIKELY(entry & ENTRY_LINK)) {
        used += entry_drop(entry);
        bits >>= entry_drop(entry);
        entry = block->distances[entry_value(entry) + low_bits(bits, entry_code_bits(entry))];
    }
    if (UNLIKELY(entry & ENTRY_SPECIAL)) return 0;
    symbol->distance = entry_sum(entry, bits);
    symbol->bits = used + entry_drop(entry);
    return 1;
}

ALWAYS_INLINE uint64_t bits_of(const struct deflate_splicer *splicer) {
    return bits_at(splicer->source, splicer->position - splicer->source_offset * 8);
}

/// The first byte that must not be passed without a closer look.
static uint64_t border(
    const struct deflate_splicer *splicer, const struct deflate_change *change) {
    uint64_t end = raw_end(splicer);
    if (splicer->limit < end) end = splicer->limit;
    if (change && change->offset < end) end = change->offset;
    return end;
}

/// Passes symbols that lie before `border` and outside of every zone; 0 at a bad one.
static int skip_symbols(struct deflate_splicer *splicer, uint64_t border) {
    const uint64_t stop = splicer->source_is_end
        ? splicer->source_count * 8
        : (splicer->source_count - 8) * 8;
    uint64_t bit = splicer->position - splicer->source_offset * 8;
    uint64_t raw = splicer->raw_position;
    struct symbol symbol;
    int is_good = 1;
    while (bit < stop && raw < border) {
        if (!read_symbol(&splicer->block, bits_at(splicer->source, bit), &symbol)) {
            is_good = 0;
            break;
        }
        if (symbol.length == 0 || symbol.length > border - raw) break;
        bit += symbol.bits;
        raw += symbol.length;
    }
    splicer->position = splicer->source_offset * 8 + bit;
    splicer->raw_position = raw;
    return is_good;
}

/// True where the last `length` bytes of `recent` are what the symbol says.
ALWAYS_INLINE int still_says(
    const struct deflate_splicer *splicer, const struct symbol *symbol, unsigned distance) {
    size_t place = splicer->recent_count - symbol->length;
    const uint8_t *bytes = splicer->recent + place;
    if (symbol->distance == 0) return bytes[0] == symbol->literal;
    if (distance == 0 || distance > place) return 0;
    return memcmp(bytes, bytes - distance, symbol->length) == 0;
}

/// True where `length` bytes at `place` are those `distance` before; both go on for 8 bytes.
ALWAYS_INLINE int is_repeat(const uint8_t *place, unsigned distance, unsigned length) {
    const uint8_t *from = place - distance;
    unsigned done = 0;
    for (; length - done > 8; done += 8) {
        if (load64(place + done) != load64(from + done)) return 0;
    }
    uint64_t parts = load64(place + done) ^ load64(from + done);
    return parts << (64 - 8 * (length - done)) == 0;
}

/// Passes symbols of a zone that lie before `border` and still say the right thing.
///
/// What `take_symbol` does, for the many that need nothing to be done; 0 at a bad symbol.
static int pass_plain(struct deflate_splicer *splicer, uint64_t border) {
    uint64_t bit = splicer->position - splicer->source_offset * 8;
    const uint64_t stop = splicer->source_is_end
        ? splicer->source_count * 8
        : (splicer->source_count - 8) * 8;
    if (splicer->zone_end < border) border = splicer->zone_end;
    if (border <= splicer->raw_position) return 1;
    if (splicer->raw_position < splicer->raw_offset) return 0;
    const uint8_t *raw = splicer->raw + (splicer->raw_position - splicer->raw_offset);
    const uint8_t *const last_raw = raw + (border - splicer->raw_position);
    uint8_t *const start = deflate_recent_room(splicer, 0);
    uint8_t *const last =
        splicer->recent + DEFLATE_RECENT_BYTES - DEFLATE_MATCH_BYTES - DEFLATE_RAW_PADDING;
    uint8_t *place = start;
    struct symbol symbol;
    int is_good = 1;
    while (bit < stop && raw < last_raw && place < last) {
        if (!read_symbol(&splicer->block, bits_at(splicer->source, bit), &symbol)) {
            is_good = 0;
            break;
        }
        if (symbol.length == 0 || symbol.length > (size_t)(last_raw - raw)) break;
        if (symbol.distance == 0) {
            if (*raw != symbol.literal) break;
            *place = *raw;
        } else {
            if (symbol.distance > (size_t)(place - splicer->recent)) break;
            for (unsigned done = 0; done < symbol.length; done += 8) {
                store64(place + done, load64(raw + done));
            }
            if (!is_repeat(place, symbol.distance, symbol.length)) break;
        }
        bit += symbol.bits;
        raw += symbol.length;
        place += symbol.length;
    }
    splicer->position = splicer->source_offset * 8 + bit;
    splicer->raw_position += (uint64_t)(place - start);
    splicer->recent_count += (size_t)(place - start);
    return is_good;
}

/// The end of the source's block.
static void end_block(struct deflate_splicer *splicer, unsigned bits) {
    splicer->position += bits;
    if (splicer->mode == MODE_FIXED) {
        deflate_close_fixed(splicer);
        splicer->kept_from = splicer->position;
    }
    splicer->mode = MODE_NONE;
    splicer->phase = PHASE_HEADER;
}

/// Takes a symbol whose bytes, overlays applied, are the last ones of `recent`.
static void take_symbol(struct deflate_splicer *splicer, const struct symbol *symbol) {
    int is_plain = still_says(splicer, symbol, symbol->distance);
    if (is_plain && splicer->mode == MODE_SOURCE) {
        splicer->position += symbol->bits;
        splicer->raw_position += symbol->length;
        return;
    }
    put_kept(splicer);
    splicer->position += symbol->bits;
    splicer->kept_from = splicer->position;
    unsigned moved = deflate_moved_distance(splicer, symbol->distance);
    deflate_put_recent(splicer, symbol->length, symbol->distance, moved);
    splicer->raw_position += symbol->length;
    splicer->plain_run = is_plain ? splicer->plain_run + 1 : 0;
    if (splicer->mode == MODE_FIXED && splicer->plain_run >= PLAIN_RUN) {
        deflate_reopen_source(splicer);
    }
}

/// One symbol within a zone, or at the start of one.
static enum deflate_splice_event walk_symbol(
    struct deflate_splicer *splicer, const struct deflate_change *change, int may_pass) {
    struct symbol symbol;
    if (!read_symbol(&splicer->block, bits_of(splicer), &symbol)) return DEFLATE_SOURCE_CHANGED;
    if (symbol.length == 0) {
        if (!may_pass) return DEFLATE_WANTS_RAW;
        end_block(splicer, symbol.bits);
        return DEFLATE_CONTINUES;
    }
    if (!holds_raw(splicer, symbol.length)) return DEFLATE_WANTS_RAW;
    if (!deflate_enter_zone(splicer)) return DEFLATE_SOURCE_CHANGED;
    int is_touched = change && change->offset < splicer->raw_position + symbol.length;
    if (is_touched && deflate_run_before_cut(splicer, symbol.length) < symbol.length) {
        put_kept(splicer);
        splicer->position += symbol.bits;
        splicer->kept_from = splicer->position;
        splicer->token_left = symbol.length;
        splicer->token_distance = symbol.distance;
        splicer->plain_run = 0;
        return DEFLATE_CONTINUES;
    }
    if (!deflate_recall(splicer, symbol.length)) return DEFLATE_SOURCE_CHANGED;
    take_symbol(splicer, &symbol);
    return DEFLATE_CONTINUES;
}

enum deflate_splice_event deflate_cut_symbol(struct deflate_splicer *splicer) {
    size_t dropped = deflate_drop(splicer, splicer->token_left);
    if (dropped == 0) {
        size_t count = deflate_run_before_cut(splicer, splicer->token_left);
        if (count == 0 || !deflate_recall(splicer, count)) return DEFLATE_SOURCE_CHANGED;
        unsigned moved = deflate_moved_distance(splicer, splicer->token_distance);
        deflate_put_recent(splicer, count, splicer->token_distance, moved);
        splicer->raw_position += count;
        dropped = count;
    }
    splicer->token_left -= (uint32_t)dropped;
    return DEFLATE_CONTINUES;
}

enum deflate_splice_event deflate_walk_symbols(
    struct deflate_splicer *splicer, const struct deflate_unit *unit, int may_pass) {
    // Before the limit all insertions at this place are known; only then does a zone end here.
    if (splicer->raw_position >= splicer->limit) return DEFLATE_WANTS_RAW;
    const struct deflate_change *change = deflate_drop_finished(splicer);
    int is_outside = splicer->raw_position >= splicer->zone_end;
    if (is_outside && splicer->mode == MODE_FIXED) deflate_reopen_source(splicer);
    if (is_outside) splicer->in_zone = 0;
    if (!has_source(splicer, 16)) return DEFLATE_WANTS_SOURCE;
    if (splicer->position > (splicer->source_offset + splicer->source_count) * 8) {
        return DEFLATE_SOURCE_CHANGED;
    }
    if (is_outside) {
        int is_known = unit->end != UINT64_MAX && splicer->limit > unit->raw_end;
        int is_reached = change && change->offset < raw_end(splicer);
        // Whether the rest can be copied is not known yet.
        if (!is_known && !is_reached) return DEFLATE_WANTS_RAW;
        uint64_t before = splicer->position;
        if (!skip_symbols(splicer, border(splicer, change))) return DEFLATE_SOURCE_CHANGED;
        // An insertion may belong here, or the limit be reached.
        if (splicer->position != before) return DEFLATE_CONTINUES;
    } else if (splicer->in_zone && splicer->mode == MODE_SOURCE) {
        uint64_t before = splicer->position;
        if (!pass_plain(splicer, border(splicer, change))) return DEFLATE_SOURCE_CHANGED;
        if (splicer->position != before) return DEFLATE_CONTINUES;
    }
    return walk_symbol(splicer, change, may_pass);
}
