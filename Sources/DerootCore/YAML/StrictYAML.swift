package import DerootBytes

/// Reads the YAML that people write for deroot: one document of mappings, lists and plain values.
///
/// YAML has more than a settings file needs, and most accidents come from the rest. Anchors and aliases
/// (a few lines can stand for billions), tags, several documents, keys that are no text and repeated
/// keys are errors here. Values keep their spelling: `yes`, `0644` and `1.10` are what is written, and
/// whoever wants a number or a boolean asks for one.
package enum StrictYAML {
    /// How deep mappings and lists may be nested.
    package static let depth = 64
    /// The largest file that is read, in bytes.
    package static let size = 1 << 20

    /// Reads a text; an empty one is an empty mapping.
    ///
    /// `file` is what messages call it. Lines are counted from 1.
    ///
    /// - Throws: `.malformed` with the line, `.limit` for what is too large or too deep.
    package static func parse(_ bytes: [UInt8], file: String) throws(DerootError) -> YAMLValue {
        guard bytes.count <= size else {
            throw DerootError(
                .limit, "the file has \(bytes.count) bytes, more than \(size)",
                at: .init(file: file))
        }
        guard String(validating: bytes, as: UTF8.self) != nil else {
            throw DerootError(.malformed, "the file is not UTF-8", at: .init(file: file))
        }
        let builder = Builder(events: try YAMLEvents(bytes, file: file), file: file)
        let first = try builder.events.next()
        guard case .documentStart = first.kind else {
            return YAMLValue(.mapping([]), line: 1, file: file)
        }
        let value = try builder.value(from: try builder.events.next(), depth: 0)
        _ = try builder.events.next()
        let last = try builder.events.next()
        guard case .streamEnd = last.kind else {
            throw builder.fault(last.line, "a second document")
        }
        return value
    }

    private struct Builder {
        let events: YAMLEvents
        let file: String

        func fault(_ line: Int, _ message: String, advice: String? = nil) -> DerootError {
            DerootError(
                .malformed, "line \(line): \(message)", at: .init(file: file), advice: advice)
        }

        func value(from event: YAMLEvents.Event, depth: Int) throws(DerootError) -> YAMLValue {
            try check(event)
            guard depth <= StrictYAML.depth else {
                throw DerootError(
                    .limit, "line \(event.line): nested more than \(StrictYAML.depth) deep",
                    at: .init(file: file))
            }
            let kind: YAMLValue.Kind
            switch event.kind {
            case .scalar(let text, let isPlain): kind = .scalar(text, isPlain: isPlain)
            case .sequenceStart: kind = .sequence(try elements(depth))
            case .mappingStart: kind = .mapping(try members(depth))
            case .alias, .documentStart, .documentEnd, .streamEnd, .sequenceEnd, .mappingEnd:
                throw fault(event.line, "a value is missing")
            }
            return YAMLValue(kind, line: event.line, file: file)
        }

        private func elements(_ depth: Int) throws(DerootError) -> [YAMLValue] {
            var values: [YAMLValue] = []
            while true {
                let event = try events.next()
                if case .sequenceEnd = event.kind { return values }
                values.append(try value(from: event, depth: depth + 1))
            }
        }

        private func members(_ depth: Int) throws(DerootError) -> [YAMLValue.Member] {
            var members: [YAMLValue.Member] = []
            var names: Set<String> = []
            while true {
                let key = try events.next()
                if case .mappingEnd = key.kind { return members }
                try check(key)
                guard case .scalar(let name, _) = key.kind else {
                    throw fault(key.line, "a key that is no text")
                }
                guard names.insert(name).inserted else {
                    throw fault(key.line, "'\(printable(name.utf8.prefix(80)))' is there twice")
                }
                members.append(
                    .init(
                        name: name, line: key.line,
                        value: try value(from: try events.next(), depth: depth + 1)))
            }
        }

        /// Refuses what nobody needs here.
        private func check(_ event: YAMLEvents.Event) throws(DerootError) {
            var isAlias = event.hasAnchor
            if case .alias = event.kind { isAlias = true }
            guard !isAlias else {
                throw fault(
                    event.line, "anchors and aliases are not read", advice: "write the value out")
            }
            guard let tag = event.tag else { return }
            throw fault(
                event.line, "tags such as \(printable(tag.utf8.prefix(80))) are not read")
        }
    }
}
