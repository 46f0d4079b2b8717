import type { PepLogger } from './refusal.ts'

/** For tests of faults: their log is not looked at. */
export const quiet: PepLogger = { warn: () => undefined, error: () => undefined }
