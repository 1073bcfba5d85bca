import Foundation

extension AccessKey: JSONWritable {
  /// One line of a key file.
  package func write(to json: inout JSONWriter) {
    json.object { json in
      json.member(Member.name.rawValue, name)
      json.member(Member.rights.rawValue, AccessRight.allCases.filter(rights.contains).map(\.rawValue))
      json.member(Member.requestsPerMinute.rawValue, requestsPerMinute)
      json.member(Member.expiry.rawValue, expiry.map(Timestamp.text))
      json.member(Member.salt.rawValue, salt)
      json.member(Member.digest.rawValue, digest)
    }
  }

  /// The members of a line.
  private enum Member: String, CodingKey, CaseIterable {
    case name, rights
    case requestsPerMinute = "requests_per_minute"
    case expiry = "expires_at"
    case salt
    case digest = "sha256"
  }

  /// Any name of a member, so that one that is misspelt is not overlooked: a limit that is not read is no limit.
  private struct AnyMember: CodingKey {
    let stringValue: String
    let intValue: Int? = nil

    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
  }

  /// The line's content before it is judged.
  private struct Record: Decodable {
    let unknown: [String]
    let name, salt, digest: String
    let rights: [String]
    let requestsPerMinute: Int?
    let expiry: String?

    init(from decoder: any Decoder) throws {
      let names = try decoder.container(keyedBy: AnyMember.self).allKeys.map(\.stringValue)
      unknown = names.filter { Member(rawValue: $0) == nil }.sorted()
      let members = try decoder.container(keyedBy: Member.self)
      name = try members.decode(String.self, forKey: .name)
      salt = try members.decode(String.self, forKey: .salt)
      digest = try members.decode(String.self, forKey: .digest)
      rights = try members.decode([String].self, forKey: .rights)
      requestsPerMinute = try members.decodeIfPresent(Int.self, forKey: .requestsPerMinute)
      expiry = try members.decodeIfPresent(String.self, forKey: .expiry)
    }
  }

  /// Reads one line of a key file.
  ///
  /// - Throws: what is wrong with the line, as a sentence without its subject.
  init(line: some StringProtocol) throws(KeyFileError) {
    guard let record = try? JSONDecoder().decode(Record.self, from: Data(line.utf8)) else {
      throw KeyFileError("is not a JSON object with name, rights, salt and sha256")
    }
    if let member = record.unknown.first { throw KeyFileError("has the member \(LogText(member).quoted), which no key has") }
    guard KeyToken.isName(record.name) else { throw KeyFileError("has a name that is not [a-z0-9][a-z0-9._-]{0,63}") }
    let rights = Set(record.rights.compactMap(AccessRight.init))
    guard rights.count == record.rights.count, !rights.isEmpty else {
      throw KeyFileError("has rights that are not some of \(AccessRight.allCases.map(\.rawValue).joined(separator: ", ")), each once")
    }
    guard record.requestsPerMinute.map({ $0 > 0 }) ?? true else { throw KeyFileError("has requests_per_minute that are not 1 or more") }
    let expiry = record.expiry.map { Timestamp.moment($0) }
    if case .some(.none) = expiry { throw KeyFileError("has an expires_at that is not a time such as 2027-01-31T12:00:00Z") }
    let digitCount = 64
    guard record.digest.utf8.count == digitCount, record.digest.allSatisfy({ $0.isHexDigit && !$0.isUppercase }) else {
      throw KeyFileError("has a sha256 that is not 64 lower-case hexadecimal digits")
    }
    self.init(
      name: record.name, rights: rights, requestsPerMinute: record.requestsPerMinute, expiry: expiry ?? nil, salt: record.salt,
      digest: record.digest)
  }
}
