import Foundation
import Images
import Masking
import TestSupport
import Testing

@testable import Evaluation

/// The page of the hardest and the easiest images.
@Suite struct GalleryTests {
  private static let grid = PatchGrid(rows: 2, columns: 3)

  private func gallery(path: String = "a.png", picture: RGBImage? = nil, count: Int = 1) throws -> String {
    let regime = try MiningRegime(MiningSettings(), of: EvaluatedCheckpoint(MiningFolder.model, MiningFolder.reading))
    let truth: [Float] = [0, 1, 2, 3, 4, 5]
    let exhibits = (0..<count).map { number in
      Gallery.Exhibit(
        rank: number + 1, path: path, label: "cat & dog", grid: Self.grid, picture: picture,
        score: ImageScore(trueLoss: truth[...], predictedLoss: truth[...]), trueLoss: truth, predictedLoss: truth.reversed(),
        mask: [1, 0, 0, 0, 0, 1])
    }
    return Gallery(modelName: "m.pth", regime: regime, imageCount: 7, skipped: 2, hardest: exhibits, easiest: exhibits).html
  }

  @Test func `names of files are text, whatever is in them`() throws {
    let page = try gallery(path: #"<script>alert("1")</script>'&"# + "\u{1B}.png")
    #expect(!page.contains("<script") && page.contains("&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&#39;&amp;\\u{1B}.png"))
    #expect(page.contains("cat &amp; dog"))
  }

  @Test func `nothing is asked of anybody: every picture is in the page`() throws {
    let picture = RGBImage(width: 3, height: 2, pixels: [UInt8](repeating: 99, count: 18))
    let page = try gallery(picture: picture, count: 3)
    #expect(page.contains("default-src 'none'; img-src data:; style-src 'unsafe-inline'"))
    #expect(!page.contains("://") && !page.contains("href") && !page.contains("@import"))
    for source in page.matches(of: /(?:src="|url\()([a-z]+:[^,]*),/) { #expect(source.1 == "data:image/png;base64") }
    #expect(page.matches(of: /--picture:url\(data:/).count == 6 && page.matches(of: /<img class="map" alt=""/).count == 12)
    let data = try #require(page.firstMatch(of: /--picture:url\(data:image\/png;base64,([^)]*)\)/))
    #expect(try ImageDecoder.decode([UInt8](#require(Data(base64Encoded: String(data.1))))).image == picture)
  }

  @Test func `what is seen is said as well`() throws {
    let page = try gallery()
    #expect(page.contains("aria-label=\"True loss of 2 by 3 patches, from 0.000 to 5.000\""))
    #expect(page.contains("aria-label=\"2 of 2 by 3 patches hidden\"") && page.contains("<path d=\"M0 0h1v1h-1zM2 1h1v1h-1z\"/>"))
    #expect(page.contains("aria-label=\"a.png could not be read once more\""))
    #expect(page.contains("2 that could not be read") && page.contains("Predicted losses rank the patches within one image only"))
    #expect(page.contains("<html lang=\"en\">") && page.contains("prefers-color-scheme: dark"))
  }
}
