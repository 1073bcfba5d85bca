package import HTTP

/// Everything `hpm serve` can be told, with its defaults.
package struct ServiceConfiguration: Sendable, Hashable {
  /// What models compute in; `auto` is bfloat16 where the processor has it.
  package enum Precision: String, Sendable, CaseIterable { case float32 = "fp32", bfloat16 = "bf16", automatic = "auto" }

  /// How much is logged.
  package enum LogLevel: String, Sendable, CaseIterable { case debug, info, warning, error }

  /// What a line of the log looks like; `auto` is words on a terminal, else JSON.
  package enum LogFormat: String, Sendable, CaseIterable { case automatic = "auto", text, json }

  /// The address listened on: by default only this machine reaches it.
  package var host = "127.0.0.1"
  /// The port listened on; 0 takes a free one.
  package var port = 8080
  /// The PEM certificate chain to speak TLS with, and its key; `nil` for plain HTTP.
  package var tlsCertificate: String?
  package var tlsKey: String?
  /// Limits of a message; its ``HTTPLimits/maximumRequestBytes`` is ``maximumRequestBytes``.
  package var limits = HTTPLimits()
  package var timeouts = HTTPTimeouts()
  package var compression = HTTPCompression()
  package var maximumConnections = ServerConfiguration().maximumConnections
  /// Clients that wait for a connection.
  package var backlog = ServerConfiguration().backlog
  /// The default model: a file, or the name of a model in ``models``.
  package var model: String?
  /// A folder of `name.safetensors` or `name/version.safetensors`; may be read-only.
  package var models: String?
  /// The folder of the files that the program brings: the page and the embedded model.
  package var share: String?
  /// The folder of what the service writes.
  package var home: String?
  /// Folders whose contents may be named as data sets.
  package var dataRoots: [String] = []
  /// Jobs that run at once; 0 runs none.
  package var maximumJobs = 1
  /// Threads that a job computes with; `nil` is half of the processors.
  package var jobThreads: Int?
  /// Seconds after which a job that has ended is deleted with its files; 0 keeps it.
  package var jobLifetime = 0.0
  /// Bytes that everything in ``home`` may take before the jobs that ended first are deleted; 0 lets it take the whole disk.
  package var maximumHomeBytes = 0
  /// Bytes of an uploaded data set.
  package var maximumDatasetBytes = 64 << 30
  /// Threads that compute; `nil` follows the processors the process may use.
  package var threads: Int?
  package var precision = Precision.float32
  /// Images one request may carry.
  package var maximumImages = 256
  /// Bytes of a request's body.
  package var maximumRequestBytes = 256 << 20
  /// Images that may wait for one model; one user may have half of them.
  package var maximumQueueImages = 512
  /// Seconds that a request waits at most until a model begins with it; half of ``requestTimeout``, so that answers are in time.
  package var maximumQueueSeconds = 30.0
  /// Bytes of all request bodies in memory at once.
  package var maximumBufferedBytes = 512 << 20
  /// Bytes of a model that is uploaded.
  package var maximumModelBytes = 16 << 30
  /// Seconds in which a model is received or loaded, at most.
  package var modelTimeout = 3600.0
  /// Pixels of one image, width times height.
  package var maximumImagePixels = 50_000_000
  /// Patches of one image, rows times columns, unless it is of the model's own size: attention costs their square.
  package var maximumPatches = 4096
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
  /// The file of keys; `nil` for a service without keys.
  package var keys: String?
  /// Pages of these origins may read the answers.
  package var allowedOrigins: [String] = []
  package var logLevel = LogLevel.info
  package var logFormat = LogFormat.automatic

  package init() {}
}
