/**
 * Claims a store of OpenFGA for the PDPs of one database (ADR 0080, ADR 0100). PDPs with separate databases do not see each other's changes, so the second
 * one on the same store refuses to start. The claim is a tuple of a separate model that decisions never read.
 *
 * @module
 */
import { Fault } from '@mandate/protocol'
import type { Change, TupleKey } from '../tuples/tuples.ts'
import type { FgaStore } from './store.ts'

/** The claim's type in OpenFGA. No policy has it. */
export const CLAIM_TYPE = 'mandate_pdp'
const STORE = `${CLAIM_TYPE}:store`
/** Tuple written with the first claim and never removed, so that one of two concurrent first claims fails. */
const FIRST: TupleKey = { user: STORE, relation: 'claimed', object: STORE }
const ATTEMPTS = 5
/** Interval at which a running PDP checks that it still owns the store, in milliseconds. */
export const LOOK_EVERY_MS = 5_000

const MODEL = {
  schema_version: '1.1',
  type_definitions: [
    {
      type: CLAIM_TYPE,
      relations: { administered_by: { this: {} }, claimed: { this: {} } },
      metadata: {
        relations: {
          administered_by: { directly_related_user_types: [{ type: CLAIM_TYPE }] },
          claimed: { directly_related_user_types: [{ type: CLAIM_TYPE }] },
        },
      },
    },
  ],
}

export interface ClaimOptions {
  readonly store: FgaStore
  /** Stores the id of the claim's model. */
  readonly models: {
    modelOf(storeId: string, policy: string): Promise<string | undefined>
    rememberModel(storeId: string, policy: string, modelId: string): Promise<void>
  }
  /** Identity of the PDP's database. */
  readonly identity: string
  /**
   * Tells databases of one identity apart, of which one is a copy: the one whose PDP started last owns the store. On SQLite the id of this start, since the
   * file belongs to one PDP; on PostgreSQL the id of the database in its cluster, which all its PDPs share.
   */
  readonly session: string
  /** Identity of a PDP from which this PDP may take over the store. */
  readonly takeOverFrom: string | undefined
}

/** The store belongs to PDPs with another database. */
export class StoreTaken extends Error {
  override readonly name = 'StoreTaken'

  constructor(holder: string) {
    super(
      `OPENFGA_STORE: the store belongs to another PDP (${holder}). PDPs with separate databases do not hear of each other's changes. ` +
        `Give this one a store of its own, or the database of the other one (PDP_STORE_URL); or, when the other one and its database are gone for good, set PDP_TAKE_OVER_FROM=${holder}`,
    )
  }
}

/**
 * Claims the store for this PDP.
 *
 * @throws StoreTaken when it is another PDP's; Fault `relations_unavailable` when OpenFGA does not answer.
 */
export async function claimStore(options: ClaimOptions): Promise<StoreClaim> {
  const { store, identity, takeOverFrom } = options
  const mine = userOf(options)
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const holder = await holderOf(store)
    const held = holder && identityIn(holder)
    if (held && held !== identity && held !== takeOverFrom) throw new StoreTaken(held)
    if (holder === mine) return new StoreClaim(store, mine)
    if (await store.write(claiming(mine, holder), await modelOf(options))) return new StoreClaim(store, mine)
  }
  throw new Fault('relations_unavailable', 'the store could not be claimed: other PDPs claim it at the same time')
}

/** A claim held by this PDP. */
export class StoreClaim {
  readonly #store: FgaStore
  readonly #mine: string
  #timer: NodeJS.Timeout | undefined

  constructor(store: FgaStore, mine: string) {
    this.#store = store
    this.#mine = mine
  }

  /** @param onLost - Called once, when another PDP has claimed the store since. */
  watch(onLost: () => void, everyMs = LOOK_EVERY_MS): void {
    this.#timer = setTimeout(async () => {
      const isLost = await this.#isLost()
      if (!this.#timer) return
      if (isLost) onLost()
      else this.watch(onLost, everyMs)
    }, everyMs).unref()
  }

  close(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  /** Without a response the claim is not lost: only a response with another claim shows that. */
  async #isLost(): Promise<boolean> {
    const holder = await holderOf(this.#store).catch(() => this.#mine)
    return holder !== this.#mine
  }
}

const userOf = ({ identity, session }: ClaimOptions): string => `${CLAIM_TYPE}:${identity}/${session}`

const identityIn = (user: string): string => user.slice(CLAIM_TYPE.length + 1).split('/')[0] ?? ''

async function holderOf(store: FgaStore): Promise<string | undefined> {
  const [claim] = await store.read(STORE, 'administered_by')
  return claim?.user
}

/** Replaces the claim in one Write, which fails when another PDP claimed the store meanwhile. */
function claiming(mine: string, holder: string | undefined): Change {
  const claim = { user: mine, relation: 'administered_by', object: STORE }
  if (holder === undefined) return { writes: [claim, FIRST], deletes: [] }
  return { writes: [claim], deletes: [{ ...claim, user: holder }] }
}

async function modelOf({ store, models }: ClaimOptions): Promise<string> {
  const known = await models.modelOf(store.id, CLAIM_TYPE)
  if (known && (await store.hasModel(known))) return known
  const id = await store.writeModel(MODEL)
  await models.rememberModel(store.id, CLAIM_TYPE, id)
  return id
}
