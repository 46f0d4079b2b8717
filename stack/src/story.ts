/**
 * The story of the demo, told through the real APIs.
 *
 * @module
 */
import type { Credentials } from '@mandate/keycloak'

/** What the story needs of a running stack. */
export interface StoryContext {
  readonly issuer: string
  /** Base URLs. */
  readonly urls: { readonly pdp: string; readonly trips: string; readonly agent: string }
  /** By login name. */
  readonly people: Readonly<Record<string, Credentials>>
  /** Prints one line. */
  readonly out: (line: string) => void
}

export async function tellStory(_context: StoryContext): Promise<void> {
  await Promise.resolve()
}
