/**
 * The file `restored` in the data directory: `deploy/restore.sh` leaves it, so that the next start also ends again what could
 * be taken back, such as suspensions (ADR 0151).
 *
 * @module
 */
import { join } from 'node:path'
import type { RestoredMark } from '../ports/log.ts'
import { nodeFiles } from './files.ts'

export function restoredMark(dataDir: string): RestoredMark {
  const files = nodeFiles()
  const path = join(dataDir, 'restored')
  return {
    isSet: async () => (await files.read(path)) !== undefined,
    clear: () => files.remove(path),
  }
}
