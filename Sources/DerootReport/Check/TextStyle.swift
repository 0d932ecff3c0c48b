import DerootBytes

/// How text is put on a terminal: its width, its colours, its character set.
package struct TextStyle: Sendable, Hashable {
    /// Columns; nil: lines are as long as they are, as in files and pipes.
    package var width: Int?
    /// True where SGR sequences are understood and wanted.
    package var usesColor: Bool
    /// False where the terminal may know ASCII only.
    package var usesUnicode: Bool

    package init(width: Int? = nil, usesColor: Bool = false, usesUnicode: Bool = true) {
        self.width = width
        self.usesColor = usesColor
        self.usesUnicode = usesUnicode
    }

    /// What is shown in a colour: always beside a word that says the same.
    package enum Tone: Sendable, Hashable {
        case good, bad, warning, note, faint, strong

        fileprivate var code: String {
            switch self {
            case .good: "32"
            case .bad: "31"
            case .warning: "33"
            case .note: "36"
            case .faint: "2"
            case .strong: "1"
            }
        }
    }

    /// Text in a tone; the text itself where there are no colours.
    package func paint(_ text: String, _ tone: Tone) -> String {
        usesColor && !text.isEmpty ? "\u{1B}[\(tone.code)m\(text)\u{1B}[0m" : text
    }

    /// Stands between before and after.
    package var arrow: String { usesUnicode ? "→" : "->" }
    /// Stands for what was cut.
    package var ellipsis: String { usesUnicode ? "…" : "..." }

    /// What is printed where a terminal knows ASCII only: other characters as `\u{…}`.
    package func encoded(_ text: String) -> String {
        guard !usesUnicode else { return text }
        var out = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "→": out += "->"
            case "…": out += "..."
            case _ where scalar.isASCII: out.unicodeScalars.append(scalar)
            default: out += "\\u{\(String(scalar.value, radix: 16))}"
            }
        }
        return out
    }

    /// Cuts a text to so many columns, leaving its end, which tells paths apart, and its beginning.
    package func shortened(_ text: String, to columns: Int) -> String {
        let limit = max(columns, 8)
        guard TextWidth.columns(of: text) > limit else { return text }
        let scalars = Array(text.unicodeScalars)
        let room = limit - TextWidth.columns(of: ellipsis)
        let head = TextWidth.prefix(scalars[...], columns: room / 3)
        let tail = TextWidth.suffix(scalars[...], columns: room - room / 3)
        return String(String.UnicodeScalarView(head)) + ellipsis
            + String(String.UnicodeScalarView(tail))
    }

    /// Breaks a text at spaces into lines of so many columns; words that are longer are broken too.
    package func wrapped(_ text: String, to columns: Int?) -> [String] {
        guard let columns else { return [text] }
        let limit = max(columns, 16)
        var lines: [String] = []
        var line = ""
        var used = 0
        for word in text.split(separator: " ", omittingEmptySubsequences: true) {
            var rest = Array(word.unicodeScalars)[...]
            var width = TextWidth.columns(of: String(word))
            if used > 0, used + 1 + width > limit {
                lines.append(line)
                (line, used) = ("", 0)
            }
            while width > limit {
                let piece = TextWidth.prefix(rest, columns: limit)
                lines.append(String(String.UnicodeScalarView(piece)))
                rest = rest.dropFirst(piece.count)
                width = TextWidth.columns(of: String(String.UnicodeScalarView(rest)))
            }
            if used > 0 {
                line += " "
                used += 1
            }
            line += String(String.UnicodeScalarView(rest))
            used += width
        }
        if used > 0 || lines.isEmpty { lines.append(line) }
        return lines
    }
}

/// How many columns characters take on a terminal.
package enum TextWidth {
    /// The columns of a text without control characters.
    package static func columns(of text: String) -> Int {
        text.unicodeScalars.reduce(0) { $0 + columns(of: $1) }
    }

    /// Marks that join the character before take none; East Asian wide characters and pictures two
    /// (Unicode Standard Annex 11, in the rough).
    static func columns(of scalar: Unicode.Scalar) -> Int {
        if scalar.value < 0x300 { return 1 }
        switch scalar.properties.generalCategory {
        case .nonspacingMark, .enclosingMark, .format: return 0
        default: break
        }
        switch scalar.value {
        case 0x1100...0x115F, 0x2E80...0x303E, 0x3041...0xA4CF, 0xA960...0xA97F,
            0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F, 0xFF00...0xFF60,
            0xFFE0...0xFFE6, 0x1F300...0x1FAFF, 0x20000...0x3FFFD:
            return 2
        default: return 1
        }
    }

    /// As much of the beginning as fits; at least one character, so that breaking always ends.
    static func prefix(
        _ scalars: ArraySlice<Unicode.Scalar>, columns: Int
    ) -> ArraySlice<Unicode.Scalar> {
        var used = 0
        var end = scalars.startIndex
        while end < scalars.endIndex {
            used += Self.columns(of: scalars[end])
            if used > columns, end > scalars.startIndex { break }
            end += 1
        }
        return scalars[scalars.startIndex..<end]
    }

    /// As much of the end as fits.
    static func suffix(
        _ scalars: ArraySlice<Unicode.Scalar>, columns: Int
    ) -> ArraySlice<Unicode.Scalar> {
        var used = 0
        var start = scalars.endIndex
        while start > scalars.startIndex {
            used += Self.columns(of: scalars[start - 1])
            if used > columns { break }
            start -= 1
        }
        return scalars[start..<scalars.endIndex]
    }
}
