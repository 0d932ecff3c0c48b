// SHA-256 (FIPS 180-4) of two streams at once, by the CPU's own instructions.
//
// One stream leaves half of those instructions' time unused, since each waits for the one before;
// two that take turns need little more than one. No allocation, no I/O, no global state.
#ifndef DIGEST_SHA256_H
#define DIGEST_SHA256_H

#include <stddef.h>
#include <stdint.h>

/// One stream on its way.
struct digest_sha256 {
    uint32_t state[8];
    uint64_t count;
    /// The bytes since the last whole block.
    uint8_t rest[64];
};

/// True where the CPU has the instructions; nothing else may be called otherwise.
int digest_sha256_available(void);

/// Starts a stream.
void digest_sha256_start(struct digest_sha256 *stream);

/// Adds bytes to a stream.
void digest_sha256_update(struct digest_sha256 *stream, const uint8_t *bytes, size_t count);

/// Adds as many bytes to one stream as to another.
void digest_sha256_update_two(
    struct digest_sha256 *one, const uint8_t *bytes_one, struct digest_sha256 *two,
    const uint8_t *bytes_two, size_t count);

/// The digest of all that was added; the stream stays as it is.
void digest_sha256_finish(const struct digest_sha256 *stream, uint8_t digest[32]);

#endif
