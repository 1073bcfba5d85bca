import Glibc

/// Memory for numbers: aligned to a cache line, in huge pages where it is large, and the system's again as soon as it is given back.
///
/// Large runs are mapped rather than taken from the heap, which would keep them: what a first pass carves piece by piece would stay
/// resident beside the one piece that replaces them.
package enum AlignedMemory {
  /// Bytes to whose multiple addresses are rounded: a cache line, and the widest vector register.
  package static var alignment: Int { 64 }

  private static var leastMapped: Int { 1 << 20 }
  /// Four of x86-64's huge pages, which spare page faults and address translation.
  private static var leastHuge: Int { 8 << 20 }

  /// `byteCount` bytes, whatever they are.
  package static func allocate(byteCount: Int) -> UnsafeMutableRawPointer {
    guard byteCount >= leastMapped else { return .allocate(byteCount: max(byteCount, 1), alignment: alignment) }
    guard let memory = mmap(nil, byteCount, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), memory != MAP_FAILED else {
      fatalError("The system gives no \(byteCount) bytes of memory; use a smaller batch, image or model.")
    }
    // Advice: where the kernel does not take it, pages are small.
    if byteCount >= leastHuge { _ = madvise(memory, byteCount, MADV_HUGEPAGE) }
    return memory
  }

  /// Gives back what ``allocate(byteCount:)`` gave for as many bytes.
  package static func deallocate(_ memory: UnsafeMutableRawPointer, byteCount: Int) {
    guard byteCount >= leastMapped else { return memory.deallocate() }
    _ = munmap(memory, byteCount)
  }
}
