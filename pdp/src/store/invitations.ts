/**
 * SQL store of invitations. Stores only the hash of an invitation code. Owns the table `invitations`.
 *
 * @module
 */
import type { InvitedGrant, PartyRef } from '@mandate/protocol'
import type { InvitationRecord, Invitations } from '../ports/stores.ts'
import { firstRow, optional, type Queries, type Row, text } from './sql.ts'

export class SqlInvitations implements Invitations {
  readonly #sql: Queries

  constructor(sql: Queries) {
    this.#sql = sql
  }

  async add(invitation: InvitationRecord, codeHash: string): Promise<void> {
    const { id, inviter, status, grant, createdAt, expiresAt } = invitation
    await this.#sql.change(
      `INSERT INTO invitations (id, inviter, code_hash, status, terms, created_at, expires_at)
       VALUES ($1, $2, $3, $4, $5, $6, $7)`,
      ...[id, inviter, codeHash, status, grant ? JSON.stringify(grant) : null, createdAt, expiresAt],
    )
  }

  async change(
    { id, status, redeemer, grantId, expiresAt }: InvitationRecord,
    from: InvitationRecord['status'],
  ): Promise<boolean> {
    const changed = await this.#sql.change(
      `UPDATE invitations SET status = $1, redeemer = $2, grant_id = $3, expires_at = $4 WHERE id = $5 AND status = $6`,
      ...[status, redeemer ?? null, grantId ?? null, expiresAt, id, from],
    )
    return changed === 1
  }

  async byCode(hash: string): Promise<InvitationRecord | undefined> {
    const row = await firstRow(this.#sql, 'SELECT * FROM invitations WHERE code_hash = $1', hash)
    return row && invitationOf(row)
  }

  async byId(id: string): Promise<InvitationRecord | undefined> {
    const row = await firstRow(this.#sql, 'SELECT * FROM invitations WHERE id = $1', id)
    return row && invitationOf(row)
  }

  async of(party: PartyRef): Promise<readonly InvitationRecord[]> {
    const sql = 'SELECT * FROM invitations WHERE inviter = $1 OR redeemer = $1 ORDER BY id DESC LIMIT 1000'
    return (await this.#sql.rows(sql, party)).map(invitationOf)
  }

  async withdrawAllOf(party: PartyRef): Promise<void> {
    await this.#sql.change(
      "UPDATE invitations SET status = 'withdrawn' WHERE (inviter = $1 OR redeemer = $1) AND status <> 'confirmed'",
      party,
    )
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
