/**
 * Which PDP a store of OpenFGA belongs to (ADR 0080): a PDP with a database of its own does not hear of changes that another one makes, so a second
 * PDP on the same store refuses to start. The claim is a tuple of a model of its own; decisions never look at it.
 *
 * @module
 */
import { Fault } from '@mandate/protocol'
import type { FgaStore } from './store.ts'
import type { Change, TupleKey } from './tuples.ts'

/** The claim's type in OpenFGA. No policy has it. */
export const CLAIM_TYPE = 'mandate_pdp'
const STORE = `${CLAIM_TYPE}:store`
/** Written with the first claim and never removed, so that of two first claims one fails. */
const FIRST: TupleKey = { user: STORE, relation: 'claimed', object: STORE }
const ATTEMPTS = 5
/** How often a running PDP looks whether the store is still its own, in milliseconds. */
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
  /** Where the claim's model is remembered. */
  readonly models: {
    modelOf(storeId: string, policy: string): Promise<string | undefined>
    rememberModel(storeId: string, policy: string, modelId: string): Promise<void>
  }
  /** Of the PDP's database: it moves with it. */
  readonly identity: string
  /** Of this start: the PDP that started last has the store. */
  readonly session: string
  /** Identity of a PDP from which this PDP may take over the store. */
  readonly takeOverFrom: string | undefined
}

/** The store belongs to the PDP with another database. */
export class StoreTaken extends Error {
  override readonly name = 'StoreTaken'

  constructor(holder: string) {
    super(
      `OPENFGA_STORE: the store belongs to another PDP (${holder}). Two PDPs on one store do not hear of each other's changes. ` +
        `Give this one a store of its own; or, when the other one and its database are gone for good, set PDP_TAKE_OVER_FROM=${holder}`,
    )
  }
}

/**
 * Makes the store this PDP's own.
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
    if (await store.write(claiming(mine, holder), await modelOf(options))) return new StoreClaim(store, mine)
  }
  throw new Fault('relations_unavailable', 'the store could not be claimed: other PDPs claim it at the same time')
}

/** A claim that was made. */
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

/** In one Write: it fails when another PDP claimed the store meanwhile. */
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
