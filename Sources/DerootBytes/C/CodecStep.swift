/// What one call of a codec did with the buffers it was given.
struct CodecStep {
    /// Bytes taken from the input.
    var consumed: Int
    /// Bytes put into the output.
    var produced: Int
}
