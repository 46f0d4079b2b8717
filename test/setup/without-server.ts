/**
 * Global set-ups on a machine that cannot have their server.
 *
 * @module
 */
import { MissingToolError } from '@mandate/stack'
import type { TestProject } from 'vitest/node'
import type {} from './needs-server.ts'

/** An address at which no server is. */
export const NOWHERE = 'http://127.0.0.1:9'

/** What a set-up does with and without its server. */
export interface ServerSetup {
  /** @returns The tear-down. */
  readonly start: () => Promise<() => Promise<void>>
  /** Provides values of the right type, for files that read them before their first hook. */
  readonly provideNothing: () => void
}

/** Starts the server. When a program for it is missing, `needs-server.ts` fails each file of the project with the reason. */
export async function startOrExplain(
  project: TestProject,
  { start, provideNothing }: ServerSetup,
): Promise<() => Promise<void>> {
  try {
    return await start()
  } catch (error) {
    if (!(error instanceof MissingToolError)) throw error
    project.provide('missingServer', { tool: error.tool ?? '', message: error.message })
    provideNothing()
    return () => Promise.resolve()
  }
}
