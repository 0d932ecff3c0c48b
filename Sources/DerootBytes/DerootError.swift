/// What went wrong, where, and what to do about it: the one error type above the leaves.
///
/// The code is for programs, the message for people; both are stable enough to test against.
/// A location names the blob, the entry and the offset, so that a refusal can be looked into.
public struct DerootError: Error, Sendable {
    /// The kind of failure.
    public var code: Code
    /// One sentence without a final full stop, without the location, lower-case first word.
    public var message: String
    /// Where it was found.
    public var location: Location
    /// What the user can do, one sentence; nil where nothing better than the message is known.
    public var advice: String?
    /// The error below, where there was one.
    public var cause: (any Error)?
    /// True where the content is what its digest says, and is wrong in itself: no other copy of it, and
    /// no other try, will give anything else.
    package var isOfContent = false
    /// True where it came about between a registry and us: in an answer, an address, a token, or the
    /// settings that say how to get there.
    ///
    /// It says nothing of any content, and may be otherwise the next time.
    package var isOfTransport = false
    /// True where it may pass although its code is for what is wrong for good: a name server that does
    /// not answer looks like a name that does not exist.
    package var mayPass = false

    /// Makes an error.
    public init(
        _ code: Code, _ message: String, at location: Location = Location(),
        advice: String? = nil, cause: (any Error)? = nil
    ) {
        self.code = code
        self.message = message
        self.location = location
        self.advice = advice
        self.cause = cause
    }

    /// The same error, found in content that was compared with its digest.
    package var ofContent: DerootError {
        var copy = self
        copy.isOfContent = true
        return copy
    }

    /// The same error, found on the way to a registry or in what it answers.
    package var ofTransport: DerootError {
        var copy = self
        copy.isOfTransport = true
        return copy
    }

    /// The same error with the parts of `outer` filled in where this one has none.
    ///
    /// Leaves know the offset, their callers the blob, theirs the file.
    public func located(in outer: Location) -> DerootError {
        var copy = self
        copy.location.file = location.file ?? outer.file
        copy.location.blob = location.blob ?? outer.blob
        copy.location.entry = location.entry ?? outer.entry
        copy.location.offset = location.offset ?? outer.offset
        return copy
    }
}

extension DerootError {
    /// A place in the input or output; every part is optional.
    public struct Location: Sendable, Hashable {
        /// A path or an image reference, as the user gave it.
        public var file: String?
        /// The blob's digest.
        public var blob: Digest?
        /// A tar entry's name, printable (see `printable`).
        public var entry: String?
        /// Bytes from the start: of the raw tar stream where `entry` is set, else of the blob or file.
        public var offset: UInt64?

        /// Makes a location of the parts that are known.
        public init(
            file: String? = nil, blob: Digest? = nil, entry: String? = nil, offset: UInt64? = nil
        ) {
            self.file = file
            self.blob = blob
            self.entry = entry
            self.offset = offset
        }
    }

    /// The kind of failure: an open set, compared by name.
    public struct Code: Sendable, Hashable, CustomStringConvertible {
        /// The stable name, as reports print it.
        public let name: String
        /// The process exit status that this kind leads to (docs: cli.md, "Exit").
        public let exitStatus: Int32

        private init(_ name: String, exit: Int32 = 2) {
            self.name = name
            self.exitStatus = exit
        }

        /// The stable name.
        public var description: String { name }

        /// The command line does not make sense (EX_USAGE).
        public static let usage = Code("usage", exit: 64)
        /// The system said no: open, read, write, rename and the like.
        public static let io = Code("io")
        /// A file, blob, reference or image that should be there is not.
        public static let notFound = Code("not-found")
        /// More than one image fits and none was chosen.
        public static let ambiguous = Code("ambiguous")
        /// Bytes that are not what their format says: JSON, tar, gzip, zstd, a digest's text.
        public static let malformed = Code("malformed")
        /// The input ends too early.
        public static let truncated = Code("truncated")
        /// Content whose digest, size, CRC or diffID is not the stated one.
        public static let mismatch = Code("mismatch")
        /// Well-formed, but something that deroot cannot or will not read.
        public static let unsupported = Code("unsupported")
        /// Larger, deeper or more than a limit allows.
        public static let limit = Code("limit")
        /// Two readers would see different things: refused as an attempt to smuggle.
        public static let disagreement = Code("disagreement")
        /// The image asks for something unsafe, such as a privilege in a global header.
        public static let hostile = Code("hostile")
        /// A blocking finding stops the conversion.
        public static let blocked = Code("blocked", exit: 1)
        /// What the image is for cannot be done without root, or not as it was asked for.
        public static let refused = Code("refused", exit: 1)
        /// A plan that belongs to another source.
        public static let planMismatch = Code("plan-mismatch")
        /// A registry that does not let us in, or not do this.
        public static let denied = Code("denied")
        /// A server whose certificate does not prove that it is the one that was asked for.
        public static let untrusted = Code("untrusted")
        /// May work when tried again.
        public static let transient = Code("transient", exit: 75)
        /// SIGINT or SIGTERM arrived; the status is 128 + the signal's number.
        public static let interrupted = Code("interrupted", exit: 130)
    }
}

extension DerootError: CustomStringConvertible {
    /// One line: location, message, cause and advice, with control characters escaped.
    public var description: String {
        var place: [String] = []
        if let file = location.file { place.append(printable(file.utf8)) }
        if let blob = location.blob { place.append("blob \(blob)") }
        if let entry = location.entry { place.append("entry '\(printable(entry.utf8))'") }
        if let offset = location.offset { place.append("offset \(offset)") }
        var text = place.isEmpty ? message : place.joined(separator: ", ") + ": " + message
        if let cause { text += " (\(cause))" }
        if let advice { text += "; \(advice)" }
        return text
    }
}

/// Bytes as text that is harmless on a terminal: UTF-8 kept, everything else as `\xNN`.
///
/// Names in images are bytes and may hold escapes, newlines and bidirectional controls.
public func printable(_ bytes: some Collection<UInt8>) -> String {
    let text = String(decoding: bytes, as: UTF8.self)
    var out = ""
    for scalar in text.unicodeScalars {
        switch scalar.properties.generalCategory {
        case .control, .format, .surrogate, .privateUse, .lineSeparator, .paragraphSeparator:
            for byte in String(scalar).utf8 { out += hexEscape(byte) }
        // XML has no way to hold these (XML 1.0, section 2.2), and nobody draws them.
        case .unassigned where scalar.properties.isNoncharacterCodePoint:
            for byte in String(scalar).utf8 { out += hexEscape(byte) }
        default:
            if scalar == "\u{FFFD}" { return escapingNonASCII(bytes) }
            out.unicodeScalars.append(scalar)
        }
    }
    return out
}

private func escapingNonASCII(_ bytes: some Collection<UInt8>) -> String {
    var out = ""
    for byte in bytes {
        if byte >= 0x20 && byte < 0x7F {
            out.unicodeScalars.append(Unicode.Scalar(byte))
        } else {
            out += hexEscape(byte)
        }
    }
    return out
}

private func hexEscape(_ byte: UInt8) -> String {
    let digits = String(byte, radix: 16)
    return "\\x" + (digits.count < 2 ? "0" : "") + digits
}
