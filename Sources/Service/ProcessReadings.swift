import Glibc

/// What the system knows of this process, under the names that Prometheus clients use (proc(5)).
enum ProcessReadings {
  /// Every process metric.
  static let metrics: [ReadMetric] = [
    single("process_cpu_seconds_total", "Seconds of processor time.", .counter) { cpuSeconds },
    single("process_resident_memory_bytes", "Memory that is resident.", .gauge) { pages(at: residentField) },
    single("process_virtual_memory_bytes", "Memory that is mapped.", .gauge) { pages(at: virtualField) },
    single("process_start_time_seconds", "When the process began, in seconds since 1970.", .gauge) { [started = startSeconds] in started },
    single("process_open_fds", "Open descriptors.", .gauge) { openDescriptors },
    single("process_max_fds", "Descriptors that may be open.", .gauge) { maximumDescriptors },
  ]

  private static let virtualField = 0
  private static let residentField = 1
  /// Of `/proc/self/stat`, counted after the closing parenthesis of the name.
  private static let startField = 19
  private static let readBytes = 4096

  private static func single(
    _ name: String, _ meaning: String, _ kind: MetricsText.Kind, _ read: @escaping @Sendable () -> Double?
  ) -> ReadMetric {
    ReadMetric(MetricFamily(name, meaning), kind) { read().map { [([], $0)] } ?? [] }
  }

  private static var cpuSeconds: Double? {
    var time = timespec()
    guard clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time) == 0 else { return nil }
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }

  private static func pages(at field: Int) -> Double? {
    let fields = contents("/proc/self/statm")?.split(separator: " ") ?? []
    guard fields.indices.contains(field), let pages = Double(fields[field]) else { return nil }
    return pages * Double(sysconf(Int32(_SC_PAGESIZE)))
  }

  private static var startSeconds: Double? {
    let boot = contents("/proc/stat")?.split(separator: "\n").first { $0.hasPrefix("btime ") }?.split(separator: " ").last
    let fields = contents("/proc/self/stat")?.split(separator: ")").last?.split(separator: " ") ?? []
    guard let boot = boot.flatMap({ Double($0) }), fields.indices.contains(startField), let ticks = Double(fields[startField]) else {
      return nil
    }
    return boot + ticks / Double(sysconf(Int32(_SC_CLK_TCK)))
  }

  /// Without the one that looks.
  private static var openDescriptors: Double? {
    guard let folder = opendir("/proc/self/fd") else { return nil }
    defer { closedir(folder) }
    var count = 0
    while let entry = readdir(folder) { count += entry.pointee.d_name.0 == CChar(bitPattern: UInt8(ascii: ".")) ? 0 : 1 }
    return Double(count - 1)
  }

  private static var maximumDescriptors: Double? {
    var limit = rlimit()
    guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return nil }
    return limit.rlim_cur == rlim_t.max ? .infinity : Double(limit.rlim_cur)
  }

  /// A file of `/proc`, which has no length before it is read.
  private static func contents(_ path: String) -> String? {
    guard let file = fopen(path, "re") else { return nil }
    defer { fclose(file) }
    var bytes: [UInt8] = []
    var piece = [UInt8](repeating: 0, count: readBytes)
    while case let count = fread(&piece, 1, piece.count, file), count > 0 { bytes += piece[..<count] }
    return String(decoding: bytes, as: UTF8.self)
  }
}
