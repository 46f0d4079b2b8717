/**
 * State folder of the demo in the clone, and its run file: addresses of the running (or last) demo.
 *
 * @module
 */
import { join } from 'node:path'
import { z } from 'zod'
import { readJson, writeAtomically } from './files.ts'
import { ROOT } from './service.ts'

/** State folder; ignored by git, and deleted by `npm start -- --fresh`. */
export const STATE_DIR = join(ROOT, '.mandate')

const runFile = z.object({
  pid: z.int(),
  url: z.string(),
  /** Folder of the decision log. */
  log: z.string(),
  /** File with its verifier key. */
  key: z.string(),
  /** Issuer and service URLs. Absent in the run file of an earlier version. */
  issuer: z.string().optional(),
  trips: z.string().optional(),
  agent: z.string().optional(),
})

/** Content of the run file. Contains no secret. */
export type Run = z.infer<typeof runFile>

/** Writes the run file. */
export function writeRun(stateDir: string, run: Run): void {
  writeAtomically(join(stateDir, 'run.json'), `${JSON.stringify(run, undefined, 2)}\n`)
}

/** Reads the run file; `undefined` before the first demo in this clone. */
export function readRun(stateDir: string): Run | undefined {
  return runFile.safeParse(readJson(join(stateDir, 'run.json'))).data
}
