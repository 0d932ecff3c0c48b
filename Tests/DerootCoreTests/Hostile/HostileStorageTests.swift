import DerootBytes
import DerootCore
import DerootOCI
import DerootStore
import DerootTar
import DerootTestSupport
import Glibc
import Synchronization
import Testing

/// Hostile inputs G01 to G10, and the archives of A23 and A24: files that are not what they seem.
struct HostileStorageTests {
    /// What a kill leaves, made by hand at each step of a transaction; the kills themselves are in
    /// Tests/crash.
    @Test func G01_whatAKilledRunLeavesIsSweptAndHarmless() throws {
        let trial = try Trial(LayoutFixture(Samples.image()))
        let place = trial.source.directory("result")
        try trial.source.directory.write("result/.deroot-killed/new-1", [1, 2, 3])
        try trial.source.directory.write("result/.deroot-killed/blobs/sha256/half", [4])
        // A blob of the result that is there already, and is only half of itself.
        let blob = try Trial(LayoutFixture(Samples.image())).convert().root.digest
        try trial.source.directory.write("result/blobs/sha256/\(blob.hex)", [0x7B])
        try trial.neutralises("/usr/bin/su")
        #expect(try Directory.names(in: place) == ["blobs", "index.json", "oci-layout"])
    }

    @Test func G02_manyWritersLoseNoEntry() async throws {
        let trial = try Trial(LayoutFixture(Samples.image()))
        let writers = 12
        try await withThrowingTaskGroup(of: Void.self) { group in
            for writer in 0..<writers {
                group.addTask {
                    let conversion = Conversion(try trial.source.source(), ConversionOptions())
                    let place = try trial.populated.destination("writer-\(writer)")
                    _ = try conversion.convert(into: place.begin())
                }
            }
            try await group.waitForAll()
        }
        for writer in 0..<writers { _ = try trial.populated.result("writer-\(writer)").root() }
        #expect(try trial.populated.harm() == nil)
    }

