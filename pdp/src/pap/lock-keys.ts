/**
 * Keys of locks.
 *
 * @module
 */

/** One name per set of changes that exclude each other. */
export const lockKey = {
  grantsBy: (delegator: string) => `grants by ${delegator}`,
  grant: (id: string) => `grant ${id}`,
  personasOf: (holder: string) => `personas of ${holder}`,
  resource: (ref: string) => `resource ${ref}`,
  invitation: (id: string) => `invitation ${id}`,
  invitationsOf: (inviter: string) => `invitations of ${inviter}`,
  key: (id: string) => `key ${id}`,
  person: (pseudonym: string) => `person ${pseudonym}`,
  facts: (domain: string) => `facts of ${domain}`,
  agent: (id: string) => `agent ${id}`,
  policies: () => 'policies',
} as const
