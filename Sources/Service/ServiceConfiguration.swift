/// Everything `hpm serve` can be told, with its defaults.
package struct ServiceConfiguration: Sendable, Hashable {
  /// What models compute in; `auto` is bfloat16 where the processor has it.
  package enum Precision: String, Sendable, CaseIterable { case float32 = "fp32", bfloat16 = "bf16", automatic = "auto" }

  /// How much is logged.
  package enum LogLevel: String, Sendable, CaseIterable { case debug, info, warning, error }

  /// The address listened on: by default only this machine reaches it.
  package var host = "127.0.0.1"
  /// The port listened on; 0 takes a free one.
  package var port = 8080
  /// The default model: a file, or the name of a model in ``models``.
  package var model: String?
  /// A folder of `name.safetensors` or `name/version.safetensors`; may be read-only.
  package var models: String?
  /// The folder of the files that the program brings: the page and the embedded model.
  package var share: String?
  /// The folder of what the service writes.
  package var home: String?
  /// Threads that compute; `nil` follows the processors the process may use.
  package var threads: Int?
  package var precision = Precision.float32
  /// Images one request may carry.
  package var maximumImages = 256
  /// Bytes of a request's body.
  package var maximumRequestBytes = 256 << 20
  /// Pixels of one image, width times height.
  package var maximumImagePixels = 50_000_000
  /// Bytes of uploads and maps that are kept; 0 keeps nothing.
  package var imageStoreBytes = 256 << 20
  /// Seconds for which an upload is kept; 0 keeps nothing.
  package var imageStoreLifetime = 3600.0
  /// Seconds in which a request is answered, at most.
  package var requestTimeout = 60.0
  /// Seconds of serving on after the order to stop, while readiness is already denied.
  package var drainDelay = 5.0
  /// Seconds from the order to stop to the end, at most.
  package var grace = 25.0
  package var logLevel = LogLevel.info

  package init() {}
}
