import DerootBytes

/// Step-downs as evidence.
enum Step {
    /// The tool and the account, such as `gosu redis`.
    static func text(_ step: StartChain.StepDown) -> String {
        printable("\(step.tool) \(step.account ?? "…")".utf8)
    }
}
