/**
 * Who may revoke a token: the client that has it, and a native app by a proof of the key that the token is bound to, as Keycloak asks for.
 *
 * @module
 */
import { type Client, errors, type KoaContextWithOIDC, type Provider } from 'oidc-provider'
import { thumbprintOf } from './proof.ts'
import { PATHS } from './realm.ts'

type Revocable = InstanceType<Provider['AccessToken' | 'ClientCredentials' | 'RefreshToken']>

/** @throws InvalidRequest or `invalid_dpop_proof`, which the client gets. */
export function mayRevoke(issuer: string) {
  const url = `${issuer}${PATHS.revocation}`
  return async (ctx: KoaContextWithOIDC, client: Client, token: Revocable): Promise<boolean> => {
    if (token.clientId !== client.clientId)
      throw new errors.InvalidRequest('client is not authorized to revoke the presented token')
    const key = 'jkt' in token ? token.jkt : undefined
    if (key === undefined) return true
    const proof = ctx.get('dpop') || undefined
    if ((await thumbprintOf({ proof, method: ctx.method, url })) === key) return true
    throw new errors.CustomOIDCProviderError('invalid_dpop_proof', 'a proof of the key of the token is missing')
  }
}
