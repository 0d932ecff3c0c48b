import CCurl
import DerootBytes

/// An easy handle of libcurl with its live connections.
///
/// Kept as a number, since the pool hands it from thread to thread; one has it at a time.
@safe
final class CurlHandle: Sendable {
    private let address: UInt

    /// - Throws: `.io` where libcurl gives none.
    init() throws(DerootError) {
        guard Self.isReady, let curl = unsafe curl_easy_init() else {
            throw DerootError(.io, "libcurl does not start")
        }
        address = UInt(bitPattern: curl)
    }

    deinit { unsafe curl_easy_cleanup(curl) }

    private var curl: UnsafeMutableRawPointer? {
        unsafe UnsafeMutableRawPointer(bitPattern: address)
    }

    private static let isReady = curl_global_init(Int(CURL_GLOBAL_DEFAULT)) == CURLE_OK

    /// Sends one request.
    func perform(
        _ request: HTTPRequest, _ exchange: CurlExchange, trust: TrustSettings,
        options: RegistryOptions
    ) throws(DerootError) -> HTTPOutcome {
        let message = HeapBuffer(count: Int(CURL_ERROR_SIZE))
        unsafe message.bytes.initializeMemory(as: UInt8.self, repeating: 0)
        // Resets the options and keeps the connections.
        unsafe curl_easy_reset(curl)
        try set(CURLOPT_ERRORBUFFER, message)
        defer { unsafe _ = deroot_curl_set_pointer(curl, CURLOPT_ERRORBUFFER, nil) }
        try configure(request, options)
        try configure(trust)
        let list = try Fields(request)
        try check(unsafe deroot_curl_set_headers(curl, list.pointer))
        let context = unsafe Unmanaged.passUnretained(exchange).toOpaque()
        try unsafe setCallbacks(context, body: request.body.count, method: request.method)
        let code = withExtendedLifetime((list, exchange)) { unsafe curl_easy_perform(curl) }
        if let error = exchange.error { throw error }
        if code == CURLE_OK || exchange.isCut {
            try exchange.beginBody()
            exchange.setPeer(text(CURLINFO_PRIMARY_IP))
            return .response(exchange.response)
        }
        let detail = unsafe message.bytes.prefix { $0 != 0 }
        let words = unsafe printable(detail.prefix(200))
        return .failure(
            TransportFailure(Self.kind(of: code, words), words.isEmpty ? Self.name(code) : words))
    }

