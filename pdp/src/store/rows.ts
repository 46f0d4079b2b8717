/**
 * Conversion between records and rows of the PDP's database. Pure.
 *
 * @module
 */
import { createHash } from 'node:crypto'
import { canonical, type PartyRef, type ResourceRef } from '@mandate/protocol'
import { comparedFieldsOf } from '../ports/grant-fields.ts'
import type { GrantBody, GrantRecord } from '../ports/grants.ts'
import type { AgentRecord, PersonaRecord } from '../ports/register.ts'
import { scopeName, scopeOf } from '../ports/stored-names.ts'
import { optional, type Row, text } from './sql.ts'

/**
 * Equal for two grants that give the same authority to the same delegate: duplicates (rule C6). A hash, because an entry of an index of PostgreSQL has
 * at most about 2,700 bytes.
 */
export const duplicateKey = (grant: GrantBody): string => duplicateHash(canonical(comparedFieldsOf(grant)))

export const duplicateHash = (compared: string): string => createHash('sha256').update(compared).digest('base64url')

export const refOf = (row: Row): ResourceRef => text(row['ref']) as ResourceRef

export function grantOf(row: Row): GrantRecord {
  return {
    ...grantIn(JSON.parse(text(row['body'])) as StoredGrant),
    revokedAt: row['revoked_at'] === null ? undefined : Number(row['revoked_at']),
    revokedBy: optional(row['revoked_by']) as PartyRef | undefined,
    revokeReason: optional(row['revoke_reason']),
    replacedBy: optional(row['replaced_by']),
    ...pendingIn(row),
  }
}

/** A grant as stored in the column `body`: its scope is a name, not an object. */
export type StoredGrant = Omit<GrantBody, 'scope'> & { readonly scope: string }

export const storedGrant = (grant: GrantBody): StoredGrant => ({ ...grant, scope: scopeName(grant.scope) })

export function grantIn(stored: StoredGrant): GrantBody {
  const scope = scopeOf(stored.scope, stored.covers)
  if (!scope) throw new Error(`pdp.db: grant ${stored.id} has a scope that this release does not know`)
  return { ...stored, scope }
}

/** `{ pending: true }` for a proposed record. Queries that select completed records only need not read the column `settled`. */
const pendingIn = (row: Row): { readonly pending?: true } =>
  Number(row['settled'] ?? 1) === 1 ? {} : { pending: true }

export function personaOf(row: Row): PersonaRecord {
  const autonomy = optional(row['autonomy'])
  return {
    id: text(row['id']),
    holder: text(row['holder']) as PartyRef,
    title: text(row['title']),
    circle: text(row['circle']),
    domain: text(row['domain']),
    status: text(row['status']) as PersonaRecord['status'],
    validFrom: Number(row['valid_from']),
    validTill: Number(row['valid_till']),
    autonomy: autonomy === undefined ? undefined : (JSON.parse(autonomy) as PersonaRecord['autonomy']),
    createdAt: Number(row['created_at']),
    ...pendingIn(row),
  }
}

export function agentOf(row: Row): AgentRecord {
  return {
    id: text(row['id']),
    active: Number(row['active']) === 1,
    serviceSub: optional(row['service_sub']),
    createdAt: Number(row['created_at']),
    ...pendingIn(row),
  }
}
