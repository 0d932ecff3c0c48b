import CDeflate

/// Decodes one deflate stream (RFC 1951) and tells where its blocks lie.
@safe
struct Inflater: ~Copyable {
    /// Why `decode` came back.
    enum Event { case wantsInput, wantsOutput, blockEnded, streamEnded }

    /// How many bytes after the input must be readable, and zero at the end of the file.
    static let padding = DEFLATE_HEADER_BYTES + 64
    /// How far beyond its limit output may be written.
    static let slack = DEFLATE_OUTPUT_SLACK

    private let stream: UnsafeMutablePointer<deflate_inflater>

    init() {
        unsafe stream = .allocate(capacity: 1)
        unsafe deflate_start(stream, 0)
    }

    deinit { unsafe stream.deallocate() }

    /// Starts a stream at a bit of the blob.
    mutating func start(at position: UInt64) { unsafe deflate_start(stream, position) }

    /// The next bit, counted from the start of the blob.
    var position: UInt64 { unsafe stream.pointee.position }
    /// The first bit of the current block.
    var blockStart: UInt64 { unsafe stream.pointee.block_start }
    /// True within a block.
    var isInBlock: Bool { unsafe stream.pointee.in_block != 0 }
    /// True where the current or last block has BFINAL.
    var isFinal: Bool { unsafe stream.pointee.block.is_last != 0 }
    /// True where the current or last block is a stored one.
    var isStored: Bool { unsafe stream.pointee.block.type == 0 }

    /// Decodes `input`, which lies at `offset` of the blob, into `output`.
    ///
    /// - Parameters:
    ///   - input: Bytes of the blob, with `padding` more behind them.
    ///   - offset: Where they lie, in bytes; not after `position`.
    ///   - isEnd: True where the blob ends with them.
    ///   - output: Where the next raw byte goes; moves on.
    ///   - history: From here on there are raw bytes that may be referred to.
    ///   - limit: Where to stop; `slack` more bytes must be there.
    /// - Returns: Why it came back.
    /// - Throws: `.malformed`, with zlib's verdict, or `.truncated`.
    mutating func decode(
        _ input: UnsafeRawBufferPointer, at offset: UInt64, isEnd: Bool,
        into output: inout UnsafeMutableRawPointer, history: UnsafeMutableRawPointer,
        limit: UnsafeMutableRawPointer
    ) throws(DerootError) -> Event {
        var next: UnsafeMutablePointer<UInt8>? = unsafe output.assumingMemoryBound(to: UInt8.self)
        let event = unsafe deflate_inflate(
            stream, input.assumingMemoryBound(to: UInt8.self).baseAddress, input.count, offset,
            isEnd ? 1 : 0, history.assumingMemoryBound(to: UInt8.self), &next,
            limit.assumingMemoryBound(to: UInt8.self))
        if let next = unsafe next { unsafe output = UnsafeMutableRawPointer(next) }
        switch event {
        case DEFLATE_WANTS_INPUT: return .wantsInput
        case DEFLATE_WANTS_OUTPUT: return .wantsOutput
        case DEFLATE_BLOCK_ENDED: return .blockEnded
        case DEFLATE_STREAM_ENDED: return .streamEnded
        default: throw refusal
        }
    }

    private var refusal: DerootError {
        let place = DerootError.Location(offset: position / 8)
        let error = unsafe stream.pointee.error
        guard error != DEFLATE_ENDS_EARLY else {
            return DerootError(.truncated, "the deflate stream ends early", at: place)
        }
        let text =
            switch error {
            case DEFLATE_BAD_TYPE: "a block of type 3"
            case DEFLATE_BAD_STORED_LENGTH: "a stored block whose lengths disagree"
            case DEFLATE_BAD_SYMBOL_COUNT: "too many length or distance symbols"
            case DEFLATE_BAD_LENGTH_CODE: "invalid code lengths"
            case DEFLATE_BAD_REPEAT: "an invalid repetition of code lengths"
            case DEFLATE_NO_END_OF_BLOCK: "a code without an end of block"
            case DEFLATE_BAD_LITERAL_CODE: "an invalid literal code"
            case DEFLATE_BAD_DISTANCE_CODE: "an invalid distance code"
            case DEFLATE_BAD_DISTANCE: "a distance that reaches too far back"
            default: "a symbol that does not exist"
            }
        return DerootError(.malformed, "the deflate stream is broken: \(text)", at: place)
    }
}
