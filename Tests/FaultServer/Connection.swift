import Glibc

/// One client's connection: reads requests, lets faults strike, sends answers.
struct Connection {
    let socket: Socket
    let number: Int
    let core: ServerCore
    private var buffer: [UInt8] = []

    init(_ socket: Socket, number: Int, core: ServerCore) {
        self.socket = socket
        self.number = number
        self.core = core
    }

    /// Serves requests until either side has enough.
    mutating func serve() {
        while let request = readHead(), exchange(request) {}
        socket.close()
    }

    /// One request and its answer; false where the connection is over.
    private mutating func exchange(_ head: Request) -> Bool {
        var request = head
        let fault = core.strike(request)
        switch fault {
        case .drop:
            core.record(request)
            socket.reset()
            return false
        case .refuseEarly(let response):
            core.record(request)
            _ = send(response, to: request)
            return false
        case .stall(after: nil):
            guard readBody(&request) else { return false }
            core.record(request)
            waitForEnd()
            return false
        case .cutUpload(let bytes, let keeps):
            _ = readBody(&request, limit: bytes)
            core.record(request)
            if keeps { _ = core.responder.answer(request) }
            socket.reset()
            return false
        default: break
        }
        guard readBody(&request) else { return false }
        core.record(request)
        return answer(request, fault)
    }

    private mutating func answer(_ request: Request, _ fault: Fault?) -> Bool {
        let responder = core.responder
        switch fault {
        case .respond(let response): return send(response, to: request)
        case .answer(let make): return send(make(request), to: request)
        case .change(let edit): return send(responder.answer(request).with(edit), to: request)
        case .rewrite(let edit):
            var other = request
            edit(&other)
            return send(responder.answer(other), to: request)
        case .before(let work):
            work()
            return send(responder.answer(request), to: request)
        case .meanwhile(let work):
            work { !socket.isAtEnd }
            return send(responder.answer(request), to: request)
        case .loseAnswer:
            _ = responder.answer(request)
            socket.reset()
            return false
        case .reset(let bytes):
            if begin(responder.answer(request), bytes: bytes) { socket.reset() }
            return false
        case .end(let bytes):
            _ = begin(responder.answer(request), bytes: bytes)
            return false
        case .stall(let bytes):
            if begin(responder.answer(request), bytes: bytes ?? 0) { waitForEnd() }
            return false
        case .trickle(let bytes, let milliseconds):
            return trickle(responder.answer(request), bytes, milliseconds)
        case nil, .drop, .refuseEarly, .cutUpload:
            return send(responder.answer(request), to: request)
        }
    }

    private func send(_ response: Response, to request: Request) -> Bool {
        guard core.send(response.head, on: socket) else { return false }
        guard request.method != "HEAD" else { return true }
        guard core.send(response.framedBody, on: socket) else { return false }
        switch response.framing {
        case .endless:
            while core.send(response.framedBody, on: socket) {}
            return false
        case .close: return false
        case .length, .chunked, .claimed: break
        }
        return request.headers["Connection"]?.lowercased() != "close"
    }

    /// Sends the head and the beginning of the body.
    private func begin(_ response: Response, bytes: Int) -> Bool {
        core.send(response.head, on: socket)
            && core.send(response.framedBody.prefix(bytes), on: socket)
    }

    private func trickle(_ response: Response, _ bytes: Int, _ milliseconds: Int) -> Bool {
        guard core.send(response.head, on: socket) else { return false }
        var rest = response.framedBody[...]
        while !rest.isEmpty {
            guard core.send(rest.prefix(bytes), on: socket) else { return false }
            rest = rest.dropFirst(bytes)
            usleep(UInt32(milliseconds) * 1000)
        }
        return true
    }

    /// Silence until the client gives up or the server stops.
    private func waitForEnd() {
        while !socket.receive().isEmpty {}
    }
}

extension Connection {
    /// The next request without its body; nil at the end.
    private mutating func readHead() -> Request? {
        let end = Array("\r\n\r\n".utf8)
        var searched = 0
        while true {
            if let found = buffer.firstRange(of: end, from: searched) {
                let head = Array(buffer[..<found])
                buffer.removeFirst(found)
                return Request(head: head, connection: number)
            }
            // A client that would rather have TLS learns at once that there is none.
            guard buffer.first != 0x16 else { return nil }
            searched = max(0, buffer.count - 3)
            guard buffer.count < 1 << 20, receive() else { return nil }
        }
    }

    /// Reads the body, or so much of it; false where the client left before its end.
    private mutating func readBody(_ request: inout Request, limit: Int = .max) -> Bool {
        if request.headers["Expect"]?.lowercased() == "100-continue" {
            _ = core.send(Array("HTTP/1.1 100 Continue\r\n\r\n".utf8), on: socket)
        }
        if request.headers["Transfer-Encoding"]?.lowercased() == "chunked" {
            return readChunks(&request, limit: limit)
        }
        let stated = Int(request.headers["Content-Length"] ?? "0") ?? 0
        let wanted = min(stated, limit)
        while buffer.count < wanted {
            guard receive() else {
                request.body = buffer
                return false
            }
        }
        request.body = Array(buffer.prefix(wanted))
        buffer.removeFirst(wanted)
        return wanted == stated
    }

    private mutating func readChunks(_ request: inout Request, limit: Int) -> Bool {
        while request.body.count < limit {
            guard let line = readLine(), let size = Int(line.prefix { $0 != ";" }, radix: 16) else {
                return false
            }
            while buffer.count < size + 2 { guard receive() else { return false } }
            request.body += buffer.prefix(min(size, limit - request.body.count))
            buffer.removeFirst(size + 2)
            if size == 0 { return true }
        }
        return false
    }

    private mutating func readLine() -> String? {
        let end = Array("\r\n".utf8)
        while true {
            if let found = buffer.firstRange(of: end, from: 0) {
                let line = String(decoding: buffer[..<(found - 2)], as: UTF8.self)
                buffer.removeFirst(found)
                return line
            }
            guard receive() else { return nil }
        }
    }

    private mutating func receive() -> Bool {
        let bytes = socket.receive()
        core.count(received: bytes.count)
        buffer += bytes
        return !bytes.isEmpty
    }
}

extension [UInt8] {
    /// The place behind the first occurrence of a pattern.
    fileprivate func firstRange(of pattern: [UInt8], from start: Int) -> Int? {
        guard count >= pattern.count else { return nil }
        for place in start...(Swift.max(start, count - pattern.count))
        where place + pattern.count <= count
            && self[place..<(place + pattern.count)].elementsEqual(pattern)
        {
            return place + pattern.count
        }
        return nil
    }
}
