// Saying bytes as symbols, with the codes of the block that is open.
#include "entries.h"
#include "writer.h"

static void assign(uint16_t *words, const uint8_t *lengths, unsigned count) {
    unsigned of_length[16] = {0};
    unsigned next[16] = {0};
    for (unsigned symbol = 0; symbol < count; symbol++) of_length[lengths[symbol]]++;
    of_length[0] = 0;
    for (unsigned bits = 1; bits < 16; bits++) {
        next[bits] = (next[bits - 1] + of_length[bits - 1]) << 1;
    }
    for (unsigned symbol = 0; symbol < count; symbol++) {
        unsigned word = next[lengths[symbol]]++;
        unsigned reversed = 0;
        for (unsigned bit = 0; bit < lengths[symbol]; bit++) {
            reversed = reversed << 1 | (word >> bit & 1);
        }
        words[symbol] = (uint16_t)reversed;
    }
}

void deflate_assign_codes(struct deflate_codes *codes, const uint8_t *lengths) {
    memcpy(codes->lengths, lengths, sizeof codes->lengths);
    assign(codes->words, lengths, 288);
    assign(codes->words + 288, lengths + 288, 32);
}

/// The codes of the open block.
static const struct deflate_codes *codes_of(struct deflate_splicer *splicer) {
    if (splicer->mode == MODE_FIXED) return &splicer->fixed;
    if (!splicer->codes_ready) {
        deflate_assign_codes(&splicer->own, splicer->block.lengths);
        splicer->codes_ready = 1;
    }
    return &splicer->own;
}

void deflate_open_fixed(struct deflate_splicer *splicer) {
    if (splicer->mode == MODE_SOURCE) {
        const struct deflate_codes *codes = codes_of(splicer);
        put_bits(splicer, codes->words[256], codes->lengths[256]);
    }
    put_bits(splicer, 2, 3);
    splicer->mode = MODE_FIXED;
    splicer->plain_run = 0;
}

void deflate_close_fixed(struct deflate_splicer *splicer) {
    put_bits(splicer, 0, 7);
    splicer->mode = MODE_NONE;
}

void deflate_reopen_source(struct deflate_splicer *splicer) {
    deflate_close_fixed(splicer);
    put_bits(splicer, bits_at(splicer->header, splicer->header_start) & 6, 3);
    put_run(
        splicer, splicer->header, splicer->header_start + 3, splicer->header_bits - 3);
    splicer->mode = MODE_SOURCE;
}

static unsigned length_symbol(unsigned length) {
    if (length == DEFLATE_MATCH_BYTES) return 285;
    unsigned value = length - 3;
    if (value < 8) return 257 + value;
    unsigned top = 31 - (unsigned)__builtin_clz(value);
    return 257 + 4 * top - 4 + (value >> (top - 2) & 3);
}

static unsigned distance_symbol(unsigned distance) {
    unsigned value = distance - 1;
    if (value < 4) return value;
    unsigned top = 31 - (unsigned)__builtin_clz(value);
    return 2 * top + (value >> (top - 1) & 1);
}

static void put_literal(struct deflate_splicer *splicer, unsigned byte) {
    if (codes_of(splicer)->lengths[byte] == 0) deflate_open_fixed(splicer);
    const struct deflate_codes *codes = codes_of(splicer);
    put_bits(splicer, codes->words[byte], codes->lengths[byte]);
}

/// False where the open block has no code for the match, and its bytes are better said singly.
static int put_match(struct deflate_splicer *splicer, size_t place, unsigned length,
                     unsigned distance) {
    unsigned first = length_symbol(length);
    unsigned second = distance_symbol(distance);
    const struct deflate_codes *codes = codes_of(splicer);
    if (codes->lengths[first] == 0 || codes->lengths[288 + second] == 0) {
        unsigned said = 0;
        while (said < length && codes->lengths[splicer->recent[place + said]] > 0) said++;
        if (said == length && length <= 16) return 0;
        deflate_open_fixed(splicer);
        codes = codes_of(splicer);
    }
    put_bits(splicer, codes->words[first], codes->lengths[first]);
    put_bits(
        splicer, length - deflate_length_base[first - 257], deflate_length_extra[first - 257]);
    put_bits(splicer, codes->words[288 + second], codes->lengths[288 + second]);
    put_bits(
        splicer, distance - deflate_distance_base[second], deflate_distance_extra[second]);
    return 1;
}

/// How many bytes at `place` of `recent` are the same as those `distance` before, `most` at most.
static unsigned match_length(
    const struct deflate_splicer *splicer, size_t place, unsigned distance, size_t most) {
    if (distance == 0 || distance > place || distance > DEFLATE_WINDOW_BYTES) return 0;
    if (most > DEFLATE_MATCH_BYTES) most = DEFLATE_MATCH_BYTES;
    const uint8_t *bytes = splicer->recent + place;
    unsigned length = 0;
    while (length < most && bytes[length] == bytes[(ptrdiff_t)length - (ptrdiff_t)distance]) {
        length++;
    }
    return length;
}

/// One match or literal at `place`; how long it is.
static unsigned put_best(
    struct deflate_splicer *splicer, size_t place, size_t most, const unsigned *distances,
    int count) {
    unsigned best = 0;
    unsigned distance = 0;
    for (int index = 0; index < count; index++) {
        unsigned length = match_length(splicer, place, distances[index], most);
        if (length > best) {
            best = length;
            distance = distances[index];
        }
    }
    if (best >= 3 && put_match(splicer, place, best, distance)) return best;
    put_literal(splicer, splicer->recent[place]);
    return 1;
}

void deflate_put_recent(
    struct deflate_splicer *splicer, size_t count, unsigned distance, unsigned other) {
    const unsigned distances[2] = {distance, other == distance ? 0 : other};
    size_t end = splicer->recent_count;
    for (size_t place = end - count; place < end;) {
        place += put_best(splicer, place, end - place, distances, 2);
    }
}

enum { SEARCH_BITS = 11, SEARCH_BACK = 4096 };

static unsigned search_slot(const uint8_t *bytes) {
    uint32_t word;
    memcpy(&word, bytes, 4);
    return word * 2654435761u >> (32 - SEARCH_BITS);
}

void deflate_put_searching(struct deflate_splicer *splicer, size_t count) {
    // The last place of each four bytes, plus one.
    uint32_t slots[1 << SEARCH_BITS];
    size_t end = splicer->recent_count;
    size_t place = end - count;
    int searches = count >= 16;
    if (searches) {
        memset(slots, 0, sizeof slots);
        for (size_t back = place > SEARCH_BACK ? place - SEARCH_BACK : 0; back < place; back++) {
            slots[search_slot(splicer->recent + back)] = (uint32_t)back + 1;
        }
    }
    while (place < end) {
        // A tar header is mostly zeros, and much like the one before.
        unsigned distances[3] = {1, 512, 0};
        if (searches && end - place >= 4) {
            uint32_t found = slots[search_slot(splicer->recent + place)];
            if (found > 0) distances[2] = (unsigned)(place + 1 - found);
        }
        unsigned length = put_best(splicer, place, end - place, distances, 3);
        for (unsigned done = 0; searches && done < length && end - place - done >= 4; done++) {
            slots[search_slot(splicer->recent + place + done)] = (uint32_t)(place + done) + 1;
        }
        place += length;
    }
}
