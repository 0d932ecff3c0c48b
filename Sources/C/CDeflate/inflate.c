// The hot loop: symbols to bytes.
#include "deflate_inflate.h"
#include "entries.h"

void deflate_start(struct deflate_inflater *stream, uint64_t position) {
    stream->position = position;
    stream->block_start = position;
    stream->error = DEFLATE_FINE;
    stream->in_block = 0;
    stream->block.is_fixed = 0;
}

/// Where the loop stands and how far it may go.
struct cursor {
    const uint8_t *in;
    uint64_t bit;
    /// Symbols are decoded from bytes before this one only.
    const uint8_t *in_stop;
    const uint8_t *history;
    uint8_t *out;
    uint8_t *limit;
};

enum outcome { STOPPED, ENDED, BAD_SYMBOL, BAD_DISTANCE };

/// Copies a match; may write up to 31 bytes too many.
ALWAYS_INLINE void copy_match(uint8_t *out, unsigned distance, unsigned length) {
    const uint8_t *from = out - distance;
    uint8_t *end = out + length;
    if (LIKELY(distance >= 16)) {
        do {
            memcpy(out, from, 16);
            memcpy(out + 16, from + 16, 16);
            out += 32;
            from += 32;
        } while (out < end);
        return;
    }
    if (distance == 1) {
        memset(out, *from, (length + 15) & ~15u);
        return;
    }
    if (distance >= 8) {
        do {
            store64(out, load64(from));
            out += 8;
            from += 8;
        } while (out < end);
        return;
    }
    // A short period: eight bytes of it at a time, advancing by a whole number of periods.
    static const uint8_t stride[8] = {0, 8, 8, 6, 8, 5, 6, 7};
    for (unsigned index = 0; index < 8; index++) out[index] = from[index];
    uint64_t pattern = load64(out);
    out += stride[distance];
    while (out < end) {
        store64(out, pattern);
        out += stride[distance];
    }
}

ALWAYS_INLINE enum outcome decode(
    struct cursor *at, const uint32_t *literals, const uint32_t *distances) {
    const uint8_t *in = at->in + (at->bit >> 3);
    uint8_t *out = at->out;
    const uint8_t *const in_stop = at->in_stop;
    uint8_t *const limit = at->limit;
    uint64_t bits = 0;
    unsigned have = 0;
    enum outcome outcome = STOPPED;
    if (in >= in_stop || out >= limit) return STOPPED;

// At least 56 bits, without a branch.
#define REFILL()                        \
    do {                                \
        bits |= load64(in) << have;     \
        in += (63 - have) >> 3;         \
        have |= 56;                     \
    } while (0)
#define DROP(entry)                     \
    do {                                \
        bits >>= (entry) & 0x3F;        \
        have -= (entry) & 0xFF;         \
    } while (0)
#define LOOK(table, n) (table)[low_bits(bits, n)]

    REFILL();
    bits >>= at->bit & 7;
    have -= at->bit & 7;
    REFILL();
    uint32_t entry = LOOK(literals, DEFLATE_LITERAL_BITS);
    do {
        // Up to three literals on one filling: 3 * 11 bits, and 20 for a length's code after two.
        if (entry & ENTRY_LITERAL) {
            DROP(entry);
            *out++ = (uint8_t)(entry >> 16);
            entry = LOOK(literals, DEFLATE_LITERAL_BITS);
            if (entry & ENTRY_LITERAL) {
                DROP(entry);
                *out++ = (uint8_t)(entry >> 16);
                entry = LOOK(literals, DEFLATE_LITERAL_BITS);
                if (entry & ENTRY_LITERAL) {
                    DROP(entry);
                    *out++ = (uint8_t)(entry >> 16);
                    REFILL();
                    entry = LOOK(literals, DEFLATE_LITERAL_BITS);
                    continue;
                }
            }
        }
        if (UNLIKELY(entry & ENTRY_SPECIAL)) {
            if (entry & ENTRY_LINK) {
                DROP(entry);
                entry = literals[entry_value(entry) + low_bits(bits, entry_code_bits(entry))];
                if (entry & ENTRY_LITERAL) {
                    DROP(entry);
                    *out++ = (uint8_t)(entry >> 16);
                    REFILL();
                    entry = LOOK(literals, DEFLATE_LITERAL_BITS);
                    continue;
                }
            }
            if (entry & ENTRY_SPECIAL) {
                outcome = entry & ENTRY_END ? ENDED : BAD_SYMBOL;
                DROP(entry);
                break;
            }
        }
        unsigned length = entry_sum(entry, bits);
        DROP(entry);
        REFILL();
        entry = LOOK(distances, DEFLATE_DISTANCE_BITS);
        if (UNLIKELY(entry & ENTRY_SPECIAL)) {
            if (entry & ENTRY_LINK) {
                DROP(entry);
                entry = distances[entry_value(entry) + low_bits(bits, entry_code_bits(entry))];
            }
            if (entry & ENTRY_SPECIAL) {
                outcome = BAD_SYMBOL;
                DROP(entry);
                break;
            }
        }
        unsigned distance = entry_sum(entry, bits);
        DROP(entry);
        if (UNLIKELY(distance > (size_t)(out - at->history))) {
            outcome = BAD_DISTANCE;
            break;
        }
        REFILL();
        entry = LOOK(literals, DEFLATE_LITERAL_BITS);
        copy_match(out, distance, length);
        out += length;
    } while (in < in_stop && out < limit);
    at->bit = (uint64_t)(in - at->in) * 8 - have;
    at->out = out;
    return outcome;
}

