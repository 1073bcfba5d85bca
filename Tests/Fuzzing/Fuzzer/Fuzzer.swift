import CFuzzer
import Glibc

/// Feeds one reader of foreign bytes with what libFuzzer makes up: `Fuzzer --target=NAME [libFuzzer's options and folders]`.
///
/// libFuzzer passes over what begins with two hyphens, and hands it on where it starts itself again.
@main enum Fuzzer {
  private static let option = "--target="
  private static let target = CommandLine.arguments.first { $0.hasPrefix(option) }
    .flatMap { FuzzTarget(rawValue: String($0.dropFirst(option.count))) }

  static func main() {
    guard target != nil else {
      print(FuzzTarget.allCases.map(\.rawValue).joined(separator: "\n"))
      exit(EXIT_FAILURE)
    }
    var count = CommandLine.argc
    var arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = CommandLine.unsafeArgv
    exit(
      LLVMFuzzerRunDriver(&count, &arguments) { bytes, count in
        Fuzzer.target?.read([UInt8](UnsafeBufferPointer(start: bytes, count: count)))
        return 0
      })
  }
}
