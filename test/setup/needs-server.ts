/**
 * Vitest set-up of each file in a project whose global set-up starts a server: without the server, the file's tests fail with that reason, which
 * `npm test` turns into skipped tests where the program was announced as missing.
 *
 * @module
 */
import { beforeAll, inject } from 'vitest'

declare module 'vitest' {
  export interface ProvidedContext {
    /** Why the global set-up did not start its server. */
    readonly missingServer: { readonly tool: string; readonly message: string } | undefined
  }
}

const missing = inject('missingServer')
if (missing) {
  beforeAll(() => {
    // The shape of a MissingToolError: importing its class would load the stack's whole package into each test file.
    throw Object.assign(new Error(missing.message), { name: 'MissingToolError', tool: missing.tool })
  })
}
