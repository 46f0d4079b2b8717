/**
 * A stack for one file of `e2e` or `embedded`: fresh state, real handles.
 *
 * @module
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openIssuerAdmin } from '@mandate/issuer'
import {
  type Identity,
  type OpenFga,
  type OpenFgaEngine,
  type Stack,
  type StackOptions,
  startStack,
} from '@mandate/stack'
import { inject } from 'vitest'
import { keycloakSubject } from '../realm/contract/keycloak-subject.ts'

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
  const stack = await startWithState({ identity: inject('identity'), ...options })
  const { openFga } = stack
  if (!openFga) throw new Error('the stack has no OpenFGA')
  return { ...stack, openFga }
}

/** A stack on whose issuer a test may end the sessions of a person. */
export type StoryStack = Stack & { readonly endSessions: (username: string) => Promise<void> }

/** Like {@link startTestStack}; in the project `embedded`, where no Keycloak is provided, on embedded parts. */
export async function startStoryStack(options: Pick<StackOptions, 'services'> = {}): Promise<StoryStack> {
  const keycloak: Identity | undefined = inject('identity')
  if (keycloak === undefined) return await startEmbeddedStack(options)
  const { endSessions } = keycloakSubject(keycloak).admin
  return { ...(await startTestStack(options)), endSessions }
}

/** A stack on Node alone: embedded store and embedded issuer. @param options.prepare - Writes into the state folder before the start. */
export async function startEmbeddedStack(
  options: Pick<StackOptions, 'services'> & { readonly prepare?: (stateDir: string) => void } = {},
): Promise<StoryStack & { readonly stateDir: string }> {
  const stack = await startWithState({ ...options, engine: 'embedded', issuerKind: 'embedded' })
  const endSessions = async (username: string): Promise<void> => {
    const admin = openIssuerAdmin(join(stack.stateDir, 'issuer'))
    await admin.endSessions(username, stack.issuer).finally(() => admin.close())
  }
  return { ...stack, endSessions }
}

/** Starts it in a temporary state folder, which `stop` removes. */
async function startWithState({
  prepare,
  ...options
}: Omit<StackOptions, 'stateDir'> & { readonly prepare?: (stateDir: string) => void }): Promise<
  Stack & { readonly stateDir: string }
> {
  const stateDir = mkdtempSync(join(tmpdir(), 'mandate-stack-'))
  const remove = (): void => rmSync(stateDir, { recursive: true, force: true })
  try {
    prepare?.(stateDir)
    const stack = await startStack({ logLevel: 'warn', ...options, stateDir, ownServers: true })
    return {
      ...stack,
      stateDir,
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
