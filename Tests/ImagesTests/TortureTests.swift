import Foundation
import Images
import TestSupport
import Testing

/// Files that decoders are tested with, good and broken: what Pillow makes of each is known.
@Suite(.enabled(if: Fixtures.hasShared, "the shared image files are not beside this clone"), .serialized)
struct TortureTests {
  private struct Entry {
    let file: String
    let format: String
    let size: String
    let orientation: Int
    let verdict: String
  }

  /// Refused here although Pillow decodes them: each with its reason.
  private static let refusedHere: [String: String] = [
    "imagetestsuite/1cbb1bb37d62c44f67374cd451643dc4.jpg": "data is missing, which Pillow fills",
    "imagetestsuite/463d3570f92a6b6ecba0cc4fd9a7a384.png": "two palettes, which the standard forbids",
    "imagetestsuite/5482a54657765056f1a94116a8dbffe7.jpg": "a chroma subsampling that TurboJPEG does not know",
    "imagetestsuite/7997b6b229f25315d33f5c7085e37500.jpg": "data is missing, which Pillow fills",
    "imagetestsuite/c-c53911b0385c34a8204c30fdc14ea5cc.png": "truncated after its pixels",
    "imagetestsuite/c-m1-1fc0c0de88608a9445d6f98a544b5abc.png": "an unknown critical chunk, which the standard says to refuse",
    "imagetestsuite/c-m1-6bfb149151f58d124d6fa76eaad75520.png": "rows are missing",
    "imagetestsuite/c-m1-8f2b481b7fd9bd745e620b7c01a18df2.png": "truncated after its pixels",
    "libpng/crashers__badcrc.png": "a wrong checksum over its pixels",
    "libpng/crashers__huge_IDAT.png": "truncated after its pixels",
    "pngsuite/xcsn0g01.png": "a wrong checksum over its pixels, broken on purpose",
  ]

  /// Decoded here although Pillow refuses them: each with its reason.
  private static let decodedHere: [String: String] = [
    "imagetestsuite/0b7d50ac449fd59eb3de00647636d0c9.png": "a broken cHRM chunk, which is not used",
    "imagetestsuite/4c5b82ba0a9c12356007bd71e52185b2.png": "a broken sRGB chunk, which is not used",
    "imagetestsuite/5e2b64196b9e014e0ed0a27873cafdb3.png": "broken metadata, which is not used",
    "imagetestsuite/m3-66ac49ef3f48ac9482049e1ab57a53e9.png": "broken metadata, which is not used",
    "libpng/crashers__empty_ancillary_chunks.png": "empty metadata chunks, which are not used",
    "imagetestsuite/194531363df5b73f59c4c0517422f917.jpg": "TurboJPEG reports only stray bytes, not the missing data",
    "imagetestsuite/46f5d9c1b0fe352353688f736e5617b6.jpg": "TurboJPEG reports only stray bytes, not the missing data",
    "imagetestsuite/59d3b529c78ac722127c41ba75b3355b.jpg": "TurboJPEG reports only stray bytes, not the missing data",
    "imagetestsuite/5c67195f6993c9f8d0d32d4ffe0d8e62.jpg": "TurboJPEG reports only stray bytes, not the missing data",
  ]

  /// Marked as good in the list, but Pillow 13 itself refuses to load them: their pixel data is broken.
  private static let wronglyMarked: Set<String> = [
    "imagetestsuite/c-9032e447e32e09aef5b7de2fab42494d.png",
    "imagetestsuite/c-m1-4bdd87fd0324f0a3d84d6905d17e1731.png",
    "imagetestsuite/c-m1-559dcf17d281e285b7f09f943b9706de.png",
    "imagetestsuite/c-m1-9a3e0c7b687b526987e2270541002d47.png",
    "imagetestsuite/c-m1-aded9dc1dc9361363ad0b426c2ff1846.png",
    "imagetestsuite/c-m1-d87a07bdc461bf81e43447ca0620d71d.png",
    "imagetestsuite/c-m2-0699098e769a2d80e60f33dbb3332b61.png",
    "imagetestsuite/c-m2-593d4b1a0b5d13b539c6c098dc5797ca.png",
    "imagetestsuite/c-m2-66ac49ef3f48ac9482049e1ab57a53e9.png",
    "imagetestsuite/c-m2-71915ab0b1cc7350091ef7073a312d16.png",
    "imagetestsuite/c-m7-a46ce91d8975a017917156b8824f936e.png",
    "imagetestsuite/c-m8-a46ce91d8975a017917156b8824f936e.png",
    "imagetestsuite/m1-04c2707d63235dd5ab2c66ee98a36521.png",
    "imagetestsuite/m1-125cdc39e13ce7c237b7b4a9e1d8f21c.png",
    "imagetestsuite/m1-4bdd87fd0324f0a3d84d6905d17e1731.png",
    "imagetestsuite/m1-5e149c14dc7b7c16ff6bcedd1625ca31.png",
    "imagetestsuite/m1-814fcedc62fe4e43923c042ff1d6747f.png",
    "imagetestsuite/m1-9a3e0c7b687b526987e2270541002d47.png",
    "imagetestsuite/m1-d87a07bdc461bf81e43447ca0620d71d.png",
    "imagetestsuite/m2-272ae9468b7883e5cf61873a17271fb4.png",
    "imagetestsuite/m2-593d4b1a0b5d13b539c6c098dc5797ca.png",
    "imagetestsuite/m3-593d4b1a0b5d13b539c6c098dc5797ca.png",
    "libpng/crashers__badadler.png",
  ]

  private func entries() throws -> [Entry] {
    let text = try String(contentsOf: Fixtures.shared("data/torture/MANIFEST.tsv"), encoding: .utf8)
    return text.split(separator: "\n").dropFirst().map { line in
      let fields = line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
      return Entry(file: fields[0], format: fields[3], size: fields[5], orientation: Int(fields[6]) ?? 1, verdict: fields[8])
    }
  }

  @Test func `what Pillow decodes decodes at that size, everything else is refused with a reason`() throws {
    for entry in try entries() {
      let bytes = try [UInt8](Data(contentsOf: Fixtures.shared("data/torture/\(entry.file)")))
      let isWanted = entry.verdict == "ok" && ["PNG", "JPEG", "WEBP", "MPO"].contains(entry.format)
      let start = ContinuousClock.now
      do throws(ImageError) {
        let image = try ImageDecoder.decode(bytes).image
        let upright = "\(image.width)x\(image.height)"
        let stored = entry.orientation > 4 ? "\(image.height)x\(image.width)" : upright
        #expect(isWanted || Self.decodedHere[entry.file] != nil, "\(entry.file): decoded to \(upright), Pillow says \(entry.verdict)")
        if isWanted { #expect(stored == entry.size, "\(entry.file)") }
      } catch {
        let isExpected = Self.refusedHere[entry.file] != nil || Self.wronglyMarked.contains(entry.file)
        #expect(!isWanted || isExpected, "\(entry.file) \(entry.size): \(error)")
        #expect(error.description.count > 20)
      }
      #expect(ContinuousClock.now - start < .seconds(5), "\(entry.file)")
    }
    #expect(Self.refusedHere.count <= 15)
  }
}
