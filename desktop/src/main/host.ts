/**
 * Port between the core and its host: Electron, or the development host of `npm run desktop -- --browser`.
 *
 * @module
 */
import type { EventName, EventOf } from '../shared/channel.ts'

/** Encrypts for this user of this machine (Electron's asynchronous `safeStorage`). */
export interface Keystore {
  /** Whether other users cannot decrypt. `basic_text` on Linux is not safe: its password is fixed. */
  readonly isSafe: () => Promise<boolean>
  readonly seal: (text: string) => Promise<Uint8Array>
  /** Decrypts. @throws Error for data of another machine or user, or damaged data. */
  readonly open: (sealed: Uint8Array) => Promise<string>
}

export interface Host {
  readonly kind: 'electron' | 'browser'
  /** Folder for the app's files, readable by this user only. */
  readonly dataDir: string
  /** `undefined`: nothing is stored. */
  readonly keystore: Keystore | undefined
  /** Opens the system's browser. Callers pass allow-listed addresses only. */
  readonly openExternal: (url: URL) => Promise<void>
  /** Asks for a file name; `undefined` when the person cancels. */
  readonly chooseFile: (suggestedName: string) => Promise<string | undefined>
}

/** An agent. One without a URL can be given authority, and is never called by this app. */
export interface AgentConfig {
  /** Client id, also the audience of tokens. */
  readonly id: string
  readonly title: string
  /** Where runs of trips are requested. */
  readonly url?: string | undefined
}

/** Settings of the app, validated by `readConfig`. No secrets. */
export interface DesktopConfig {
  readonly issuer: string
  readonly clientId: string
  /** Base URLs by client id, which is also the audience of tokens. Services other than `pdp` and `trips` name their things (`GET /labels`). */
  readonly services: { readonly pdp: string; readonly trips: string; readonly [name: string]: string }
  /**
   * Resource types by service: each type's things are named by its service alone. Types of no service, and services without an entry: any of those
   * services is asked about any of those types.
   */
  readonly types?: Readonly<Record<string, readonly string[]>> | undefined
  /** Agents that the person can let act. */
  readonly agents: readonly AgentConfig[]
  /** Names of people, by `user:<sub>`, for everyone who uses this app: shown until a person gives a name of their own. */
  readonly people: readonly { readonly party: string; readonly name: string }[]
  /** Pinned verifier keys of the PDP's log (signed note, vkey). */
  readonly logKeys: readonly string[]
  /** Address of the security policy, https. */
  readonly securityPolicy?: string | undefined
}

/** The app without its window. */
export interface Core {
  /** Runs an operation of the channel. Never rejects: errors are results. */
  readonly call: (name: string, input: unknown) => Promise<unknown>
  /** @returns A function that removes the listener. */
  readonly listen: (listener: <N extends EventName>(name: N, event: EventOf<N>) => void) => () => void
  /** Handles a `mandate://` link. Ignores links that are no invitation. */
  readonly openLink: (link: string) => void
  /** Stops all work; the stored session remains. */
  readonly close: () => Promise<void>
}

/** The agents that this app calls, and so needs tokens for. */
export const agentsWithUrl = ({ agents }: DesktopConfig): readonly AgentConfig[] =>
  agents.filter(({ url }) => url !== undefined)
