package import Kernels
package import Masking

/// Which patches of each image of a batch the encoder sees: equally many of every image.
package struct VisiblePatches: Sendable {
  package let grid: PatchGrid
  /// B.
  package let images: Int
  /// Indices in raster order, ascending within an image, images one after another.
  package let indices: [Int32]
  /// Places in ``indices``, ascending, of patches that the encoder sees as the secondary mask's token only.
  package let replaced: [Int32]

  /// Every patch of every image.
  package static func all(of grid: PatchGrid, images: Int) -> VisiblePatches {
    let once = (0..<Int32(clamping: grid.count)).map { $0 }
    return VisiblePatches(grid: grid, images: images, indices: (0..<images).flatMap { _ in once })
  }

  /// What each mask leaves visible; one mask an image, all of one grid and count.
  package init(of masks: [PatchMask]) {
    guard let first = masks.first else { preconditionFailure("visible patches of no mask") }
    precondition(masks.allSatisfy { $0.grid == first.grid && $0.maskedCount == first.maskedCount }, "masks of different grids or counts")
    self.init(
      grid: first.grid, images: masks.count, indices: masks.flatMap { mask in mask.visibleIndices.map { Int32(clamping: $0) } })
  }

  private init(grid: PatchGrid, images: Int, indices: [Int32], replaced: [Int32] = []) {
    self.grid = grid
    self.images = images
    self.indices = indices
    self.replaced = replaced
  }

  /// The same with a share of each image's visible patches replaced by the secondary mask's token (``SecondaryMask``).
  ///
  /// - Parameter seeds: one an image, where the share is not zero.
  package func replacing(_ ratio: Double, seeds: [UInt64]) -> VisiblePatches {
    guard ratio > 0 else { return self }
    precondition(seeds.count == images, "\(seeds.count) seeds for \(images) images")
    var replaced: [Int32] = []
    for (image, seed) in seeds.enumerated() {
      let own = indices[image * perImage..<(image + 1) * perImage].map(Int.init)
      let chosen = Set(SecondaryMask.replaced(of: own, grid: grid, ratio: ratio, seed: seed))
      replaced += own.indices.filter { chosen.contains(own[$0]) }.map { Int32(clamping: image * perImage + $0) }
    }
    return VisiblePatches(grid: grid, images: images, indices: indices, replaced: replaced)
  }

  /// The embedded patches with those replaced taken from the filler, all at the one position of a table of zeros.
  var replacement: TokenPlacement {
    var sources = (0..<Int32(clamping: indices.count)).map { $0 }
    for row in replaced { sources[Int(row)] = -1 }
    return TokenPlacement(sourceRows: sources, positionRows: [Int32](repeating: 0, count: sources.count))
  }

  /// Visible patches of one image.
  package var perImage: Int { indices.count / images }

  /// Hidden patches of each image in raster order, images one after another.
  package var hiddenIndices: [Int32] {
    (0..<images).flatMap { image in
      let seen = Set(indices[image * perImage..<(image + 1) * perImage])
      return (0..<Int32(clamping: grid.count)).filter { !seen.contains($0) }
    }
  }

  /// Rows of the hidden patches among tokens `[B · (1 + L), D]` of all patches, class token first.
  package var hiddenTokenRows: [Int32] {
    let (hidden, perImage) = (hiddenIndices, grid.count - perImage)
    return hidden.indices.map { Int32(clamping: $0 / perImage * (1 + grid.count) + 1) + hidden[$0] }
  }

  /// The visible patches as the kernels gather them.
  func selection(_ configuration: ModelConfiguration) -> PatchSelection {
    PatchSelection(
      channels: configuration.channels, gridRows: grid.rows, gridColumns: grid.columns, side: configuration.patchSize,
      patches: indices, patchesPerImage: perImage)
  }

  /// The hidden patches as the kernels gather them.
  package func hiddenSelection(_ configuration: ModelConfiguration) -> PatchSelection {
    PatchSelection(
      channels: configuration.channels, gridRows: grid.rows, gridColumns: grid.columns, side: configuration.patchSize,
      patches: hiddenIndices, patchesPerImage: grid.count - perImage)
  }

  /// Whether nothing is hidden.
  package var isComplete: Bool { perImage == grid.count }

  /// The encoder's tokens: of each image the class token (the filler, at position 0) and its visible patches.
  var encoderPlacement: TokenPlacement {
    var sources: [Int32] = []
    var positions: [Int32] = []
    for image in 0..<images {
      sources.append(-1)
      positions.append(0)
      for index in image * perImage..<(image + 1) * perImage {
        sources.append(Int32(clamping: index))
        positions.append(1 + indices[index])
      }
    }
    return TokenPlacement(sourceRows: sources, positionRows: positions)
  }

  /// A decoder's tokens in raster order after the class token: what the encoder made of a visible patch, the mask token (the filler)
  /// for a hidden one. The decoders do not mind the order, so raster order it is.
  var decoderPlacement: TokenPlacement {
    let (tokens, length) = (1 + perImage, 1 + grid.count)
    var sources = [Int32](repeating: -1, count: images * length)
    let positions = (0..<images).flatMap { _ in (0..<Int32(clamping: length)) }
    for image in 0..<images {
      sources[image * length] = Int32(clamping: image * tokens)
      for (order, patch) in indices[image * perImage..<(image + 1) * perImage].enumerated() {
        sources[image * length + 1 + Int(patch)] = Int32(clamping: image * tokens + 1 + order)
      }
    }
    return TokenPlacement(sourceRows: sources, positionRows: positions)
  }
}
