import DerootBytes
import DerootCore
import DerootMirror
import DerootOCI
import DerootRegistry
import DerootRegistryTestSupport
import DerootStore
import DerootTestSupport
import Testing

/// Recipes of the user in mirror.yaml: they travel inside the plan.
@Suite("own recipes")
struct OwnRecipeTests {
    private static func recipe(_ title: String) -> String {
        """
        recipe: 1
        id: mine
        title: \(title)
        match:
          all:
            - file: /usr/bin/su
        dirs:
          - {path: /srv/data, mode: "0750"}
        """
    }

    private func config(_ title: String, _ recipe: String) throws -> MirrorConfig {
        let text = """
            version: 1
            defaults: {target: h.io/hardened, recipe: \(recipe)}
            sources:
              - registry: h.io
                repos: {allow: ['^team/']}
            """
        return try MirrorConfig(parsing: Array(text.utf8), file: "mirror.yaml") {
            (path) throws(DerootError) in
            guard path == "recipes/mine.yaml" else {
                throw DerootError(.notFound, "there is no such file", at: .init(file: path))
            }
            return [OwnRecipe(file: path, text: Self.recipe(title))]
        }
    }

    @Test("a recipe's content is part of the key, and a plan holds it")
    func content() throws {
        let one = try config("One", "recipes/mine.yaml").sources[0].recipe
        let same = try config("One", "recipes/mine.yaml").sources[0].recipe
        let other = try config("Other", "recipes/mine.yaml").sources[0].recipe
        let plain = try config("One", "auto").sources[0].recipe
        #expect(one == same && one.digest == same.digest)
        #expect(Set([one, other, plain].map(\.digest)).count == 3)
        #expect(one.options.recipe == .one("mine") && one.own.count == 1)
        let plan = try PlanArrangement.plan(
            [
                MirrorCandidate(
                    name: "h.io/team/a", tag: "1", digest: Digest.of([1]), recipe: one,
                    repository: "h.io/hardened/team/a", layers: [])
            ], target: "h.io/hardened", shards: 1, problems: [])
        let again = try MirrorPlan(parsing: plan.document)
        #expect(again == plan && again.items[0].recipe.own == one.own)
    }

    @Test("a refusal holds until the recipe changes")
    func refusals() throws {
        let mirror = try Mirror()
        mirror.add("team/app0", "bad", [mirror.base, mirror.poisoned])
        func run(_ title: String) throws -> (figures: MirrorFigures, fetched: Bool) {
            let plan = try MirrorPlanner(
                try config(title, "recipes/mine.yaml"), source: mirror.registry.client(),
                pool: WorkerPool(jobs: 1), limits: Limits(),
                ledger: { [ledger = try mirror.ledger()] in ledger }
            ).plan(shards: 1)
            mirror.registry.forgetRequests()
            let figures = try mirror.run(plan)
            return (figures, mirror.registry.requests.contains { $0.contains("/blobs/sha256:") })
        }
        let first = try run("One")
        #expect(first.figures.count("refused") == 1 && first.fetched)
        let second = try run("One")
        #expect(second.figures.count("refused") == 1 && !second.fetched)
        let third = try run("Other")
        #expect(third.figures.count("refused") == 1 && third.fetched)
    }

    @Test("a recipe that is not there is named with its line")
    func missing() throws {
        let error = failure { () throws(DerootError) in
            do {
                _ = try config("One", "recipes/none.yaml")
            } catch let error as DerootError { throw error } catch { return }
        }
        #expect(error?.description.contains("line 2") == true)
        let unknown = failure { () throws(DerootError) in
            do {
                _ = try config("One", "nobody-knows-it")
            } catch let error as DerootError { throw error } catch { return }
        }
        #expect(unknown?.description.contains("nobody-knows-it") == true)
    }
}
