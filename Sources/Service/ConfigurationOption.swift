/// One option of `hpm serve`: a flag, an environment variable and a key of the configuration file at once.
package struct ConfigurationOption: Sendable {
  /// In words joined by hyphens, such as `max-images`.
  package let name: String
  /// One sentence for `--help`.
  package let meaning: String
  /// What a value may be, in words.
  package let allowed: String
  /// Sets the option from text; whether the text was an allowed value.
  let read: @Sendable (String, inout ServiceConfiguration) -> Bool
  /// The value as JSON.
  let show: @Sendable (ServiceConfiguration) -> any JSONWritable

  /// The flag of the command line, `--max-images`.
  package var flag: String { "--\(name)" }
  /// The environment variable, `HPM_MAX_IMAGES`.
  package var environmentVariable: String { "HPM_" + name.uppercased().replacing("-", with: "_") }
  /// The key of the configuration file, `max_images`.
  package var fileKey: String { name.replacing("-", with: "_") }
}

extension ConfigurationOption {
  /// Every option, in the order of `--help` and `--print-config`.
  package static let all = service + transport

  /// Every option with its default, meaning and allowed values: what `hpm serve --help` and `docs/configuration.md` say.
  package static func documentation() -> String {
    let defaults = ServiceConfiguration()
    return all.map { option in
      let value = String(decoding: JSONWriter.bytes(of: option.show(defaults)), as: UTF8.self)
      return "\(option.flag)\(value == "null" ? "" : " = \(value)")\n    \(option.meaning) Allowed: \(option.allowed).\n"
    }.joined()
  }

  private static let service: [ConfigurationOption] = [
    text("host", "The address to listen on.", \.host),
    integer("port", "The port to listen on; 0 takes a free one.", 0...65535, \.port),
    optionalText(
      "model", "The default model: a checkpoint file, or the name of a model in --models; without it, the first of --models.", \.model),
    optionalText(
      "models", "A folder of models: NAME.safetensors or NAME/VERSION.safetensors; without one, the model that the program brings.",
      \.models),
    optionalText(
      "share", "The folder of the files that the program brings; without it, share/hpm beside its bin, else its source tree.", \.share),
    optionalText("home", "The folder of what the service writes; without it, $XDG_STATE_HOME/hpm, else ~/.local/state/hpm.", \.home),
    folders("data-root", "Folders whose contents may be named as data sets.", \.dataRoots),
    integer("max-jobs", "Jobs that run at once; 0 runs none.", 0...64, \.maximumJobs),
    optionalInteger("job-threads", "Threads that a job computes with; without it, half of the processors.", 1...1024, \.jobThreads),
    seconds(
      "job-ttl", "Seconds after which a job that has ended is deleted with its files; 0 keeps it.", 0...3_153_600_000, \.jobLifetime),
    integer(
      "max-home-bytes", "Bytes that all in --home may take: jobs that ended first go, then uploads are 507; 0 is no limit.", 0...(1 << 60),
      \.maximumHomeBytes),
    integer("max-dataset-bytes", "Bytes of an uploaded data set; more is 413.", 1024...(1 << 50), \.maximumDatasetBytes),
    optionalInteger("threads", "Threads that compute; without it, the processors this process may use.", 1...1024, \.threads),
    choice("precision", "What models compute in.", \.precision),
    integer("max-images", "Images one request may carry; more is 413.", 1...65536, \.maximumImages),
    integer("max-request-bytes", "Bytes of a request's body; more is 413.", 1024...(1 << 40), \.maximumRequestBytes),
    integer(
      "max-queue-images", "Images that may wait for one model, half of them for one user; more is 429.", 1...1_000_000, \.maximumQueueImages
    ),
    seconds(
      "max-queue-seconds", "Seconds that a request waits at most until a model begins with it; more is 429.", 0.001...86_400,
      \.maximumQueueSeconds),
    integer("max-buffered-bytes", "Bytes of all request bodies in memory at once; more is 429.", 1024...(1 << 40), \.maximumBufferedBytes),
    integer("max-model-bytes", "Bytes of a model that is uploaded; more is 413.", 1024...(1 << 44), \.maximumModelBytes),
    seconds("model-timeout", "Seconds in which a model is received or loaded, at most.", 0.001...86_400, \.modelTimeout),
    integer("max-image-pixels", "Pixels of one image, width times height; more is 422.", 1...1_000_000_000, \.maximumImagePixels),
    integer("max-patches", "Patches of one image, unless it is of the model's own size; more is 422.", 1...65536, \.maximumPatches),
    integer("image-store-bytes", "Bytes of uploads and maps that are kept; 0 keeps nothing.", 0...(1 << 40), \.imageStoreBytes),
    seconds("image-store-ttl", "Seconds for which an upload is kept; 0 keeps nothing.", 0...31_536_000, \.imageStoreLifetime),
    seconds("request-timeout", "Seconds in which a request is answered; then 504.", 0.001...86_400, \.requestTimeout),
    seconds("drain-delay", "Seconds of serving on after the order to stop.", 0...3600, \.drainDelay),
    seconds("grace", "Seconds from the order to stop to the end, at most.", 0...86_400, \.grace),
    optionalText("keys", "A file of keys, made by hpm keys; without it only this machine may change anything.", \.keys),
    origins("allow-origin", "Pages of these origins may read the answers.", \.allowedOrigins),
    choice("log-level", "How much is logged.", \.logLevel),
    choice("log-format", "What a line of the log looks like; auto is text on a terminal, else json.", \.logFormat),
  ]

