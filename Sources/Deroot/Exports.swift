// `DerootError`, `Digest`, `Limits` and `Compression` are part of this module's surface; whoever
// imports it needs no second import for their members.
@_exported public import DerootBytes