static enum outcome decode_plainly(
    struct cursor *at, const uint32_t *literals, const uint32_t *distances) {
    return decode(at, literals, distances);
}

#if defined(__x86_64__)
// The same code with shifts that take their count from any register.
__attribute__((target("bmi,bmi2"))) static enum outcome decode_with_bmi2(
    struct cursor *at, const uint32_t *literals, const uint32_t *distances) {
    return decode(at, literals, distances);
}
#endif

static enum outcome decode_symbols(struct cursor *at, const struct deflate_block *block) {
#if defined(__x86_64__)
    if (__builtin_cpu_supports("bmi2")) {
        return decode_with_bmi2(at, block->literals, block->distances);
    }
#endif
    return decode_plainly(at, block->literals, block->distances);
}

/// A stored block's bytes, as many as there are and fit.
static void copy_stored(struct cursor *at, struct deflate_block *block, size_t in_count) {
    size_t start = at->bit >> 3;
    size_t count = block->stored;
    size_t room = at->out < at->limit ? (size_t)(at->limit - at->out) : 0;
    if (count > in_count - start) count = in_count - start;
    if (count > room) count = room;
    memcpy(at->out, at->in + start, count);
    at->out += count;
    at->bit += count * 8;
    block->stored -= (uint32_t)count;
}

static enum deflate_event failed(struct deflate_inflater *stream, enum deflate_error error) {
    stream->error = error;
    return DEFLATE_FAILED;
}

enum deflate_event deflate_inflate(
    struct deflate_inflater *stream, const uint8_t *in, size_t in_count, uint64_t in_offset,
    int is_end, const uint8_t *history, uint8_t **out, uint8_t *limit) {
    const uint64_t end = (uint64_t)in_count * 8;
    struct cursor at = {
        .in = in, .bit = stream->position - in_offset * 8, .history = history,
        .out = *out, .limit = limit};
    if (!stream->in_block) {
        if (!is_end && at.bit + DEFLATE_HEADER_BYTES * 8 > end) return DEFLATE_WANTS_INPUT;
        if (at.bit + 3 > end) return failed(stream, DEFLATE_ENDS_EARLY);
        stream->block_start = stream->position;
        enum deflate_error error = deflate_read_header(&stream->block, in, &at.bit);
        if (at.bit > end) return failed(stream, DEFLATE_ENDS_EARLY);
        stream->position = in_offset * 8 + at.bit;
        if (error != DEFLATE_FINE) return failed(stream, error);
        stream->in_block = 1;
    }
    enum outcome outcome = STOPPED;
    if (stream->block.type == 0) {
        copy_stored(&at, &stream->block, in_count);
        if (stream->block.stored == 0) outcome = ENDED;
    } else {
        // A round of the loop takes at most 8 + 8 bytes; at the end of the file, zeros follow.
        at.in_stop = is_end ? in + in_count + 8 : in_count > 24 ? in + in_count - 24 : in;
        outcome = decode_symbols(&at, &stream->block);
        if (at.bit > end) return failed(stream, DEFLATE_ENDS_EARLY);
    }
    stream->position = in_offset * 8 + at.bit;
    *out = at.out;
    switch (outcome) {
    case BAD_SYMBOL: return failed(stream, DEFLATE_BAD_SYMBOL);
    case BAD_DISTANCE: return failed(stream, DEFLATE_BAD_DISTANCE);
    case ENDED:
        stream->in_block = 0;
        return stream->block.is_last ? DEFLATE_STREAM_ENDED : DEFLATE_BLOCK_ENDED;
    case STOPPED: break;
    }
    if (at.out >= limit) return DEFLATE_WANTS_OUTPUT;
    return is_end ? failed(stream, DEFLATE_ENDS_EARLY) : DEFLATE_WANTS_INPUT;
}
