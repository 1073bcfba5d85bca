package import Tensors

/// The memory that activations live in: carved front to back during one pass, reused by the next.
///
/// It grows to the largest pass it has seen and then allocates no more. Matrices carved before a growth stay where they are: a pass
/// that outgrows the arena spills into further blocks, which the next ``reset()`` replaces by one.
package struct ActivationArena: ~Copyable {
  private var blocks: [Block] = []
  private var used = 0
  private var total = 0
  private var peak = 0

  package init() {}

  /// Bytes held.
  package var byteCount: Int { blocks.reduce(0) { $0 + $1.byteCount } }

  /// Forgets every matrix, so that the next pass starts at the front.
  package mutating func reset() {
    if blocks.count > 1 {
      let needed = peak
      blocks = []
      blocks = [Block(byteCount: needed)]
    }
    used = 0
    total = 0
    peak = 0
  }

  /// A moment of a pass.
  package struct Mark {
    fileprivate let blockCount: Int
    fileprivate let used: Int
    fileprivate let total: Int
  }

  /// Now.
  package var mark: Mark { Mark(blockCount: blocks.count, used: used, total: total) }

  /// Forgets every matrix carved since `mark`.
  package mutating func rewind(to mark: Mark) {
    // What was carved before the mark lies in earlier blocks, or in this one up to it.
    used = blocks.count == mark.blockCount ? mark.used : 0
    total = mark.total
  }

  /// Room for `rows` × `columns` elements, its contents whatever was there.
  package mutating func matrix(rows: Int, columns: Int, type: ElementType = .float32) -> Matrix {
    let bytes = (rows * columns * type.byteCount + 63) / 64 * 64
    if blocks.isEmpty || used + bytes > blocks[blocks.count - 1].byteCount {
      blocks.append(Block(byteCount: bytes))
      used = 0
    }
    defer {
      used += bytes
      total += bytes
      peak = max(peak, total)
    }
    return Matrix(rows: rows, columns: columns, type: type, pointer: blocks[blocks.count - 1].base + used)
  }

  /// Gives the memory back.
  package mutating func release() {
    blocks = []
    used = 0
    total = 0
    peak = 0
  }

  private final class Block {
    let byteCount: Int
    let base: UnsafeMutableRawPointer

    init(byteCount: Int) {
      self.byteCount = byteCount
      base = AlignedMemory.allocate(byteCount: byteCount)
    }

    deinit { AlignedMemory.deallocate(base, byteCount: byteCount) }
  }
}
