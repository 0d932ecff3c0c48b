import DerootCore
import DerootOCI
import DerootRegistry
import DerootStore

/// An image, or an index of several, that can be checked, planned and converted.
///
/// Opening one reads its root document only. Everything else is read by digest, so that what is
/// checked is what is converted, whatever becomes of the tag. All methods block until they are done
/// and use threads of their own; a value may be used from several threads at once.
public struct ContainerImage: Sendable {
    /// The image as it is written on a command line, with its transport.
    public let reference: String
    /// The index or manifest that the reference led to.
    public let digest: Digest
    /// What was odd but harmless, a sentence each.
    public let remarks: [String]

    let transport: TransportReference
    let source: any ImageSource
    let registries: Registries
    let limits: Limits

    /// Opens what a reference names.
    ///
    /// - Parameters:
    ///   - reference: `oci:PATH[:REF|@N]`, `oci-archive:FILE[:REF]`, `docker-archive:FILE[:REF|@N]`,
    ///     `docker://NAME[:TAG][@DIGEST]`, or a bare path or name.
    ///   - registries: How registries are talked to, should one be needed.
    ///   - limits: Bounds on what the image may make this process read and hold.
    ///   - progress: Takes what is fetched later on, from any thread.
    /// - Throws: `.usage` for what is no reference, `.notFound`, `.ambiguous`, `.denied`,
    ///   `.transient` where another try may help, and what reading the root document throws.
    public init(
        _ reference: String, registries: Registries = Registries(), limits: Limits = Limits(),
        progress: @escaping ProgressObserver = { _ in }
    ) throws(DerootError) {
        transport = try TransportReference(parsing: reference)
        source = try transport.openSource(limits: limits) { () throws(DerootError) in
            try registries.client(progress)
        }
        self.reference = transport.description
        self.registries = registries
        self.limits = limits
        digest = try source.root().digest
        remarks = source.remarks
    }

    /// Says what makes the image need root, what a conversion would do, and whether the result
    /// would start; nothing is written.
    ///
    /// - Parameters:
    ///   - options: What a conversion would be asked for, since it decides what comes out.
    ///   - rules: Rules beside those of the catalogue.
    ///   - gates: Standards whose findings count as errors.
    ///   - converted: Whether the findings are those of the image as it would become.
    ///   - progress: Takes what happens, from any thread.
    /// - Returns: What was found in each image.
    /// - Throws: What keeps the image from being read. An image of an index that cannot be
    ///   converted is reported as refused and stops nothing.
    public func check(
        _ options: Options = Options(), rules: [CustomRule] = [], gates: [Gate] = [],
        converted: Bool = false, progress: @escaping ProgressObserver = { _ in }
    ) throws(DerootError) -> CheckReport {
        let request = try options.request(compressesPlain: false)
        var check = DerootCore.Check(source, request.options)
        check.platform = request.platform
        check.recipes = request.recipes
        check.limits = limits
        check.pool = WorkerPool(jobs: options.jobs)
        check.showsConverted = converted
        check.extraRules = rules.map(\.core)
        check.observer = { progress(Progress($0)) }
        var policy = CheckPolicy()
        policy.gates = gates.map(\.core)
        return CheckReport(policy.grade(try check.run()))
    }

    /// Decides what a conversion would do; nothing is written.
    ///
    /// - Parameters:
    ///   - options: What is asked for.
    ///   - destination: Where the result will go; what becomes of uncompressed layers depends on it.
    ///   - progress: Takes what happens, from any thread.
    /// - Returns: What would happen to each image.
    /// - Throws: What keeps the image from being read or converted.
    public func plan(
        _ options: Options = Options(), for destination: String? = nil,
        progress: @escaping ProgressObserver = { _ in }
    ) throws(DerootError) -> Plan {
        let target = try destination.map { (text) throws(DerootError) in
            try TransportReference(parsing: text)
        }
        let conversion = try conversion(options, to: target, [], progress)
        let planned = try conversion.plan()
        return Plan(
            planned.plan,
            listings: planned.plan.images.map { image in
                image.layers.compactMap { planned.layers[$0.digest]?.pass.listing }
            })
    }

    /// Converts, and makes the result visible at its destination, whole or not at all.
    ///
    /// - Parameters:
    ///   - destination: A reference as for `init`, without a place in a list.
    ///   - options: What is asked for.
    ///   - rules: Rules that may stop the conversion: those that find something of severity `block`
    ///     in the image as it would become.
    ///   - progress: Takes what happens, from any thread.
    /// - Returns: What came out, and where it is.
    /// - Throws: `.blocked` and `.refused` where a finding or a recipe stops it; what reading and
    ///   writing throw. The destination is as it was then.
    public func convert(
        to destination: String, _ options: Options = Options(), rules: [CustomRule] = [],
        progress: @escaping ProgressObserver = { _ in }
    ) throws(DerootError) -> ConversionOutcome {
        let target = try TransportReference(parsing: destination)
        let conversion = try conversion(options, to: target, rules, progress)
        return try write(conversion, nil, target, progress)
    }

    /// Does what a plan decided, and nothing else.
    ///
    /// - Parameters:
    ///   - destination: Of the same transport as the one that the plan was made for.
    ///   - plan: A plan for this image.
    ///   - progress: Takes what happens, from any thread.
    /// - Returns: What came out, and where it is.
    /// - Throws: `.planMismatch` for a plan of another image; what reading and writing throw. The
    ///   destination is as it was then.
    public func convert(
        to destination: String, applying plan: Plan,
        progress: @escaping ProgressObserver = { _ in }
    ) throws(DerootError) -> ConversionOutcome {
        let target = try TransportReference(parsing: destination)
        var conversion = DerootCore.Conversion(source, plan.core.options)
        conversion.platform = try plan.core.platform.map { (text) throws(DerootError) in
            try Platform(parsing: text)
        }
        conversion.recipes = RecipeLibrary()
        conversion.limits = limits
        conversion.usesLabels = target.isDockerArchive
        conversion.observer = { progress(Progress($0)) }
        return try write(conversion, plan.core, target, progress)
    }

    private func conversion(
        _ options: Options, to target: TransportReference?, _ rules: [CustomRule],
        _ progress: @escaping ProgressObserver
    ) throws(DerootError) -> DerootCore.Conversion {
        let compresses = transport.isDockerArchive && target?.isDockerArchive == false
        let request = try options.request(compressesPlain: compresses)
        var conversion = DerootCore.Conversion(source, request.options)
        conversion.platform = request.platform
        conversion.recipes = request.recipes
        conversion.limits = limits
        conversion.pool = WorkerPool(jobs: options.jobs)
        conversion.usesLabels = target?.isDockerArchive ?? false
        conversion.stopsAtFindings = options.stopsAtFindings
        conversion.extraRules = rules.map(\.core)
        conversion.observer = { progress(Progress($0)) }
        return conversion
    }

    private func write(
        _ conversion: DerootCore.Conversion, _ plan: ConversionPlan?, _ target: TransportReference,
        _ progress: @escaping ProgressObserver
    ) throws(DerootError) -> ConversionOutcome {
        let place = try target.openDestination(mounting: transport, limits: limits) {
            () throws(DerootError) in
            try registries.client(progress)
        }
        let result = try conversion.convert(into: try place.begin(), applying: plan)
        return ConversionOutcome(result, reference: "\(target)")
    }
}

extension TransportReference {
    /// True for docker-archive files, whose layers are plain and which have no manifest.
    fileprivate var isDockerArchive: Bool {
        guard case .local(let reference) = self else { return false }
        return reference.transport == .dockerArchive
    }
}
