import DerootBytes
import DerootOCI

/// A descriptor's text; `more` are further members, with a leading comma.
func descriptorText(
    _ mediaType: String = "application/vnd.oci.image.layer.v1.tar+gzip", _ digit: Character = "a",
    size: String = "123", more: String = ""
) -> String {
    let hex = String(repeating: digit, count: 64)
    return "{\"mediaType\":\"\(mediaType)\",\"digest\":\"sha256:\(hex)\",\"size\":\(size)\(more)}"
}

/// A manifest of two layers in Go's usual order, with white space that no serialiser would make.
let manifestText = """
    {
       "schemaVersion": 2,
       "mediaType": "application/vnd.oci.image.manifest.v1+json",
       "config": \(descriptorText("application/vnd.oci.image.config.v1+json", "c")),
       "layers": [
          \(descriptorText(more: #","x.unknown":1.10"#)),
          \(descriptorText("application/vnd.oci.image.layer.v1.tar", "b", size: "9223372036854775807"))
       ],
       "annotations": {"org.opencontainers.image.title": "\\u003cx\\u003e"},
       "x.unknown": 18446744073709551615
    }

    """

/// A config with members of every kind, known and unknown.
let configText = #"""
    {
      "architecture": "arm64", "variant": "v8", "os": "linux", "x.unknown": [1e2, 1.10],
      "created": "2024-05-14T19:20:00.5Z", "author": "\u003ca\u003e",
      "config": {
        "Hostname": "", "User": "0:0", "Env": ["PATH=/usr/bin", "A=1", "B", "A=2"],
        "Cmd": ["sh"], "Entrypoint": null, "WorkingDir": "/srv", "ArgsEscaped": true,
        "Volumes": {"/data": {}, "/cache": {"x": 1}}, "ExposedPorts": {"80/tcp": {}},
        "Labels": {"b": "2", "a": "\u0031"}, "OnBuild": ["RUN true"], "Shell": ["/bin/sh", "-c"],
        "Healthcheck": {"Test": ["CMD", "true"], "Interval": 30000000000}, "StopSignal": "SIGTERM",
        "Image": "sha256:old"
      },
      "rootfs": {"type": "layers", "diff_ids": [
        "sha256:1111111111111111111111111111111111111111111111111111111111111111",
        "sha256:2222222222222222222222222222222222222222222222222222222222222222"]},
      "history": [{"created_by": "ADD", "x": 1}, {"created_by": "ENV", "empty_layer": true}, {}]
    }
    """#
