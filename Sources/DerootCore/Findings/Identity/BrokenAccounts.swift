import DerootBytes
import DerootTar

/// NR009: rows of account files that readers dispute.
package enum BrokenAccounts: ImageRule {
    package static let rule = Rule(
        "NR009", "broken-passwd", .warn, "An account file has broken rows",
        help: """
            Blank or short rows, an id twice, an empty password or an id that is no number: \
            readers differ in what they make of them, some take such an id for 0, and scanners \
            report or crash (dockle DKL-LI-0001, DKL-LI-0002). convert only adds well-formed \
            rows and leaves those that are there.
            """,
        classes: [34])

    package static func findings(in image: CheckedImage) -> [Finding] {
        var places: [Finding.Evidence] = []
        for kind in Accounts.Kind.allCases {
            guard let file = image.accounts.files[kind], let place = image.accounts.places[kind]
            else {
                continue
            }
            for (line, what) in faults(of: file, kind) {
                places.append(image.evidence(at: place.path, line: line, before: what))
            }
            if place.path != TarPath(kind.rawValue) {
                places.append(image.evidence(at: TarPath(kind.rawValue), before: "a symbolic link"))
            }
        }
        return found(
            count(places.count, "oddity in the account files", "oddities in the account files"),
            at: places, fix: .none("repair the file in the image's own build"))
    }

    private static func faults(
        of file: AccountFile, _ kind: Accounts.Kind
    ) -> [(line: Int, what: String)] {
        var faults: [(line: Int, what: String)] = []
        let lines = file.bytes.split(separator: 0x0A, omittingEmptySubsequences: false)
        for (index, line) in lines.enumerated().dropLast() where line.isEmpty {
            faults.append((index + 1, "a blank line"))
        }
        let hasNumbers = kind == .passwd || kind == .group
        let wanted = [Accounts.Kind.passwd: 7, .shadow: 9][kind, default: 4]
        var numbers: Set<UInt32> = []
        var names: Set<[UInt8]> = []
        for row in file.rows.prefix(100_000) {
            if row.fields.count != wanted {
                faults.append((row.line, "\(row.fields.count) fields instead of \(wanted)"))
            }
            if !names.insert(row.name).inserted { faults.append((row.line, "a name twice")) }
            let isOpen = kind != .group && kind != .gshadow
            if isOpen, row.fields.count > 1, row.fields[1].isEmpty {
                faults.append((row.line, "an empty password"))
            }
            guard hasNumbers else { continue }
            guard let number = row.id else {
                faults.append((row.line, "an id that is no number"))
                continue
            }
            if !numbers.insert(number).inserted {
                faults.append((row.line, "the id \(number) twice"))
            }
        }
        return faults
    }
}
