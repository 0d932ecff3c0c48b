package import DerootBytes
package import DerootOCI
package import DerootStore

/// A written form of a layer, and where its bytes are.
package struct LayerForm: Sendable {
    /// Where the bytes are.
    package enum Place: Sendable {
        /// In a file of this process.
        case staged(StagedBlob)
        /// In a file that others may take away.
        case file(String)
        /// Only where the result goes, as somebody else put it there.
        case elsewhere
    }

    package let layer: WrittenLayer
    package let place: Place

    package init(layer: WrittenLayer, place: Place) {
        self.layer = layer
        self.place = place
    }

    /// Brings the form into a transaction; false where its bytes are not to be had.
    func bring(
        into transaction: any DestinationTransaction, as type: MediaType
    ) throws(DerootError) -> Bool {
        if transaction.contains(layer.digest) { return true }
        let descriptor = Descriptor(mediaType: type, digest: layer.digest, size: layer.size)
        switch place {
        case .elsewhere: return false
        case .staged(let blob): try transaction.copy(try blob.contents(), descriptor: descriptor)
        case .file(let path):
            guard let file = Self.opened(path) else { return false }
            do throws(DerootError) {
                try transaction.copy(file, descriptor: descriptor)
            } catch {
                guard error.code == .mismatch || error.code == .truncated else { throw error }
                // Damaged: nobody shall come across it again.
                _ = try? File.remove(path)
                return false
            }
        }
        return true
    }

    private static func opened(_ path: String) -> FileSlice? {
        do throws(DerootError) { return try FileSlice(File.reading(path)) } catch { return nil }
    }
}

/// Where what was learnt of layers outlives the process, or comes from other processes.
///
/// It may know nothing at any time, and only saves work.
package protocol LayerStore: Sendable {
    /// Whether there is a record of the layer.
    func hasRecord(of layer: Digest) -> Bool
    /// What reading a layer gave; nil where it is not known.
    func record(of layer: Descriptor, limits: Limits) -> LayerPass.Outcome?
    /// Begins to record the layer; nil where it is not to be kept.
    func recorder(of layer: Digest) -> LayerRecorder?
    /// Keeps a record that was begun here, when the layer was read to its end.
    func keep(_ recorder: LayerRecorder, of layer: Digest, _ outcome: LayerPass.Outcome)
    /// Whether some written form of the layer is known, so that none need be drafted.
    func hasForm(of layer: Digest) -> Bool
    /// The form with the changes of this digest; nil where it is not known.
    ///
    /// Asked even where another store has it, so that the destination learns where it is mounted from.
    func form(of layer: Digest, changes: Digest) -> LayerForm?
    /// Keeps a form.
    func keep(_ form: LayerForm, of layer: Digest, changes: Digest)
}

extension LayerStore {
    /// No.
    package func hasRecord(of layer: Digest) -> Bool { false }
    /// None.
    package func record(of layer: Descriptor, limits: Limits) -> LayerPass.Outcome? { nil }
    /// None.
    package func recorder(of layer: Digest) -> LayerRecorder? { nil }
    /// Lets it go.
    package func keep(_ recorder: LayerRecorder, of layer: Digest, _ outcome: LayerPass.Outcome) {}
    /// Lets it go.
    package func keep(_ form: LayerForm, of layer: Digest, changes: Digest) {}
}
