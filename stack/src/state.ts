/**
 * The state folder of the demo in the clone, and the note that says where the running (or last) demo is.
 *
 * @module
 */
import { join } from 'node:path'
import { z } from 'zod'
import { readJson, writeAtomically } from './files.ts'
import { ROOT } from './service.ts'

/** Ignored by git; everything in it can be thrown away by `npm start -- --fresh`. */
export const STATE_DIR = join(ROOT, '.mandate')

const runFile = z.object({
  pid: z.int(),
  url: z.string(),
  /** Folder of the decision log. */
  log: z.string(),
  /** File with its verifier key. */
  key: z.string(),
  /** Where people sign in, and where the services are. A demo of an earlier version does not say. */
  issuer: z.string().optional(),
  trips: z.string().optional(),
  agent: z.string().optional(),
})

/** Where a demo is. Nothing secret. */
export type Run = z.infer<typeof runFile>

export function writeRun(stateDir: string, run: Run): void {
  writeAtomically(join(stateDir, 'run.json'), `${JSON.stringify(run, undefined, 2)}\n`)
}

/** `undefined` before the first demo in this clone. */
export function readRun(stateDir: string): Run | undefined {
  return runFile.safeParse(readJson(join(stateDir, 'run.json'))).data
}
