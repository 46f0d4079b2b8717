/**
 * What the core needs of whatever it runs in, and what that gets from it. Electron is one host; the browser of `npm run desktop -- --browser` is another. The
 * core knows neither.
 *
 * @module
 */
import type { EventName, EventOf } from '../shared/channel.ts'

/** Encrypts for this person on this machine (Electron's asynchronous `safeStorage`). */
export interface Keystore {
  /** Whether others on this machine cannot read it: `basic_text` of Linux is a fixed password, and is not. */
  readonly isSafe: () => Promise<boolean>
  readonly seal: (text: string) => Promise<Uint8Array>
  /** @throws when it was sealed elsewhere, or is damaged. */
  readonly open: (sealed: Uint8Array) => Promise<string>
}

export interface Host {
  readonly kind: 'electron' | 'browser'
  /** For this app's files, readable by this person alone. */
  readonly dataDir: string
  /** `undefined`: nothing is kept. */
  readonly keystore: Keystore | undefined
  /** The system's browser. Only addresses of the allow-list come here. */
  readonly openExternal: (url: URL) => Promise<void>
  /** Asks where to save; `undefined` when the person would rather not. Nobody else can read the file. */
  readonly chooseFile: (suggestedName: string) => Promise<string | undefined>
}

/** Where everything is. Checked on reading; nothing in it is secret. */
export interface DesktopConfig {
  readonly issuer: string
  readonly clientId: string
  readonly services: { readonly pdp: string; readonly trips: string }
  /** Agents that can be asked to run something; `id` is their client id, which is the audience too. */
  readonly agents: readonly { readonly id: string; readonly title: string; readonly url: string }[]
  /** Verifier keys of the PDP's log (signed note, vkey), pinned. */
  readonly logKeys: readonly string[]
  /** Where the security policy is to be read, https. */
  readonly securityPolicy?: string | undefined
}

/** The whole app without its window. */
export interface Core {
  /** Checks name and input, does it, checks the answer. Never rejects: what goes wrong is an answer too. */
  readonly call: (name: string, input: unknown) => Promise<unknown>
  /** @returns a function that stops listening. */
  readonly listen: (listener: <N extends EventName>(name: N, event: EventOf<N>) => void) => () => void
  /** A `mandate://` link from outside. What is no invitation is ignored. */
  readonly openLink: (link: string) => void
  /** Ends what is under way; the sign-in is kept. */
  readonly close: () => Promise<void>
}
