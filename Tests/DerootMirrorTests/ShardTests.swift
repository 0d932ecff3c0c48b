import DerootBytes
import DerootCore
import DerootMirror
import DerootOCI
import DerootStore
import Testing

@Suite("shards")
struct ShardTests {
    @Test(
        "what the engines say",
        arguments: [
            ("3/8", [:], 2, 8), ("1/1", ["DEROOT_SHARD_INDEX": "5"], 0, 1), (nil, [:], 0, 1),
            (nil, ["DEROOT_SHARD_INDEX": "0", "DEROOT_SHARD_COUNT": "2"], 0, 2),
            (
                nil,
                [
                    "DEROOT_SHARD_INDEX": "1", "DEROOT_SHARD_COUNT": "2",
                    "JOB_COMPLETION_INDEX": "7",
                ], 1, 2
            ),
            (nil, ["JOB_COMPLETION_INDEX": "7", "DEROOT_SHARD_COUNT": "8"], 7, 8),
            (nil, slurm(0, 0, 7, 1, 8), 0, 8), (nil, slurm(9, 1, 9, 4, 3), 2, 3),
            (
                nil,
                slurm(3, 2, 4, 1, 3).filter { $0.key != "SLURM_ARRAY_TASK_STEP" }, 1, 3
            ),
            (nil, ["GITLAB_CI": "true", "CI_NODE_INDEX": "1", "CI_NODE_TOTAL": "4"], 0, 4),
            (nil, ["CI_NODE_INDEX": "1", "CI_NODE_TOTAL": "4"], 1, 4),
            // GitLab sets the total for every job, the index only for parallel ones.
            (nil, ["GITLAB_CI": "true", "CI_NODE_TOTAL": "1"], 0, 1),
            (
                nil,
                ["AWS_BATCH_JOB_ARRAY_INDEX": "3", "AWS_BATCH_JOB_ARRAY_SIZE": "4"], 3, 4
            ), (nil, ["CLOUD_RUN_TASK_INDEX": "0", "CLOUD_RUN_TASK_COUNT": "3"], 0, 3),
            (nil, ["CIRCLE_NODE_INDEX": "2", "CIRCLE_NODE_TOTAL": "3"], 2, 3),
            (nil, ["BUILDKITE_PARALLEL_JOB": "1", "BUILDKITE_PARALLEL_JOB_COUNT": "2"], 1, 2),
            (nil, ["BITBUCKET_PARALLEL_STEP": "1", "BITBUCKET_PARALLEL_STEP_COUNT": "2"], 1, 2),
            (nil, ["DEROOT_SHARD_INDEX": "", "CI_NODE_INDEX": ""], 0, 1),
            (nil, ["DEROOT_SHARD_COUNT": "8"], 0, 1),
        ] as [(String?, [String: String], Int, Int)])
    func engines(
        _ flag: String?, _ variables: [String: String], _ index: Int, _ count: Int
    ) throws {
        let decision = try Shard.detect(flag: flag, variables: variables)
        #expect(decision.shard == Shard(index: index, count: count))
        #expect(!decision.reason.isEmpty)
    }

    private static func slurm(
        _ id: Int, _ least: Int, _ most: Int, _ step: Int, _ count: Int
    ) -> [String: String] {
        [
            "SLURM_ARRAY_TASK_ID": "\(id)", "SLURM_ARRAY_TASK_MIN": "\(least)",
            "SLURM_ARRAY_TASK_MAX": "\(most)", "SLURM_ARRAY_TASK_STEP": "\(step)",
            "SLURM_ARRAY_TASK_COUNT": "\(count)",
        ]
    }

    @Test(
        "half a shard is never taken for everything",
        arguments: [
            ("0/8", [:]), ("9/8", [:]), ("1", [:]), ("1/0", [:]), ("a/b", [:]), ("1/2/3", [:]),
            ("-1/8", [:]), ("+1/8", [:]), ("", [:]),
            (nil, ["DEROOT_SHARD_INDEX": "1"]), (nil, ["JOB_COMPLETION_INDEX": "0"]),
            (nil, ["CI_NODE_INDEX": "1"]), (nil, ["AWS_BATCH_JOB_ARRAY_INDEX": "0"]),
            (nil, ["CLOUD_RUN_TASK_INDEX": "0"]),
            (nil, ["GITLAB_CI": "1", "CI_NODE_INDEX": "0", "CI_NODE_TOTAL": "4"]),
            (nil, ["CI_NODE_INDEX": "4", "CI_NODE_TOTAL": "4"]),
            (nil, ["DEROOT_SHARD_INDEX": "x", "DEROOT_SHARD_COUNT": "4"]),
            (nil, ["DEROOT_SHARD_INDEX": "0", "DEROOT_SHARD_COUNT": "0"]),
            (nil, ["SLURM_ARRAY_TASK_ID": "1"]),
            // --array=1,3: the count says 2, the range says 3.
            (nil, slurm(1, 1, 3, 1, 2)), (nil, slurm(5, 1, 3, 1, 3)), (nil, slurm(2, 1, 5, 2, 3)),
            (nil, slurm(1, 1, 3, 0, 3)),
        ] as [(String?, [String: String])])
    func halves(_ flag: String?, _ variables: [String: String]) {
        let error = failure { () throws(DerootError) in
            _ = try Shard.detect(flag: flag, variables: variables)
        }
        #expect(error?.code == .usage)
        #expect(error?.code.exitStatus == 64)
    }
}
