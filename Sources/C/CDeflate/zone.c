// What the new stream looks like around `raw_position`.
#include "splice.h"

uint8_t *deflate_recent_room(struct deflate_splicer *splicer, size_t count) {
    // Some more, so that it is not done again and again for small counts.
    if (splicer->recent_count + count > DEFLATE_RECENT_BYTES - 1024) {
        memmove(
            splicer->recent, splicer->recent + splicer->recent_count - DEFLATE_WINDOW_BYTES,
            DEFLATE_WINDOW_BYTES);
        splicer->recent_count = DEFLATE_WINDOW_BYTES;
    }
    uint8_t *place = splicer->recent + splicer->recent_count;
    splicer->recent_count += count;
    return place;
}

int deflate_enter_zone(struct deflate_splicer *splicer) {
    if (splicer->in_zone) return 1;
    // Outside of a zone, what a match can reach is as it was.
    uint64_t end = splicer->raw_position;
    uint64_t start = end > DEFLATE_WINDOW_BYTES ? end - DEFLATE_WINDOW_BYTES : 0;
    if (start < splicer->raw_start) start = splicer->raw_start;
    if (end > start && (start < splicer->raw_offset || end > raw_end(splicer))) return 0;
    splicer->recent_count = (size_t)(end - start);
    if (end > start) {
        memcpy(
            splicer->recent, splicer->raw + (start - splicer->raw_offset), splicer->recent_count);
    }
    splicer->shift = 0;
    splicer->shift_count = 0;
    splicer->plain_run = 0;
    splicer->in_zone = 1;
    return 1;
}

int deflate_recall(struct deflate_splicer *splicer, size_t count) {
    uint64_t start = splicer->raw_position;
    uint64_t end = start + count;
    if (start < splicer->raw_offset || end > raw_end(splicer)) return 0;
    uint8_t *place = deflate_recent_room(splicer, count);
    memcpy(place, splicer->raw + (start - splicer->raw_offset), count);
    for (size_t index = splicer->changes_done; index < splicer->change_count; index++) {
        const struct deflate_change *change = splicer->changes + index;
        if (change->offset >= end) break;
        if (change->kind != DEFLATE_OVERLAY || change_end(change) <= start) continue;
        deflate_note_change(splicer, change);
        uint64_t from = change->offset > start ? change->offset : start;
        uint64_t to = change_end(change) < end ? change_end(change) : end;
        memcpy(
            place + (from - start),
            splicer->change_bytes + change->bytes + (from - change->offset), (size_t)(to - from));
    }
    return 1;
}

void deflate_remember_shift(struct deflate_splicer *splicer, uint64_t offset) {
    if (splicer->shift_count == DEFLATE_SHIFT_POINTS) {
        splicer->shift_count--;
        memmove(
            splicer->shifts, splicer->shifts + 1,
            splicer->shift_count * sizeof splicer->shifts[0]);
    }
    splicer->shifts[splicer->shift_count++] =
        (struct deflate_shift){.offset = offset, .shift = splicer->shift};
}

unsigned deflate_moved_distance(const struct deflate_splicer *splicer, unsigned distance) {
    if (splicer->shift_count == 0) return distance;
    if (distance > splicer->raw_position - splicer->raw_start) return distance;
    uint64_t source = splicer->raw_position - distance;
    int64_t shift = 0;
    for (uint32_t index = splicer->shift_count; index > 0; index--) {
        if (splicer->shifts[index - 1].offset <= source) {
            shift = splicer->shifts[index - 1].shift;
            break;
        }
    }
    int64_t moved = (int64_t)distance + splicer->shift - shift;
    return moved > 0 && moved <= DEFLATE_WINDOW_BYTES ? (unsigned)moved : 0;
}

size_t deflate_drop(struct deflate_splicer *splicer, size_t count) {
    const struct deflate_change *change = deflate_drop_finished(splicer);
    if (!change || change->kind != DEFLATE_DELETE) return 0;
    if (change->offset > splicer->raw_position) return 0;
    deflate_note_change(splicer, change);
    uint64_t left = change_end(change) - splicer->raw_position;
    if (left < count) count = (size_t)left;
    splicer->raw_position += count;
    splicer->shift -= (int64_t)count;
    if (count == left) deflate_remember_shift(splicer, splicer->raw_position);
    return count;
}

size_t deflate_run_before_cut(const struct deflate_splicer *splicer, size_t count) {
    uint64_t start = splicer->raw_position;
    for (size_t index = splicer->changes_done; index < splicer->change_count; index++) {
        const struct deflate_change *change = splicer->changes + index;
        if (change->offset >= start + count) break;
        if (change->kind == DEFLATE_OVERLAY || change_end(change) < start) continue;
        if (change->kind == DEFLATE_DELETE && change_end(change) == start) continue;
        return change->offset > start ? (size_t)(change->offset - start) : 0;
    }
    return count;
}
