import ArgumentParser
import Foundation
import Service

/// `hpm keys add`: a new key, which is shown once.
struct KeysAddCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "add", abstract: "Make a key and print it; the file keeps only what recognises it.")

  @Argument(help: "What the key is called in the file and in the log.")
  var name: String

  @Option(help: "What it may be used for, separated by commas: infer, jobs, admin.")
  var rights = AccessRight.infer.rawValue

  @Option(help: "How many requests a minute; without it, any number.")
  var requestsPerMinute: Int?

  @Option(help: "When it ends to be valid, such as 2027-01-31T12:00:00Z; without it, never.")
  var expires: String?

  @OptionGroup var choice: KeyFileChoice

  func run() throws {
    guard KeyToken.isName(name) else { throw ValidationError("The name \(name) is not [a-z0-9][a-z0-9._-]{0,63}.") }
    let words = rights.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    let chosen = words.compactMap(AccessRight.init(rawValue:))
    guard chosen.count == words.count else {
      throw ValidationError(
        "--rights is \(rights), but must be some of \(AccessRight.allCases.map(\.rawValue).joined(separator: ", ")), separated by commas.")
    }
    if let requestsPerMinute, requestsPerMinute < 1 {
      throw ValidationError("--requests-per-minute is \(requestsPerMinute), but must be 1 or more.")
    }
    let expiry = try expires.map { text in
      guard let moment = Timestamp.moment(text) else {
        throw ValidationError("--expires is \(text), but must be a time such as 2027-01-31T12:00:00Z.")
      }
      return moment
    }
    let (key, token) = AccessKey.fresh(name: name, rights: Set(chosen), requestsPerMinute: requestsPerMinute, expiry: expiry)
    try choice.file.add(key)
    print(token.text)
    StandardError.say("This is the key \(name), shown this once. Clients send it as \"Authorization: Bearer KEY\".")
  }
}