  typealias Field<Value> = WritableKeyPath<ServiceConfiguration, Value> & Sendable

  static func text(_ name: String, _ meaning: String, _ field: any Field<String>) -> Self {
    Self(name: name, meaning: meaning, allowed: "a text that is not empty") { text, configuration in
      configuration[keyPath: field] = text
      return !text.isEmpty
    } show: {
      $0[keyPath: field]
    }
  }

  static func optionalText(_ name: String, _ meaning: String, _ field: any Field<String?>) -> Self {
    Self(name: name, meaning: meaning, allowed: "a text that is not empty") { text, configuration in
      configuration[keyPath: field] = text
      return !text.isEmpty
    } show: {
      $0[keyPath: field]
    }
  }

  static func integer(_ name: String, _ meaning: String, _ range: ClosedRange<Int>, _ field: any Field<Int>) -> Self {
    Self(name: name, meaning: meaning, allowed: "a whole number, \(range.lowerBound) to \(range.upperBound)") { text, configuration in
      guard let value = Numeral.integer(text, in: range) else { return false }
      configuration[keyPath: field] = value
      return true
    } show: {
      $0[keyPath: field]
    }
  }

  private static func optionalInteger(_ name: String, _ meaning: String, _ range: ClosedRange<Int>, _ field: any Field<Int?>) -> Self {
    Self(name: name, meaning: meaning, allowed: "a whole number, \(range.lowerBound) to \(range.upperBound)") { text, configuration in
      guard let value = Numeral.integer(text, in: range) else { return false }
      configuration[keyPath: field] = value
      return true
    } show: {
      $0[keyPath: field]
    }
  }

  private static func seconds(_ name: String, _ meaning: String, _ range: ClosedRange<Double>, _ field: any Field<Double>) -> Self {
    Self(name: name, meaning: meaning, allowed: "seconds, \(range.lowerBound) to \(range.upperBound)") { text, configuration in
      guard let value = Numeral.decimal(text, in: range) else { return false }
      configuration[keyPath: field] = value
      return true
    } show: {
      $0[keyPath: field]
    }
  }

  private static func origins(_ name: String, _ meaning: String, _ field: any Field<[String]>) -> Self {
    Self(name: name, meaning: meaning, allowed: "origins such as https://example.org, separated by commas, or *") { text, configuration in
      guard let origins = CrossOriginPolicy.origins(text) else { return false }
      configuration[keyPath: field] = origins
      return true
    } show: {
      $0[keyPath: field].isEmpty ? String?.none : $0[keyPath: field].joined(separator: ",")
    }
  }

  private static func folders(_ name: String, _ meaning: String, _ field: any Field<[String]>) -> Self {
    Self(name: name, meaning: meaning, allowed: "absolute paths, separated by colons") { text, configuration in
      let paths = text.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
      configuration[keyPath: field] = paths
      return paths.allSatisfy { $0.hasPrefix("/") }
    } show: {
      $0[keyPath: field].isEmpty ? String?.none : $0[keyPath: field].joined(separator: ":")
    }
  }

  private static func choice<Choice: RawRepresentable<String> & CaseIterable & Sendable>(
    _ name: String, _ meaning: String, _ field: any Field<Choice>
  ) -> Self {
    let words = Choice.allCases.map(\.rawValue).joined(separator: ", ")
    return Self(name: name, meaning: meaning, allowed: "one of \(words)") { text, configuration in
      guard let value = Choice(rawValue: text) else { return false }
      configuration[keyPath: field] = value
      return true
    } show: {
      $0[keyPath: field].rawValue
    }
  }
}
