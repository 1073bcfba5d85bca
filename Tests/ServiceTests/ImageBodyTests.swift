import Foundation
import HTTPTypes
import Images
import Synchronization
import Testing

@testable import Service

/// Pictures whose patches are each of one grey.
enum Pictures {
  static func image(rows: Int, columns: Int, _ gray: (Int) -> UInt8) -> RGBImage {
    let (height, width) = (rows * 16, columns * 16)
    var pixels: [UInt8] = []
    for y in 0..<height {
      for x in 0..<width { pixels += repeatElement(gray(y / 16 * columns + x / 16), count: 3) }
    }
    return RGBImage(width: width, height: height, pixels: pixels)
  }

  static func png(rows: Int, columns: Int, _ gray: (Int) -> UInt8) -> [UInt8] {
    PNGEncoder.encode(image(rows: rows, columns: columns, gray))
  }

  /// What a patch of one grey is to ``BrightnessEngine``.
  static func brightness(_ gray: UInt8) -> Float {
    let normalization = Normalization.imageNet
    return (0..<3).reduce(Float(0)) { $0 + (Float(gray) / 255 - normalization.mean[$1]) / normalization.deviation[$1] } / 3
  }
}

/// Counts calls.
final class Counter: Sendable {
  private let calls = Mutex(0)

  var count: Int { calls.withLock { $0 } }

  func increase() { calls.withLock { $0 += 1 } }
}

@Suite struct ImageBodyTests {
  /// 3 by 4 patches, brighter from patch to patch.
  private let picture = Pictures.png(rows: 3, columns: 4) { UInt8($0 * 20) }

  @Test func `answers one object for one image, every patch in its place`() async throws {
    let harness = await Harness()
    let json = try await harness.send(.post, "/predict-loss?fit=native", body: picture).json()
    #expect(json["id"] as? String == "sha256:" + Digest.sha256(picture))
    #expect(json["grid"] as? [Int] == [3, 4])
    #expect(json["ranking"] as? [Int] == Array((0..<12).reversed()))
    #expect(json["region"] as? [String: Double] == ["x": 0, "y": 0, "width": 64, "height": 48])
    let map = try #require(json["predicted_loss"] as? [[Double]])
    for (patch, value) in map.flatMap(\.self).enumerated() {
      #expect(abs(Float(value) - Pictures.brightness(UInt8(patch * 20))) < 1e-5)
    }
  }

