import DerootBytes
import DerootOCI
import DerootTar

/// NR008: the chosen number is an account of the image.
package enum IDCollision: ImageRule {
    package static let rule = Rule(
        "NR008", "id-collision", .warn, "The chosen number has a row already",
        help: """
            The image has an account with the number that the converted image runs as. convert \
            uses that row and adds none: two rows of one number are a finding of their own \
            (dockle DKL-LI-0002). The account's name, home and shell count then; --user chooses \
            another number.
            """,
        classes: [34])

    package static func findings(in image: CheckedImage) -> [Finding] {
        guard let owner = image.identity, !image.isConverted,
            (try? ImageUser(image.config.user, in: image.accounts)) == .root,
            image.options.user == .auto,
            let row = image.accounts.passwd.row(id: owner.uid), owner.uid == Identity.defaultID,
            let place = image.accounts.places[.passwd]
        else { return [] }
        return found(
            "\(owner.uid) is '\(printable(row.name))' in this image",
            at: [image.evidence(at: place.path, line: row.line, before: AccountLine.text(row))],
            severity: .info, fix: .automatic("the row is used as it is"))
    }
}
