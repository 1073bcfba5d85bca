import Foundation
import Images
import Jobs
import Kernels
import Logging
import Service
import Training

/// The jobs of `hpm serve`: in the home folder, with the kinds of jobs that this program has.
enum JobsAtHome {
  /// The desk that the routes of jobs use; `nil` where there is no home folder to be had and none was asked for.
  ///
  /// - Parameters:
  ///   - library: The models that jobs may evaluate and mine with.
  ///   - home: A service without a home that was named would not be what was meant.
  /// - Throws: where the named home cannot be used, or another server has it.
  static func open(
    _ configuration: ServiceConfiguration, library: ModelLibrary, home: HomeChoice, logger: Logger
  ) throws -> JobDesk? {
    guard let path = configuration.home else { return nil }
    let folder: JobHome
    do throws(JobError) { folder = try JobHome(path) } catch {
      if case .home = error, home == .standard {
        logger.warning("jobs are off", metadata: ["reason": "\(error)"])
        return nil
      }
      throw CommandFailure(error.description)
    }
    do throws(JobError) {
      let supervisor = try JobSupervisor(
        folder,
        recipes: [
          PretrainRecipe(), EvaluateRecipe { [library] in library.path(of: $0) }, MineRecipe { [library] in library.path(of: $0) },
        ], configuration: jobs(configuration),
        survey: survey(DecodeLimits(maximumPixels: configuration.maximumImagePixels)), filesInUse: { [library] in library.paths }
      ) { sentence in logger.error("jobs", metadata: ["reason": "\(sentence)"]) }
      return JobDesk(supervisor, dataRoots: configuration.dataRoots, logger: logger)
    } catch { throw CommandFailure(error.description) }
  }

  /// Where the home folder comes from.
  enum HomeChoice {
    /// Nobody named one.
    case standard
    case named
  }

  private static func jobs(_ configuration: ServiceConfiguration) -> JobsConfiguration {
    var jobs = JobsConfiguration()
    jobs.maximumRunning = configuration.maximumJobs
    jobs.threads = configuration.jobThreads ?? max(1, Processor.threadCount / 2)
    jobs.lifetime = configuration.jobLifetime
    jobs.homeBytes = configuration.maximumHomeBytes
    jobs.archiveLimits.archiveBytes = configuration.maximumDatasetBytes
    return jobs
  }

  /// Looks at the images at a path; a list of paths is no data set, since it may name any file of the server's.
  private static func survey(_ limits: DecodeLimits) -> DatasetSurvey {
    { path, origin throws(DatasetError) in
      do throws(ImageSetError) {
        let images = try ImageSet.open(path, configuration: ImageSetConfiguration(sources: [.folder, .archive]))
        let count = DatasetCount(
          images: images.count, classes: images.classNames.count, passedOver: images.ignored.total,
          duplicates: origin == .upload ? images.duplicateCount : 0)
        return DatasetFindings(count: count, thumbnails: DatasetThumbnails.png(of: images, limits: limits))
      } catch {
        // Where an upload was unpacked is nobody's business.
        throw .unusable("The data set cannot be used: \(error.description.replacing(path, with: "it")).")
      }
    }
  }
}
