package import DerootBytes

/// A request, as the conversation decides it.
package struct HTTPRequest: Sendable {
    /// The methods of the distribution API.
    package enum Method: String, Sendable, Hashable {
        case get = "GET"
        case head = "HEAD"
        case post = "POST"
        case put = "PUT"
        case patch = "PATCH"
        case delete = "DELETE"
    }

    /// What is sent; every kind can be read again from its start.
    package enum Body: Sendable {
        /// Nothing.
        case none
        /// Bytes in memory.
        case bytes([UInt8])
        /// So many bytes of a file.
        case part(BlobFile, from: UInt64, count: UInt64)
        /// A file that is still being written, to its end.
        case stream(BlobFile)

        /// How many bytes are sent; nil where only the end will tell.
        package var count: UInt64? {
            switch self {
            case .none: 0
            case .bytes(let bytes): UInt64(bytes.count)
            case .part(_, _, let count): count
            case .stream: nil
            }
        }
    }

    /// The method.
    package var method: Method
    /// Where it goes.
    package var address: WebAddress
    /// Header fields in order, `Authorization` not among them.
    package var fields: [(name: String, value: String)] = []
    /// What is sent.
    package var body = Body.none
    /// Whether the body is for this server alone: no redirect takes it elsewhere.
    package var isBodySecret = false
    /// Told how many more bytes of the body were given to the connection, on the sending thread.
    package var sending: (@Sendable (UInt64) -> Void)?
    /// The value of `Authorization`; only the conversation sets it.
    package var authorization: String?
    /// Bytes of an answer's body that are kept in memory at most.
    package var limit = 1 << 16
    /// The least reach that the server's address may have; nil where any will do.
    package var leastReach: PeerAddress.Reach?
    /// Seconds without a byte that are allowed beyond the usual ones, as the server has much to do.
    var patience = 0
    /// True for a last word after a failure: it has a second, and signals do not stop it.
    package var isFarewell = false
    /// True where a body that broke off must not be sent again before somebody asked what arrived.
    var isOnce = false

    /// Makes a request.
    package init(_ method: Method, _ address: WebAddress) {
        self.method = method
        self.address = address
    }
}

/// An answer; its body only where it was not taken by a receiver.
package struct HTTPResponse: Sendable {
    /// The status code.
    package var status: Int
    /// Header fields in order, names in lower case.
    package var fields: [(name: String, value: String)]
    /// The body, or its beginning.
    package var body: [UInt8] = []
    /// The address of the server, or of the proxy.
    package var peer: PeerAddress?

    /// Makes an answer.
    package init(
        _ status: Int, _ fields: [(name: String, value: String)] = [], body: [UInt8] = [],
        peer: PeerAddress? = nil
    ) {
        self.status = status
        self.fields = fields
        self.body = body
        self.peer = peer
    }

    /// The first field of a name, in lower case.
    package subscript(_ name: String) -> String? { fields.first { $0.name == name }?.value }

    /// All fields of a name, in lower case.
    package func all(_ name: String) -> [String] {
        fields.filter { $0.name == name }.map(\.value)
    }

    /// Whether what was asked for was done.
    package var isSuccess: Bool { (200..<300).contains(status) }
}

/// Why there is no answer.
package struct TransportFailure: Sendable, Hashable {
    /// What kind of failure.
    package enum Kind: Sendable, Hashable {
        /// The name leads to no address.
        case noSuchHost
        /// Nobody listens.
        case refused
        /// The server speaks no TLS, or none that we do.
        case handshake
        /// The server's certificate, or ours, was not accepted.
        case certificate
        /// No progress for too long.
        case stalled
        /// The connection broke.
        case broken
        /// The server said something that is not HTTP.
        case nonsense
    }

    /// What kind of failure.
    package let kind: Kind
    /// libcurl's words.
    package let detail: String

    /// Makes a failure.
    package init(_ kind: Kind, _ detail: String = "") {
        self.kind = kind
        self.detail = detail
    }
}

/// How a request ended.
package enum HTTPOutcome: Sendable {
    /// With an answer, whatever its status.
    case response(HTTPResponse)
    /// Without one.
    case failure(TransportFailure)

    /// The answer, if there is one.
    package var response: HTTPResponse? {
        guard case .response(let response) = self else { return nil }
        return response
    }
}

/// Takes an answer's body as it comes.
@safe
package struct HTTPReceiver {
    /// Looks at the answer's head; false: the body is not wanted and is treated as a message.
    package let begin: (HTTPResponse) throws(DerootError) -> Bool
    /// Takes bytes.
    package let write: (UnsafeRawBufferPointer) throws(DerootError) -> Void

    /// Asked many times a second; throws where the answer is no longer wanted.
    package let mayGoOn: () throws(DerootError) -> Void

    /// Makes a receiver.
    package init(
        begin: @escaping (HTTPResponse) throws(DerootError) -> Bool,
        write: @escaping (UnsafeRawBufferPointer) throws(DerootError) -> Void,
        mayGoOn: @escaping () throws(DerootError) -> Void = { () throws(DerootError) in }
    ) {
        self.begin = begin
        unsafe self.write = write
        self.mayGoOn = mayGoOn
    }
}

extension HTTPReceiver {
    /// Takes no body, which stays with the answer, and asks whether the request may go on.
    static func watching(
        _ mayGoOn: @escaping () throws(DerootError) -> Void
    ) -> HTTPReceiver {
        unsafe HTTPReceiver(
            begin: { (_) throws(DerootError) in false },
            write: { (_) throws(DerootError) in },
            mayGoOn: mayGoOn)
    }
}

/// Sends one request and takes its answer: libcurl, or a script in tests.
package protocol HTTPTransport: Sendable {
    /// Sends a request; redirects, refusals and failures are the caller's to judge.
    ///
    /// - Throws: What the receiver throws, `.interrupted`, `.limit` for headers or a body that are
    ///   too large, `.hostile` for a server nearer than the request allows.
    func exchange(
        _ request: HTTPRequest, trust: TrustSettings, receiver: HTTPReceiver?
    ) throws(DerootError) -> HTTPOutcome
}

/// A file that several readers share, each by offset.
package final class BlobFile: Sendable {
    private let slice: FileSlice

    /// Takes a run of bytes.
    package init(_ slice: consuming FileSlice) { self.slice = slice }

    /// How long it is.
    package var count: UInt64 { slice.count }

    /// Bytes from an offset; 0 only at the end.
    package func read(
        into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64
    ) throws(DerootError) -> Int { try unsafe slice.read(into: buffer, at: offset) }

    /// Waits for the first byte, where the file is still being written.
    ///
    /// - Throws: Why none came.
    func waitForBeginning() throws(DerootError) { try slice.waitForBeginning() }

    /// A handle of one's own.
    package func open() throws(DerootError) -> FileSlice { try slice.duplicate() }
}
