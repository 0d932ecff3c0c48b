import CYAML
import DerootBytes

/// The events of a YAML text, one after the other, as libyaml finds them.
@safe
final class YAMLEvents {
    /// What comes next.
    enum Kind {
        case documentStart, documentEnd, streamEnd
        case scalar(String, isPlain: Bool)
        case sequenceStart, sequenceEnd, mappingStart, mappingEnd
        case alias
    }

    /// An event and its place.
    struct Event {
        let kind: Kind
        /// From 1.
        let line: Int
        var hasAnchor = false
        /// An explicit tag, such as `!!binary`.
        var tag: String?
    }

    private let parser: UnsafeMutablePointer<yaml_parser_t>
    private let input: HeapBuffer
    private let file: String

    /// Takes the whole text.
    ///
    /// - Throws: `.limit` where there is no memory.
    init(_ bytes: [UInt8], file: String) throws(DerootError) {
        unsafe parser = .allocate(capacity: 1)
        unsafe parser.initialize(to: yaml_parser_t())
        input = HeapBuffer(count: max(bytes.count, 1))
        self.file = file
        unsafe input.bytes.copyBytes(from: bytes)
        guard unsafe yaml_parser_initialize(parser) == 1 else {
            throw DerootError(.limit, "there is no memory for a YAML parser", at: .init(file: file))
        }
        unsafe yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
        unsafe yaml_parser_set_input_string(
            parser, input.bytes.baseAddress?.assumingMemoryBound(to: UInt8.self), bytes.count)
    }

    deinit {
        unsafe yaml_parser_delete(parser)
        unsafe parser.deallocate()
    }

    /// The next event.
    ///
    /// - Throws: `.malformed` with the line and what libyaml says.
    func next() throws(DerootError) -> Event {
        while true {
            var event = unsafe yaml_event_t()
            guard unsafe yaml_parser_parse(parser, &event) == 1 else { throw problem() }
            defer { unsafe yaml_event_delete(&event) }
            if let found = unsafe Self.event(event) { return found }
        }
    }

    /// nil for the stream's start, which says nothing.
    private static func event(_ event: yaml_event_t) -> Event? {
        let line = unsafe Int(clamping: event.start_mark.line) + 1
        let type = unsafe event.type
        switch type {
        case YAML_STREAM_END_EVENT: return Event(kind: .streamEnd, line: line)
        case YAML_DOCUMENT_START_EVENT: return Event(kind: .documentStart, line: line)
        case YAML_DOCUMENT_END_EVENT: return Event(kind: .documentEnd, line: line)
        case YAML_ALIAS_EVENT: return Event(kind: .alias, line: line)
        case YAML_SCALAR_EVENT:
            let scalar = unsafe event.data.scalar
            let bytes = unsafe UnsafeBufferPointer(start: scalar.value, count: scalar.length)
            let isPlain = unsafe scalar.style == YAML_PLAIN_SCALAR_STYLE
            let content = unsafe String(decoding: bytes, as: UTF8.self)
            return unsafe Event(
                kind: .scalar(content, isPlain: isPlain),
                line: line, hasAnchor: scalar.anchor != nil, tag: text(scalar.tag))
        case YAML_SEQUENCE_START_EVENT:
            let start = unsafe event.data.sequence_start
            return unsafe Event(
                kind: .sequenceStart, line: line, hasAnchor: start.anchor != nil,
                tag: text(start.tag))
        case YAML_SEQUENCE_END_EVENT: return Event(kind: .sequenceEnd, line: line)
        case YAML_MAPPING_START_EVENT:
            let start = unsafe event.data.mapping_start
            return unsafe Event(
                kind: .mappingStart, line: line, hasAnchor: start.anchor != nil,
                tag: text(start.tag))
        case YAML_MAPPING_END_EVENT: return Event(kind: .mappingEnd, line: line)
        default: return nil
        }
    }

    private static func text(_ pointer: UnsafeMutablePointer<UInt8>?) -> String? {
        guard let pointer = unsafe pointer else { return nil }
        return unsafe String(decodingCString: pointer, as: UTF8.self)
    }

    private func problem() -> DerootError {
        let parser = unsafe self.parser.pointee
        let said = unsafe parser.problem.map { unsafe String(cString: $0) } ?? "no YAML"
        let place =
            if unsafe parser.error == YAML_READER_ERROR {
                unsafe "byte \(parser.problem_offset)"
            } else {
                unsafe "line \(parser.problem_mark.line + 1), column \(parser.problem_mark.column + 1)"
            }
        return DerootError(
            .malformed, "\(place): \(printable(said.utf8))", at: .init(file: file))
    }
}
