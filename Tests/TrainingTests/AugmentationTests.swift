import Foundation
import Images
import Tensors
import TestSupport
import Testing

@testable import Training

/// Beside torchvision's `resized_crop` and `hflip`, and its `get_params` restated in Python over the same draws.
@Suite struct AugmentationGoldenTests {
  private struct Expected: Decodable {
    struct Crop: Decodable {
      let seed: UInt64
      let epoch, index, size, left, top, width, height: Int
      let mirrored: Bool
    }
    struct Order: Decodable {
      let count: Int
      let seed: UInt64
      let epoch: Int
      let images: [Int]
    }
    struct Split: Decodable {
      let count: Int
      let seed: UInt64
      let heldBack: [Int]
    }
    let crops: [Crop]
    let boxSeed: UInt64
    /// Width and height of the image, epoch, index; left, top, width and height of the box; 1 where mirrored.
    let boxes: [[Int]]
    let orders: [Order]
    let split: Split
  }

  private let expected: Expected

  init() throws {
    expected = try JSONDecoder().decode(Expected.self, from: Data(contentsOf: Fixtures.file("augmentation/expected.json")))
  }

  private func image(_ name: String) throws -> RGBImage {
    try ImageDecoder.decode([UInt8](Data(contentsOf: Fixtures.file("augmentation/\(name).png")))).image
  }

  @Test func `crops are torchvision's, byte for byte`() throws {
    let source = try image("source")
    for (number, crop) in expected.crops.enumerated() {
      let augmentation = CropAndMirror(crop: RandomResizedCrop(size: crop.size))
      var generator = RandomStream.augmentation.generator(seed: crop.seed, epoch: crop.epoch, index: crop.index)
      let cropped = augmentation.apply(source, using: &generator)
      #expect(try cropped == image("\(number)"), "crop \(number)")
    }
    #expect(expected.crops.contains { $0.mirrored } && expected.crops.contains { !$0.mirrored })
  }

  @Test func `boxes are drawn as documented`() {
    let crop = RandomResizedCrop(size: 8)
    for row in expected.boxes {
      var generator = RandomStream.augmentation.generator(seed: expected.boxSeed, epoch: row[2], index: row[3])
      let box = crop.box(width: row[0], height: row[1], using: &generator)
      #expect(box == PixelBox(left: row[4], top: row[5], width: row[6], height: row[7]), "\(row)")
      let chance = generator.nextUnitDouble()
      #expect((chance < 0.5) == (row[8] == 1), "\(row)")
    }
  }

  @Test func `orders and splits are drawn as documented`() throws {
    for order in expected.orders {
      let plan = try BatchPlan(imageCount: order.count, batchSize: 4, order: .shuffled, seed: order.seed)
      #expect(plan.images(inEpoch: order.epoch) == order.images)
    }
    let split = try RandomSplit(of: expected.split.count, holdingBack: .share(0.2), seed: expected.split.seed)
    #expect(split.heldBack == expected.split.heldBack)
  }
}

@Suite struct AugmentationTests {
  @Test(arguments: [(500, 375), (128, 128), (40, 64)])
  func `boxes keep to scale and ratio, and fill both ranges`(width: Int, height: Int) {
    let crop = RandomResizedCrop(size: 32)
    var shares: [Double] = []
    var aspects: [Double] = []
    for index in 0..<4000 {
      var generator = RandomStream.augmentation.generator(seed: 1, index: index)
      let box = crop.box(width: width, height: height, using: &generator)
      #expect(box.left >= 0 && box.top >= 0 && box.left + box.width <= width && box.top + box.height <= height)
      shares.append(Double(box.width * box.height) / Double(width * height))
      aspects.append(log(Double(box.width) / Double(box.height)))
      // A side is rounded by at most half a pixel.
      let slack = (0.5 / Double(box.width) + 0.5 / Double(box.height)) * 1.05
      #expect(shares[index] > 0.2 * (1 - 2 * slack) && shares[index] <= 1)
      #expect(abs(aspects[index]) < log(4.0 / 3) + slack)
    }
    #expect((shares.min() ?? 1) < 0.22 && (shares.max() ?? 0) > 0.75)
    #expect((aspects.min() ?? 0) < -0.2 && (aspects.max() ?? 0) > 0.2)
  }

