/**
 * Invitations, in SQLite: of a code only its hash.
 *
 * @module
 */
import type { DatabaseSync } from 'node:sqlite'
import type { InvitedGrant, PartyRef } from '@mandate/protocol'
import type { InvitationRecord, Invitations } from '../ports/stores.ts'
import { optional, text } from './rows.ts'
import { type Row, Statements } from './statements.ts'

export class SqliteInvitations implements Invitations {
  readonly #sql: Statements

  constructor(database: DatabaseSync) {
    this.#sql = new Statements(database)
  }

  async add(invitation: InvitationRecord, codeHash: string): Promise<void> {
    const { id, inviter, status, grant, createdAt, expiresAt } = invitation
    this.#sql.run(
      'INSERT INTO invitations (id, inviter, code_hash, status, terms, created_at, expires_at) VALUES (?, ?, ?, ?, ?, ?, ?)',
      id,
      inviter,
      codeHash,
      status,
      grant ? JSON.stringify(grant) : null,
      createdAt,
      expiresAt,
    )
  }

  async change({ id, status, redeemer, grantId, expiresAt }: InvitationRecord): Promise<void> {
    this.#sql.run(
      'UPDATE invitations SET status = ?, redeemer = ?, grant_id = ?, expires_at = ? WHERE id = ?',
      status,
      redeemer ?? null,
      grantId ?? null,
      expiresAt,
      id,
    )
  }

  async byCode(hash: string): Promise<InvitationRecord | undefined> {
    const row = this.#sql.get('SELECT * FROM invitations WHERE code_hash = ?', hash)
    return row && invitationOf(row)
  }

  async byId(id: string): Promise<InvitationRecord | undefined> {
    const row = this.#sql.get('SELECT * FROM invitations WHERE id = ?', id)
    return row && invitationOf(row)
  }

  async of(party: PartyRef): Promise<readonly InvitationRecord[]> {
    const sql = 'SELECT * FROM invitations WHERE inviter = ? OR redeemer = ? ORDER BY id DESC LIMIT 1000'
    return this.#sql.all(sql, party, party).map(invitationOf)
  }
}

function invitationOf(row: Row): InvitationRecord {
  const terms = optional(row['terms'])
  return {
    id: text(row['id']),
    inviter: text(row['inviter']) as PartyRef,
    status: text(row['status']) as InvitationRecord['status'],
    grant: terms === undefined ? undefined : (JSON.parse(terms) as InvitedGrant),
    redeemer: optional(row['redeemer']) as PartyRef | undefined,
    grantId: optional(row['grant_id']),
    createdAt: Number(row['created_at']),
    expiresAt: Number(row['expires_at']),
  }
}
