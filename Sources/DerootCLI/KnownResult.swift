import DerootBytes
import DerootCore
import DerootOCI
import DerootRegistry
import DerootStore

/// What is remembered of the result that a conversion into a registry would give.
struct KnownResult {
    private let memory: ResultMemory
    private let key: ResultMemory.Key
    private let place: ImageName

    /// nil where the result is not for a registry, and where nothing is to be remembered.
    ///
    /// - Throws: What looking at the source throws.
    init?(
        _ cache: String?, _ conversion: Conversion, from: TransportReference,
        to: TransportReference
    ) throws(DerootError) {
        guard let place = to.registryName, cache != "none",
            let folder = cache ?? ResultMemory.defaultFolder
        else { return nil }
        memory = ResultMemory(folder: folder)
        self.place = place
        key = ResultMemory.Key(
            source: try conversion.source.root().digest,
            name: from.registryName?.name ?? from.description,
            version: "\(Version.text) \(try conversion.library().digest)",
            options: conversion.options.description, platform: conversion.platform)
    }

    /// The result, if the registry still has all of it and now has it under the tag as well.
    ///
    /// - Throws: What moving the tag throws.
    func reused(in destination: any ImageDestination) throws(DerootError) -> Descriptor? {
        guard let registry = destination as? RegistryDestination,
            let entry = memory.entry(for: key),
            entry.place.registry == place.registry,
            try registry.reuse(entry.root, at: entry.place)
        else { return nil }
        return entry.root
    }

    /// Remembers a result; gives a remark where that fails.
    func keep(_ root: Descriptor) -> String? {
        do throws(DerootError) {
            try memory.keep(ResultMemory.Entry(root: root, place: place), for: key)
            return nil
        } catch { return "the result could not be remembered: \(error)" }
    }
}
