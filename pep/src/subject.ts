/**
 * Subjects and actors: people by their opaque `sub`, agents by their client id.
 *
 * @module
 */

/** `id` is the opaque sub of a person, or the client id (`azp`) of an agent. No other attribute of a person is known here. */
export interface Subject {
  readonly type: 'user' | 'agent'
  readonly id: string
}

/** A party as one string, `type:id`. */
export function refOf({ type, id }: Subject): `user:${string}` | `agent:${string}` {
  return `${type}:${id}`
}