    private func configure(
        _ request: HTTPRequest, _ options: RegistryOptions
    ) throws(DerootError) {
        try set(CURLOPT_URL, request.address.full)
        try set(CURLOPT_PROTOCOLS_STR, "http,https")
        try set(CURLOPT_FOLLOWLOCATION, 0)
        try set(CURLOPT_NOSIGNAL, 1)
        try set(CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_2TLS))
        try set(CURLOPT_CONNECTTIMEOUT, min(options.connectSeconds, max(options.idleSeconds, 1)))
        try set(CURLOPT_LOW_SPEED_LIMIT, options.minimumRate)
        try set(CURLOPT_LOW_SPEED_TIME, max(options.idleSeconds, 1) + request.patience)
        try set(CURLOPT_TCP_KEEPALIVE, 1)
        // Refused where a buffer is left of a request that failed, which then goes on being used.
        _ = unsafe deroot_curl_set_long(curl, CURLOPT_BUFFERSIZE, 256 << 10)
        _ = unsafe deroot_curl_set_long(curl, CURLOPT_UPLOAD_BUFFERSIZE, 256 << 10)
        try set(CURLOPT_HTTP_CONTENT_DECODING, 0)
        try set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1)
        if request.isFarewell { try set(CURLOPT_TIMEOUT_MS, options.farewellMilliseconds) }
    }

    private func configure(_ trust: TrustSettings) throws(DerootError) {
        try set(CURLOPT_SSL_VERIFYPEER, trust.verifies ? 1 : 0)
        try set(CURLOPT_SSL_VERIFYHOST, trust.verifies ? 2 : 0)
        if !trust.authorities.isEmpty {
            let bytes = try AuthorityBundle.bytes(adding: trust.authorities)
            try check(
                unsafe bytes.withUnsafeBytes { buffer in
                    unsafe deroot_curl_set_authorities(curl, buffer.baseAddress, buffer.count)
                })
        }
        if let certificate = trust.certificate { try set(CURLOPT_SSLCERT, certificate) }
        if let key = trust.key { try set(CURLOPT_SSLKEY, key) }
    }

    private func setCallbacks(
        _ context: UnsafeMutableRawPointer, body: UInt64?, method: HTTPRequest.Method
    ) throws(DerootError) {
        switch method {
        case .get: try set(CURLOPT_HTTPGET, 1)
        case .head: try set(CURLOPT_NOBODY, 1)
        case .delete: try set(CURLOPT_CUSTOMREQUEST, method.rawValue)
        case .post, .put, .patch:
            try set(CURLOPT_UPLOAD, 1)
            try set(CURLOPT_CUSTOMREQUEST, method.rawValue)
            // Of unknown size: in chunks (RFC 9112, section 7.1), or as HTTP/2 frames.
            let size = body.map { curl_off_t(clamping: $0) } ?? -1
            try check(unsafe deroot_curl_set_offset(curl, CURLOPT_INFILESIZE_LARGE, size))
        }
        try check(unsafe deroot_curl_set_data(curl, CURLOPT_HEADERFUNCTION, curlHeader))
        try check(unsafe deroot_curl_set_pointer(curl, CURLOPT_HEADERDATA, context))
        try check(unsafe deroot_curl_set_data(curl, CURLOPT_WRITEFUNCTION, curlBody))
        try check(unsafe deroot_curl_set_pointer(curl, CURLOPT_WRITEDATA, context))
        try check(unsafe deroot_curl_set_data(curl, CURLOPT_READFUNCTION, curlRead))
        try check(unsafe deroot_curl_set_pointer(curl, CURLOPT_READDATA, context))
        try check(unsafe deroot_curl_set_seek(curl, curlSeek))
        try check(unsafe deroot_curl_set_pointer(curl, CURLOPT_SEEKDATA, context))
        try check(unsafe deroot_curl_set_progress(curl, curlProgress))
        try check(unsafe deroot_curl_set_progress_data(curl, context))
        try set(CURLOPT_NOPROGRESS, 0)
        try check(unsafe deroot_curl_set_prereq(curl, curlConnected))
        try check(unsafe deroot_curl_set_pointer(curl, CURLOPT_PREREQDATA, context))
    }

    private func set(_ option: CURLoption, _ value: Int) throws(DerootError) {
        try check(unsafe deroot_curl_set_long(curl, option, value), option)
    }

    private func set(_ option: CURLoption, _ value: String) throws(DerootError) {
        try check(unsafe deroot_curl_set_text(curl, option, value), option)
    }

    private func set(_ option: CURLoption, _ buffer: borrowing HeapBuffer) throws(DerootError) {
        try check(unsafe deroot_curl_set_pointer(curl, option, buffer.bytes.baseAddress))
    }

    private func check(
        _ code: CURLcode, _ option: CURLoption? = nil
    ) throws(DerootError) {
        guard code == CURLE_OK else {
            let number = option.map { " \($0.rawValue)" } ?? ""
            throw DerootError(.io, "libcurl does not take the option\(number): \(Self.name(code))")
        }
    }

    private func text(_ info: CURLINFO) -> String {
        var value: UnsafeMutablePointer<CChar>?
        let code = unsafe deroot_curl_get_text(curl, info, &value)
        guard code == CURLE_OK, let value = unsafe value else { return "" }
        return unsafe String(cString: value)
    }

    private static func name(_ code: CURLcode) -> String {
        unsafe String(cString: curl_easy_strerror(code))
    }

    private static func kind(of code: CURLcode, _ detail: String) -> TransportFailure.Kind {
        switch code {
        case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY: return .noSuchHost
        case CURLE_COULDNT_CONNECT: return .refused
        case CURLE_OPERATION_TIMEDOUT: return .stalled
        case CURLE_SSL_CONNECT_ERROR:
            let isReset = detail.contains("reset") || detail.contains("SYSCALL")
            return isReset ? .broken : .handshake
        case CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CERTPROBLEM, CURLE_SSL_CACERT_BADFILE,
            CURLE_SSL_ISSUER_ERROR, CURLE_SSL_PINNEDPUBKEYNOTMATCH:
            return .certificate
        case CURLE_WEIRD_SERVER_REPLY, CURLE_UNSUPPORTED_PROTOCOL, CURLE_URL_MALFORMAT,
            CURLE_BAD_CONTENT_ENCODING:
            return .nonsense
        // With TLS 1.3 a server refuses our certificate only after the handshake.
        case CURLE_RECV_ERROR, CURLE_SEND_ERROR:
            return detail.contains("alert") ? .handshake : .broken
        default: return .broken
        }
    }
}

