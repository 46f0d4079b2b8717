import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

// Half of a process's start is reading its TypeScript: hundreds are started here, of a dozen programs.
process.env['NODE_COMPILE_CACHE'] ??= fileURLToPath(new URL('node_modules/.cache/compile', import.meta.url))

/** What is waited for comes from another process, on a machine that may be busy: generous, for only a failure takes so long. */
const EXPECT = { poll: { timeout: 20_000, interval: 50 } }

/**
 * unit: beside the code, no server. contract: one suite per port, on the fake and on the real thing. integration: a real
 * OpenFGA. embedded: the stack on Node alone, without OpenFGA and Keycloak. fuzz: the PDP by its own OpenAPI document. e2e: the whole stack, Keycloak included.
 * realm: likewise, for what changes the realm, so one file at a time. The servers are started once per project by its global set-up.
 */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: [
            '*/src/**/*.test.ts',
            'desktop/renderer/**/*.test.ts',
            '{auditor,playground}/page/src/**/*.test.ts',
            'examples/*/src/**/*.test.ts',
            'test/unit/**/*.test.ts',
          ],
          // The inner loop: modules are loaded once a worker, not once a file. Tests leave nothing behind in them.
          pool: 'threads',
          isolate: false,
          maxWorkers: '100%',
          testTimeout: 30_000,
          expect: EXPECT,
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          name: 'contract',
          include: ['test/contract/**/*.test.ts'],
          globalSetup: ['test/setup/openfga.ts'],
          setupFiles: ['test/setup/needs-server.ts'],
          // They wait for disks and processes half of the time, each in a folder of its own.
          maxWorkers: '100%',
          testTimeout: 30_000,
          expect: EXPECT,
          hookTimeout: 120_000,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          name: 'integration',
          include: ['test/integration/**/*.test.ts'],
          globalSetup: ['test/setup/openfga.ts'],
          setupFiles: ['test/setup/needs-server.ts'],
          // Likewise for servers; each file has a store and a PDP of its own.
          maxWorkers: '100%',
          testTimeout: 30_000,
          expect: EXPECT,
          hookTimeout: 120_000,
          sequence: { groupOrder: 2 },
        },
      },
      {
        test: {
          name: 'embedded',
          // The desktop's story is played on embedded parts here, and on the real servers in e2e.
          include: ['test/embedded/**/*.test.ts', 'test/e2e/desktop-story.test.ts', 'test/e2e/newcomer.test.ts'],
          testTimeout: 60_000,
          expect: EXPECT,
          hookTimeout: 120_000,
          maxWorkers: '100%',
          sequence: { groupOrder: 3 },
        },
      },
      {
        test: {
          name: 'fuzz',
          include: ['test/fuzz/**/*.test.ts'],
          globalSetup: ['test/setup/openfga.ts'],
          setupFiles: ['test/setup/needs-server.ts'],
          hookTimeout: 120_000,
          sequence: { groupOrder: 4 },
        },
      },
      {
        test: {
          name: 'e2e',
          // newcomer is played on embedded parts: above. Not by `exclude`, which would replace the --exclude of a command line.
          include: ['test/e2e/!(newcomer).test.ts'],
          globalSetup: ['test/setup/stack.ts'],
          setupFiles: ['test/setup/needs-server.ts'],
          testTimeout: 120_000,
          expect: EXPECT,
          hookTimeout: 600_000,
          // Each file has a stack of its own; what they share is Keycloak, which they leave as it is.
          maxWorkers: '100%',
          sequence: { groupOrder: 5 },
        },
      },
      {
        test: {
          name: 'realm',
          include: ['test/realm/**/*.test.ts'],
          globalSetup: ['test/setup/stack.ts'],
          setupFiles: ['test/setup/needs-server.ts'],
          testTimeout: 120_000,
          expect: EXPECT,
          hookTimeout: 600_000,
          fileParallelism: false,
          sequence: { groupOrder: 6 },
        },
      },
    ],
  },
})
