import DerootBytes
import DerootCore
import DerootTestSupport
import Testing

/// The preview of a converted image reads configuration as a recipe has written it.
struct ConvertedLinesTests {
    @Test(arguments: [ConversionOptions.LayerMode.rewrite, .append])
    func whatARecipeHasMendedIsNotFoundAgain(_ layers: ConversionOptions.LayerMode) throws {
        let layer = try LayerFixture { tar in
            tar.directory("docker-entrypoint.d/")
            tar.file("etc/nginx/nginx.conf", "pid /run/nginx.pid;\nhttp {\n}\n")
            tar.file("etc/nginx/conf.d/default.conf", "listen 80;\n")
        }
        let image = ImageFixture(
            [layer], settings: #""Cmd":["nginx"],"ExposedPorts":{"80/tcp":{}}"#)
        let layout = try LayoutFixture([image])
        func rules(remapping: Bool) throws -> Set<String> {
            var options = ConversionOptions()
            options.layers = layers
            options.ports = remapping ? .remap : .keep
            var check = Check(try layout.source(), options)
            check.recipes = try RecipeLibrary.builtIn()
            check.showsConverted = true
            let report = try withExtendedLifetime(layout) { try check.run() }
            return Set(report.images.flatMap(\.findings).map(\.rule.id))
        }
        let moved = try rules(remapping: true)
        #expect(moved.isDisjoint(with: ["NR010", "NR011", "NR012", "NR035"]), "\(moved)")
        // The port that stays is still told, the pid file that has moved is not.
        let kept = try rules(remapping: false)
        #expect(kept.isSuperset(of: ["NR010", "NR011"]) && !kept.contains("NR035"), "\(kept)")
    }
}
