import COpenSSL
import Foundation

/// A certificate for `localhost` that signs itself, and its key, in files of a folder of their own.
final class TestCertificate: Sendable {
  let certificate: String
  let key: String
  private let folder: URL

  init() throws {
    folder = FileManager.default.temporaryDirectory.appendingPathComponent("certificate-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    certificate = folder.appendingPathComponent("certificate.pem").path
    key = folder.appendingPathComponent("key.pem").path
    renew(serial: 1)
  }

  deinit { try? FileManager.default.removeItem(at: folder) }

  /// Puts a new pair in the place of the old one, as tools that renew do: each file under another name first.
  func renew(serial: Int) {
    let pair = Self.newKey()
    let signed = Self.newCertificate(for: pair, serial: serial)
    defer {
      EVP_PKEY_free(pair)
      X509_free(signed)
    }
    write(certificate) { _ = PEM_write_bio_X509($0, signed) }
    write(key) { _ = PEM_write_bio_PrivateKey($0, pair, nil, nil, 0, nil, nil) }
  }

  private func write(_ path: String, _ content: (OpaquePointer?) -> Void) {
    let file = BIO_new_file(path + ".new", "w")
    content(file)
    BIO_free(file)
    rename(path + ".new", path)
  }

  private static func newKey() -> OpaquePointer? {
    let context = EVP_PKEY_CTX_new_id(EVP_PKEY_EC, nil)
    defer { EVP_PKEY_CTX_free(context) }
    var key: OpaquePointer?
    EVP_PKEY_keygen_init(context)
    EVP_PKEY_CTX_set_ec_paramgen_curve_nid(context, NID_X9_62_prime256v1)
    EVP_PKEY_keygen(context, &key)
    return key
  }

  private static func newCertificate(for key: OpaquePointer?, serial: Int) -> OpaquePointer? {
    let certificate = X509_new()
    let day = 86_400
    X509_set_version(certificate, 2)
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), serial)
    X509_gmtime_adj(X509_getm_notBefore(certificate), -day)
    X509_gmtime_adj(X509_getm_notAfter(certificate), day)
    X509_set_pubkey(certificate, key)
    let name = X509_get_subject_name(certificate)
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, "localhost", -1, -1, 0)
    X509_set_issuer_name(certificate, name)
    let names = X509V3_EXT_conf_nid(nil, nil, NID_subject_alt_name, "DNS:localhost,IP:127.0.0.1")
    X509_add_ext(certificate, names, -1)
    X509_EXTENSION_free(names)
    X509_sign(certificate, key, EVP_sha256())
    return certificate
  }
}