/// The header list of a request, as libcurl wants it.
@safe
private final class Fields {
    private(set) var pointer: UnsafeMutablePointer<curl_slist>?

    init(_ request: HTTPRequest) throws(DerootError) {
        // Registries keep blobs as they are: an encoding on top would only be in the way (F20).
        // Waiting for "100 Continue" costs a second with servers that do not know it.
        var fields = request.fields + [("Accept-Encoding", "identity"), ("Expect", "")]
        fields.append(("User-Agent", "deroot"))
        if request.method == .put || request.method == .patch || request.method == .post,
            !request.fields.contains(where: { $0.name == "Content-Type" })
        {
            fields.append(("Content-Type", "application/octet-stream"))
        }
        if let authorization = request.authorization {
            fields.append(("Authorization", authorization))
        }
        for (name, value) in fields {
            guard value.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else {
                throw DerootError(.malformed, "the header \(name) would hold a line end")
            }
            let line = value.isEmpty ? "\(name):" : "\(name): \(value)"
            guard let list = unsafe curl_slist_append(pointer, line) else {
                throw DerootError(.io, "out of memory")
            }
            unsafe pointer = list
        }
    }

    deinit { unsafe curl_slist_free_all(pointer) }
}

private func exchange(_ context: UnsafeMutableRawPointer?) -> CurlExchange? {
    guard let context = unsafe context else { return nil }
    return unsafe Unmanaged<CurlExchange>.fromOpaque(context).takeUnretainedValue()
}

private func curlHeader(
    _ bytes: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int,
    _ context: UnsafeMutableRawPointer?
) -> Int {
    let line = unsafe UnsafeRawBufferPointer(start: bytes, count: size * count)
    return unsafe exchange(context)?.header(line) ?? false ? line.count : 0
}

private func curlBody(
    _ bytes: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int,
    _ context: UnsafeMutableRawPointer?
) -> Int {
    let part = unsafe UnsafeRawBufferPointer(start: bytes, count: size * count)
    let isTaken = unsafe exchange(context)?.body(part) ?? false
    // Nothing taken of nothing is no failure, so another count says so.
    return isTaken ? part.count : part.count + 1
}

private func curlRead(
    _ bytes: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int,
    _ context: UnsafeMutableRawPointer?
) -> Int {
    let room = unsafe UnsafeMutableRawBufferPointer(start: bytes, count: size * count)
    return unsafe exchange(context)?.read(into: room) ?? Int(CURL_READFUNC_ABORT)
}

private func curlSeek(
    _ context: UnsafeMutableRawPointer?, _ offset: curl_off_t, _ origin: Int32
) -> Int32 {
    let isDone = unsafe origin == 0 && exchange(context)?.seek(to: Int(offset)) ?? false
    return isDone ? Int32(CURL_SEEKFUNC_OK) : Int32(CURL_SEEKFUNC_FAIL)
}

private func curlProgress(
    _ context: UnsafeMutableRawPointer?, _: curl_off_t, _: curl_off_t, _: curl_off_t,
    _: curl_off_t
) -> Int32 { unsafe exchange(context)?.mayGoOn() ?? false ? 0 : 1 }

private func curlConnected(
    _ context: UnsafeMutableRawPointer?, _ peer: UnsafeMutablePointer<CChar>?,
    _: UnsafeMutablePointer<CChar>?, _ port: Int32, _: Int32
) -> Int32 {
    guard let peer = unsafe peer else { return 0 }
    let address = unsafe String(cString: peer)
    let mayTalk = unsafe exchange(context)?.mayTalk(to: address, port: Int(port)) ?? false
    return Int32(mayTalk ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT)
}
