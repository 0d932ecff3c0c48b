/// What goes wrong with one exchange.
package enum Fault: Sendable {
    /// Another answer than the registry's; the registry does not hear of the request.
    case respond(Response)
    /// Another answer, made from the request.
    case answer(@Sendable (Request) -> Response)
    /// The answer is sent before the body is read, and the connection ends.
    case refuseEarly(Response)
    /// The registry's answer, changed on its way.
    case change(@Sendable (inout Response) -> Void)
    /// The registry gets another request than the client sent.
    case rewrite(@Sendable (inout Request) -> Void)
    /// Something happens just before the registry answers.
    case before(@Sendable () -> Void)
    /// The same; what happens can ask whether the client still waits for the answer.
    case meanwhile(@Sendable (_ isAwaited: () -> Bool) -> Void)
    /// The connection is reset without an answer, after the registry did what was asked.
    case loseAnswer
    /// The connection is reset at once; the registry does not hear of the request.
    case drop
    /// The connection is reset after so many bytes of the body.
    case reset(after: Int)
    /// The connection ends in good order after so many bytes of the body.
    case end(after: Int)
    /// Silence after so many bytes of the body; nil: not even a status line.
    case stall(after: Int?)
    /// So many bytes of the body, then a pause of so many milliseconds, and so on.
    case trickle(bytes: Int, milliseconds: Int)
    /// The upload is cut after so many bytes of its body; the registry keeps those or not.
    case cutUpload(after: Int, keeps: Bool)
}

/// When a fault strikes.
struct FaultRule: Sendable {
    /// nil: any.
    let method: String?
    /// A path with `*` for any run of characters; with a `?` it is compared with the whole target.
    let pattern: String
    /// Which of the matching requests, from 1.
    let turns: ClosedRange<Int>
    let fault: Fault
    /// Matching requests so far.
    var seen = 0

    func matches(_ request: Request) -> Bool {
        guard method == nil || method == request.method else { return false }
        let text = pattern.utf8.contains(UInt8(ascii: "?")) ? request.target : request.path
        return globMatches(Array(pattern.utf8)[...], Array(text.utf8)[...])
    }
}

/// Whether a pattern with `*` covers a text.
func globMatches(_ pattern: ArraySlice<UInt8>, _ text: ArraySlice<UInt8>) -> Bool {
    var pattern = pattern
    var text = text
    var retry: (pattern: ArraySlice<UInt8>, text: ArraySlice<UInt8>)?
    while true {
        if pattern.first == UInt8(ascii: "*") {
            pattern = pattern.dropFirst()
            retry = (pattern, text)
        } else if let byte = text.first, pattern.first == byte {
            pattern = pattern.dropFirst()
            text = text.dropFirst()
        } else if text.isEmpty, pattern.isEmpty {
            return true
        } else if let last = retry, !last.text.isEmpty {
            // The star takes one more byte.
            pattern = last.pattern
            text = last.text.dropFirst()
            retry = (pattern, text)
        } else {
            return false
        }
    }
}