    /// A real limit of the system; faults of every kind at every call are in Tests/crash.
    @Test func G03_aFailedWriteLeavesNothing() throws {
        let trial = try Trial(LayoutFixture(Samples.image()))
        let gone = trial.source.directory("result/blobs")
        let transaction = try trial.populated.destination().begin()
        // The folder for the blobs becomes a file under the transaction's feet.
        try Directory.removeTree(gone)
        try trial.source.directory.write("result/blobs", [1])
        let before = try trial.source.directory.snapshot()
            .filter { !$0.key.contains(".deroot-") }
        let conversion = Conversion(try trial.source.source(), ConversionOptions())
        let error = try #require(throws: DerootError.self) {
            try conversion.convert(into: transaction)
        }
        #expect(error.code != .usage)
        #expect(try trial.source.directory.snapshot() == before)
    }

    private func blobPath(_ layer: LayerFixture) -> String {
        "source/blobs/sha256/\(layer.digest.hex)"
    }

    @Test func G04_aLinkedBlobCountsInsideTheLayoutOnly() throws {
        let layer = try Samples.base()
        func linked(_ target: String, _ prepare: (LayoutFixture) throws -> Void) throws -> Trial {
            try Trial(LayoutFixture(ImageFixture([layer]))) { layout in
                try prepare(layout)
                try File.remove(layout.directory(blobPath(layer)))
                let status = unsafe symlink(target, layout.directory(blobPath(layer)))
                try #require(status == 0)
            }
        }
        try linked("../../layer.tar.gz") {
            try $0.directory.write("source/layer.tar.gz", layer.blob)
        }
        .neutralises("/usr/bin/su")
        try linked("../../wrong") { try $0.directory.write("source/wrong", layer.blob + [0]) }
            .refuses(.mismatch)
        try linked("../../../outside") { try $0.directory.write("outside", layer.blob) }
            .refuses(.hostile, naming: layer.digest.description)
        try linked("/etc/passwd") { _ in }.refuses(.hostile)
    }

    @Test func G05_aBlobThatIsNoFileIsRefusedAndDoesNotBlock() throws {
        let layer = try Samples.base()
        try Trial(LayoutFixture(ImageFixture([layer]))) { layout in
            try File.remove(layout.directory(blobPath(layer)))
            try Directory.create(layout.directory(blobPath(layer)))
        }.refuses(.unsupported)
        let trial = try Trial(LayoutFixture(ImageFixture([layer])))
        try File.remove(trial.source.directory(blobPath(layer)))
        let status = unsafe mkfifo(trial.source.directory(blobPath(layer)), 0o644)
        try #require(status == 0)
        let before = try Directory.names(in: trial.source.directory("result"))
        let error = try #require(throws: DerootError.self) { try trial.convert() }
        #expect(error.code == .unsupported)
        #expect(try Directory.names(in: trial.source.directory("result")) == before)
    }

    /// The source's blob is another one the second time that somebody looks.
    @Test func G06_aSourceThatChangesIsNotPublished() throws {
        let layer = try Samples.base(.none)
        let trial = try Trial(layer: layer)
        let swapped = Mutex(false)
        var conversion = Conversion(try trial.source.source(), ConversionOptions())
        conversion.pool = WorkerPool(jobs: 1)
        conversion.observer = { event in
            guard case .layerStarted = event, swapped.withLock({ !$0 }) else { return }
            swapped.withLock { $0 = true }
            var bytes = layer.blob
            bytes[3 * 512 + 3] ^= 1
            try? trial.source.write(bytes, as: layer.digest)
        }
        // Whichever bytes were read, the result is of them, or there is none.
        do {
            _ = try conversion.convert(into: trial.populated.destination().begin())
            let result = try trial.populated.result()
            for image in try ImageGraph(reading: result).images { _ = try ReadImage(image, result) }
        } catch let error as DerootError {
            #expect(error.code == .mismatch, "\(error)")
        }
        #expect(swapped.withLock { $0 })
        #expect(try trial.populated.harm() == nil)
    }

    @Test func G07_aResultInItsOwnSourceIsWholeOrRefused() throws {
        let layout = try LayoutFixture(Samples.image())
        let source = try layout.source().root().digest
        let place = try layout.destination("source")
        let result = try Conversion(layout.source(), ConversionOptions()).convert(
            into: place.begin())
        #expect(try layout.source().root().digest == result.root.digest)
        // The source's own blobs are still there.
        #expect(try layout.directory.read("source/blobs/sha256/\(source.hex)").count > 0)
        #expect(try Directory.names(in: layout.directory.path) == ["source"])
        // A directory that is somebody's, and a file, are left alone.
        try layout.directory.write("mine/file", [1])
        let before = try layout.directory.snapshot()
        for name in ["mine", "mine/file", "mine/file/below", "missing/below"] {
            let error = try #require(throws: DerootError.self) {
                try layout.destination(name).begin()
            }
            #expect([.unsupported, .notFound, .io].contains(error.code), "\(error)")
        }
        #expect(try layout.directory.snapshot() == before)
    }

    @Test func G08_stagedFilesAreNobodyElses() throws {
        let trial = try Trial(LayoutFixture(Samples.image()))
        let transaction = try trial.populated.destination().begin()
        let staged = try transaction.stage()
        try staged.write([1])
        let names = try Directory.names(in: trial.source.directory("result"))
        let folder = try #require(names.first { $0.hasPrefix(".deroot-") })
        var status = stat()
        let path = trial.source.directory("result/\(folder)")
        #expect(unsafe lstat(path, &status) == 0 && status.st_mode & 0o7777 == 0o700)
        #expect(unsafe lstat("\(path)/new-1", &status) == 0 && status.st_mode & 0o7777 == 0o600)
        transaction.abort()
        #expect(try trial.populated.difference() == nil)
    }

    /// A pipe that nobody reads is in Tests/crash; here an archive that cannot be what it says.
    @Test func G09_anArchiveIsWrittenWholeOrNotAtAll() throws {
        let layout = try LayoutFixture(Samples.image())
        try layout.directory.write("old.tar", [1, 2, 3])
        try layout.write([0], as: Samples.base().digest)
        for transport in [LocalReference.Transport.ociArchive, .dockerArchive] {
            for name in ["old.tar", "new.tar"] {
                let before = try layout.directory.snapshot()
                let place = try layout.destination(name, transport)
                #expect(throws: DerootError.self) {
                    try Conversion(layout.source(), ConversionOptions()).convert(
                        into: place.begin())
                }
                #expect(try layout.directory.snapshot() == before)
            }
        }
    }

    /// One bad image among others costs nobody else anything, and a second go does the rest.
    @Test func G10_aSeriesGoesOnAfterAFailureAndIsRepeatable() throws {
        let good = try (0..<4).map { number in
            try LayoutFixture(ImageFixture([LayerFixture { $0.file("\(number)", mode: 0o4755) }]))
        }
        let bad = try LayoutFixture(Samples.image())
        try bad.write([0], as: Samples.base().digest)
        let populated = try Populated(beside: good[0].directory)
        func run(_ sources: [LayoutFixture]) -> [Bool] {
            sources.enumerated().map { number, source in
                do {
                    let place = try populated.destination("image-\(number)")
                    _ = try Conversion(source.source(), ConversionOptions())
                        .convert(into: place.begin())
                    return true
                } catch { return false }
            }
        }
        #expect(run([good[0], bad, good[1]]) == [true, false, true])
        let first = try populated.result("image-0").root().digest
        #expect(run([good[0], good[2], good[1], good[3]]) == [true, true, true, true])
        #expect(try populated.result("image-0").root().digest == first)
        #expect(try populated.harm() == nil)
    }
}
