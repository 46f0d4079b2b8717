/**
 * Fake contacts and invitations.
 *
 * @module
 */
import type { Invitation } from '@mandate/protocol'
import type { CheckedInput } from '../../src/shared/channel.ts'
import type { Contact, ListedContact } from '../../src/shared/views.ts'
import { CARLO, contactsOf, inDays, MILAN, MIRA, ulid, YANNICK } from './world.ts'

const NOEL = 'user:p_9Rt3bXe5Yf1mGu6DhJcA'

const invitationsOf: Readonly<Record<string, readonly Invitation[]>> = {
  [CARLO]: [
    {
      id: ulid(401),
      status: 'redeemed',
      created_at: inDays(-0.2),
      expires_at: inDays(0.9),
      inviter: CARLO,
      redeemer: NOEL,
      grant: {
        actions: ['read', 'execute'],
        scope: `workflow:${MILAN}`,
        limits: [],
        redelegations: 0,
        unattended: false,
        expires_at: inDays(6),
      },
    },
    { id: ulid(402), status: 'open', created_at: inDays(-0.3), expires_at: inDays(0.7), inviter: CARLO },
    {
      id: ulid(403),
      status: 'confirmed',
      created_at: inDays(-9),
      expires_at: inDays(-8),
      inviter: CARLO,
      redeemer: YANNICK,
    },
    { id: ulid(404), status: 'expired', created_at: inDays(-12), expires_at: inDays(-11), inviter: CARLO },
  ],
  [YANNICK]: [
    {
      id: ulid(405),
      status: 'redeemed',
      created_at: inDays(-0.1),
      expires_at: inDays(0.9),
      inviter: MIRA,
      redeemer: YANNICK,
    },
  ],
}

export class Contacts {
  readonly #me: string
  #contacts: readonly ListedContact[]
  #invitations: readonly Invitation[]

  constructor(me: string, isEmpty: boolean) {
    this.#me = me
    this.#contacts = isEmpty ? [] : (contactsOf[me] ?? [])
    this.#invitations = isEmpty ? [] : (invitationsOf[me] ?? [])
  }

  list(): ListedContact[] {
    return [...this.#contacts]
  }

  save(contact: Contact): Contact {
    this.remove(contact.party)
    this.#contacts = [...this.#contacts, contact].sort((one, other) => one.name.localeCompare(other.name))
    return contact
  }

  remove(party: string): undefined {
    this.#contacts = this.#contacts.filter((contact) => contact.party !== party)
    return undefined
  }

  invitations(): Invitation[] {
    return [...this.#invitations]
  }

  invite({ grant }: CheckedInput<'invitations.create'>): Invitation {
    const made: Invitation = {
      id: ulid(410 + this.#invitations.length),
      status: 'open',
      created_at: inDays(0),
      expires_at: inDays(1),
      inviter: this.#me,
      ...(grant
        ? { grant: { ...grant, actions: grant.actions ?? ['read'], limits: [], redelegations: 0, unattended: false } }
        : {}),
    }
    this.#invitations = [made, ...this.#invitations]
    return { ...made, code: 'mi_Tq7-vK2mYx9LwB4nHc8RzEJ0sGdAfU5P' }
  }

  redeem(name: string | undefined): Invitation {
    const made: Invitation = {
      id: ulid(410 + this.#invitations.length),
      status: 'redeemed',
      created_at: inDays(-0.1),
      expires_at: inDays(1),
      inviter: NOEL,
      redeemer: this.#me,
    }
    this.#invitations = [made, ...this.#invitations]
    if (name !== undefined) this.save({ party: NOEL, name, note: '' })
    return made
  }

  confirm({ id, redeemer, name }: CheckedInput<'invitations.confirm'>): Invitation | undefined {
    if (name !== undefined) this.save({ party: redeemer, name, note: '' })
    return this.#to(id, 'confirmed')
  }

  withdraw(id: string): undefined {
    this.#to(id, 'withdrawn')
    return undefined
  }

  #to(id: string, status: Invitation['status']): Invitation | undefined {
    this.#invitations = this.#invitations.map((one) => (one.id === id ? { ...one, status } : one))
    return this.#invitations.find((one) => one.id === id)
  }
}
