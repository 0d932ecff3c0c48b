package import DerootBytes
package import DerootOCI

/// What the logs of mirror runs tell, of one shard or of many, of one night or of several: the last
/// word about each image, and when who did what.
///
/// Logs may come from anywhere: what is missing is left out, and nothing of them is trusted.
package struct MirrorHistory: Sendable {
    /// How an image stands.
    enum Standing: String, CaseIterable, Sendable {
        case converted, reused, unchanged, done, refused, failed, transient, open

        /// What the word for it is.
        var word: String {
            switch self {
            case .converted: "converted"
            case .reused: "as before"
            case .unchanged: "already non-root"
            case .done: "in the target"
            case .refused: "refused"
            case .failed: "error"
            case .transient: "to be tried again"
            case .open: "open"
            }
        }

        /// The letter in its square.
        var letter: String {
            switch self {
            case .converted: "C"
            case .reused: "R"
            case .unchanged: "N"
            case .done: "D"
            case .refused: "X"
            case .failed: "E"
            case .transient: "T"
            case .open: "O"
            }
        }

        /// Whether the image is in the target.
        var isThere: Bool { [.converted, .reused, .unchanged, .done].contains(self) }
    }

    struct Image: Sendable {
        var source = ""
        var repository = ""
        var tags: [String] = []
        var standing = Standing.open
        var code = ""
        var message = ""
        var reason = ""
        var result = ""
        var milliseconds: Int64 = 0
        /// Folder and name of its page.
        var report: (folder: String?, name: String)?
    }

    /// One process that worked on a shard.
    struct Run: Sendable {
        var shard = "1/1"
        var started: Int64?
        var ended: Int64 = 0
        /// Images as they were done, in milliseconds since 1970.
        var bars: [(start: Int64, end: Int64, standing: Standing, name: String)] = []
        var waits: [(start: Int64, milliseconds: Int64, host: String, isRest: Bool)] = []
        var received: Int64 = 0
        var sent: Int64 = 0
        var mounted: Int64 = 0
        var present: Int64 = 0
        var layers: [String: Int64] = [:]
        /// nil: it never came to its end.
        var exit: Int64?
        var reports: String?
    }

    typealias Problem = (source: String, message: String)

    /// The last word about each, in the order of repository and tag.
    private(set) var images: [Image] = []
    private(set) var runs: [Run] = []
    /// Sources that could not be looked at, by the last word of each shard.
    var problems: [Problem] { problemsOf.sorted { $0.key < $1.key }.flatMap(\.value) }
    /// How often each form of a layer was written, over all runs.
    private(set) var forms: [String: Int] = [:]
    private(set) var target = ""
    private(set) var tools: Set<String> = []

    private var places: [String: Int] = [:]
    private var open: [String: Int] = [:]
    private var problemsOf: [String: [Problem]] = [:]

    /// Nothing yet.
    package init() {}

    /// Reads lines of a log.
    ///
    /// - Throws: `.malformed` for a line that is none, with its number.
    package mutating func read(_ bytes: [UInt8], file: String) throws(DerootError) {
        var rest = bytes.split(separator: 0x0A, omittingEmptySubsequences: false)[...]
        try read(file) { rest.popFirst().map { Array($0) } }
    }

    /// Reads a log, of which no more than a line is held.
    ///
    /// - Throws: `.malformed` for a line that is none, `.limit` for one that is too long, both with its
    ///   number; `.limit` for a log that is.
    package mutating func read(_ file: ReportFile) throws(DerootError) {
        try file.checkLog()
        try read(file.path) { () throws(DerootError) in try file.line() }
    }

    private mutating func read(
        _ file: String, line next: () throws(DerootError) -> [UInt8]?
    ) throws(DerootError) {
        open = [:]
        var number = 0
        while true {
            number += 1
            do throws(DerootError) {
                guard let line = try next() else { return }
                guard !line.allSatisfy({ $0 == 0x20 || $0 == 0x0D }) else { continue }
                try take(line: line)
            } catch {
                // What the system says knows the file already.
                guard [.malformed, .limit].contains(error.code) else { throw error }
                throw DerootError(
                    error.code, "line \(number): \(error.message)", at: .init(file: file),
                    advice: "give what mirror run --log wrote")
            }
        }
    }

    /// Takes one line; what is no line of a log is passed over.
    package mutating func take(_ json: JSON) {
        guard let object = json.object else { return }
        take(object, (object["missing"]?.array ?? []).compactMap(Self.problem))
    }

    /// Takes one line as it is written.
    ///
    /// Most of a long one is what a summary says of images, which have lines of their own: no tree is made
    /// of that.
    private mutating func take(line: [UInt8]) throws(DerootError) {
        let first = line.first { ![0x20, 0x09, 0x0D].contains($0) }
        guard first == UInt8(ascii: "{") else {
            _ = try JSON.parse(line)
            return
        }
        var problems: [Problem] = []
        let object = try JSON.parse(line, list: "missing") { entry in
            if let problem = Self.problem(entry) { problems.append(problem) }
        }
        take(object, problems)
    }

    private mutating func take(_ object: JSONObject, _ problems: [Problem]) {
        guard let event = object["event"]?.string else { return }
        let shard = object["shard"]?.string ?? "1/1"
        switch event {
        case "start": begin(object, shard)
        case "image": image(object, shard)
        case "layer":
            guard object["how"]?.string == "rewritten" else { return }
            forms[object["form"]?.string ?? "", default: 0] += 1
        case "retry", "rest": wait(object, shard, isRest: event == "rest")
        case "summary": summary(object, shard, problems)
        default: return
        }
    }

    /// Takes how images stand, as `mirror status` finds it.
    package mutating func take(
        standing: String, source: String, repository: String, tags: [String], message: String?,
        report: String?, in folder: String?
    ) {
        var image = Image(source: source, repository: repository, tags: tags)
        image.standing = Standing(rawValue: standing) ?? .open
        image.message = message ?? ""
        image.reason = message ?? ""
        image.report = report.map { (folder, $0) }
        keep(image)
    }

    /// Names the target, where no log does.
    package mutating func name(target: String, tool: String) {
        self.target = target
        tools.insert(tool)
    }

    private mutating func begin(_ object: JSONObject, _ shard: String) {
        var run = Run(shard: shard)
        run.started = LogNumber.time(object["milliseconds"])
        run.ended = run.started ?? 0
        run.reports = object["reports"]?.string
        target = object["target"]?.string ?? target
        if let tool = object["tool"]?.string { tools.insert(tool) }
        open[shard] = runs.count
        runs.append(run)
    }

    /// The run that a line belongs to.
    private mutating func index(_ shard: String) -> Int {
        if let index = open[shard] { return index }
        open[shard] = runs.count
        runs.append(Run(shard: shard))
        return runs.count - 1
    }

    private mutating func image(_ object: JSONObject, _ shard: String) {
        let run = index(shard)
        var image = Image(
            source: object["source"]?.string ?? "",
            repository: object["repository"]?.string ?? "",
            tags: object["tags"]?.array?.compactMap(\.string) ?? [])
        image.standing = Standing(rawValue: object["outcome"]?.string ?? "") ?? .open
        image.code = object["code"]?.string ?? ""
        image.message = object["message"]?.string ?? ""
        image.reason = object["reason"]?.string ?? image.message
        image.result = object["result"]?.string ?? ""
        image.milliseconds = LogNumber.count(object["milliseconds"]) ?? 0
        image.report = object["report"]?.string.map { (runs[run].reports, $0) }
        if let start = LogNumber.time(object["started"]), start > 0 {
            let end = LogNumber.end(start, after: image.milliseconds)
            runs[run].bars.append(
                (start, end, image.standing, "\(image.repository):\(image.tags.first ?? "")"))
            runs[run].started = min(runs[run].started ?? start, start)
            runs[run].ended = max(runs[run].ended, end)
        }
        let bytes = object["bytes"]?.object
        func add(_ name: String, to sum: inout Int64) {
            sum = LogNumber.sum(sum, LogNumber.count(bytes?[name]) ?? 0)
        }
        add("received", to: &runs[run].received)
        add("sent", to: &runs[run].sent)
        add("mounted", to: &runs[run].mounted)
        add("present", to: &runs[run].present)
        keep(image)
    }

    private mutating func keep(_ image: Image) {
        let place = "\(image.repository) \(image.tags.joined(separator: " "))"
        guard let index = places[place] else {
            places[place] = images.count
            images.append(image)
            return
        }
        var image = image
        // A result that is only known again has the page of its conversion.
        if image.report == nil, image.standing.isThere { image.report = images[index].report }
        images[index] = image
    }

    private mutating func wait(_ object: JSONObject, _ shard: String, isRest: Bool) {
        let run = index(shard)
        guard let start = LogNumber.time(object["started"]) else { return }
        runs[run].waits.append(
            (
                start, LogNumber.count(object["milliseconds"]) ?? 0,
                object["host"]?.string ?? "", isRest
            ))
        runs[run].ended = max(runs[run].ended, start)
    }

    /// What a summary says of a source that could not be looked at; nil for images, which have lines of
    /// their own.
    private static func problem(_ json: JSON) -> Problem? {
        guard let entry = json.object, entry["outcome"] == nil else { return nil }
        return (entry["source"]?.string ?? "", entry["message"]?.string ?? "")
    }

    private mutating func summary(_ object: JSONObject, _ shard: String, _ problems: [Problem]) {
        let run = index(shard)
        runs[run].exit = object["exit"]?.integer
        if let start = runs[run].started, let time = LogNumber.count(object["milliseconds"]) {
            runs[run].ended = max(runs[run].ended, LogNumber.end(start, after: time))
        }
        let bytes = object["bytes"]?.object
        if let all = LogNumber.count(bytes?["received"]) { runs[run].received = all }
        if let all = LogNumber.count(bytes?["sent"]) { runs[run].sent = all }
        for member in object["layers"]?.object?.members ?? [] {
            runs[run].layers[member.name.value] = LogNumber.count(member.value)
        }
        problemsOf[shard] = problems
        open[shard] = nil
    }

    /// How many stand so.
    func count(_ standing: Standing) -> Int { images.count { $0.standing == standing } }
}