  @Test func `has no more patches than are allowed, and says which side gives few enough`() async throws {
    let harness = await Harness([BrightnessEngine(patchSize: 2, side: 4)]) { $0.maximumPatches = 12 }
    // 64 by 48 pixels would be 768 patches of 2 pixels: without max_side the image is made as small as any shape needs.
    let small = try await harness.send(.post, "/predict-loss?fit=native", body: picture).json()
    #expect(small["grid"] as? [Int] == [2, 3])
    let problem = try await harness.send(.post, "/predict-loss?fit=native&max_side=64", body: picture)
    #expect(problem.status == 422)
    #expect(try problem.problem() == "too-many-patches")
    #expect(try problem.json()["allowed"] as? [String] == ["1 to 6"])
    #expect(
      try problem.json()["detail"] as? String == "The image has 24 by 32 patches of 2 pixels, more than the 12 that --max-patches allows; "
        + "6 pixels on the longer side give fewer, whatever its shape.")
    #expect(try await harness.send(.post, "/predict-loss?fit=native&max_side=6", body: picture).status == 200)
  }

  @Test func `is never too large at the model's own size`() async throws {
    let harness = await Harness([BrightnessEngine(patchSize: 2, side: 16)]) { $0.maximumPatches = 4 }
    #expect(try await harness.send(.post, "/predict-loss?fit=stretch", body: picture).json()["grid"] as? [Int] == [8, 8])
  }

  @Test func `reports the part of the source that the paper's crop covers`() async throws {
    let harness = await Harness([BrightnessEngine(side: 224)])
    let source = RGBImage(width: 640, height: 427, pixels: [UInt8](repeating: 9, count: 640 * 427 * 3))
    let json = try await harness.send(.post, "/predict-loss", body: PNGEncoder.encode(source)).json()
    let region = try #require(json["region"] as? [String: Double])
    for (name, value) in ["x": 133.68, "y": 26.69, "width": 374.31, "height": 373.63] {
      #expect(abs((region[name] ?? 0) - value) < 0.006, "\(name)")
    }
    let image = try #require(json["image"] as? [String: Any])
    #expect(image["width"] as? Int == 640)
    #expect(image["height"] as? Int == 427)
    #expect(image["format"] as? String == "png")
  }

  @Test func `keeps an upload, so that its id gives the same mask as the image itself`() async throws {
    let counter = Counter()
    var engine = BrightnessEngine()
    engine.before = { counter.increase() }
    let harness = await Harness([engine])
    let posted = try await harness.send(.post, "/mask?ratio=.5&alpha=.5&fit=native", body: picture)
    let id = "sha256:" + Digest.sha256(picture)
    let fetched = try await harness.send(.get, "/mask?image=\(id)&ratio=.5&alpha=.5&fit=native")
    #expect(fetched.text == posted.text)
    #expect(counter.count == 1)
  }

  @Test func `forgets an upload after its lifetime`() async throws {
    let harness = await Harness { $0.imageStoreLifetime = 60 }
    _ = try await harness.send(.post, "/predict-loss", body: picture)
    let target = "/mask?image=sha256:\(Digest.sha256(picture))"
    #expect(try await harness.send(.get, target).status == 200)
    harness.clock.advance(by: 60)
    #expect(try await harness.send(.get, target).problem() == "unknown-image")
  }

  @Test func `asks anew for another reading of a kept upload`() async throws {
    let harness = await Harness()
    _ = try await harness.send(.post, "/predict-loss?fit=native", body: picture)
    let target = "/mask?image=sha256:\(Digest.sha256(picture))&ratio=.5&fit=native"
    let full = try await harness.send(.get, target).json()["masks"] as? [[[Int]]]
    let average = try await harness.send(.get, target + "&mode=masked_average").json()["masks"] as? [[[Int]]]
    #expect(full == [[[0, 0, 0, 0], [0, 0, 1, 1], [1, 1, 1, 1]]])
    #expect(average == [[[1, 1, 1, 1], [1, 1, 0, 0], [0, 0, 0, 0]]])
  }

  @Test func `puts images of several grids into one list, each with its own`() async throws {
    let harness = await Harness()
    let other = Pictures.png(rows: 2, columns: 2) { UInt8($0) }
    let body = MultipartBody.form([picture, Array("not an image".utf8), other])
    let reply = try await harness.send(.post, "/predict-loss?fit=native", MultipartBody.fields, body: body)
    let results = try #require(try reply.json()["results"] as? [[String: Any]])
    #expect(results[0]["grid"] as? [Int] == [3, 4])
    #expect(results[1]["status"] as? Int == 415)
    #expect(results[2]["ranking"] as? [Int] == [3, 2, 1, 0])
  }

  @Test func `refuses several grids in one NumPy array`() async throws {
    let harness = await Harness()
    let body = MultipartBody.form([picture, Pictures.png(rows: 2, columns: 2) { UInt8($0) }])
    let reply = try await harness.send(.post, "/predict-loss?fit=native&format=npy", MultipartBody.fields, body: body)
    #expect(try reply.problem() == "one-grid-needed")
  }

  @Test func `says 415 and what it takes for bytes of no known kind`() async throws {
    let harness = await Harness()
    let reply = try await harness.send(.post, "/predict-loss", [.contentType: "image/png"], body: Array("GIF89a".utf8))
    #expect(reply.status == 415)
    #expect(try (reply.json()["allowed"] as? [String])?.contains("image/webp") == true)
  }

  @Test func `says 422 for an image cut short`() async throws {
    let harness = await Harness()
    #expect(try await harness.send(.post, "/predict-loss", body: Array(picture.prefix(60))).problem() == "undecodable-image")
  }

  @Test func `names the pixel limit`() async throws {
    let harness = await Harness { $0.maximumImagePixels = 1000 }
    let reply = try await harness.send(.post, "/predict-loss", body: picture)
    #expect(reply.status == 422)
    #expect(
      try reply.json()["detail"] as? String
        == "The PNG image has more than the 1000 pixels that are allowed. The limit is --max-image-pixels.")
  }
}

@Suite struct PictureAnswerTests {
  private let source = Pictures.image(rows: 3, columns: 4) { UInt8($0 * 20) }

