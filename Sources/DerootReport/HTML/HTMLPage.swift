import DerootBytes

/// Reports as one HTML file that needs nothing else: no script, no font, no picture, no network.
package enum HTMLPage {
    /// The page; several reports stand below each other.
    package static func text(_ pages: [ReportPage]) -> String {
        let names = pages.flatMap(\.images).map(\.reference) + pages.flatMap(\.failures).map(\.0)
        let first = names.first ?? "no image"
        let others = Set(names).count > 1 ? " and \(Set(names).count - 1) more" : ""
        let kinds = Set(pages.map(\.title))
        let kind = kinds.count == 1 ? kinds.first ?? "Report" : "Reports"
        let title = "\(Escape.html(ReportPage.shortName(first)))\(others) · \(kind) · deroot"
        var out = ""
        out += masthead(pages, kind, Escape.html(ReportPage.shortName(first)) + others)
        out += "<main>\n"
        var number = 0
        for page in pages {
            for image in page.images {
                number += 1
                out += HTMLImage(image, number).text
            }
        }
        out += "</main>\n"
        let tools = Set(pages.map(\.tool)).sorted().joined(separator: ", ")
        out += "<footer><p>Made by deroot \(Escape.html(Escape.cut(tools, 80))). "
        out +=
            "Nothing in the image was run; every claim above comes from its bytes.</p></footer>\n"
        return document(title: title, style: HTMLStyle.sheet, body: out)
    }

    /// A whole file; the title is escaped, and so is all of the body that is not ours.
    static func document(title: String, style: String, body: String) -> String {
        """
        <!DOCTYPE html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta http-equiv="Content-Security-Policy" \
        content="default-src 'none'; style-src 'unsafe-inline'">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta name="color-scheme" content="light dark">
        <meta name="generator" content="deroot">
        <title>\(title)</title>
        <style>\(style)</style>
        </head>
        <body>
        \(body)</body>
        </html>

        """
    }

    private static func masthead(_ pages: [ReportPage], _ kind: String, _ name: String) -> String {
        var out = "<header class=\"masthead\">\n<p class=\"kicker\">deroot · \(kind)</p>\n"
        out += "<h1>\(name)</h1>\n"
        if let passed = verdict(pages) {
            let terms = Set(pages.flatMap(\.terms)).sorted().joined(separator: "; ")
            out += "<p class=\"lede\"><strong class=\"\(passed ? "good" : "bad")\">"
            out += passed ? "✔ The check passes" : "✘ The check fails"
            out += "</strong>. It \(Escape.html(Escape.cut(terms, 400))).</p>\n"
        }
        for failure in pages.flatMap(\.failures) {
            out += "<p class=\"failure\"><strong class=\"bad\">✘ Not read:</strong> "
            out += "<code>\(Escape.html(Escape.cut(failure.reference, 300)))</code><br>"
            out += "\(Escape.html(Escape.cut(failure.message, 1000)))</p>\n"
        }
        for text in pages.flatMap(\.expired) {
            out += "<p class=\"failure\"><strong class=\"warn\">▲ Accepted no longer:</strong> "
            out += "\(Escape.html(Escape.cut(text, 500)))</p>\n"
        }
        let images = pages.flatMap(\.images)
        if images.count > 1 {
            out += "<nav aria-label=\"Images\"><ul class=\"overview\">\n"
            for (index, image) in images.enumerated() {
                out += "<li><a class=\"name\" href=\"#image-\(index + 1)\">"
                out += "\(Escape.html(ReportPage.shortName(image.reference))) "
                out +=
                    "<span class=\"soft\">\(Escape.html(Escape.cut(image.platform, 60)))</span></a>"
                out += HTMLImage.counts(image) + HTMLImage.badge(image) + "</li>\n"
            }
            out += "</ul></nav>\n"
        }
        return out + "</header>\n"
    }

    /// Whether all checks passed; nil where there is none.
    private static func verdict(_ pages: [ReportPage]) -> Bool? {
        let verdicts = pages.compactMap(\.passed)
        return verdicts.isEmpty ? nil : verdicts.allSatisfy { $0 }
    }
}

/// Text from images and reports made harmless.
enum Escape {
    /// For elements and quoted attributes; control and bidirectional characters become `\xNN`.
    static func html(_ text: String) -> String { XMLText.escaped(printable(text.utf8)) }

    /// For blocks with lines: the lines stay.
    static func lines(_ text: String) -> String {
        text.split(separator: "\n", omittingEmptySubsequences: false).map { html(String($0)) }
            .joined(separator: "\n")
    }

    /// At most so many characters, the middle left out.
    static func cut(_ text: String, _ limit: Int) -> String {
        let scalars = text.unicodeScalars
        guard scalars.count > limit else { return text }
        let head = limit / 3
        return String(scalars.prefix(head)) + "…" + String(scalars.suffix(limit - head - 1))
    }
}
