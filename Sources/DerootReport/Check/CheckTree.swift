import DerootBytes
import DerootCore
import DerootTar

/// The paths that change, layer by layer, as lines.
struct CheckTree {
    private let style: TextStyle

    init(_ style: TextStyle) { self.style = style }

    func lines(_ image: GradedImage) -> [String] {
        guard let plan = image.check.plan, let details = image.check.details else { return [] }
        var lines: [String] = []
        for (index, layer) in details.layers.enumerated() where index < plan.layers.count {
            guard let listing = layer.listing else { continue }
            let changes = ChangedPath.all(of: plan.layers[index], in: listing)
            let command = layer.createdBy.map { printable(Self.command($0).utf8) } ?? ""
            let head = "layer \(index + 1)  \(ByteCount.text(layer.size))  \(command)"
            lines += ["", style.paint(fit(head), .strong)]
            if changes.isEmpty { lines.append("  = nothing changes") }
            lines += table(changes.map(row))
        }
        guard !plan.added.isEmpty else { return lines }
        lines += ["", style.paint("added layer", .strong)]
        lines += table(
            plan.added.map { entry in
                let type: EntryType = if case .directory = entry.kind { .directory } else { .file }
                return [
                    "A \(entry.path)", ModeText.text(entry.mode, type),
                    "\(entry.owner.uid):\(entry.owner.gid)", printable(entry.reason.utf8),
                ]
            })
        return lines
    }

    /// A build step without the shell that BuildKit and Docker put before it.
    static func command(_ text: String) -> String {
        var rest = Substring(text)
        for lead in ["/bin/sh -c #(nop) ", "/bin/sh -c ", "|0 "] where rest.hasPrefix(lead) {
            rest = rest.dropFirst(lead.count)
        }
        return rest.drop { $0 == " " }.split(whereSeparator: \.isNewline).joined(separator: " ")
    }

    private func row(_ change: ChangedPath) -> [String] {
        var mode = ModeText.text(change.modeBefore, change.type)
        if change.modeBefore != change.modeAfter {
            mode += " → " + ModeText.text(change.modeAfter, change.type)
        }
        let owner =
            change.ownerBefore == change.ownerAfter
            ? "" : "\(change.ownerBefore) → \(change.ownerAfter)"
        return ["\(change.letter) \(change.path)", mode, owner, change.reason]
    }

    /// Rows in columns; paths are cut first where the width is not enough.
    private func table(_ rows: [[String]]) -> [String] {
        var widths = [0, 0, 0]
        for row in rows {
            for column in 0..<3 {
                widths[column] = max(widths[column], TextWidth.columns(of: row[column]))
            }
        }
        if let width = style.width {
            let rest = widths[1] + widths[2] + 30
            widths[0] = min(widths[0], max(width - rest, 24))
        } else {
            widths[0] = min(widths[0], 60)
        }
        return rows.map { row in
            var line = "  "
            for column in 0..<3 where widths[column] > 0 {
                let cut = column == 0 && style.width != nil
                let cell = cut ? style.shortened(row[0], to: widths[0]) : row[column]
                let pad = max(0, widths[column] - TextWidth.columns(of: cell))
                line += cell + String(repeating: " ", count: pad) + "  "
            }
            return fit(line + row[3])
        }
    }

    private func fit(_ line: String) -> String {
        guard let width = style.width else { return line }
        let scalars = Array(line.unicodeScalars)[...]
        guard TextWidth.columns(of: line) > width else { return line }
        let room = width - TextWidth.columns(of: style.ellipsis)
        return String(String.UnicodeScalarView(TextWidth.prefix(scalars, columns: room)))
            + style.ellipsis
    }
}
