/**
 * Administration of OpenFGA by its SDK: the store, models, and Writes. The SDK's errors are converted here: they carry headers and request data.
 *
 * @module
 */
import { Agent } from 'node:https'
import { type EpochMillis, Fault } from '@mandate/protocol'
import { type ClientTls, tlsOptionsOf } from '@mandate/service'
import {
  type AuthorizationModel,
  ClientWriteRequestOnMissingDeletes,
  ConsistencyPreference,
  CredentialsMethod,
  FgaApiError,
  FgaApiValidationError,
  FgaError,
  OpenFgaClient as Sdk,
  type TupleKey as SdkTuple,
  type UserClientConfigurationParams,
} from '@openfga/sdk'
import type { Models } from '../ports/engine.ts'
import { type Change, keyOf, type Tuple, type TupleKey } from '../tuples/tuples.ts'
import { type ApiToken, presentToken } from './api-token.ts'
import { isRefusal, Refusal, refusalCode } from './refusal.ts'
import type { TupleStore } from './writer.ts'

export interface StoreOptions {
  readonly url: string
  /** A value, or a function that is called for each request. */
  readonly apiToken?: ApiToken
  /** Name of the store; the oldest with this name is used, and one is made when there is none. */
  readonly name: string
  readonly tls?: ClientTls | undefined
}

/** Time limit of one administrative call, in milliseconds: longer than that of a decision. */
const TIMEOUT_MS = 3_000
/** OpenFGA's greatest by default. */
const PAGE_SIZE = 100
const ONCE = { missing: 'refuse', timeoutMs: TIMEOUT_MS } as const

/** Makes each connection with the TLS options of that moment. */
class TlsAgent extends Agent {
  readonly #tls: ClientTls

  constructor(tls: ClientTls) {
    super()
    this.#tls = tls
  }

  override createConnection(...[options, callback]: Parameters<Agent['createConnection']>) {
    return super.createConnection({ ...options, ...tlsOptionsOf(this.#tls) }, callback)
  }
}

/** Returns the SDK with the present key; the SDK takes its key at construction only. */
function sdkOf(configuration: UserClientConfigurationParams, apiToken: ApiToken): () => Sdk {
  const made = new Map<string, Sdk>()
  return () => {
    const token = presentToken(apiToken) ?? ''
    const known = made.get(token)
    if (known) return known
    made.clear()
    const credentials = { method: CredentialsMethod.ApiToken as const, config: { token } }
    const sdk = new Sdk({ ...configuration, ...(token === '' ? {} : { credentials }) })
    made.set(token, sdk)
    return sdk
  }
}

/** A change as OpenFGA's `ReadChanges` returns it. */
export interface StoredChange {
  readonly key: TupleKey
  /** By OpenFGA's clock and in its own form, which may be finer than a millisecond: the same for all changes of one Write. */
  readonly at: string
}

/** One store of one OpenFGA. */
export class FgaStore implements TupleStore, Models {
  readonly id: string
  readonly #sdkNow: () => Sdk

  private constructor(sdk: () => Sdk, id: string) {
    this.#sdkNow = sdk
    this.id = id
  }

  get #sdk(): Sdk {
    return this.#sdkNow()
  }

  /** Finds or makes the store. Rejects with `Fault('relations_unavailable')` when OpenFGA does not answer. */
  static async open(options: StoreOptions): Promise<FgaStore> {
    const configuration = {
      apiUrl: options.url,
      retryParams: { maxRetry: 1, minWaitInMs: 20 },
      baseOptions: {
        timeout: TIMEOUT_MS,
        maxRedirects: 0,
        ...(options.tls ? { httpsAgent: new TlsAgent(options.tls) } : {}),
      },
    }
    const sdk = sdkOf(configuration, options.apiToken)()
    const id = await guarded(async () => {
      const found = await findStore(sdk, options.name)
      if (found) return found
      const made = await sdk.createStore({ name: options.name })
      // Names are not unique: another PDP may have made one at the same time, and both must use the same.
      return (await findStore(sdk, options.name)) ?? made.id
    })
    return new FgaStore(sdkOf({ ...configuration, storeId: id }, options.apiToken), id)
  }

  /**
   * Writes a model and returns its id. OpenFGA keeps every model for ever: write one only when it is new. Rejects with
   * `Fault('policy_invalid')` for a model that OpenFGA refuses.
   *
   * @param program - The JSON that `compile.ts` composes.
   */
  async writeModel(program: object): Promise<string> {
    try {
      return (await this.#sdk.writeAuthorizationModel(program as Omit<AuthorizationModel, 'id'>)).authorization_model_id
    } catch (error) {
      if (!(error instanceof FgaApiValidationError)) throw converted(error)
      throw new Fault('policy_invalid', `OpenFGA refuses the model: ${error.apiErrorCode}`, {
        detail: 'OpenFGA refuses the model.',
      })
    }
  }

  /** Whether the store still has this model: a store in memory loses it with its process. */
  async hasModel(id: string): Promise<boolean> {
    try {
      await this.#sdk.readAuthorizationModel({ authorizationModelId: id })
      return true
    } catch (error) {
      if (error instanceof FgaError && 'statusCode' in error && (error.statusCode === 404 || error.statusCode === 400))
        return false
      throw converted(error)
    }
  }

  /** Reads a model as it was written. */
  async readModel(id: string): Promise<object> {
    const { authorization_model: model } = await guarded(() =>
      this.#sdk.readAuthorizationModel({ authorizationModelId: id }),
    )
    if (model) return model
    throw new Fault('relations_unavailable', `OpenFGA answered without the model ${id}`)
  }

  /**
   * One atomic Write, sent once: a retry of one that had been carried out would be a conflict. For the fenced writer, and for the claim of the
   * store, whose tuple is unique.
   *
   * @param options - `missing: 'ignore'`: a tuple to delete that does not exist is ignored.
   * @returns `false` when a tuple to write exists, or one to delete does not, also by a concurrent Write: this Write changed nothing.
   */
  async write(
    change: Change,
    modelId: string,
    { missing, timeoutMs }: { readonly missing: 'refuse' | 'ignore'; readonly timeoutMs: number } = ONCE,
  ): Promise<boolean> {
    try {
      const sent = this.#sdk.write(
        { writes: change.writes.map((tuple) => tuple as SdkTuple), deletes: [...change.deletes] },
        {
          authorizationModelId: modelId,
          retryParams: { maxRetry: 0 },
          ...(missing === 'ignore'
            ? { conflict: { onMissingDeletes: ClientWriteRequestOnMissingDeletes.Ignore } }
            : {}),
        },
      )
      await whole(sent, timeoutMs)
      return true
    } catch (error) {
      if (isConflict(error)) return false
      throw converted(error)
    }
  }

  /** Reads the changes of tuples of all types since an instant, oldest first, in pages; the last one may be empty. */
  async *changesSince(since: EpochMillis): AsyncGenerator<readonly StoredChange[]> {
    let continuationToken = ''
    for (;;) {
      const page = await guarded(() =>
        this.#sdk.readChanges(
          { type: '', startTime: new Date(since).toISOString() },
          { pageSize: PAGE_SIZE, ...(continuationToken ? { continuationToken } : {}) },
        ),
      )
      yield page.changes.map(({ tuple_key: key, timestamp: at }) => ({ key: keyOf(key), at }))
      if (page.changes.length < PAGE_SIZE || !page.continuation_token) return
      continuationToken = page.continuation_token
    }
  }

  /** Reads with `HIGHER_CONSISTENCY`, bypassing caches: all tuples of an object, of one of its relations, or of one user in that relation. */
  async read(object: string, relation?: string, user?: string): Promise<readonly Tuple[]> {
    const tuples: Tuple[] = []
    const key = { object, ...(relation ? { relation } : {}), ...(user ? { user } : {}) }
    for await (const page of this.#pages(key)) tuples.push(...page)
    return tuples
  }

  /** Reads all tuples, those of the claim and of markers included, in pages. */
  readAll(): AsyncGenerator<readonly Tuple[]> {
    return this.#pages({})
  }

  async *#pages(key: Partial<TupleKey>): AsyncGenerator<readonly Tuple[]> {
    const consistency = ConsistencyPreference.HigherConsistency
    let continuationToken = ''
    do {
      const page = await guarded(() =>
        this.#sdk.read(key, {
          pageSize: PAGE_SIZE,
          consistency,
          ...(continuationToken ? { continuationToken } : {}),
        }),
      )
      yield page.tuples.map((tuple) => tuple.key as Tuple)
      continuationToken = page.continuation_token
    } while (continuationToken)
  }
}

