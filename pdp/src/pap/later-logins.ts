/**
 * Ends of logins and sessions that a decision log has although the restored database does not (rule E5, ADR 0151). Only what narrows: a login that was enabled
 * after the backup is enabled again by the transmitter's next event, not here.
 *
 * @module
 */
import type { Entry, EpochMillis, PartyRef } from '@mandate/protocol'
import type { Sessions, Vault } from '../ports/stores.ts'
import { MAX_TOKEN_AGE } from '../ports/tokens.ts'

export interface LaterLoginsDeps {
  readonly sessions: Pick<Sessions, 'disable' | 'endAll' | 'isEnded'>
  readonly vault: Pick<Vault, 'subOf'>
}

/** Kinds of entries that {@link LaterLogins} reads. */
export const LOGIN_KINDS = ['session_ended', 'account_enabled'] as const
const DISABLING: readonly unknown[] = ['account-disabled', 'account-purged']

/** What {@link LaterLogins.apply} did, for the operations log. */
export interface AppliedLogins {
  /** Logins that were disabled again. */
  readonly logins: number
  /** People whose sessions were ended again. */
  readonly sessions: number
  /** Changes that are not applied, by kind of entry: an operator has the events sent again. */
  readonly byHand: Readonly<Record<string, number>>
}

export class LaterLogins {
  /** Time of the newest end of each person. */
  readonly #ended = new Map<PartyRef, EpochMillis>()
  readonly #accounts = new Map<PartyRef, { readonly at: EpochMillis; readonly disabled: boolean }>()

  /** Entries may come in any order. One without a person names a session, by a hash that the log does not have. */
  add({ kind, subject, change = {}, at: time }: Entry): void {
    if (!subject?.startsWith('user:')) return
    const person = subject as PartyRef
    const at = Date.parse(time)
    if (kind === 'session_ended') this.#ended.set(person, Math.max(at, this.#ended.get(person) ?? 0))
    const disabled = kind === 'session_ended' && DISABLING.includes(change['event'])
    if (!disabled && kind !== 'account_enabled') return
    const known = this.#accounts.get(person)
    if (!known || known.at <= at) this.#accounts.set(person, { at, disabled })
  }

  /**
   * Disables logins, and ends sessions that tokens may still name. The log has when an event was received, not when it occurred, which is earlier: sessions of
   * the time in between end too.
   */
  async apply({ sessions, vault }: LaterLoginsDeps, now: EpochMillis): Promise<AppliedLogins> {
    let logins = 0
    const byHand = new Map<string, number>()
    for (const [person, { at, disabled }] of this.#accounts) {
      if (disabled === sessions.isEnded({ person, sid: undefined, issuedAt: undefined })) continue
      // A person whose pseudonym is newer than the database gets another one.
      const isDisabled = disabled && (await vault.subOf(person)) !== undefined
      if (isDisabled) await sessions.disable(person, at)
      const kind = disabled ? 'session_ended' : 'account_enabled'
      if (isDisabled) logins += 1
      else byHand.set(kind, (byHand.get(kind) ?? 0) + 1)
    }
    return { logins, sessions: await this.#endSessions(sessions, now), byHand: Object.fromEntries(byHand) }
  }

  async #endSessions(sessions: LaterLoginsDeps['sessions'], now: EpochMillis): Promise<number> {
    let count = 0
    for (const [person, at] of this.#ended) {
      const until = at + MAX_TOKEN_AGE * 1_000
      if (until <= now) continue
      await sessions.endAll(person, at, until)
      count += 1
    }
    return count
  }
}