  private func picture(_ target: String, of harness: Harness? = nil) async throws -> RGBImage {
    let service = if let harness { harness } else { await Harness() }
    let reply = try await service.send(.post, target, body: PNGEncoder.encode(source))
    try #require(reply.status == 200, "\(reply.text)")
    #expect(reply.head.headerFields[.contentType] == "image/png")
    return try ImageDecoder.decode(reply.body).image
  }

  /// The colour at the middle of a patch.
  private func middle(_ image: RGBImage, _ patch: Int, side: Int = 16) -> [UInt8] {
    let start = ((patch / 4 * side + side / 2) * image.width + patch % 4 * side + side / 2) * 3
    return Array(image.pixels[start..<start + 3])
  }

  @Test func `paints the least loss blue and the greatest red, at the region's own size`() async throws {
    let image = try await picture("/predict-loss?format=png&fit=native")
    #expect(image.width == 64)
    #expect(image.height == 48)
    #expect(middle(image, 0)[2] > 100 && middle(image, 0)[0] == 0)
    #expect(middle(image, 11)[0] > 100 && middle(image, 11)[2] == 0)
  }

  @Test func `scales to the size asked for`() async throws {
    let image = try await picture("/predict-loss?format=png&fit=native&view=input&size=128")
    #expect(image.width == 128)
    #expect(image.height == 96)
  }

  @Test func `shows what the model sees`() async throws {
    #expect(try await picture("/predict-loss?format=png&fit=native&view=input") == source)
  }

  @Test func `mixes map and picture by the opacity`() async throws {
    #expect(try await picture("/predict-loss?format=png&fit=native&view=overlay&opacity=0") == source)
    let full = try await picture("/predict-loss?format=png&fit=native&view=overlay&opacity=1&colormap=magma")
    let heatmap = try await picture("/predict-loss?format=png&fit=native&view=heatmap&colormap=magma")
    #expect(full == heatmap)
  }

  @Test func `paints masked patches grey and leaves the others`() async throws {
    let image = try await picture("/predict-loss?format=png&fit=native&view=masked&ratio=.5")
    for patch in 0..<12 { #expect(middle(image, patch) == [UInt8](repeating: patch < 6 ? UInt8(patch * 20) : 128, count: 3)) }
  }

  @Test func `paints a mask white on black`() async throws {
    let image = try await picture("/predict-loss?format=png&fit=native&view=mask&ratio=.5")
    for patch in 0..<12 { #expect(middle(image, patch) == [UInt8](repeating: patch < 6 ? 0 : 255, count: 3)) }
  }

  @Test func `paints a mask at so many pixels a patch`() async throws {
    let image = try await picture("/mask?format=png&fit=native&ratio=.5&scale=3")
    #expect(image.width == 12)
    #expect(image.height == 9)
    #expect(middle(image, 11, side: 3) == [255, 255, 255])
    #expect(middle(image, 0, side: 3) == [0, 0, 0])
  }

  @Test func `lays a mask over the picture`() async throws {
    let masked = try await picture("/mask?format=png&fit=native&ratio=.5&view=masked")
    #expect(middle(masked, 11) == [128, 128, 128])
    let overlay = try await picture("/mask?format=png&fit=native&ratio=.5&view=overlay")
    #expect(middle(overlay, 0) == [0, 0, 0])
    #expect(middle(overlay, 11) == [238, 238, 238])
  }

  @Test func `refuses a picture of more pixels than it paints`() async throws {
    let harness = await Harness()
    let reply = try await harness.send(.get, "/mask?format=png&grid=256x256&scale=17")
    #expect(reply.status == 400)
    #expect(try reply.json()["parameter"] as? String == "scale")
  }

  @Test func `puts the five panels of the paper's figure side by side`() async throws {
    let image = try await picture("/reconstruct?format=png&fit=native")
    let enlargement = 5  // the least whole one that makes a panel of 48 rows at least 224 high
    #expect(image.height == enlargement * 48)
    #expect(image.width == 5 * enlargement * 64 + 4 * 4)
  }

  @Test func `paints one image only`() async throws {
    let harness = await Harness()
    let body = MultipartBody.form([PNGEncoder.encode(source), PNGEncoder.encode(source)])
    #expect(try await harness.send(.post, "/predict-loss?format=png", MultipartBody.fields, body: body).problem() == "one-grid-needed")
    #expect(try await harness.send(.post, "/mask?format=png", MultipartBody.fields, body: body).problem() == "one-grid-needed")
    #expect(try await harness.send(.get, "/mask?format=png&count=2").problem() == "one-grid-needed")
  }
}