/**
 * Whether OpenFGA refused a Write for the tuples that are stored. 409: a concurrent Write of the same tuples was committed first; PostgreSQL tells
 * the second of two inserts only when the first is through.
 */
const isConflict = (error: unknown): boolean =>
  error instanceof FgaApiValidationError
    ? /already exists|does not exist/.test(error.apiErrorMessage ?? '')
    : error instanceof FgaApiError && error.statusCode === 409

/** Limits the time of a whole response: the SDK's timeout restarts with every byte. */
async function whole<T>(answer: Promise<T>, limitMs: number): Promise<T> {
  const late = Promise.withResolvers<never>()
  const timer = setTimeout(
    () => late.reject(new Fault('relations_unavailable', 'OpenFGA: no whole answer in time')),
    limitMs,
  )
  try {
    return await Promise.race([answer, late.promise])
  } finally {
    clearTimeout(timer)
  }
}

async function findStore(sdk: Sdk, name: string): Promise<string | undefined> {
  let continuationToken = ''
  do {
    const page = await sdk.listStores({ pageSize: PAGE_SIZE, ...(continuationToken ? { continuationToken } : {}) })
    const found = page.stores.find((store) => store.name === name)
    if (found) return found.id
    continuationToken = page.continuation_token
  } while (continuationToken)
  return undefined
}

/** Two attempts of the SDK and the delay between them. */
const GUARDED_MS = 2 * TIMEOUT_MS + 500

async function guarded<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await whole(call(), GUARDED_MS)
  } catch (error) {
    throw converted(error)
  }
}

/** Converts an error of the SDK, which is not kept as the cause. */
function converted(error: unknown): Fault {
  if (error instanceof Fault) return error
  const status = error instanceof FgaApiError ? error.statusCode : undefined
  if (error instanceof FgaApiError && status !== undefined && isRefusal(status))
    return new Refusal(status, refusalCode(error.responseData))
  const name = error instanceof Error ? error.name : 'unknown error'
  return new Fault('relations_unavailable', `OpenFGA administration failed: ${name} ${status ?? 'without an answer'}`)
}
