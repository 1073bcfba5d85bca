/// What a set of images may be opened from.
package enum ImageSource: String, Hashable, Sendable, CaseIterable {
  case folder
  /// A text file that names images: any that this process may read, so none is accepted from a stranger.
  case list
  case archive
}
