/**
 * A stack for one e2e file: fresh state, real handles.
 *
 * @module
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type OpenFga, type OpenFgaEngine, type Stack, type StackOptions, startStack } from '@mandate/stack'
import { inject } from 'vitest'

/** A stack on a real OpenFGA. */
export type TestStack = Stack & { readonly openFga: OpenFga }

interface TestStackOptions extends Pick<StackOptions, 'services' | 'postgresUrl' | 'logLevel' | 'env' | 'identity'> {
  readonly engine?: OpenFgaEngine
}

/**
 * Call it in `beforeAll`, and `stop` of its result in `afterAll`: that removes the state too. Stop, crash and restart
 * what you like: `stack.openFga.kill()`, `stack.services.pdp?.restart()`. Only Keycloak is shared.
 */
export async function startTestStack(options: TestStackOptions = {}): Promise<TestStack> {
  const stateDir = mkdtempSync(join(tmpdir(), 'mandate-stack-'))
  const remove = (): void => rmSync(stateDir, { recursive: true, force: true })
  try {
    const stack = await startStack({
      logLevel: 'warn',
      ...options,
      stateDir,
      identity: options.identity ?? inject('identity'),
      ownServers: true,
    })
    const { openFga } = stack
    if (!openFga) throw new Error('the stack has no OpenFGA')
    return {
      ...stack,
      openFga,
      stop: async () => {
        await stack.stop()
        remove()
      },
    }
  } catch (error) {
    remove()
    throw error
  }
}
