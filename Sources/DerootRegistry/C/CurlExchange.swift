import CCurl
import DerootBytes

/// What libcurl's callbacks know of one request; used by the thread that sends it, and no other.
final class CurlExchange {
    /// Header bytes and fields of one answer at most (hostile input F03).
    static let headerBytes = 64 << 10
    static let headerFields = 256
    /// Bytes of an unwanted body that are waited for; what comes after is cut off.
    private static let unwantedBytes = 1 << 20

    private let request: HTTPRequest
    private let receiver: HTTPReceiver?
    private let count: (_ received: UInt64, _ sent: UInt64) -> Void
    /// The answer so far.
    private(set) var response = HTTPResponse(0)
    /// What stopped the request from our side.
    private(set) var error: DerootError?
    /// True where an unwanted body was cut off; the answer counts all the same.
    private(set) var isCut = false
    private var headerCount = 0
    private var unwanted = 0
    private var isBody = false
    private var isWanted = false
    private var sent: UInt64 = 0

    init(
        _ request: HTTPRequest, receiver: HTTPReceiver?,
        count: @escaping (_ received: UInt64, _ sent: UInt64) -> Void
    ) {
        self.request = request
        self.receiver = receiver
        self.count = count
    }

    /// A header line, with its line end; false stops.
    func header(_ line: UnsafeRawBufferPointer) -> Bool {
        guard !isBody else { return true }
        let text = unsafe String(decoding: line, as: UTF8.self)
        if text.hasPrefix("HTTP/") {
            let parts = text.split(separator: " ")
            response = HTTPResponse(parts.count > 1 ? Int(parts[1].prefix(3)) ?? 0 : 0)
            headerCount = 0
        }
        headerCount += line.count
        guard headerCount <= Self.headerBytes, response.fields.count < Self.headerFields else {
            error = DerootError(
                .limit,
                "the answer of \(request.address.origin.shortHost) has headers of more than "
                    + "\(Self.headerBytes) bytes")
            return false
        }
        if let colon = text.utf8.firstIndex(of: UInt8(ascii: ":")), !text.hasPrefix("HTTP/") {
            let rest = text.utf8[text.utf8.index(after: colon)...]
            let value = rest.filter { $0 != UInt8(ascii: "\r") && $0 != UInt8(ascii: "\n") }
            response.fields.append(
                (text[..<colon].lowercased(), String(decoding: value, as: UTF8.self).trimmed))
        }
        return true
    }

    /// Bytes of the body; false stops.
    func body(_ bytes: UnsafeRawBufferPointer) -> Bool {
        count(UInt64(bytes.count), 0)
        do throws(DerootError) {
            try beginBody()
            if isWanted {
                try unsafe receiver?.write(bytes)
                return true
            }
            let room = request.limit - response.body.count
            unsafe response.body.append(contentsOf: bytes.prefix(max(0, room)))
            unwanted += bytes.count
            if response.isSuccess, receiver == nil, bytes.count > room {
                throw DerootError(
                    .limit,
                    "the answer of \(request.address.origin.shortHost) has more than "
                        + "\(request.limit) bytes")
            }
            isCut = unwanted > max(Self.unwantedBytes, request.limit)
            return !isCut
        } catch {
            self.error = error
            return false
        }
    }

    /// Shows the receiver the head of the answer, once; also for answers without a body.
    func beginBody() throws(DerootError) {
        guard !isBody else { return }
        isBody = true
        isWanted = try receiver?.begin(response) ?? false
    }

    /// The next bytes to be sent; nil stops.
    func read(into buffer: UnsafeMutableRawBufferPointer) -> Int? {
        switch request.body {
        case .none: return 0
        case .bytes(let bytes):
            let part = bytes.dropFirst(Int(sent)).prefix(buffer.count)
            unsafe buffer.copyBytes(from: part)
            return advance(part.count)
        case .part(let file, let start, let length):
            let wanted = Int(clamping: min(UInt64(buffer.count), length - sent))
            guard wanted > 0 else { return 0 }
            let part = unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[..<wanted])
            return unsafe read(into: part, from: file, at: start + sent)
        case .stream(let file): return unsafe read(into: buffer, from: file, at: sent)
        }
    }

    private func read(
        into buffer: UnsafeMutableRawBufferPointer, from file: BlobFile, at offset: UInt64
    ) -> Int? {
        do throws(DerootError) {
            return advance(try unsafe file.read(into: buffer, at: offset))
        } catch {
            self.error = error
            return nil
        }
    }

    private func advance(_ bytes: Int) -> Int {
        sent += UInt64(bytes)
        count(0, UInt64(bytes))
        request.sending?(UInt64(bytes))
        return bytes
    }

    /// Goes back in what is sent: libcurl found that a connection it had kept was dead, or that it broke.
    func seek(to offset: Int) -> Bool {
        // A session may have kept what was sent, so that sending it again spoils it.
        if request.isOnce, sent > 0 { return false }
        guard offset >= 0, UInt64(offset) <= request.body.count ?? sent else { return false }
        sent = UInt64(offset)
        return true
    }

    /// Whether the work goes on; asked many times a second while bytes move, once a second else.
    func mayGoOn() -> Bool {
        guard !request.isFarewell else { return true }
        do throws(DerootError) {
            try Interruption.check()
            try receiver?.mayGoOn()
            return true
        } catch {
            self.error = error
            return false
        }
    }

    /// Whether the server that is connected to may be talked to.
    ///
    /// At another port than the address has there is a proxy; where that is says nothing of the server.
    func mayTalk(to address: String, port: Int) -> Bool {
        guard let least = request.leastReach, let peer = PeerAddress(address),
            port == Int(request.address.origin.port)
        else { return true }
        guard peer.reach < least else { return true }
        error = RedirectPolicy.inward(nil, request.address.origin)
        return false
    }

    /// Says who answered.
    func setPeer(_ address: String) { response.peer = PeerAddress(address) }
}
