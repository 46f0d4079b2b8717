/**
 * The enforcement point without a framework: one verified identity, one decider, and the questions that a handler may ask itself. Each framework's
 * adapter adds its guards.
 *
 * @module
 */
import { identityAgent } from '@mandate/service'
import { askActions, askOne } from './ask.ts'
import { type Authz, withDecision } from './authz.ts'
import { createAuthzenDecider } from './authzen-decider.ts'
import { type Callers, createCallers } from './caller.ts'
import { type DecideDeps, type Decided, type DecideRequest, decideWith } from './decide.ts'
import { createDiscovery } from './discovery.ts'
import { checkActions } from './guard-options.ts'
import { checkedPersona } from './identify.ts'
import { createLimitChecks, type LimitedPepOptions } from './limits.ts'
import { type CheckedPepOptions, checkPepOptions, type PepOptions } from './options.ts'
import type { Outcome, Resource } from './outcome.ts'
import { createRecognise } from './recognise.ts'
import { reportingRefusals } from './refused-tokens.ts'
import { createTokenVerifier } from './token.ts'
import { traceDecider } from './traced-decider.ts'
import { createTransport } from './transport.ts'

/** One question of a handler. */
export interface HandlerQuestion {
  readonly action: string
  /** Attributes from the service's own records, never from the request. */
  readonly resource: Resource
  /** The persona to ask for instead of the request's, `title/circle`. */
  readonly persona?: string
}

/** Several actions on one resource. */
export interface ActionsQuestion<Action extends string> extends Omit<HandlerQuestion, 'action'> {
  readonly actions: readonly Action[]
}

/** What every enforcement point has, whatever its framework. `R` is the framework's request. */
export interface PepQuestions<R> {
  /**
   * Whether the caller may, asked inside a handler. Obligations of the permit are met before it is `true`.
   *
   * @throws Fault `decision_unavailable` when nothing was decided, `unauthenticated` where no guard identified the caller.
   */
  readonly can: (req: R, question: HandlerQuestion) => Promise<boolean>
  /**
   * What the caller may do with one resource, such as for the buttons of a page: all actions in one request to the PDP. It is for showing only: ask
   * again where the action is done.
   *
   * @returns one outcome an action; send it to clients through `disclosed`. @throws Fault as `can`; an action of which nothing was decided is a denial.
   */
  readonly decideActions: <Action extends string>(
    req: R,
    question: ActionsQuestion<Action>,
  ) => Promise<Readonly<Record<Action, Outcome>>>
  /** Identifies the caller of any server from the request's headers, and asks one question. @returns A permit, or the response to refuse with. */
  readonly decide: (request: DecideRequest) => Promise<Decided>
  /** Closes the connections to the PDP and the identity provider when requests in flight are answered. */
  readonly close: () => Promise<void>
}

/** Where the questions of a handler come from. */
export interface HandlerRequest {
  readonly authz: Authz
  /** Stands for the request: what it asks at once is one call to the PDP. */
  readonly key: object
}

export interface Core {
  readonly options: CheckedPepOptions
  readonly deps: DecideDeps
  /** @param read - The caller of the framework's request. @throws Fault `unauthenticated` where there is none. */
  readonly questions: <R>(read: (req: R) => HandlerRequest) => PepQuestions<R>
}

/** @throws TypeError naming every bad option. */
export function createCore(options: PepOptions): Core {
  const checked = checkPepOptions(options)
  const { deps, close } = dependencies(checked)
  return {
    options: checked,
    deps,
    questions: (read) => ({
      can: async (req, { action, resource, persona }) => {
        checkActions('can', [action])
        const { authz, key } = read(req)
        const { decision } = await askOne(deps, asPersona(authz, persona), { action, resource, request: key })
        return decision
      },
      decideActions: async (req, { actions, resource, persona }) => {
        checkActions('decideActions', actions)
        const { authz, key } = read(req)
        const outcomes = await askActions(deps, asPersona(authz, persona), { actions, resource, request: key })
        return Object.fromEntries(actions.map((action, index) => [action, outcomes[index]])) as never
      },
      decide: (request) => decideWith(deps, request),
      close,
    }),
  }
}

/** The core of a framework whose guards identify the caller themselves. */
export interface LimitedCore extends Core {
  readonly callers: Callers
}

/** @throws TypeError naming every bad option. */
export function createLimitedCore({ limits, ...options }: LimitedPepOptions): LimitedCore {
  const checks = limits && createLimitChecks(limits)
  const core = createCore(options)
  return { ...core, callers: createCallers(core.deps, checks) }
}

function asPersona(authz: Authz, persona: string | undefined): Authz {
  if (persona === undefined) return authz
  return withDecision(authz, { persona: checkedPersona(persona, 'A persona must be title/circle.') })
}

function dependencies(checked: CheckedPepOptions): { readonly deps: DecideDeps; readonly close: () => Promise<void> } {
  const { issuer, audience, provider, timeoutMs, interactiveClients, inPersonOnly, obligations, logger } = checked
  const untraced = checked.decider ?? createAuthzenDecider(createTransport(checked))
  const decider = checked.tracer === undefined ? untraced : traceDecider(untraced, checked.tracer)
  const dispatcher = identityAgent(checked.tls)
  const discover = createDiscovery({ ...checked, endpoints: provider.endpoints, dispatcher, now: Date.now })
  const rules = { issuer, audience, provider, discover, jwksTimeoutMs: timeoutMs, dispatcher }
  const verifier = reportingRefusals(createTokenVerifier(rules), logger)
  const adapter = provider.adapter?.({ issuer, audience, keyOf: verifier.keyOf })
  const { maxTokenAgeSeconds } = provider
  const recognise = createRecognise({ verifier, adapter, maxTokenAgeSeconds, now: Date.now })
  const challenge = { ...checked.challenge, realm: audience }
  return {
    deps: {
      ...{ decider, obligations, timeoutMs, onDecision: checked.onDecision },
      ...{ recognise, interactiveClients, inPersonOnly, challenge, logger },
    },
    close: async () => {
      await Promise.all([decider.close(), dispatcher.close()])
    },
  }
}
