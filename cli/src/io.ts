/**
 * What a command sees of its process.
 *
 * @module
 */
import type { ProcessIo } from '@mandate/service/process-io'

/** Streams, environment and signals of the process. */
export interface Io extends ProcessIo {
  /** Opens a page in the person's browser. Absent where there is none. */
  readonly openBrowser?: (url: URL) => Promise<void>
}
