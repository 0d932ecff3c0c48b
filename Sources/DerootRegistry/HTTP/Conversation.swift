import DerootBytes

/// One request until its last answer: redirects, authentication, tries.
///
/// Without I/O.
///
/// The driver sends what it is told to, and tells what came of it.
struct Conversation {
    /// What the driver does next.
    enum Action {
        /// Sends this.
        case send(HTTPRequest)
        /// Answers a challenge of the registry, then calls `authorize`.
        case authenticate(HTTPResponse)
        /// Waits so many seconds, then calls `begin`.
        case wait(Double)
        /// Takes this as the end; it may be a refusal.
        case finish(HTTPOutcome)
        /// Stops: the server wants us to wait so many seconds.
        case giveUp(HTTPOutcome, Double)
    }

    private let request: HTTPRequest
    private let authority: WebAddress.Origin
    private var current: HTTPRequest
    private var authorization: String?
    private var budget: RetryBudget?
    private var redirects = 0
    /// How often we may still say who we are.
    private var answersLeft: Int
    private static let answers = 2

    /// Starts with a request; credentials go to `authority` alone.
    ///
    /// Without a budget it is sent once, and the caller decides about failures.
    init(
        _ request: HTTPRequest, authority: WebAddress.Origin, authorization: String?,
        budget: RetryBudget?
    ) {
        self.request = request
        self.authority = authority
        self.authorization = authorization
        self.budget = budget
        // Nobody waits for the answer to a last word, so that it is not worth another token.
        answersLeft = request.isFarewell ? 0 : Self.answers
        current = request
    }

    /// What is sent first, or again after a wait: from the start, since the place that a redirect
    /// led to may have been meant for that one time.
    mutating func begin() -> Action {
        redirects = 0
        current = request
        return send()
    }

    private mutating func send() -> Action {
        current.authorization = current.address.origin == authority ? authorization : nil
        return .send(current)
    }

    /// Takes what came of the last request.
    ///
    /// - Throws: `.hostile` and `.malformed` for redirects that nobody may follow.
    mutating func receive(_ outcome: HTTPOutcome) throws(DerootError) -> Action {
        if case .response(let response) = outcome {
            if let next = try RedirectPolicy.follow(response, of: current) {
                redirects += 1
                guard redirects <= RedirectPolicy.most else {
                    throw DerootError(
                        .hostile,
                        "\(request.address.origin.shortHost) redirects more than "
                            + "\(RedirectPolicy.most) times")
                }
                current = next
                return send()
            }
            // A challenge of somebody else is not ours to answer.
            if isChallenge(response), mayAnswer, current.address.origin == authority {
                answersLeft -= 1
                return .authenticate(response)
            }
        }
        guard let verdict = budget?.judge(outcome) else { return .finish(outcome) }
        switch verdict {
        case .stop: return .finish(outcome)
        case .wait(let seconds):
            // A token may have expired in the meantime.
            answersLeft = Self.answers
            return .wait(seconds)
        case .tooLong(let seconds): return .giveUp(outcome, seconds)
        }
    }

    /// Whether we are asked who we are, if only by a 403: Amazon's registry says so when a password has
    /// expired, and the answer to a HEAD cannot say why.
    private func isChallenge(_ response: HTTPResponse) -> Bool {
        if response.status == 401 { return true }
        guard response.status == 403, let authorization else { return false }
        return Refusal.saysExpired(response)
            || current.method == .head && authorization.hasPrefix("Basic ")
    }

    /// A token that was just fetched is refused for good; a password may have expired, and then there is
    /// another one.
    private var mayAnswer: Bool {
        answersLeft == Self.answers
            || answersLeft > 0 && authorization?.hasPrefix("Basic ") ?? false
    }

    /// Takes the answer to a challenge; nil where there is none, which ends the conversation.
    mutating func authorize(_ header: String?, after response: HTTPResponse) -> Action {
        guard let header else { return .finish(.response(response)) }
        authorization = header
        return send()
    }
}
