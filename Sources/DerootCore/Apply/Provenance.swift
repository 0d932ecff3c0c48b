import DerootBytes
package import DerootOCI

/// What was made of what, as an in-toto statement (in-toto attestation spec v1, statement.md; SLSA
/// v1.0, provenance.md).
///
/// Nobody has signed it, and it says so. There is no time in it: the same conversion gives the same
/// bytes.
package enum Provenance {
    /// What kind of build this was: the meaning of the parameters.
    package static let buildType = "https://deroot.dev/convert/v1"
    /// Who made it: this tool, run by nobody in particular.
    package static let builder = "https://deroot.dev/cli"
    /// The type of the statement's predicate.
    package static let predicateType = "https://slsa.dev/provenance/v1"
    /// The annotation by which others find statements by their predicate.
    package static let predicateAnnotation = "in-toto.io/predicate-type"
    /// The annotation that says whether anybody vouches for a statement.
    package static let signedAnnotation = "dev.deroot.signed"
    /// The type of conversion reports.
    package static let reportType = MediaType("application/vnd.deroot.report.v1+json")

    /// The statement about a result.
    ///
    /// `report` is the conversion's report, which is named as a by-product.
    package static func statement(
        _ result: ConversionResult, destination: String, report: [UInt8]
    ) -> JSON {
        var parameters: JSONObject = [
            "source": .string(result.plan.source),
            "options": .string(result.plan.options.description),
        ]
        if let platform = result.plan.platform { parameters["platform"] = .string(platform) }
        return .object([
            "_type": .string("https://in-toto.io/Statement/v1"),
            "subject": .array(subjects(result, destination)),
            "predicateType": .string(predicateType),
            "predicate": .object([
                "buildDefinition": .object([
                    "buildType": .string(buildType),
                    "externalParameters": .object(parameters),
                    "resolvedDependencies": .array([
                        .object([
                            "uri": .string(result.plan.source),
                            "digest": digests(result.sourceRoot.digest),
                        ])
                    ]),
                ]),
                "runDetails": .object([
                    "builder": .object([
                        "id": .string(builder),
                        "version": .object(["deroot": .string(Version.text)]),
                    ]),
                    "byproducts": .array([
                        .object([
                            "name": .string("report"), "digest": digests(Digest.of(report)),
                            "mediaType": .string(reportType.rawValue),
                        ])
                    ]),
                ]),
                // SLSA allows members of one's own with the maker's name in front.
                "deroot_signed": .bool(false),
                "deroot_note": .string(
                    "This statement is not signed: it is a claim of whoever stored it, not a proof."
                ),
            ]),
        ])
    }

    /// The result, and each image that was changed in it.
    private static func subjects(_ result: ConversionResult, _ destination: String) -> [JSON] {
        var seen: Set<Digest> = [result.root.digest]
        var subjects: [JSON] = [
            .object([
                "name": .string(destination), "digest": digests(result.root.digest),
            ])
        ]
        for image in result.images
        where image.manifest != image.plan.manifest && seen.insert(image.manifest).inserted {
            subjects.append(
                .object([
                    "name": .string(destination), "digest": digests(image.manifest),
                    "annotations": .object([
                        "platform": .string(image.plan.platform.description)
                    ]),
                ]))
        }
        return subjects
    }

    private static func digests(_ digest: Digest) -> JSON {
        .object([digest.algorithm.rawValue: .string(digest.hex)])
    }

    /// Statement and report, ready to be attached to the result.
    package static func attachments(
        _ result: ConversionResult, destination: String, report: [UInt8]
    ) -> [Referrer] {
        let statement = statement(result, destination: destination, report: report)
        return [
            Referrer(
                statement.serialized(), type: .inToto, subject: result.root,
                annotations: [predicateAnnotation: predicateType, signedAnnotation: "false"]),
            Referrer(
                report, type: reportType, subject: result.root,
                annotations: [signedAnnotation: "false"]),
        ]
    }
}