  /// A square takes every box of a scale below 3/4, so that areas below it are uniform and aspects symmetric.
  @Test func `where every box fits, areas are uniform and aspects even in the logarithm`() {
    let crop = RandomResizedCrop(size: 32, scale: 0.2...0.7)
    let boxes = (0..<20_000).map { index in
      var generator = RandomStream.augmentation.generator(seed: 2, index: index)
      return crop.box(width: 1000, height: 1000, using: &generator)
    }
    let share = boxes.map { Double($0.width * $0.height) * 1e-6 }.reduce(0, +) / 20_000
    let aspect = boxes.map { log(Double($0.width) / Double($0.height)) }.reduce(0, +) / 20_000
    let place = boxes.map { Double($0.left) / Double(1000 - $0.width) }.reduce(0, +) / 20_000
    // Six standard errors.
    #expect(abs(share - 0.45) < 0.0062)
    #expect(abs(aspect) < 0.0071)
    #expect(abs(place - 0.5) < 0.0123)
  }

  @Test(arguments: [
    (1000, 10, PixelBox(left: 493, top: 0, width: 13, height: 10)), (10, 1000, PixelBox(left: 0, top: 493, width: 10, height: 13)),
    (1, 1000, PixelBox(left: 0, top: 499, width: 1, height: 1)),
  ])
  func `where no box fits, the middle is taken`(width: Int, height: Int, expected: PixelBox) {
    for index in 0..<50 {
      var generator = RandomStream.augmentation.generator(seed: 3, index: index)
      let box = RandomResizedCrop(size: 8).box(width: width, height: height, using: &generator)
      #expect(box == expected)
    }
  }

  @Test func `half of the images are mirrored, and none or all on request`() {
    let source = SyntheticImage.picture(1)
    func mirrored(_ share: Double) -> Int {
      let transform = CropAndMirror(crop: RandomResizedCrop(size: 8), mirroredShare: share)
      let plain = CropAndMirror(crop: RandomResizedCrop(size: 8), mirroredShare: 0)
      return (0..<1000).count { index in
        var (one, other) = (
          RandomStream.augmentation.generator(seed: 4, index: index), RandomStream.augmentation.generator(seed: 4, index: index)
        )
        return transform.apply(source, using: &one) == plain.apply(source, using: &other).mirrored
      }
    }
    #expect(mirrored(0) == 0 && mirrored(1) == 1000)
    #expect((420...580).contains(mirrored(0.5)))
  }

  @Test func `a batch's numbers are those of the picture`() {
    let picture = SyntheticImage.picture(3)
    var numbers = [Float](repeating: 0, count: picture.pixels.count)
    var span = numbers.mutableSpan
    PixelPlanes(.imageNet).write(picture, into: &span)
    #expect(numbers == Normalization.imageNet.planar(picture))
  }
}

@Suite struct RandomSplitTests {
  @Test func `a split parts the images, keeps their labels and changes with the seed`() throws {
    let first = try RandomSplit(of: 1000, holdingBack: .count(37), seed: 1)
    #expect(first.heldBack.count == 37 && Set(first.heldBack + first.training).count == 1000)
    #expect(try first == RandomSplit(of: 1000, holdingBack: .count(37), seed: 1))
    #expect(try first != RandomSplit(of: 1000, holdingBack: .count(37), seed: 2))
    let folder = try TemporaryFolder()
    for index in 0..<8 { try folder.write(SyntheticImage.png(index), to: "\(index % 2)/\(index).png") }
    let set = try ImageSet.open(folder.path)
    let split = try RandomSplit(of: set.count, holdingBack: .share(0.25), seed: 5)
    let heldBack = set.subset(split.heldBack)
    #expect(heldBack.count == 2 && heldBack.classNames == set.classNames)
    for (place, index) in split.heldBack.enumerated() {
      #expect(heldBack.label(of: place) == set.label(of: index) && heldBack.name(of: place) == set.name(of: index))
    }
  }

  @Test func `a split that leaves nothing is refused`() {
    #expect(throws: LoadingError.impossibleSplit(heldBack: "10", images: 10)) {
      try RandomSplit(of: 10, holdingBack: .count(10), seed: 0)
    }
    #expect(throws: LoadingError.impossibleSplit(heldBack: "a share of 1.5", images: 10)) {
      try RandomSplit(of: 10, holdingBack: .share(1.5), seed: 0)
    }
  }
}
