/// First in, first out.
struct Queue<Element> {
    private var elements: [Element] = []
    private var head = 0

    /// The one that comes next.
    var first: Element? { head < elements.count ? elements[head] : nil }
    /// The one that came last.
    var last: Element? {
        get { head < elements.count ? elements.last : nil }
        set {
            guard head < elements.count, let newValue else { return }
            elements[elements.count - 1] = newValue
        }
    }
    /// How many wait.
    var count: Int { elements.count - head }

    /// Says whether there is one that fits.
    func contains(where predicate: (Element) -> Bool) -> Bool {
        elements[head...].contains(where: predicate)
    }

    /// Adds one at the end.
    mutating func append(_ element: Element) { elements.append(element) }

    /// Drops the first one.
    mutating func removeFirst() {
        head += 1
        if head == elements.count {
            elements.removeAll(keepingCapacity: true)
            head = 0
        } else if head > 1024 && head > elements.count / 2 {
            elements.removeFirst(head)
            head = 0
        }
    }
}
