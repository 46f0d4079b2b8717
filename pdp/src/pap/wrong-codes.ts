/**
 * Counts wrong invitation codes of the last minute in the memory of this process: codes of 192 bits cannot be guessed, this limits noise.
 *
 * @module
 */
import type { EpochMillis, PartyRef } from '@mandate/protocol'
import type { Clock } from '../ports/clock.ts'
import { MOST_WRONG_CODES, tooManyWrongCodes, WRONG_CODES_MS, type WrongCodes } from '../ports/rates.ts'

/** Most persons that are counted; the least recent one is dropped first. */
const PERSONS = 10_000

interface Attempt {
  readonly at: EpochMillis
}

export class ProcessWrongCodes implements WrongCodes {
  readonly #clock: Clock
  readonly #wrong = new Map<PartyRef, readonly Attempt[]>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  async attempt(person: PartyRef): Promise<() => Promise<void>> {
    const recent = this.#recent(person)
    if (recent.length >= MOST_WRONG_CODES) throw tooManyWrongCodes()
    const attempt = { at: this.#clock() }
    this.#set(person, [...recent, attempt])
    return async () =>
      this.#set(
        person,
        this.#recent(person).filter((one) => one !== attempt),
      )
  }

  #recent(person: PartyRef): readonly Attempt[] {
    const since = this.#clock() - WRONG_CODES_MS
    return (this.#wrong.get(person) ?? []).filter(({ at }) => at > since)
  }

  #set(person: PartyRef, attempts: readonly Attempt[]): void {
    this.#wrong.delete(person)
    if (attempts.length > 0) this.#wrong.set(person, attempts)
    const [oldest] = this.#wrong.keys()
    if (this.#wrong.size > PERSONS && oldest) this.#wrong.delete(oldest)
  }
}
