// Bits out. All of these need 8 bytes of room beyond what they write.
#ifndef DEFLATE_WRITER_H
#define DEFLATE_WRITER_H

#include "bits.h"
#include "deflate_splice.h"

/// Which block is open in the output.
enum { MODE_NONE, MODE_SOURCE, MODE_FIXED };
/// What of the source is being read.
enum { PHASE_HEADER, PHASE_SYMBOLS, PHASE_STORED, PHASE_STORED_CUT };

/// Writes `count` <= 56 bits; fewer than 8 wait afterwards.
ALWAYS_INLINE void put_bits(struct deflate_splicer *splicer, uint64_t value, unsigned count) {
    splicer->bits |= value << splicer->bit_count;
    splicer->bit_count += count;
    store64(splicer->out + splicer->out_count, splicer->bits);
    unsigned bytes = splicer->bit_count >> 3;
    splicer->out_count += bytes;
    splicer->bits >>= bytes * 8;
    splicer->bit_count &= 7;
}

/// Zeros up to a byte border.
ALWAYS_INLINE void put_padding(struct deflate_splicer *splicer) {
    put_bits(splicer, 0, (8 - splicer->bit_count) & 7);
}

/// Bytes at a byte border.
ALWAYS_INLINE void put_bytes(
    struct deflate_splicer *splicer, const uint8_t *bytes, size_t count) {
    memcpy(splicer->out + splicer->out_count, bytes, count);
    splicer->out_count += count;
}

/// Copies `count` bits from bit `from` of `bytes`, which must go on for 8 bytes.
static inline void put_run(
    struct deflate_splicer *splicer, const uint8_t *bytes, uint64_t from, uint64_t count) {
    if (count >= 128) {
        // The output's byte border first, then whole bytes, moved by the bits that are left between.
        unsigned head = (8 - splicer->bit_count) & 7;
        put_bits(splicer, low_bits(bits_at(bytes, from), head), head);
        from += head;
        count -= head;
        const uint8_t *source = bytes + (from >> 3);
        unsigned shift = from & 7;
        uint64_t done = count >> 3;
        if (shift == 0) {
            put_bytes(splicer, source, (size_t)done);
        } else {
            uint8_t *out = splicer->out + splicer->out_count;
            done &= ~UINT64_C(7);
            for (uint64_t index = 0; index < done; index += 8) {
                uint64_t word = load64(source + index) >> shift;
                store64(out + index, word | (uint64_t)source[index + 8] << (64 - shift));
            }
            splicer->out_count += (size_t)done;
        }
        from += done * 8;
        count -= done * 8;
    }
    for (; count >= 56; from += 56, count -= 56) {
        put_bits(splicer, low_bits(bits_at(bytes, from), 56), 56);
    }
    put_bits(splicer, low_bits(bits_at(bytes, from), (unsigned)count), (unsigned)count);
}

/// Copies the bits between `kept_from` and `position`.
ALWAYS_INLINE void put_kept(struct deflate_splicer *splicer) {
    if (splicer->kept_from == splicer->position) return;
    put_run(
        splicer, splicer->source, splicer->kept_from - splicer->source_offset * 8,
        splicer->position - splicer->kept_from);
    splicer->kept_from = splicer->position;
}

/// True where `count` bytes more fit, after what is kept.
ALWAYS_INLINE int has_room(const struct deflate_splicer *splicer, size_t count) {
    size_t kept = (size_t)(splicer->position - splicer->kept_from) >> 3;
    return splicer->out_count + kept + count + 32 <= splicer->out_capacity;
}

/// Writes the last `count` bytes of `recent` as symbols; a match may use one of two distances.
void deflate_put_recent(
    struct deflate_splicer *splicer, size_t count, unsigned distance, unsigned other);

/// Writes the last `count` bytes of `recent` as symbols, looking for matches.
void deflate_put_searching(struct deflate_splicer *splicer, size_t count);

/// Ends the block of fixed codes that was put in between.
void deflate_close_fixed(struct deflate_splicer *splicer);

/// Opens a block of fixed codes, after ending the source's.
void deflate_open_fixed(struct deflate_splicer *splicer);

/// Ends the block of fixed codes and goes on with the source's, by saying its header again.
void deflate_reopen_source(struct deflate_splicer *splicer);

/// Code words from their lengths (RFC 1951, 3.2.2).
void deflate_assign_codes(struct deflate_codes *codes, const uint8_t *lengths);

#endif
