// Loads and bits; little-endian machines only, as all that Swift on Linux runs on.
#ifndef DEFLATE_BITS_H
#define DEFLATE_BITS_H

#include <stdint.h>
#include <string.h>

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "written for little-endian machines"
#endif

#define ALWAYS_INLINE static inline __attribute__((always_inline))
#define LIKELY(x) __builtin_expect(!!(x), 1)
#define UNLIKELY(x) __builtin_expect(!!(x), 0)

ALWAYS_INLINE uint64_t load64(const uint8_t *bytes) {
    uint64_t value;
    memcpy(&value, bytes, 8);
    return value;
}

ALWAYS_INLINE void store64(uint8_t *bytes, uint64_t value) { memcpy(bytes, &value, 8); }

/// The low `count` bits; count < 64.
ALWAYS_INLINE uint64_t low_bits(uint64_t value, unsigned count) {
    return value & ((UINT64_C(1) << count) - 1);
}

/// At least 57 bits from bit `bit` on.
ALWAYS_INLINE uint64_t bits_at(const uint8_t *bytes, uint64_t bit) {
    return load64(bytes + (bit >> 3)) >> (bit & 7);
}

#endif
